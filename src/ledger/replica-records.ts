/**
 * How a full replica keeps certified chains in the store: every account as of its highest certified entry, and what past
 * entries paid. Nothing uncertified is ever here. Of certified entries that conflict, what is off the head's chain stands under
 * `branches` (conflict.ts); everything else is of that chain.
 *
 * | table        | key                        | value                                                       |
 * | ------------ | -------------------------- | ----------------------------------------------------------- |
 * | entries      | author/number              | the entry's bytes                                           |
 * | ids          | entry id                   | [author, number]                                            |
 * | heads        | author                     | head record (chain-state.ts)                                |
 * | paid         | author/payee               | figures as of the head                                      |
 * | paidAt       | author/payee/number, falling | total as of that entry, for claims of it or of a later one; [total, units] where the state was taken whole |
 * | claimed      | author/payer               | figures as of the head                                      |
 * | incomes      | payee/payer                | [number, id, total] of the payer's newest entry with a line for the payee |
 * | delegated    | author/receiver            | weight lent as of the head, µcr                             |
 * | lent         | receiver/author            | the same, for who looks for what was lent to it; none where it is 0 |
 * | attests      | author/entry id/operation  | [subject, claim, confidence, expiry, revoked]               |
 * | sponsors     | author/sponsor             | [standing attests, [number, id] named in the last settle]   |
 * | certificates | author/number              | certificate                                                 |
 * | branches     | author/entry id            | bytes of a valid certified entry off the head's chain       |
 * | branchCertificates | author/entry id      | certificate                                                 |
 * | tips         | author                     | ids of the branches' ends; a record only where there are any |
 * | conflicts    | certificate's entry id     | certificate that cannot be true beside others: its entry is another than the one at its number, or not valid |
 *
 * What of a chain may be missing stands in replica-bases.ts.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import { type Expect, numberKey, type Store, type StoreValue, type Write } from '../lib/store.ts'
import type { Income, Sponsored } from './apply.ts'
import {
  type ChainChange,
  type ChainHead,
  type ChainState,
  emptyHead,
  type EntryPlace,
  headFromRecord,
  headToRecord,
  lineRecords,
  readLines,
} from './chain-state.ts'
import { mergeCertificates } from './certificate.ts'
import { joinOf, parseEntry, type ParsedEntry, payLines } from './entry.ts'
import { readNamedLines } from './named-lines.ts'
import { createRecentEntries } from './recent-entries.ts'
import { baseSeq, baseState } from './replica-bases.ts'
import type { Certificate, ClaimLine, EntryId, PayLine, SponsorLine } from './types.ts'

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
  /** Up to this number the author's entries may not all be here; −1: they are. */
  readonly baseSeq: (author: PublicKey) => Promise<number>
  /** The account as of that entry. */
  readonly base: (author: PublicKey) => Promise<ChainState | undefined>
  /** From which number on this entry's chain is not here, counted down from it; undefined: all of it is. */
  readonly lackingUnder: (id: EntryId, seq: number) => Promise<number | undefined>
  readonly entryAt: (author: PublicKey, seq: number) => Promise<ParsedEntry | undefined>
  readonly entryById: (id: EntryId) => Promise<ParsedEntry | undefined>
  readonly entriesFrom: (author: PublicKey, seq: number, limit: number) => Promise<readonly ParsedEntry[]>
  /** The payer's total for this payee as of the entry that the claim names; undefined where that entry is not here. */
  readonly income: (payee: PublicKey, line: ClaimLine) => Promise<Income | undefined>
  /** By how much a sponsor's figures rose up to the entry that a settle names; undefined where that entry is not here. */
  readonly sponsored: (line: SponsorLine, since: EntryPlace | null) => Promise<Sponsored | undefined>
  readonly incomes: (payee: PublicKey) => Promise<readonly PayerLine[]>
  /** Who lends weight to this key, in µcr. */
  readonly lentTo: (receiver: PublicKey) => Promise<ReadonlyMap<NodeId, number>>
  /** On exactly this entry, whichever chain it is on. */
  readonly certificateOn: (entry: {
    readonly author: PublicKey
    readonly seq: number
    readonly id: EntryId
  }) => Promise<Certificate | undefined>
  readonly certificateAt: (author: PublicKey, seq: number) => Promise<Certificate | undefined>
  readonly certificates: (author: PublicKey, from: number, limit: number) => Promise<readonly Certificate[]>
  readonly newestCertificate: (author: PublicKey) => Promise<Certificate | undefined>
  /** New certified entries of one author and the change that they make together. */
  readonly entryWrites: (entries: readonly ParsedEntry[], change: ChainChange) => Write[]
  /** Certified entries from below the author's base: they change nothing of its state. */
  readonly olderWrites: (entries: readonly ParsedEntry[]) => Promise<readonly Write[]>
  /** For an entry that is here. Signatures are added to those known. */
  readonly certificateWrite: (certificate: Certificate) => Promise<Write>
  /** The same for one beyond the head. */
  readonly newCertificateWrite: (certificate: Certificate) => Write
}

