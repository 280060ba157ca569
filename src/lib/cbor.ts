/**
 * Deterministic CBOR (RFC 8949 §4.2), the one encoding of everything signed, sent or stored: one value has one byte string.
 *
 * Allowed: unsigned and negative safe integers, byte and text strings, arrays, maps with text keys, booleans, null. No floats, no
 * undefined, no tags. Written for just this, because all that is sent passes here several times; the tests hold it against a
 * library's encoder, and against the rule "decode, encode again, compare" (spec: ledger.md, *Entry*).
 */
import { createReader, readValue } from './cbor-decode.ts'
import { writeWhole } from './cbor-encode.ts'
import type { Bytes } from './bytes.ts'
import { err, ok, type Result } from './result.ts'

export type Cbor = number | string | boolean | null | Uint8Array | readonly Cbor[] | { readonly [key: string]: Cbor }

export type CborFault = 'malformed' | 'not-canonical' | 'too-deep'
export type CborError = { readonly type: 'cbor'; readonly reason: CborFault }

/** Throws on values outside `Cbor`: encoding one is a bug of this program, never of a peer's. */
export const encode = (value: Cbor): Bytes => writeWhole(value)

/** Refuses whatever `encode` would not have written: the value that it gives has these bytes and no others. */
export const decodeCanonical = (bytes: Uint8Array): Result<Cbor, CborError> => {
  const reader = createReader(bytes)
  const value = readValue(reader, 0)
  if (reader.fault === undefined && reader.at < bytes.length) reader.fault = 'malformed'
  return reader.fault === undefined ? ok(value) : err({ type: 'cbor', reason: reader.fault })
}
