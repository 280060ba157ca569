/**
 * Range reconciliation (spec: ledger.md, *Checkpoints, keeping, sync*; after Meyer, *Range-Based Set Reconciliation*, SRDS 2023,
 * and negentropy): finds what two sets of certified heads and verdicts do not have in common, for about as many bytes as that takes.
 *
 * One side asks and keeps what it found out; the other answers each message from its set as it stands and remembers nothing, so
 * it costs whoever asks as much as whoever answers. The asker compares fingerprints of ranges; where they differ, ranges are cut
 * up until few items are left, whose ids it lists; the answerer then names what the asker lacks and what it lacks itself.
 *
 * Both sides may change meanwhile: what came too late is found by the next reconciliation. A message that would grow too large
 * ends with one fingerprint for all that is left. A peer that lies costs a bounded number of rounds of bounded messages, and
 * can hide only what it could have kept to itself.
 */
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { SchemaError } from '../lib/schema.ts'
import { type Bound, compareDated, type FingerprintTree } from './fingerprint-tree.ts'
import {
  cutIdBytes,
  encodedBytesMax,
  encodeRanges,
  itemBytesMax,
  parseRanges,
  type Range,
  rangesMax,
  reconcileBytesMax,
  type SyncItem,
  type Upper,
} from './reconcile-message.ts'

export type SyncSet = FingerprintTree<SyncItem>

/** Messages that one reconciliation may take: a newcomer's takes about one for every 400 accounts. */
export const reconcileRoundsMax = 512
/** Items that a peer may name to us in one reconciliation. */
export const lackedItemsMax = 200_000
/** The asker lists the ids of a range with so many of its items or fewer. */
const idsMax = 16
/** The answerer gives the items of a range with so few, ids alone would cost a round more. */
const itemsMax = 8
/** The head of a message, and its closing fingerprint. */
const closingBytes = 96
/** What a range takes beside its items, its bound among that. */
const rangeBytesMax = 64

export interface Reconciliation {
  readonly rounds: number
  /** Items of the peer's that we do not have, by id. */
  readonly lacked: ReadonlyMap<string, SyncItem>
  /** Ours that the peer does not have, by id. */
  readonly offered: ReadonlyMap<string, SyncItem>
}

export type ReconcileError =
  | SchemaError
  /** The peer says what nobody who follows the protocol says: an item outside its range, an answer to nothing. */
  | { readonly type: 'protocol' }
  /** It goes on for longer than honest sets of any size do. */
  | { readonly type: 'endless' }

export const startReconcile = (set: SyncSet, bytesMax = reconcileBytesMax): readonly [Reconciliation, message: Bytes] => {
  const out = createMessage(set, bytesMax)
  for (const range of ask(set, { from: 0, to: set.size(), lower: start, upper: null })) if (!out.add(range)) break
  return [{ rounds: 1, lacked: new Map(), offered: new Map() }, out.done()]
}

/** The next message; null where everything is found. */
export const continueReconcile = (
  set: SyncSet,
  so: Reconciliation,
  message: Uint8Array,
  bytesMax = reconcileBytesMax,
): Result<readonly [Reconciliation, message: Bytes | null], ReconcileError> => {
  const parsed = parseRanges(message)
  if (!parsed.ok) return parsed
  const [lacked, offered] = [new Map(so.lacked), new Map(so.offered)]
  const out = createMessage(set, bytesMax)
  for (const [range, place] of placed(set, parsed.value)) {
    if (range.say === 'ids') return err({ type: 'protocol' })
    if (range.say === 'fingerprint' && !agrees(set, place, range.fingerprint)) {
      if (!addAll(out, ask(set, place))) break
      continue
    }
    if (range.say === 'difference' || range.say === 'all') {
      if (range.items.some((item) => compareDated(item, place.lower) < 0 || (place.upper && compareDated(item, place.upper) >= 0)))
        return err({ type: 'protocol' })
      for (const item of range.items) if (!holds(set, item)) lacked.set(toHex(item.id), item)
      for (const item of missedBy(set, place, range)) offered.set(toHex(item.id), item)
    }
    if (!out.add({ upper: place.upper, say: 'done' })) break
  }
  if (so.rounds >= reconcileRoundsMax || lacked.size > lackedItemsMax) return err({ type: 'endless' })
  return ok([{ rounds: so.rounds + 1, lacked, offered }, out.says() ? out.done() : null])
}

