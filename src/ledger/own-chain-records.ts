/**
 * How a node keeps its own chain in the store: keys, reading, and the writes of one commit.
 *
 * | table           | key               | value                                                |
 * | --------------- | ----------------- | ---------------------------------------------------- |
 * | ownEntries      | author/number     | the entry's bytes                                    |
 * | ownHeads        | author            | head record (chain-state.ts)                         |
 * | ownPaid         | author/payee      | figures as of the head                               |
 * | ownClaimed      | author/payer      | figures as of the head                               |
 * | ownDelegated    | author/receiver   | weight lent as of the head, µcr                      |
 * | ownAttests      | author/entry id/operation | as in replica-records.ts                     |
 * | ownSponsors     | author/sponsor    | as in replica-records.ts                             |
 * | ownIncomes      | author/entry id   | [number, total, claim attested?] of a payer's entry that was claimed |
 * | ownCertificates | author/number     | certificate                                          |
 * | ownPayments     | author/payee      | number of the newest certified entry that pays them  |
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import { type Expect, numberKey, type Store, type StoreValue, type Write } from '../lib/store.ts'
import type { Income } from './apply.ts'
import {
  type ChainChange,
  type ChainHead,
  type ChainState,
  claimedFromRecord,
  emptyHead,
  headFromRecord,
  headToRecord,
  lineRecords,
  type LineKind,
  readLines,
} from './chain-state.ts'
import { parseEntry, type ParsedEntry, payLines } from './entry.ts'
import { readNamedLines } from './named-lines.ts'
import type { Certificate, EntryId } from './types.ts'

export interface OwnRecords {
  /** The head, and what must still be stored when it is replaced. */
  readonly head: () => Promise<readonly [head: ChainHead, unchanged: Expect]>
  /** With every line. */
  readonly state: (head: ChainHead) => Promise<ChainState>
  /** The head and the lines that an entry after it names. */
  readonly stateFor: (head: ChainHead, entry: ParsedEntry) => Promise<ChainState>
  readonly entry: (seq: number) => Promise<ParsedEntry | undefined>
  readonly entriesFrom: (seq: number) => Promise<readonly ParsedEntry[]>
  readonly newestCertificate: () => Promise<Certificate | undefined>
  readonly certificate: (seq: number) => Promise<Certificate | undefined>
  readonly certificateFrom: (seq: number) => Promise<Certificate | undefined>
  readonly income: (id: EntryId) => Promise<Income | undefined>
  readonly claimedSeq: (payer: PublicKey) => Promise<number>
  readonly paymentSeq: (payee: PublicKey) => Promise<number | undefined>
  readonly entryWrites: (entries: readonly ParsedEntry[], incomes: ReadonlyMap<string, Income>) => Write[]
  readonly foldWrites: (change: ChainChange) => Write[]
  readonly certificateWrites: (certified: ParsedEntry, certificate: Certificate) => Write[]
  /** Takes back entries from this number on, and lines that the state after it does not have. */
  readonly dropWrites: (before: ChainState, from: number, after: ChainState) => Write[]
}

export const createOwnRecords = (store: Store, author: PublicKey): OwnRecords => {
  const me = toHex(author)
  const key = (part: string | number): string => `${me}/${typeof part === 'number' ? numberKey(part) : part}`
  const lines = async <F>(table: string, read: (record: StoreValue) => F): Promise<ReadonlyMap<NodeId, F>> => {
    const rows = await store.list(table, { prefix: `${me}/` })
    return new Map(rows.map(([k, value]) => [k.slice(me.length + 1), read(value)]))
  }
  return {
    head: async () => {
      const record = await store.get('ownHeads', me)
      return [record === undefined ? emptyHead(author) : headFromRecord(record), { table: 'ownHeads', key: me, equals: record }]
    },
    state: (head) => readLines(head, (kind, fromRecord) => lines(ownTables[kind], fromRecord)),
    stateFor: (head, entry) => readNamedLines(head, [entry], (kind, line) => store.get(ownTables[kind], key(line))),
    entry: async (seq) => {
      const bytes = await store.get('ownEntries', key(seq))
      return bytes === undefined ? undefined : kept(bytes)
    },
    entriesFrom: async (seq) => (await store.list('ownEntries', { prefix: `${me}/`, from: key(seq) })).map(([, bytes]) => kept(bytes)),
    newestCertificate: async () => {
      const [row] = await store.list('ownCertificates', { prefix: `${me}/`, reverse: true, limit: 1 })
      return row?.[1] as unknown as Certificate | undefined
    },
    certificate: async (seq) => (await store.get('ownCertificates', key(seq))) as unknown as Certificate | undefined,
    certificateFrom: async (seq) => {
      const [row] = await store.list('ownCertificates', { prefix: `${me}/`, from: key(seq), limit: 1 })
      return row?.[1] as unknown as Certificate | undefined
    },
    income: async (id) => {
      const record = (await store.get('ownIncomes', key(toHex(id)))) as readonly [number, number, string?] | undefined
      return record && { seq: record[0], total: record[1], ...(record[2] !== undefined && { claim: record[2] }) }
    },
    claimedSeq: async (payer) => {
      const record = await store.get('ownClaimed', key(toHex(payer)))
      return record === undefined ? -1 : claimedFromRecord(record).seq
    },
    paymentSeq: async (payee) => (await store.get('ownPayments', key(toHex(payee)))) as number | undefined,

    entryWrites: (entries, incomes) => [
      ...entries.map(({ entry, bytes }): Write => ({ table: 'ownEntries', key: key(entry.seq), value: bytes })),
      ...[...incomes].map(([id, { seq, total, claim }]): Write => ({
        table: 'ownIncomes',
        key: key(id),
        value: claim === undefined ? [seq, total] : [seq, total, claim],
      })),
    ],
    foldWrites: (change) => [
      { table: 'ownHeads', key: me, value: headToRecord(change.head) },
      ...lineRecords(change).map(([kind, line, value]): Write => ({ table: ownTables[kind], key: key(line), value })),
    ],
    certificateWrites: ({ entry }, certificate) => [
      { table: 'ownCertificates', key: key(entry.seq), value: certificate as unknown as StoreValue },
      ...payLines(entry).map(([payee]): Write => ({ table: 'ownPayments', key: key(toHex(payee)), value: entry.seq })),
    ],
    dropWrites: (before, from, after) => [
      ...range(from, before.head.seq).map((seq): Write => ({ table: 'ownEntries', key: key(seq), remove: true })),
      ...lineRecords(before)
        .filter(([kind, line]) => !after[kind].has(line))
        .map(([kind, line]): Write => ({ table: ownTables[kind], key: key(line), remove: true })),
    ],
  }
}

/** What an entry stands for to whom it pays. */
export const incomeIn = ({ entry }: ParsedEntry, payee: PublicKey): Income | undefined => {
  const line = payLines(entry).findLast(([paid]) => equalBytes(paid, payee))
  const attest = entry.ops.find((op) => op.op === 'attest')
  return line && { seq: entry.seq, total: line[1], ...(attest && { claim: attest.claim }) }
}

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)

const ownTables: Readonly<Record<LineKind, string>> = {
  paid: 'ownPaid',
  claimed: 'ownClaimed',
  delegated: 'ownDelegated',
  attests: 'ownAttests',
  sponsors: 'ownSponsors',
}

const kept = (bytes: StoreValue): ParsedEntry => {
  const parsed = parseEntry(bytes as Bytes)
  assert(parsed.ok, 'an entry that was kept parses')
  return parsed.value
}