export const createReplicaRecords = (store: Store): ReplicaRecords => {
  const list = async <T>(table: string, prefix: string, read: (value: StoreValue) => T): Promise<ReadonlyMap<NodeId, T>> =>
    new Map((await store.list(table, { prefix })).map(([key, value]) => [key.slice(prefix.length), read(value)]))

  const recent = createRecentEntries()
  const keptAt = (key: string, bytes: StoreValue): ParsedEntry => recent.get(key, bytes as Bytes) ?? kept(bytes)
  const entryAt = async (author: PublicKey, seq: number): Promise<ParsedEntry | undefined> => {
    const key = place(author, seq)
    const bytes = await store.get('entries', key)
    return bytes === undefined ? undefined : keptAt(key, bytes)
  }
  const entryById = async (id: EntryId): Promise<ParsedEntry | undefined> => {
    const at = (await store.get('ids', toHex(id))) as readonly [PublicKey, number] | undefined
    if (!at) return undefined
    const onChain = await entryAt(at[0], at[1])
    if (onChain && equalBytes(onChain.id, id)) return onChain
    const bytes = await store.get('branches', branchKey(at[0], id))
    return bytes === undefined ? undefined : kept(bytes)
  }
  const parentOf = async ({ entry }: ParsedEntry): Promise<ParsedEntry | undefined> => (entry.seq === 0 ? undefined : entryById(entry.prev))
  const isOnChain = async ({ entry, id }: ParsedEntry): Promise<boolean> => {
    const onChain = await entryAt(entry.author, entry.seq)
    return onChain !== undefined && equalBytes(onChain.id, id)
  }

  /** The payer's line for this payee as of this entry of the payer's; null: none; undefined: what would say so is not here. */
  const lineAsOf = async (paying: ParsedEntry, payee: PublicKey): Promise<PayLine | null | undefined> => {
    let base: number | undefined
    for (let at: ParsedEntry | undefined = paying; at; at = await parentOf(at)) {
      const lineOf = ({ entry }: ParsedEntry): PayLine | undefined => payLines(entry).findLast(([to]) => equalBytes(to, payee))
      const { author, seq } = at.entry
      const line = lineOf(at)
      if (line || seq === 0) return line ?? null
      // Off the head's chain and where entries may be missing step by step, else in one.
      base ??= await baseSeq(store, author)
      if (seq < base || !(await isOnChain(at))) continue
      const prefix = `${toHex(author)}/${toHex(payee)}/`
      const [older] = await store.list('paidAt', { prefix, from: prefix + falling(seq), limit: 1 })
      if (!older) return null
      if (Array.isArray(older[1])) return [payee, older[1][0] as number, older[1][1] as number, 0, 0]
      const setter = await entryAt(author, Number.MAX_SAFE_INTEGER - Number(older[0].slice(prefix.length)))
      return setter && lineOf(setter)
    }
    return undefined
  }

  /** Root key of the join that this entry's chain begins with. */
  const identityAt = async (of: ParsedEntry): Promise<PublicKey | null> => {
    for (let at: ParsedEntry | undefined = of; at; at = await parentOf(at)) {
      const join = joinOf(at.entry)
      if (join) return join.identity
      if (await isOnChain(at)) return (await head(at.entry.author))[0].identity
    }
    return null
  }

  const head: ReplicaRecords['head'] = async (author) => {
    const key = toHex(author)
    const record = await store.get('heads', key)
    return [record === undefined ? emptyHead(author) : headFromRecord(record), { table: 'heads', key, equals: record }]
  }

  const certificateOn: ReplicaRecords['certificateOn'] = async ({ author, seq, id }) => {
    const onChain = (await store.get('certificates', place(author, seq))) as unknown as Certificate | undefined
    if (onChain && equalBytes(onChain.id, id)) return onChain
    return (await store.get('branchCertificates', branchKey(author, id))) as unknown as Certificate | undefined
  }

  return {
    entryAt,
    entryById,
    baseSeq: (author) => baseSeq(store, author),
    base: (author) => baseState(store, author),
    lackingUnder: async (id, seq) => {
      let at = await entryById(id)
      if (!at) return seq
      for (; at.entry.seq > 0;) {
        const under = await parentOf(at)
        if (!under) return at.entry.seq - 1
        at = under
      }
      return undefined
    },
    head,
    heads: async () => (await store.list('heads')).map(([, record]) => headFromRecord(record)),
    stateFor: (of, entries) => readNamedLines(of, entries, (kind, key) => store.get(kind, `${toHex(of.author)}/${key}`)),
    wholeState: (of) => readLines(of, (kind, fromRecord) => list(kind, `${toHex(of.author)}/`, fromRecord)),
    entriesFrom: async (author, seq, limit) =>
      (await store.list('entries', { prefix: `${toHex(author)}/`, from: place(author, seq), limit })).map(([key, bytes]) =>
        keptAt(key, bytes),
      ),

    income: async (payee, [payer, id]) => {
      const found = await entryById(id)
      if (!found || !equalBytes(found.entry.author, payer)) return undefined
      const line = await lineAsOf(found, payee)
      return line === undefined ? undefined : { seq: found.entry.seq, total: line?.[1] ?? 0 }
    },
    sponsored: async ([sponsor, id], since) => {
      const named = await entryById(id)
      const before = since === null ? undefined : await entryById(since.id)
      if (!named || !equalBytes(named.entry.author, sponsor) || (since !== null && !before)) return undefined
      const newest = new Map<NodeId, PayLine>()
      // Down to the entry named before; where the chain forked since, to where both come from.
      let below = before
      for (let at = named; !(below && equalBytes(at.id, below.id));) {
        const ahead = below === undefined || at.entry.seq >= below.entry.seq
        if (below && at.entry.seq <= below.entry.seq) {
          const under = await parentOf(below)
          if (!under && below.entry.seq > 0) return undefined
          below = under
        }
        if (!ahead) continue
        for (const line of payLines(at.entry).toReversed()) if (!newest.has(toHex(line[0]))) newest.set(toHex(line[0]), line)
        if (at.entry.seq === 0) break
        const under = await parentOf(at)
        if (!under) return undefined
        at = under
      }
      const rose: Sponsored['rose'][number][] = []
      for (const [payee, line] of newest) {
        const then = before ? await lineAsOf(before, line[0]) : null
        if (then === undefined) return undefined
        const [, total = 0, units = 0] = then ?? []
        rose.push({ payee, paidMicro: BigInt(Math.max(0, line[1] - total)), units: BigInt(Math.max(0, line[2] - units)) })
      }
      return { seq: named.entry.seq, identity: await identityAt(named), rose }
    },
    lentTo: async (receiver) => list('lent', `${toHex(receiver)}/`, (amount) => amount as number),
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

    entryWrites: (entries, change) => {
      for (const parsed of entries) recent.add(place(parsed.entry.author, parsed.entry.seq), parsed)
      const me = toHex(change.head.author)
      return [
        { table: 'heads', key: me, value: headToRecord(change.head) },
        ...lineRecords(change).map(([table, key, value]): Write => ({ table, key: `${me}/${key}`, value })),
        ...[...change.delegated].map(([to, amount]): Write => {
          const at = { table: 'lent', key: `${to}/${me}` }
          return amount > 0 ? { ...at, value: amount } : { ...at, remove: true }
        }),
        ...entries.flatMap((parsed) => [...placeWrites(parsed), ...payLines(parsed.entry).map((line) => incomeWrite(parsed, line))]),
      ]
    },
    olderWrites: async (entries) => {
      const writes = entries.flatMap(placeWrites)
      for (const parsed of entries.toSorted((a, b) => a.entry.seq - b.entry.seq))
        for (const line of payLines(parsed.entry)) {
          const { key, ...write } = incomeWrite(parsed, line)
          const known = (await store.get('incomes', key)) as readonly [PublicKey, number] | undefined
          if (!known || known[1] < parsed.entry.seq) writes.push({ key, ...write })
        }
      return writes
    },
    certificateOn,
    certificateWrite: async (certificate) => {
      const { author, seq, id } = certificate
      const onChain = await entryAt(author, seq)
      const known = await certificateOn(certificate)
      const value = ((known && mergeCertificates(known, certificate)) ?? certificate) as unknown as StoreValue
      return onChain && !equalBytes(onChain.id, id)
        ? { table: 'branchCertificates', key: branchKey(author, id), value }
        : { table: 'certificates', key: place(author, seq), value }
    },
    newCertificateWrite: (certificate) => ({
      table: 'certificates',
      key: place(certificate.author, certificate.seq),
      value: certificate as unknown as StoreValue,
    }),
  }
}