export const answerReconcile = (set: SyncSet, message: Uint8Array, bytesMax = reconcileBytesMax): Result<Bytes, ReconcileError> => {
  const parsed = parseRanges(message)
  if (!parsed.ok) return parsed
  const out = createMessage(set, bytesMax)
  for (const [range, place] of placed(set, parsed.value)) {
    if (range.say === 'difference' || range.say === 'all') return err({ type: 'protocol' })
    const answer =
      range.say === 'ids'
        ? tell(set, place, range.ids, out.room())
        : range.say === 'fingerprint' && !agrees(set, place, range.fingerprint)
          ? narrow(set, place)
          : [{ upper: place.upper, say: 'done' } as const]
    if (!addAll(out, answer)) break
  }
  return ok(out.done())
}

/** A range of the set: its places, and the numbers of its items. */
interface Place {
  readonly from: number
  readonly to: number
  readonly lower: Bound
  readonly upper: Upper
}
const start: Bound = { time: 0, id: new Uint8Array(0) }

const placed = (set: SyncSet, ranges: readonly Range[]): readonly (readonly [Range, Place])[] => {
  let [from, lower] = [0, start]
  return ranges.map((range) => {
    const to = range.upper ? set.rank(range.upper) : set.size()
    const place = { from, to, lower, upper: range.upper }
    from = to
    lower = range.upper ?? lower
    return [range, place]
  })
}

const agrees = (set: SyncSet, { from, to }: Place, fingerprint: Bytes): boolean => equalBytes(set.fingerprint(from, to), fingerprint)
const holds = (set: SyncSet, item: SyncItem): boolean => {
  const found = set.at(set.rank(item))
  return found !== undefined && compareDated(found, item) === 0
}

/** What the asker says of a range that differs. */
const ask = (set: SyncSet, place: Place): readonly Range[] => {
  const { from, to, upper } = place
  return to - from <= idsMax
    ? [{ upper, say: 'ids', ids: set.slice(from, to).map((item) => cut(item.id)) }]
    : fingerprints(set, place, partsFirst(to - from))
}

/** What the answerer says of a range that differs. */
const narrow = (set: SyncSet, place: Place): readonly Range[] => {
  const { from, to, upper } = place
  return to - from <= itemsMax ? [{ upper, say: 'all', items: set.slice(from, to) }] : fingerprints(set, place, partsSecond(to - from))
}

/** What the answerer says where it sees all that the asker has: the difference, or where that is long all of its own, as far as there is room. */
const tell = (set: SyncSet, { from, to, upper }: Place, theirs: readonly Bytes[], roomBytes: number): readonly Range[] => {
  const known = new Set(theirs.map(toHex))
  if (to - from <= 4 * idsMax) {
    const ours = set.slice(from, to)
    const held = new Set(ours.map((item) => toHex(cut(item.id))))
    const items = ours.filter((item) => !known.has(toHex(cut(item.id))))
    const lacked = theirs.filter((id) => !held.has(toHex(id)))
    if (rangeBytesMax + items.length * itemBytesMax + lacked.length * cutIdBytes <= roomBytes)
      return [{ upper, say: 'difference', items, lacked }]
  }
  const count = Math.min(to - from, Math.floor((roomBytes - rangeBytesMax) / itemBytesMax))
  if (count === to - from) return [{ upper, say: 'all', items: set.slice(from, to) }]
  if (count <= 0) return [{ upper, say: 'fingerprint', fingerprint: set.fingerprint(from, to) }]
  return [
    { upper: boundBefore(set, from + count), say: 'all', items: set.slice(from, from + count) },
    { upper, say: 'fingerprint', fingerprint: set.fingerprint(from + count, to) },
  ]
}

