/**
 * Deterministic CBOR (RFC 8949 §4.2), the one encoding of everything signed, sent or stored.
 *
 * Decoders do not check all of the canonical form (unsorted keys pass), so `decodeCanonical` re-encodes and compares:
 * one value has one byte string. Allowed: unsigned and negative safe integers, byte and text strings, arrays, maps with
 * text keys, booleans, null. No floats, no undefined, no tags.
 */
import { decode, encode as cborgEncode, rfc8949EncodeOptions } from 'cborg'
import { type Bytes, equalBytes } from './bytes.ts'
import { err, ok, type Result } from './result.ts'

export type Cbor = number | string | boolean | null | Uint8Array | readonly Cbor[] | { readonly [key: string]: Cbor }

export type CborError = { readonly type: 'cbor'; readonly reason: 'malformed' | 'not-canonical' | 'too-deep' }

/** Deeper nesting than any record of ours has; beyond it a decoder's recursion is at the sender's mercy. */
const depthMax = 16

/** Throws on values outside `Cbor`: encoding one is a bug of this program, never of a peer's. */
export const encode = (value: Cbor): Bytes => cborgEncode(value, rfc8949EncodeOptions) as Bytes

export const decodeCanonical = (bytes: Uint8Array): Result<Cbor, CborError> => {
  try {
    const value: unknown = decode(bytes, { strict: true, allowIndefinite: false, allowUndefined: false, allowBigInt: false, rejectDuplicateMapKeys: true })
    const problem = check(value, 0)
    if (problem !== undefined) return err({ type: 'cbor', reason: problem })
    return equalBytes(encode(value as Cbor), bytes) ? ok(value as Cbor) : err({ type: 'cbor', reason: 'not-canonical' })
  } catch {
    return err({ type: 'cbor', reason: 'malformed' })
  }
}

const check = (value: unknown, depth: number): 'malformed' | 'too-deep' | undefined => {
  if (depth > depthMax) return 'too-deep'
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || value instanceof Uint8Array) return undefined
  if (typeof value === 'number') return Number.isSafeInteger(value) ? undefined : 'malformed'
  if (typeof value !== 'object') return 'malformed'
  for (const part of Object.values(value)) {
    const problem = check(part, depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}
