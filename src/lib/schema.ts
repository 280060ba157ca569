/** Schemas shared by everything that parses what a peer, a page or a file says. One place for the field's common shapes. */
import * as v from 'valibot'
import type { Bytes } from './bytes.ts'
import { decodeCanonical } from './cbor.ts'
import { err, ok, type Result } from './result.ts'

export type SchemaError = { readonly type: 'malformed'; readonly what: string; readonly where: string }

export const bytesOf = (length: number) =>
  v.pipe(
    v.custom<Bytes>((x) => x instanceof Uint8Array, 'not a byte string'),
    v.check((b) => b.length === length, `not ${length} bytes`),
  )
export const bytesUpTo = (lengthMax: number) =>
  v.pipe(
    v.custom<Bytes>((x) => x instanceof Uint8Array, 'not a byte string'),
    v.check((b) => b.length <= lengthMax, `over ${lengthMax} bytes`),
  )
/** A safe non-negative integer. */
export const uint = (max: number = Number.MAX_SAFE_INTEGER) => v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(max))
export const text = (lengthMax: number) => v.pipe(v.string(), v.maxLength(lengthMax))
export const key32 = bytesOf(32)
export const id32 = bytesOf(32)
export const sig64 = bytesOf(64)

/** Checks a decoded value against `schema`; the error says where in the value the first fault lies. */
export const parse = <S extends v.GenericSchema>(schema: S, value: unknown): Result<v.InferOutput<S>, SchemaError> => {
  const parsed = v.safeParse(schema, value, { abortEarly: true })
  if (parsed.success) return ok(parsed.output)
  const issue = parsed.issues[0]
  return err({ type: 'malformed', what: issue.message, where: v.getDotPath(issue) ?? '' })
}

/** Canonical CBOR and the schema in one step: the door for everything that comes as bytes. */
export const parseBytes = <S extends v.GenericSchema>(schema: S, bytes: Uint8Array): Result<v.InferOutput<S>, SchemaError> => {
  const decoded = decodeCanonical(bytes)
  return decoded.ok ? parse(schema, decoded.value) : err({ type: 'malformed', what: `CBOR ${decoded.error.reason}`, where: '' })
}