/** Ours that a peer which said this of the range does not have. */
const missedBy = (set: SyncSet, { from, to }: Place, range: Extract<Range, { say: 'difference' | 'all' }>): readonly SyncItem[] => {
  const ours = set.slice(from, to)
  if (range.say === 'difference') {
    const lacked = new Set(range.lacked.map(toHex))
    return ours.filter((item) => lacked.has(toHex(cut(item.id))))
  }
  const theirs = new Set(range.items.map((item) => toHex(item.id)))
  return ours.filter((item) => !theirs.has(toHex(item.id)))
}

const partsMax = 64
/** What the cuts should leave in a range: few enough to list their ids, so many that the fingerprints before cost no more. */
const itemsLeft = 10
/** Two cuts lead there: the first into so many parts that the second, of those that differ, makes about as many of each. */
const partsFirst = (count: number): number => Math.min(partsMax, Math.max(2, Math.ceil(Math.sqrt(count / itemsLeft))))
/** The answerer's is the second one, unless that many parts are too many. */
const partsSecond = (count: number): number =>
  count > partsMax * itemsLeft ? partsFirst(count) : Math.max(2, Math.ceil(count / itemsLeft))

const fingerprints = (set: SyncSet, { from, to, upper }: Place, parts: number): readonly Range[] => {
  const at = (part: number) => from + Math.floor(((to - from) * part) / parts)
  return Array.from({ length: parts }, (_, part) => ({
    upper: part === parts - 1 ? upper : boundBefore(set, at(part + 1)),
    say: 'fingerprint',
    fingerprint: set.fingerprint(at(part), at(part + 1)),
  }))
}

/** The shortest place between the item of this number and the one before it. */
const boundBefore = (set: SyncSet, rank: number): Bound => {
  const [before, after] = set.slice(rank - 1, rank + 1) as readonly [SyncItem, SyncItem]
  if (before.time < after.time) return { time: after.time, id: new Uint8Array(0) }
  let shared = 0
  while (before.id[shared] === after.id[shared]) shared++
  return { time: after.time, id: after.id.slice(0, shared + 1) }
}

const cut = (id: Bytes): Bytes => id.slice(0, cutIdBytes)

interface Message {
  /** False: it does not fit any more, and the message is complete without it. */
  readonly add: (range: Range) => boolean
  readonly room: () => number
  /** Something is still to be answered. */
  readonly says: () => boolean
  readonly done: () => Bytes
}

const addAll = (out: Message, ranges: readonly Range[]): boolean => ranges.every((range) => out.add(range))

const createMessage = (set: SyncSet, bytesMax: number): Message => {
  const ranges: Range[] = []
  let bytes = closingBytes
  let lower = start
  /** Before the range for all that is left, two places are kept free: for it, and for one that is still to be counted. */
  const fits = (size: number): boolean => bytes + size <= bytesMax && ranges.length < rangesMax - 2
  const put = (range: Range): void => {
    const last = ranges.at(-1)
    if (range.say === 'done' && last?.say === 'done') ranges.pop()
    ranges.push(range)
    if (range.upper) lower = range.upper
  }
  return {
    add: (range) => {
      const size = encodedBytesMax(range)
      if (!fits(size)) {
        const from = ranges.length === 0 ? 0 : set.rank(lower)
        put({ upper: null, say: 'fingerprint', fingerprint: set.fingerprint(from, set.size()) })
        return false
      }
      bytes += size
      put(range)
      return true
    },
    room: () => bytesMax - bytes,
    says: () => ranges.some((range) => range.say !== 'done'),
    done: () => encodeRanges(ranges),
  }
}
