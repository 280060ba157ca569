/**
 * The message of a reconciliation (spec: ledger.md, *Checkpoints, keeping, sync*): what its sender holds, range by range.
 *
 * Canonical CBOR [1, range …]. The ranges follow each other without gaps, from the beginning of time; each says up to where it goes and
 * what is in it. The last goes on for ever.
 *
 * | range                           | what it says of the items from the range before it up to (time, id)                     |
 * | ------------------------------- | ------------------------------------------------------------------------------------- |
 * | [time, id, 0]                   | nothing to say: done                                                                  |
 * | [time, id, 1, fingerprint]      | their fingerprint (fingerprint-tree.ts)                                               |
 * | [time, id, 2, ids]              | their ids, each cut to 16 bytes, one after the other                                  |
 * | [time, id, 3, items, ids]       | items that the other lacks; ids, cut, of those that the sender lacks                  |
 * | [time, id, 4, items]            | all of them                                                                           |
 *
 * `time` is the difference in ms to the range before; `id` as many bytes as it takes to lie between two items. In the last
 * range both are 0 and empty. An item is [time, id, author, number] for a certified head and [time, id] for a verdict.
 *
 * Ids are cut because an attacker who finds two of his own entries with the same 128 bits hides one of them, for as long as it
 * is his head, and gains nothing.
 */
import * as v from 'valibot'
import type { PublicKey } from '../identity/keys.ts'
import { type Bytes, concat } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bytesOf, bytesUpTo, id32, key32, parseBytes, type SchemaError, uint } from '../lib/schema.ts'
import { type Bound, compareDated, type Dated, fingerprintBytes } from './fingerprint-tree.ts'

/** A certified head, or a verdict: those have no author here. */
export interface SyncItem extends Dated {
  readonly head?: { readonly author: PublicKey; readonly seq: number }
}

/** Of one message; fits a frame. */
export const reconcileBytesMax = 32 * 1024
/** More than fit into so many bytes: bounds what one message makes its receiver do. */
export const rangesMax = 1024
export const cutIdBytes = 16
/** Of an item once encoded: a list's head, two numbers, an id and a key. */
export const itemBytesMax = 1 + 9 + 34 + 34 + 9

const items = v.pipe(
  v.array(v.union([v.strictTuple([uint(), id32]), v.strictTuple([uint(), id32, key32, uint()])])),
  v.maxLength(rangesMax),
)
const cutIds = v.pipe(
  bytesUpTo(reconcileBytesMax),
  v.check((ids) => ids.length % cutIdBytes === 0, 'not whole ids'),
)
/** By the third field; a message has hundreds of ranges, so each is held against the one schema that it says it follows. */
const rangeSchemas = [
  v.strictTuple([uint(), bytesUpTo(32), v.literal(0)]),
  v.strictTuple([uint(), bytesUpTo(32), v.literal(1), bytesOf(fingerprintBytes)]),
  v.strictTuple([uint(), bytesUpTo(32), v.literal(2), cutIds]),
  v.strictTuple([uint(), bytesUpTo(32), v.literal(3), items, cutIds]),
  v.strictTuple([uint(), bytesUpTo(32), v.literal(4), items]),
] as const
type RawRange = v.InferOutput<(typeof rangeSchemas)[number]>
const rangeSchema = v.lazy((range): v.GenericSchema<unknown, RawRange> => {
  const say: unknown = Array.isArray(range) ? range[2] : undefined
  return rangeSchemas.find((_, kind) => kind === say) ?? rangeSchemas[0]
})
const messageSchema = v.pipe(v.tupleWithRest([v.literal(1)], rangeSchema), v.minLength(2), v.maxLength(rangesMax + 1))

