/**
 * A full replica (relay, simulator): every certified chain, folded (spec: ledger.md, *Validity*, *State*).
 *
 * Entries and certificates may come in any order, from anyone, any number of times; the result is the same. What is certified and
 * complete is folded and kept in one commit before `ingest` resolves; what lacks something waits in memory. Uncertified entries
 * change nothing.
 */
import type { PublicKey, Verifier } from '../identity/keys.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import type { Store, StoreError, StoreValue, Write } from '../lib/store.ts'
import type { InvalidReason } from './apply.ts'
import { verifyCertificate } from './certificate.ts'
import { type ChainState, summaryOf } from './chain-state.ts'
import { claimLines, type EntryError, joinOf, parseEntry, type ParsedEntry } from './entry.ts'
import { foldSegment } from './fold.ts'
import { createPendingPool, type PendingPool, type VerifiedEntry } from './pending-pool.ts'
import { createReplicaRecords, type PayerLine, type ReplicaRecords } from './replica-records.ts'
import type { LedgerRules } from './rules.ts'
import type { AccountSummary, Certificate, EntryId } from './types.ts'
import { verifyEntry } from './verify-entry.ts'

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
  readonly refused: readonly Refusal[]
}

export interface Segment {
  /** Oldest first. */
  readonly entries: readonly ParsedEntry[]
  /** On the last of them. */
  readonly certificate: Certificate | null
}

export interface Replica {
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
  /** The account with all its lines, as of its highest certified entry. */
  readonly state: (author: PublicKey) => Promise<ChainState>
  /** Certified entries from this number on: up to the furthest certified one within `bytesMax`, at least up to the next. */
  readonly chainFrom: (author: PublicKey, seq: number, bytesMax?: number) => Promise<Segment>
  /** Payers' entries that these entries claim: what a node that lost them needs beside its own chain. */
  readonly evidenceFor: (entries: readonly ParsedEntry[]) => Promise<readonly ParsedEntry[]>
  /** The one on exactly this entry; without a number, the newest. */
  readonly certificateOf: (author: PublicKey, seq?: number) => Promise<Certificate | undefined>
  readonly entry: (id: EntryId) => Promise<ParsedEntry | undefined>
  /** Who has paid this key, by their newest certified entry that names it. */
  readonly incomes: (payee: PublicKey) => Promise<readonly PayerLine[]>
  /** Two certified entries at one number were seen: the swarm is broken. */
  readonly broken: () => Promise<boolean>
  readonly pendingBytes: () => number
}

