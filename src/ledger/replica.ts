/**
 * A full replica (relay, simulator): every certified chain, folded (spec: ledger.md, *Validity*, *State*).
 *
 * Entries and certificates may come in any order, from anyone, any number of times; the result is the same. What is certified and
 * complete is folded and kept in one commit before `ingest` resolves; what lacks something waits in memory. Uncertified entries
 * change nothing. Where certified entries conflict, see conflict.ts.
 */
import type { NodeId, PublicKey, Verifier } from '../identity/keys.ts'
import { equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import { ok, type Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import type { Expect, Store, StoreError, Write } from '../lib/store.ts'
import type { InvalidReason } from './apply.ts'
import { verifyCertificate } from './certificate.ts'
import { type ChainChange, type ChainHead, type ChainState, emptyChain, summaryOf } from './chain-state.ts'
import { branchWrites, conflictWrites, isBroken, seenFrauds, stateAt, tipsOf } from './conflict.ts'
import { certifiedLines, type EntryError, type ParsedEntry } from './entry.ts'
import { foldSegment } from './fold.ts'
import { createPendingPool, type PendingPool, type VerifiedEntry } from './pending-pool.ts'
import { filledWrites } from './replica-bases.ts'
import { createReplicaDoor } from './replica-door.ts'
import { createSegments, type Segments } from './replica-segments.ts'
import { createReplicaRecords, type PayerLine, type ReplicaRecords } from './replica-records.ts'
import { createVerdictBook, type VerdictBook } from './replica-verdicts.ts'
import type { LedgerRules } from './rules.ts'
import type { AccountSummary, Certificate, EntryId } from './types.ts'
import { createWaiting, type Lack } from './waiting.ts'

export type Refusal =
  | EntryError
  | { readonly type: 'invalid'; readonly reason: InvalidReason }
  | { readonly type: 'certificate' }
  /** Signed neither by its author nor by a root key that we know of: come again with the chain's first entry. */
  | { readonly type: 'signer-unknown' }
  /** A second certified entry at one number: more witnesses lied than the swarm bears. */
  | { readonly type: 'conflict' }

export interface IngestReport {
  /** Entries that became part of the state. */
  readonly certified: readonly ParsedEntry[]
  /** Of those whose chains only went on from their heads: the changes, one after another. */
  readonly grown: ReadonlyMap<NodeId, readonly ChainChange[]>
  readonly refused: readonly Refusal[]
  /** Where there is something of it to say. */
  readonly older?: OlderReport
}
/** Of chains whose earlier entries are not all here (replica-bases.ts), each by its author's key. */
export interface OlderReport {
  /** What waits for an entry below a base: the number from which that chain is needed. */
  readonly lacking: ReadonlyMap<NodeId, number>
  /** Of which earlier entries came. */
  readonly came: ReadonlySet<NodeId>
}

export interface Replica extends Segments {
  readonly records: ReplicaRecords
  /** `from` names the peer whose quota what must wait counts against. */
  readonly ingest: (
    entries: readonly Uint8Array[],
    certificate: Certificate | null,
    from: string,
  ) => Promise<Result<IngestReport, StoreError>>
  /** For entries and a certificate that the caller verified. */
  readonly ingestVerified: (
    entries: readonly VerifiedEntry[],
    certificate: Certificate,
    from: string,
  ) => Promise<Result<IngestReport, StoreError>>
  readonly account: (author: PublicKey) => Promise<AccountSummary | undefined>
  readonly accounts: () => Promise<readonly AccountSummary[]>
  /** Another change to what is kept of an account, in turn with all others. None: nothing is written. */
  readonly rewrite: (author: PublicKey, writes: (head: ChainHead) => Promise<readonly Write[]>) => Promise<Result<void, StoreError>>
  /** The account with all its lines, as of its highest certified entry. */
  readonly state: (author: PublicKey) => Promise<ChainState>
  /** The one on exactly this entry; without a number, the newest. */
  readonly certificateOf: (author: PublicKey, seq?: number) => Promise<Certificate | undefined>
  readonly entry: (id: EntryId) => Promise<ParsedEntry | undefined>
  /** Who has paid this key, by their newest certified entry that names it. */
  readonly incomes: (payee: PublicKey) => Promise<readonly PayerLine[]>
  /** Two certified entries at one number were seen: the swarm is broken. */
  readonly broken: () => Promise<boolean>
  /** What is known against accounts; part of no entry's validity. */
  readonly verdicts: VerdictBook
  readonly pendingBytes: () => number
}

interface Done {
  readonly folded: readonly ParsedEntry[]
  /** By them, where they follow on the head. */
  readonly change?: ChainChange
  readonly refused?: Refusal
  /** The chain is needed from a number below its base on. */
  readonly lacking?: readonly [NodeId, number]
}
type Settled = Result<Done, StoreError>
const nothingFolded: Settled = ok({ folded: [] })

export const createReplica = ({
  store,
  verifier,
  rules,
  pool = createPendingPool(),
}: {
  readonly store: Store
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly pool?: PendingPool
}): Replica => {
  const records = createReplicaRecords(store)
  const verdicts = createVerdictBook({ store, verifier, rules })
  const deps = { store, records, rules, verifier }
  const serial = createSerial()
  const waiting = createWaiting()
  const door = createReplicaDoor({ store, records, verifier, rules, pool })

  /** Folds all that is complete, starting from these authors; whoever waited for what was folded follows. `brought`: just now. */
  const settle = async (authors: readonly PublicKey[], brought: readonly ParsedEntry[] = []): Promise<Result<IngestReport, StoreError>> => {
    const certified: ParsedEntry[] = []
    const grown = new Map<NodeId, readonly ChainChange[] | null>()
    const refused: Refusal[] = []
    const [lacking, came] = [new Map<NodeId, number>(), new Set<NodeId>()]
    const queue = new Set(authors.map(toHex))
    const follow = (author: NodeId): void => waiting.changed(author).forEach((waiter) => queue.add(waiter))
    for (const author of queue) {
      queue.delete(author)
      const earlier = await takeEarlier(fromHex(author)!, brought)
      if (!earlier.ok) return earlier
      if (earlier.value) came.add(author)
      if (earlier.value) follow(author)
      for (const certificate of waiting.ready(author, pool.certificates(author), (id) => pool.entry(id) !== undefined)) {
        const done = await settleOne(certificate)
        if (!done.ok) return done
        if (done.value.refused) refused.push(done.value.refused)
        if (done.value.lacking) lacking.set(...done.value.lacking)
        if (done.value.folded.length === 0) continue
        certified.push(...done.value.folded)
        const before = grown.get(author)
        grown.set(author, done.value.change && before !== null ? [...(before ?? []), done.value.change] : null)
        follow(author)
        // A certificate that was passed over, its number above the head's, may now be at or below it.
        queue.add(author)
      }
    }
    const wholly = new Map([...grown].flatMap(([author, changes]) => (changes ? [[author, changes] as const] : [])))
    return ok({ certified, grown: wholly, refused, ...(lacking.size + came.size > 0 && { older: { lacking, came } }) })
  }

  /**
   * Entries below the base that hang by their hashes on a certificate, or on what is here: witnesses have found them valid, and no
   * state follows from them that is not here. So what a claim of an older entry brings along is taken, and what is fetched again. Each
   * run is followed down from its end, which came just now or has its certificate in the pool; what came before it waits in the pool.
   */
  const takeEarlier = async (author: PublicKey, brought: readonly ParsedEntry[]): Promise<Result<boolean, StoreError>> => {
    const base = await records.baseSeq(author)
    if (base < 0) return ok(false)
    const ends: (readonly [seq: number, id: EntryId])[] = pool.certificates(toHex(author)).map(({ seq, id }) => [seq, id])
    for (const { entry, id } of brought) {
      if (entry.seq > base || !equalBytes(entry.author, author)) continue
      const above = await records.entryAt(author, entry.seq + 1)
      if (above && equalBytes(above.entry.prev, id)) ends.push([entry.seq, id])
    }
    const found = new Map<number, ParsedEntry>()
    for (let [seq, id] of ends.filter(([at]) => at <= base))
      for (; seq >= 0 && !found.has(seq); seq--) {
        const parsed = pool.entry(id)?.parsed
        if (parsed?.entry.seq !== seq || !equalBytes(parsed.entry.author, author)) break
        // Another entry may stand there: that is for `inConflict`.
        if (await records.entryAt(author, seq)) break
        found.set(seq, parsed)
        id = parsed.entry.prev
      }
    const older = [...found.values()]
    if (older.length === 0) return ok(false)
    const stored = await store.commit([...(await records.olderWrites(older)), ...(await filledWrites(store, records, older))])
    if (!stored.ok) return stored
    for (const { id } of older) pool.removeEntry(id)
    return ok(true)
  }

  const settleOne = async (certificate: Certificate): Promise<Settled> => {
    const { author, seq, id } = certificate
    const [head, unchanged] = await records.head(author)
    if ((seq <= head.seq || (await store.get('ids', toHex(id))) !== undefined) && (await records.entryById(id))) {
      pool.removeCertificate(certificate)
      return keep([await records.certificateWrite(certificate), ...(await fraudsBeside(certificate))], [])
    }
    // Below the base nothing says that it is another than what stood there.
    if (seq <= (await records.baseSeq(author)) && !(await records.entryAt(author, seq))) return nothingFolded
    const run = await descent(certificate, head)
    if ('lacks' in run) {
      if (seq <= head.seq) return inConflict(certificate)
      waiting.hold(certificate, run.lacks)
      return nothingFolded
    }
    const atHead = run.from ? equalBytes(run.from, head.id) : head.seq < 0
    const stands = async () => run.from && records.entryById(run.from)
    const from = atHead ? undefined : await stands()
    const entries = run.entries.map((item) => item.parsed)
    const start = atHead ? await records.stateFor(head, entries) : from ? await stateAt(deps, from) : emptyChain(author)
    if (!start) return inConflict(certificate)

    const fold = await foldSegment(deps, start, run.entries)
    if (fold.stopped?.type === 'missing') {
      const payer = toHex(fold.stopped.payer)
      const from = await records.lackingUnder(fold.stopped.id, fold.stopped.seq)
      const below = from !== undefined && from <= (await records.baseSeq(fold.stopped.payer))
      waiting.forAuthor(toHex(author), payer)
      // One in conflict is looked at with each signature that it gains, for these are what its signers are found out by.
      if (seq <= head.seq) return inConflict(certificate)
      // What is needed from below a base is said again with each try, until it comes.
      if (!below) waiting.hold(certificate, null)
      return below ? ok({ folded: [], lacking: [payer, from] }) : nothingFolded
    }
    const stranger = fold.stopped?.reason === 'signature' ? entries[fold.heads.length] : undefined
    if (stranger) {
      // It was taken on a join that is not this chain's: with its right signature it may still come.
      pool.removeEntry(stranger.id)
      return nothingFolded
    }
    // What is valid before an invalid entry may have a certificate of its own, still on its way.
    for (const parsed of entries.slice(fold.stopped ? fold.heads.length : 0)) pool.removeEntry(parsed.id)
    pool.removeCertificate(certificate)
    if (fold.stopped) return keep(await conflictWrites(store, certificate), [], fold.stopped)
    if (atHead && (await tipsOf(store, author)).length === 0) {
      const writes = [...records.entryWrites(entries, fold.change), records.newCertificateWrite(certificate)]
      const kept = await keep([...writes, ...(await fraudsBeside(certificate))], entries, undefined, [unchanged])
      return kept.ok ? ok({ ...kept.value, change: fold.change }) : kept
    }
    const writes = await branchWrites(deps, head, from ?? (await stands()), entries, certificate)
    return writes ? keep(writes, entries, atHead ? undefined : { type: 'conflict' }, [unchanged]) : inConflict(certificate)
  }

  /** Looked up once: whatever breaks the swarm is written by `keep`. */
  let broken: boolean | undefined
  const fraudsBeside = async (certificate: Certificate): Promise<readonly Write[]> => {
    broken ??= await isBroken(store)
    return broken ? seenFrauds(store, certificate) : []
  }

  const keep = async (
    writes: readonly Write[],
    folded: readonly ParsedEntry[],
    refused?: Refusal,
    expects: readonly Expect[] = [],
  ): Promise<Settled> => {
    const stored = await store.commit(writes, expects)
    if (writes.some(({ table }) => table === 'conflicts' || table === 'tips')) broken = undefined
    return stored.ok ? ok({ folded, ...(refused ? { refused } : {}) }) : stored
  }

  /** Another entry than the certified one stands at its number, and what leads to it is not complete: said at once, and once. */
  const inConflict = async (certificate: Certificate): Promise<Settled> => {
    const writes = await conflictWrites(store, certificate)
    return writes.length === 0 ? nothingFolded : keep(writes, [], { type: 'conflict' })
  }

  /**
   * From the certified entry back to one that is kept here (`from`; none: to number 0), oldest first; or which entry between is not
   * here.
   */
  const descent = async (
    { author, id: top, seq: topSeq }: Certificate,
    head: ChainHead,
  ): Promise<{ readonly from: EntryId | undefined; readonly entries: readonly VerifiedEntry[] } | { readonly lacks: Lack }> => {
    const found: VerifiedEntry[] = []
    for (let seq = topSeq, id = top; seq >= 0; seq--) {
      if (seq === head.seq && equalBytes(id, head.id)) return { from: id, entries: found.reverse() }
      const lacks = waiting.lackOf(toHex(author), id)
      if (lacks !== undefined) return { lacks }
      const step = pool.entry(id)
      if (step ? seq <= head.seq : found.length > 0) {
        const here = await records.entryById(id)
        if (here && equalBytes(here.entry.author, author)) return { from: id, entries: found.reverse() }
      }
      if (!step || step.parsed.entry.seq !== seq || !equalBytes(step.parsed.entry.author, author)) return { lacks: id }
      found.push(step)
      id = step.parsed.entry.prev
    }
    return { from: undefined, entries: found.reverse() }
  }

  const certificateOf: Replica['certificateOf'] = (author, seq) =>
    seq === undefined ? records.newestCertificate(author) : records.certificateAt(author, seq)

  return {
    records,
    certificateOf,
    entry: records.entryById,
    incomes: records.incomes,
    pendingBytes: pool.bytes,
    verdicts,
    broken: () => isBroken(store),

    ingest: (entries, certificate, from) =>
      serial('replica', async () => {
        const refused: Refusal[] = []
        const brought: ParsedEntry[] = []
        const [taken, certified] = await Promise.all([
          door.takeEntries(entries, from),
          certificate !== null && verifyCertificate(verifier, certificate, rules),
        ])
        for (const entry of taken) {
          if (entry.ok) brought.push(entry.value)
          else refused.push(entry.error)
        }
        const authors = brought.flatMap(({ entry }) => [entry.author, ...certifiedLines(entry).map(([author]) => author)])
        if (certificate !== null)
          if (certified) {
            await door.takeCertificate(certificate, from)
            authors.push(certificate.author)
          } else refused.push({ type: 'certificate' })
        const settled = await settle(authors, brought)
        return settled.ok ? ok({ ...settled.value, refused: [...refused, ...settled.value.refused] }) : settled
      }),

    ingestVerified: (entries, certificate, from) =>
      serial('replica', async () => {
        for (const entry of entries) pool.addEntry(from, entry)
        await door.takeCertificate(certificate, from)
        return settle([certificate.author])
      }),

    rewrite: (author, writes) =>
      serial('replica', async () => {
        const [head, unchanged] = await records.head(author)
        const made = await writes(head)
        if (made.length === 0) return ok(undefined)
        waiting.retry(toHex(author))
        return store.commit(made, [unchanged])
      }),

    account: async (author) => {
      const [head] = await records.head(author)
      return head.seq < 0 ? undefined : summaryOf(head)
    },
    accounts: async () => (await records.heads()).map(summaryOf),
    state: async (author) => records.wholeState((await records.head(author))[0]),

    ...createSegments(records),
  }
}
