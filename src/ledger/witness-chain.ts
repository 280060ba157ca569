/**
 * What a witness holds of one author: the certified chain, and beyond it what it signed that is not certified yet.
 *
 * | table  | key    | value                                                                              |
 * | ------ | ------ | ---------------------------------------------------------------------------------- |
 * | signed | author | [number, id] last signed, and the entries up to it that were not certified by then |
 * | unlocking | author | [staked as last seen, [amount, ms of this witness's clock] of what was unstaked since] |
 */
import type { PublicKey } from '../identity/keys.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Expect, Store, StoreValue, Write } from '../lib/store.ts'
import type { ChainHead } from './chain-state.ts'
import { parseEntry, type ParsedEntry } from './entry.ts'
import type { ReplicaRecords } from './replica-records.ts'
import type { EntryId } from './types.ts'

export interface Signed {
  readonly seq: number
  readonly id: EntryId
  /** Up to the signed one. */
  readonly tail: readonly ParsedEntry[]
}

export interface WitnessChain {
  /** As of the highest certified entry. */
  readonly head: ChainHead
  readonly signed: Signed | undefined
  /** Signed entries above the head. */
  readonly tail: readonly ParsedEntry[]
  /** Number of the last entry, tail included. */
  readonly last: number
  readonly entryAt: (seq: number) => Promise<ParsedEntry | undefined>
  /** What was certified by others does not descend from what was signed here. */
  readonly forked: boolean
  /** Up to this number what is certified is what was signed here, or nothing was: −1 where that is not known. */
  readonly agreesTo: () => Promise<number>
  /** What must still be stored when the next signature is recorded. */
  readonly unchanged: Expect
}

export const loadWitnessChain = async (store: Store, records: ReplicaRecords, author: PublicKey): Promise<WitnessChain> => {
  const key = toHex(author)
  const [head] = await records.head(author)
  const record = await store.get('signed', key)
  const signed = record === undefined ? undefined : signedFromRecord(record)
  const tail = signed?.tail.filter(({ entry }) => entry.seq > head.seq) ?? []
  const meeting = signed && signed.seq <= head.seq ? await records.entryAt(author, signed.seq) : undefined
  const agreesTo = async (): Promise<number> => {
    const [first] = signed?.tail ?? []
    if (!signed || !first) return head.seq
    const below = first.entry.seq === 0 ? undefined : await records.entryAt(author, first.entry.seq - 1)
    if (first.entry.seq > 0 && (!below || !equalBytes(below.id, first.entry.prev))) return -1
    for (const { entry, id } of signed.tail) {
      if (entry.seq > head.seq) break
      const certified = await records.entryAt(author, entry.seq)
      if (!certified || !equalBytes(certified.id, id)) return entry.seq - 1
    }
    return head.seq
  }
  return {
    head,
    signed,
    tail,
    last: head.seq + tail.length,
    entryAt: async (seq) => (seq > head.seq ? tail[seq - head.seq - 1] : records.entryAt(author, seq)),
    forked:
      (meeting !== undefined && !equalBytes(meeting.id, signed!.id)) || (tail[0] !== undefined && !equalBytes(tail[0].entry.prev, head.id)),
    agreesTo,
    unchanged: { table: 'signed', key, equals: record },
  }
}

export const signedWrite = (author: PublicKey, { seq, id, tail }: Signed): Write => ({
  table: 'signed',
  key: toHex(author),
  value: [seq, id, tail.map(({ bytes }) => bytes)],
})

const signedFromRecord = (record: StoreValue): Signed => {
  const [seq, id, tail] = record as readonly [number, EntryId, readonly Bytes[]]
  return {
    seq,
    id,
    tail: tail.flatMap((bytes) => {
      const parsed = parseEntry(bytes)
      return parsed.ok ? [parsed.value] : []
    }),
  }
}
