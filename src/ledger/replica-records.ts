/**
 * How a full replica keeps certified chains in the store: every account as of its highest certified entry, and what past
 * entries paid. Nothing uncertified is ever here.
 *
 * | table        | key                        | value                                                       |
 * | ------------ | -------------------------- | ----------------------------------------------------------- |
 * | entries      | author/number              | the entry's bytes                                           |
 * | ids          | entry id                   | [author, number]                                            |
 * | heads        | author                     | head record (chain-state.ts)                                |
 * | paid         | author/payee               | figures as of the head                                      |
 * | paidAt       | author/payee/number, falling | total as of that entry, for claims of it or of a later one |
 * | claimed      | author/payer               | figures as of the head                                      |
 * | incomes      | payee/payer                | [number, id, total] of the payer's newest entry with a line for the payee |
 * | certificates | author/number              | certificate                                                 |
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
  claimedToRecord,
  emptyHead,
  headFromRecord,
  headToRecord,
  paidFromRecord,
  paidToRecord,
} from './chain-state.ts'
import { claimLines, parseEntry, type ParsedEntry, payLines } from './entry.ts'
import type { Certificate, ClaimLine, EntryId } from './types.ts'

export interface PayerLine {
  readonly payer: PublicKey
  readonly seq: number
  readonly id: EntryId
  readonly total: number
}

export interface ReplicaRecords {
  readonly head: (author: PublicKey) => Promise<readonly [head: ChainHead, unchanged: Expect]>
  readonly heads: () => Promise<readonly ChainHead[]>
  /** The head and the lines that these entries of the author name. */
  readonly stateFor: (head: ChainHead, entries: readonly ParsedEntry[]) => Promise<ChainState>
  /** With every line. */
  readonly wholeState: (head: ChainHead) => Promise<ChainState>
  readonly entryAt: (author: PublicKey, seq: number) => Promise<ParsedEntry | undefined>
  readonly entryById: (id: EntryId) => Promise<ParsedEntry | undefined>
  readonly entriesFrom: (author: PublicKey, seq: number, limit: number) => Promise<readonly ParsedEntry[]>
  /** The payer's total for this payee as of the entry that the claim names; undefined where that entry is not here. */
  readonly income: (payee: PublicKey, line: ClaimLine) => Promise<Income | undefined>
  readonly incomes: (payee: PublicKey) => Promise<readonly PayerLine[]>
  readonly certificateAt: (author: PublicKey, seq: number) => Promise<Certificate | undefined>
  readonly certificates: (author: PublicKey, from: number, limit: number) => Promise<readonly Certificate[]>
  readonly newestCertificate: (author: PublicKey) => Promise<Certificate | undefined>
  /** New certified entries of one author and the change that they make together. */
  readonly entryWrites: (entries: readonly ParsedEntry[], change: ChainChange) => Write[]
  readonly certificateWrite: (certificate: Certificate) => Write
}

