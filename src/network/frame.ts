/**
 * Frames: the canonical CBOR of [type, body], ≤ 64 KiB. Parsing tells three things apart: a message of ours, a type that a
 * newer version may know (ignored), and what no honest peer sends (costs score).
 */
import * as v from 'valibot'
import type { Bytes } from '../lib/bytes.ts'
import { type Cbor, decodeCanonical, encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { parse, type SchemaError, text } from '../lib/schema.ts'
import { frameBytesMax, type WireMessage, wireSchemas } from './wire.ts'

export type FrameError = SchemaError | { readonly type: 'too-large'; readonly bytes: number }
export type Schemas = Readonly<Record<string, v.GenericSchema>>
export type Unknown = { readonly unknown: string }

const envelope = v.strictTuple([text(32), v.unknown()])

/** Canonical bytes of any two-part frame; `too-large` where it would not fit into one. */
export const encodeFrame = (message: readonly [type: string, body: unknown]): Result<Bytes, FrameError> => {
  const bytes = encode(message as Cbor)
  return bytes.length > frameBytesMax ? err({ type: 'too-large', bytes: bytes.length }) : ok(bytes)
}

/** Never throws, whatever the bytes are. */
export const parseFrameAs = (schemas: Schemas, bytes: Uint8Array): Result<readonly [type: string, body: unknown] | Unknown, FrameError> => {
  if (bytes.length > frameBytesMax) return err({ type: 'too-large', bytes: bytes.length })
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok) return err({ type: 'malformed', what: `CBOR ${decoded.error.reason}`, where: '' })
  const outer = parse(envelope, decoded.value)
  if (!outer.ok) return outer
  const [type, body] = outer.value
  if (!Object.hasOwn(schemas, type)) return ok({ unknown: type })
  const inner = parse(schemas[type]!, body)
  return inner.ok ? ok([type, inner.value]) : err({ ...inner.error, where: `${type} ${inner.error.where}`.trim() })
}

export const parseFrame = (bytes: Uint8Array): Result<WireMessage | Unknown, FrameError> =>
  parseFrameAs(wireSchemas, bytes) as Result<WireMessage | Unknown, FrameError>