/** Of one answer to a range; whoever wants more asks on from there. */
export const segmentBytesMax = 256 * 1024
export const segmentEntriesMax = 1024

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
  const serial = createSerial()
  /** Payer → authors whose certified entries wait for one of the payer's. */
  const waiting = new Map<string, Set<string>>()

  const identityOf = async (author: PublicKey): Promise<PublicKey | null> => {
    const [head] = await records.head(author)
    const first = pool.firstOf(toHex(author))
    return head.identity ?? (first && joinOf(first.parsed.entry)?.identity) ?? null
  }

  const takeEntry = async (bytes: Uint8Array, from: string): Promise<Result<ParsedEntry, Refusal>> => {
    const parsed = parseEntry(bytes)
    if (!parsed.ok) return parsed
    const { entry, id } = parsed.value
    if (pool.entry(id) || (await store.get('ids', toHex(id))) !== undefined) return parsed
    const identity = await identityOf(entry.author)
    const signed = await verifyEntry(verifier, rules, parsed.value, identity)
    if (!signed.ok)
      return err(
        signed.error === 'signature' && identity === null && entry.seq > 0
          ? { type: 'signer-unknown' }
          : { type: 'invalid', reason: signed.error },
      )
    pool.addEntry(from, { parsed: parsed.value, signedBy: signed.value })
    // A claim brings the payer's certificate along; it counts like one that came by itself.
    for (const [, , certificate] of claimLines(entry)) await takeCertificate(certificate, from)
    return parsed
  }

  const takeCertificate = async (certificate: Certificate, from: string): Promise<void> => {
    if ((await records.certificateAt(certificate.author, certificate.seq)) === undefined || !(await holds(certificate)))
      pool.addCertificate(from, certificate)
  }
  const holds = async ({ author, seq, id }: Certificate): Promise<boolean> => {
    const held = await records.entryAt(author, seq)
    return held !== undefined && equalBytes(held.id, id)
  }

  /** Folds all that is complete, starting from these authors; whoever waited for what was folded follows. */
  const settle = async (authors: readonly PublicKey[]): Promise<Result<IngestReport, StoreError>> => {
    const certified: ParsedEntry[] = []
    const refused: Refusal[] = []
    const queue = new Set(authors.map(toHex))
    for (const author of queue) {
      queue.delete(author)
      for (const certificate of pool.certificates(author)) {
        const done = await settleOne(certificate)
        if (!done.ok) return done
        if (done.value.refused) refused.push(done.value.refused)
        if (done.value.folded.length === 0) continue
        certified.push(...done.value.folded)
        for (const waiter of waiting.get(author) ?? []) queue.add(waiter)
        waiting.delete(author)
      }
    }
    return ok({ certified, refused })
  }

  const settleOne = async (
    certificate: Certificate,
  ): Promise<Result<{ folded: readonly ParsedEntry[]; refused?: Refusal }, StoreError>> => {
    const [head, unchanged] = await records.head(certificate.author)
    if (certificate.seq <= head.seq) {
      pool.removeCertificate(certificate)
      const same = await holds(certificate)
      const write: Write = same
        ? records.certificateWrite(certificate)
        : { table: 'conflicts', key: toHex(certificate.id), value: certificate as unknown as StoreValue }
      const stored = await store.commit([write])
      return stored.ok ? ok({ folded: [], ...(same ? {} : { refused: { type: 'conflict' } }) }) : stored
    }
    const segment = descent(certificate, head.seq)
    if (!segment) return ok({ folded: [] })
    const start = await records.stateFor(
      head,
      segment.map((item) => item.parsed),
    )
    const fold = await foldSegment({ rules, records, verifier }, start, segment)
    if (fold.stopped?.type === 'missing') {
      const payer = toHex(fold.stopped.payer)
      waiting.set(payer, (waiting.get(payer) ?? new Set()).add(toHex(certificate.author)))
      return ok({ folded: [] })
    }
    for (const { parsed } of segment) pool.removeEntry(parsed.id)
    pool.removeCertificate(certificate)
    if (fold.stopped) return ok({ folded: [], refused: fold.stopped })
    const folded = segment.map((item) => item.parsed)
    const stored = await store.commit([...records.entryWrites(folded, fold.change), records.certificateWrite(certificate)], [unchanged])
    return stored.ok ? ok({ folded }) : stored
  }

  /** From the entry after the head to the certified one, if all are here. */
  const descent = ({ id: top, seq: topSeq }: Certificate, headSeq: number): readonly VerifiedEntry[] | undefined => {
    const found: VerifiedEntry[] = []
    for (let seq = topSeq, id = top; seq > headSeq; seq--) {
      const step = pool.entry(id)
      if (!step || step.parsed.entry.seq !== seq) return undefined
      found.push(step)
      id = step.parsed.entry.prev
    }
    return found.reverse()
  }

  const certificateOf: Replica['certificateOf'] = (author, seq) =>
    seq === undefined ? records.newestCertificate(author) : records.certificateAt(author, seq)

  return {
    records,
    certificateOf,
    entry: records.entryById,
    incomes: records.incomes,
    pendingBytes: pool.bytes,
    broken: async () => (await store.list('conflicts', { limit: 1 })).length > 0,

    ingest: (entries, certificate, from) =>
      serial('replica', async () => {
        const refused: Refusal[] = []
        const authors: PublicKey[] = []
        for (const bytes of entries) {
          const taken = await takeEntry(bytes, from)
          if (taken.ok) authors.push(taken.value.entry.author, ...claimLines(taken.value.entry).map(([payer]) => payer))
          else refused.push(taken.error)
        }
        if (certificate !== null)
          if (await verifyCertificate(verifier, certificate, rules)) {
            await takeCertificate(certificate, from)
            authors.push(certificate.author)
          } else refused.push({ type: 'certificate' })
        const settled = await settle(authors)
        return settled.ok ? ok({ certified: settled.value.certified, refused: [...refused, ...settled.value.refused] }) : settled
      }),

    ingestVerified: (entries, certificate, from) =>
      serial('replica', async () => {
        for (const entry of entries) pool.addEntry(from, entry)
        await takeCertificate(certificate, from)
        return settle([certificate.author])
      }),

    account: async (author) => {
      const [head] = await records.head(author)
      return head.seq < 0 ? undefined : summaryOf(head)
    },
    accounts: async () => (await records.heads()).map(summaryOf),
    state: async (author) => records.wholeState((await records.head(author))[0]),

    chainFrom: async (author, seq, bytesMax = segmentBytesMax) => {
      const entries = await records.entriesFrom(author, seq, segmentEntriesMax)
      let bytes = 0
      const fits = entries.findIndex((entry) => (bytes += entry.bytes.length) > bytesMax)
      const certificates = await records.certificates(author, seq, segmentEntriesMax)
      const within = certificates.filter((certificate) => certificate.seq < seq + (fits < 0 ? entries.length : fits))
      const certificate = within.at(-1) ?? certificates[0] ?? null
      return { entries: certificate === null ? [] : entries.slice(0, certificate.seq - seq + 1), certificate }
    },

    evidenceFor: async (entries) => {
      const found: ParsedEntry[] = []
      for (const { entry } of entries)
        for (const [, id] of claimLines(entry)) {
          const paying = await records.entryById(id)
          if (paying) found.push(paying)
        }
      return found
    },
  }
}