export const createReplicaRecords = (store: Store): ReplicaRecords => {
  const list = async <T>(table: string, prefix: string, read: (value: StoreValue) => T): Promise<ReadonlyMap<NodeId, T>> =>
    new Map((await store.list(table, { prefix })).map(([key, value]) => [key.slice(prefix.length), read(value)]))

  const pick = async <T>(
    table: string,
    author: PublicKey,
    keys: readonly PublicKey[],
    read: (value: StoreValue) => T,
  ): Promise<ReadonlyMap<NodeId, T>> => {
    const found = new Map<NodeId, T>()
    for (const key of new Set(keys.map(toHex))) {
      const value = await store.get(table, `${toHex(author)}/${key}`)
      if (value !== undefined) found.set(key, read(value))
    }
    return found
  }

  const entryAt = async (author: PublicKey, seq: number): Promise<ParsedEntry | undefined> => {
    const bytes = await store.get('entries', place(author, seq))
    return bytes === undefined ? undefined : kept(bytes)
  }
  const entryById = async (id: EntryId): Promise<ParsedEntry | undefined> => {
    const at = (await store.get('ids', toHex(id))) as readonly [PublicKey, number] | undefined
    return at && entryAt(at[0], at[1])
  }

  return {
    entryAt,
    entryById,
    head: async (author) => {
      const key = toHex(author)
      const record = await store.get('heads', key)
      return [record === undefined ? emptyHead(author) : headFromRecord(record), { table: 'heads', key, equals: record }]
    },
    heads: async () => (await store.list('heads')).map(([, record]) => headFromRecord(record)),
    stateFor: async (head, entries) => ({
      head,
      paid: await pick(
        'paid',
        head.author,
        entries.flatMap(({ entry }) => payLines(entry).map(([payee]) => payee)),
        paidFromRecord,
      ),
      claimed: await pick(
        'claimed',
        head.author,
        entries.flatMap(({ entry }) => claimLines(entry).map(([payer]) => payer)),
        claimedFromRecord,
      ),
    }),
    wholeState: async (head) => ({
      head,
      paid: await list('paid', `${toHex(head.author)}/`, paidFromRecord),
      claimed: await list('claimed', `${toHex(head.author)}/`, claimedFromRecord),
    }),
    entriesFrom: async (author, seq, limit) =>
      (await store.list('entries', { prefix: `${toHex(author)}/`, from: place(author, seq), limit })).map(([, bytes]) => kept(bytes)),

    income: async (payee, [payer, id]) => {
      const found = await entryById(id)
      if (!found || !equalBytes(found.entry.author, payer)) return undefined
      const { seq } = found.entry
      const line = payLines(found.entry).findLast(([to]) => equalBytes(to, payee))
      if (line) return { seq, total: line[1] }
      const prefix = `${toHex(payer)}/${toHex(payee)}/`
      const [older] = await store.list('paidAt', { prefix, from: prefix + falling(seq), limit: 1 })
      return { seq, total: (older?.[1] as number | undefined) ?? 0 }
    },
    incomes: async (payee) =>
      (await store.list('incomes', { prefix: `${toHex(payee)}/` })).map(([, record]) => {
        const [payer, seq, id, total] = record as readonly [PublicKey, number, EntryId, number]
        return { payer, seq, id, total }
      }),
    certificateAt: async (author, seq) => (await store.get('certificates', place(author, seq))) as unknown as Certificate | undefined,
    certificates: async (author, from, limit) =>
      (await store.list('certificates', { prefix: `${toHex(author)}/`, from: place(author, from), limit })).map(
        ([, c]) => c as unknown as Certificate,
      ),
    newestCertificate: async (author) => {
      const [row] = await store.list('certificates', { prefix: `${toHex(author)}/`, reverse: true, limit: 1 })
      return row?.[1] as unknown as Certificate | undefined
    },

    entryWrites: (entries, { head, paid, claimed }) => {
      const me = toHex(head.author)
      return [
        { table: 'heads', key: me, value: headToRecord(head) },
        ...[...paid].map(([payee, figures]): Write => ({ table: 'paid', key: `${me}/${payee}`, value: paidToRecord(figures) })),
        ...[...claimed].map(([payer, figures]): Write => ({ table: 'claimed', key: `${me}/${payer}`, value: claimedToRecord(figures) })),
        ...entries.flatMap(({ entry, id, bytes }): Write[] => [
          { table: 'entries', key: place(entry.author, entry.seq), value: bytes },
          { table: 'ids', key: toHex(id), value: [entry.author, entry.seq] },
          ...payLines(entry).flatMap(([payee, total]): Write[] => [
            { table: 'paidAt', key: `${me}/${toHex(payee)}/${falling(entry.seq)}`, value: total },
            { table: 'incomes', key: `${toHex(payee)}/${me}`, value: [entry.author, entry.seq, id, total] },
          ]),
        ]),
      ]
    },
    certificateWrite: (certificate) => ({
      table: 'certificates',
      key: place(certificate.author, certificate.seq),
      value: certificate as unknown as StoreValue,
    }),
  }
}

const place = (author: PublicKey, seq: number): string => `${toHex(author)}/${numberKey(seq)}`

/** Sorts the later number first, so that "the last one up to here" is one step in the store's order. */
const falling = (seq: number): string => numberKey(Number.MAX_SAFE_INTEGER - seq)

const kept = (bytes: StoreValue): ParsedEntry => {
  const parsed = parseEntry(bytes as Bytes)
  assert(parsed.ok, 'an entry that was kept parses')
  return parsed.value
}
