/**
 * The one writer of a node's own chain (spec: ledger.md, *Keys and accounts*): appends, keeps what is certified, and adopts what a
 * witness knows beyond it. A full replica is not needed: incomes are taken by the certificate on the entry that pays.
 *
 * Invariants: the new entry, what it changes and what the caller wants kept beside it are one commit, with the head compared and
 * set; a certified entry is never replaced; at most one entry waits for its certificate, so that every entry gets one of its own,
 * which is what a payee claims by. The exception is the caller's to make: a claim that makes good what a verdict took from the entry
 * that waits, which no witness would sign without it. An entry that was signed but not kept has left this function nowhere: it never was.
 */
import type { PublicKey, Signer, Verifier } from '../identity/keys.ts'
import { compareBytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import type { Expect, Store, StoreError, Write } from '../lib/store.ts'
import { applyEntry, type Income, type InvalidReason } from './apply.ts'
import { verifyCertificate } from './certificate.ts'
import type { ChainHead, ChainState } from './chain-state.ts'
import { checkOps, entryBytesMax, parseEntry, type ParsedEntry, signEntry } from './entry.ts'
import { sponsoredFor } from './fold.ts'
import { type AdoptionError, planAdoption, type SponsoredLookup } from './own-chain-adopt.ts'
import { createOwnRecords, incomeIn } from './own-chain-records.ts'
import type { LedgerRules } from './rules.ts'
import type { Certificate, ClaimLine, ClaimOp, EntryId, Op } from './types.ts'

/** Lines of one op that surely fit an entry, claims with certificates of few witnesses. */
export const claimLinesMax = 40
export const payLinesMax = 256

/** A certified entry that pays us, checked. */
export interface CheckedIncome extends Income {
  readonly line: ClaimLine
}

export type IncomeError = {
  readonly type: 'income'
  /** not-ours: no line for us. old: no newer than what is claimed. */
  readonly reason: 'malformed' | 'swarm' | 'certificate' | 'not-ours' | 'old'
}

export type AppendError =
  | { readonly type: 'invalid'; readonly reason: InvalidReason | 'malformed' | 'too-large' | 'income-unknown' }
  /** An entry still waits for its certificate: try again once it has it. */
  | { readonly type: 'pending' }
  | StoreError

export type CertifiedError = { readonly type: 'certificate'; readonly reason: 'invalid' | 'unknown-entry' } | StoreError

export type AdoptError = AdoptionError | StoreError

/** What a witness's answer certifies of our chain. */
export interface Taken {
  /** Of the end that waited, oldest first: what stays, the one with the certificate among it where that is ours. */
  readonly waited: readonly ParsedEntry[]
  /** The entry with the certificate. */
  readonly certified: ParsedEntry
  /** The whole fold afterwards. */
  readonly state: ChainState
}

export interface OwnChain {
  readonly author: PublicKey
  /** The fold of the chain, uncertified end included. */
  readonly state: () => Promise<ChainState>
  readonly head: () => Promise<ChainHead>
  readonly entry: (seq: number) => Promise<ParsedEntry | undefined>
  /** Oldest first. */
  readonly entriesFrom: (seq: number) => Promise<readonly ParsedEntry[]>
  /** What a claimed entry of a payer's stood for, by its id. */
  readonly income: (id: EntryId) => Promise<Income | undefined>
  /** The first certificate at or above this number: it covers the entry there. */
  readonly certificateFrom: (seq: number) => Promise<Certificate | undefined>
  /** The highest one. */
  readonly certificate: () => Promise<Certificate | undefined>
  /** Uncertified end, oldest first. */
  readonly pending: () => Promise<readonly ParsedEntry[]>
  /** The newest certified entry with a line for this payee. */
  readonly paymentTo: (payee: PublicKey) => Promise<{ readonly entry: ParsedEntry; readonly certificate: Certificate } | undefined>
  readonly checkIncome: (income: {
    readonly entry: Uint8Array
    readonly certificate: Certificate
  }) => Promise<Result<CheckedIncome, IncomeError>>
  /**
   * Signs and keeps the next entry. `incomes` are those that its claims name (see `claimOp`). The extra writes are kept with it
   * or not at all; where an expectation of the caller fails, nothing is. `onPending`: also while an entry waits for its certificate.
   */
  readonly append: (
    ops: readonly Op[],
    extraWrites?: readonly Write[],
    extraExpects?: readonly Expect[],
    incomes?: readonly CheckedIncome[],
    onPending?: boolean,
  ) => Promise<Result<ParsedEntry, AppendError>>
  /** Keeps a full certificate on one of our entries; all before it are certified with it. */
  readonly certified: (certificate: Certificate, extraWrites?: readonly Write[]) => Promise<Result<ParsedEntry, CertifiedError>>
  /**
   * A witness's answer about our chain: our entries from some number up to the certified one and, where they claim what we no
   * longer know of (a restored profile), the payers' entries as evidence. What we hold is completed by it; an uncertified rest
   * that contradicts it is dropped, to be done anew by whoever wanted it. What `extraWrites` makes of it is kept with it or not at all.
   */
  readonly adopt: (
    entries: readonly Uint8Array[],
    certificate: Certificate | null,
    extraWrites?: (taken: Taken) => Promise<readonly Write[]>,
  ) => Promise<Result<{ readonly adopted: number; readonly dropped: number }, AdoptError>>
}

/** One claim op for these incomes: per payer the newest, as many as fit. */
export const claimOp = (incomes: readonly CheckedIncome[]): ClaimOp => {
  const newest = new Map<string, CheckedIncome>()
  for (const income of incomes) {
    const payer = toHex(income.line[0])
    if (income.seq > (newest.get(payer)?.seq ?? -1)) newest.set(payer, income)
  }
  const lines = [...newest.values()].slice(0, claimLinesMax).map((income) => income.line)
  return { op: 'claim', lines: lines.sort(([a], [b]) => compareBytes(a, b)) }
}

export const createOwnChain = (deps: {
  readonly store: Store
  readonly signer: Signer
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly clock: Clock
  /** What a settle names, out of a replica: the issuer's alone has use for it. */
  readonly sponsored?: SponsoredLookup
}): OwnChain => {
  const { store, signer, verifier, rules, clock, sponsored = async () => undefined } = deps
  const author = signer.publicKey
  const records = createOwnRecords(store, author)
  const serial = createSerial()
  const alone = <T>(job: () => Promise<T>): Promise<T> => serial('chain', job)
  const pending = async () => records.entriesFrom(((await records.newestCertificate())?.seq ?? -1) + 1)

  return {
    author,
    pending,
    entry: records.entry,
    entriesFrom: records.entriesFrom,
    income: records.income,
    certificateFrom: records.certificateFrom,
    certificate: records.newestCertificate,
    head: async () => (await records.head())[0],
    state: () => alone(async () => records.state((await records.head())[0])),

    paymentTo: async (payee) => {
      const seq = await records.paymentSeq(payee)
      if (seq === undefined) return undefined
      const [entry, certificate] = [await records.entry(seq), await records.certificate(seq)]
      return entry && certificate && { entry, certificate }
    },

    checkIncome: async ({ entry: bytes, certificate }) => {
      const parsed = parseEntry(bytes)
      if (!parsed.ok) return badIncome('malformed')
      const { entry, id } = parsed.value
      if (!equalBytes(entry.swarm, rules.swarm)) return badIncome('swarm')
      const names = equalBytes(certificate.author, entry.author) && certificate.seq === entry.seq && equalBytes(certificate.id, id)
      if (!names || !(await verifyCertificate(verifier, certificate, rules))) return badIncome('certificate')
      const income = incomeIn(parsed.value, author)
      if (!income) return badIncome('not-ours')
      if ((await records.claimedSeq(entry.author)) >= entry.seq) return badIncome('old')
      return ok({ line: [entry.author, id, certificate], ...income })
    },

    append: (ops, extraWrites = [], extraExpects = [], incomes = [], onPending = false) =>
      alone(async () => {
        if (!onPending && (await pending()).length > 0) return err({ type: 'pending' })
        const [head, unchanged] = await records.head()
        const seq = head.seq + 1
        if (!checkOps(ops, seq, author).ok) return err({ type: 'invalid', reason: 'malformed' })
        const made = await signEntry(signer, { v: 1, swarm: rules.swarm, author, seq, prev: head.id, time: clock.now(), ops })
        if (made.bytes.length > entryBytesMax) return err({ type: 'invalid', reason: 'too-large' })
        const known = new Map(incomes.map(({ line, ...income }): [string, Income] => [toHex(line[1]), income]))
        const state = await records.stateFor(head, made)
        const sponsoredOf = await sponsoredFor(made, state, sponsored)
        const applied = applyEntry(rules, state, made, 'author', ([, id]) => known.get(toHex(id)), sponsoredOf)
        if (!applied.ok) return err({ type: 'invalid', reason: applied.error.type === 'invalid' ? applied.error.reason : 'income-unknown' })
        const writes = [...records.entryWrites([made], known), ...records.foldWrites(applied.value), ...extraWrites]
        const stored = await store.commit(writes, [unchanged, ...extraExpects])
        return stored.ok ? ok(made) : stored
      }),

    certified: (certificate, extraWrites = []) =>
      alone(async () => {
        const made = equalBytes(certificate.author, author) ? await records.entry(certificate.seq) : undefined
        if (!made || !equalBytes(made.id, certificate.id)) return err({ type: 'certificate', reason: 'unknown-entry' })
        if (!(await verifyCertificate(verifier, certificate, rules))) return err({ type: 'certificate', reason: 'invalid' })
        const stored = await store.commit([...records.certificateWrites(made, certificate), ...extraWrites])
        return stored.ok ? ok(made) : stored
      }),

    adopt: (entries, certificate, extraWrites = async () => []) =>
      alone(async () => {
        const nothing = ok({ adopted: 0, dropped: 0 })
        if (certificate === null) return nothing
        const [head, unchanged] = await records.head()
        const before = await records.state(head)
        const plan = await planAdoption({ verifier, rules, author, sponsored }, records, before, { entries, certificate })
        if (!plan.ok) return plan
        if (!plan.value) return nothing
        const { certified, adopted, incomes, state } = plan.value
        const fork = adopted[0]?.entry.seq ?? head.seq + 1
        const waited = (await pending()).filter(({ entry: { seq } }) => seq < fork && seq <= certificate.seq)
        // Taken back first: an adopted entry or line stands where a dropped one stood.
        const writes = [
          ...records.dropWrites(before, fork, state),
          ...records.entryWrites(adopted, incomes),
          ...(adopted.length > 0 ? records.foldWrites(state) : []),
          ...records.certificateWrites(certified, certificate),
        ]
        const stored = await store.commit([...writes, ...(await extraWrites({ waited, certified, state }))], [unchanged])
        return stored.ok ? ok({ adopted: adopted.length, dropped: head.seq - fork + 1 }) : stored
      }),
  }
}

const badIncome = (reason: IncomeError['reason']): Result<never, IncomeError> => err({ type: 'income', reason })