/** Null: for ever. */
export type Upper = Bound | null
export type Range = { readonly upper: Upper } & (
  | { readonly say: 'done' }
  | { readonly say: 'fingerprint'; readonly fingerprint: Bytes }
  | { readonly say: 'ids'; readonly ids: readonly Bytes[] }
  | { readonly say: 'difference'; readonly items: readonly SyncItem[]; readonly lacked: readonly Bytes[] }
  | { readonly say: 'all'; readonly items: readonly SyncItem[] }
)

export const encodeRanges = (ranges: readonly Range[]): Bytes => {
  const parts: Cbor[] = []
  let time = 0
  for (const range of ranges) {
    parts.push([range.upper === null ? 0 : range.upper.time - time, range.upper?.id ?? new Uint8Array(0), ...contentOf(range)])
    time = range.upper?.time ?? 0
  }
  return encode([1, ...parts])
}

/** No fewer bytes than it takes once encoded, CBOR heads counted where they are largest: 1, 9, 2 and 1 bytes, and 3 for a list. */
export const encodedBytesMax = (range: Range): number => 13 + (range.upper?.id.length ?? 0) + contentBytesMax(range)

const contentBytesMax = (range: Range): number => {
  switch (range.say) {
    case 'done':
      return 0
    case 'fingerprint':
      return 1 + fingerprintBytes
    case 'ids':
      return 3 + range.ids.length * cutIdBytes
    case 'difference':
      return 6 + range.items.length * itemBytesMax + range.lacked.length * cutIdBytes
    case 'all':
      return 3 + range.items.length * itemBytesMax
  }
}

const contentOf = (range: Range): readonly Cbor[] => {
  switch (range.say) {
    case 'done':
      return [0]
    case 'fingerprint':
      return [1, range.fingerprint]
    case 'ids':
      return [2, concat(...range.ids)]
    case 'difference':
      return [3, range.items.map(itemToCbor), concat(...range.lacked)]
    case 'all':
      return [4, range.items.map(itemToCbor)]
  }
}

const itemToCbor = ({ time, id, head }: SyncItem): Cbor => (head ? [time, id, head.author, head.seq] : [time, id])

export const parseRanges = (bytes: Uint8Array): Result<readonly Range[], SchemaError> => {
  if (bytes.length > reconcileBytesMax) return malformed('too large')
  const parsed = parseBytes(messageSchema, bytes)
  if (!parsed.ok) return parsed
  const [, ...raw] = parsed.value
  const ranges: Range[] = []
  let before: Bound = { time: 0, id: new Uint8Array(0) }
  for (const [i, range] of raw.entries()) {
    const last = i === raw.length - 1
    const upper: Upper = last ? null : { time: before.time + range[0], id: range[1] }
    if (last && (range[0] !== 0 || range[1].length > 0)) return malformed('the last range ends')
    if (upper && (compareDated(before, upper) >= 0 || !Number.isSafeInteger(upper.time))) return malformed('ranges not in order')
    ranges.push(rangeOf(upper, range))
    if (upper) before = upper
  }
  return ok(ranges)
}

const rangeOf = (upper: Upper, range: RawRange): Range => {
  switch (range[2]) {
    case 0:
      return { upper, say: 'done' }
    case 1:
      return { upper, say: 'fingerprint', fingerprint: range[3] }
    case 2:
      return { upper, say: 'ids', ids: cutInto(range[3]) }
    case 3:
      return { upper, say: 'difference', items: range[3].map(itemFrom), lacked: cutInto(range[4]) }
    case 4:
      return { upper, say: 'all', items: range[3].map(itemFrom) }
  }
}

const itemFrom = ([time, id, author, seq]: v.InferOutput<typeof items>[number]): SyncItem =>
  author === undefined || seq === undefined ? { time, id } : { time, id, head: { author, seq } }

const cutInto = (joined: Bytes): readonly Bytes[] =>
  Array.from({ length: joined.length / cutIdBytes }, (_, i) => joined.slice(i * cutIdBytes, (i + 1) * cutIdBytes))

const malformed = (what: string): Result<never, SchemaError> => err({ type: 'malformed', what, where: '' })
