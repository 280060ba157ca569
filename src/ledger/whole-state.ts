/**
 * An account's whole state as one byte string: kept where the entries below it are not all here, and told to whoever starts from a
 * checkpoint's leaves. What a peer tells is checked against the leaf that a root proves (`isStateOf`), which binds every line.
 */
import * as v from 'valibot'
import type { Bytes } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { ok, type Result } from '../lib/result.ts'
import { id32, key32, parseBytes, type SchemaError, text, uint } from '../lib/schema.ts'
import type { StoreValue } from '../lib/store.ts'
import { type ChainState, headFromRecord, headToRecord, lineRecords, readLines } from './chain-state.ts'
import { claimCharsMax } from './entry.ts'
import { headFields } from './state-tree-account.ts'

/** An attest's key: an entry's id in hex, and its place among that entry's operations. */
const lineKey = text(68)
const headSchema = v.strictObject({
  ...headFields,
  author: key32,
  epoch: v.pipe(v.number(), v.safeInteger(), v.minValue(-1)),
})
const lineSchema = v.union([
  v.strictTuple([v.literal('paid'), lineKey, v.strictTuple([uint(), uint(), uint(), uint()])]),
  v.strictTuple([v.literal('claimed'), lineKey, v.strictTuple([uint(), uint()])]),
  v.strictTuple([v.literal('delegated'), lineKey, uint()]),
  v.strictTuple([v.literal('attests'), lineKey, v.strictTuple([key32, text(claimCharsMax), uint(100), uint(), v.boolean()])]),
  v.strictTuple([v.literal('sponsors'), lineKey, v.strictTuple([uint(), v.nullable(v.strictTuple([uint(), id32]))])]),
])
const stateSchema = v.strictTuple([headSchema, v.array(lineSchema)])

export const encodeState = (state: ChainState): Bytes => encode([headToRecord(state.head), lineRecords(state)] as unknown as Cbor)

export const parseState = async (bytes: Uint8Array): Promise<Result<ChainState, SchemaError>> => {
  const parsed = parseBytes(stateSchema, bytes)
  if (!parsed.ok) return parsed
  const [head, lines] = parsed.value
  return ok(
    await readLines(
      headFromRecord(head as StoreValue),
      async (kind, fromRecord) =>
        new Map(lines.flatMap(([of, key, record]) => (of === kind ? [[key, fromRecord(record as StoreValue)]] : []))),
    ),
  )
}