const placeWrites = ({ entry, id, bytes }: ParsedEntry): Write[] => [
  { table: 'entries', key: place(entry.author, entry.seq), value: bytes },
  { table: 'ids', key: toHex(id), value: [entry.author, entry.seq] },
  ...payLines(entry).map(([payee, total]): Write => ({ table: 'paidAt', key: paidAtKey(entry.author, payee, entry.seq), value: total })),
]
const incomeWrite = ({ entry, id }: ParsedEntry, [payee, total]: PayLine): Write => ({
  table: 'incomes',
  key: `${toHex(payee)}/${toHex(entry.author)}`,
  value: [entry.author, entry.seq, id, total],
})

export const branchKey = (author: PublicKey, id: EntryId): string => `${toHex(author)}/${toHex(id)}`
export const place = (author: PublicKey, seq: number): string => `${toHex(author)}/${numberKey(seq)}`

export const paidAtKey = (author: PublicKey, payee: PublicKey, seq: number): string => `${toHex(author)}/${toHex(payee)}/${falling(seq)}`
/** Sorts the later number first, so that "the last one up to here" is one step in the store's order. */
const falling = (seq: number): string => numberKey(Number.MAX_SAFE_INTEGER - seq)

export const kept = (bytes: StoreValue): ParsedEntry => {
  const parsed = parseEntry(bytes as Bytes)
  assert(parsed.ok, 'an entry that was kept parses')
  return parsed.value
}
