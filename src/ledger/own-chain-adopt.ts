/**
 * What a witness's answer about our own chain changes in it (spec: ledger.md, *Keys and accounts*): a restored profile or a second
 * writer's remains must not fork, so the certified chain wins and our uncertified rest beside it goes.
 */
import type { PublicKey, Verifier } from '../identity/keys.ts'
import { assert } from '../lib/assert.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { applyEntry, type ApplyError, type Income, type InvalidReason, type SignedBy, type Sponsored } from './apply.ts'
import { verifyCertificate } from './certificate.ts'
import { type ChainState, emptyChain, type EntryPlace, grow } from './chain-state.ts'
import { claimLines, parseEntry, type ParsedEntry } from './entry.ts'
import { sponsoredFor } from './fold.ts'
import { incomeIn, type OwnRecords } from './own-chain-records.ts'
import type { LedgerRules } from './rules.ts'
import type { Certificate, EntryId, SponsorLine } from './types.ts'
import { verifyEntry } from './verify-entry.ts'

export type AdoptionError =
  | { readonly type: 'malformed' }
  | { readonly type: 'certificate' }
  | { readonly type: 'invalid'; readonly reason: InvalidReason }
  /** Our chain's entry at this number is needed as well: ask for the range from an earlier one. */
  | { readonly type: 'gap'; readonly seq: number }
  /** Adopted claims name payers' entries that we do not know: give them along. */
  | { readonly type: 'missing'; readonly incomes: readonly { readonly payer: PublicKey; readonly seq: number; readonly id: EntryId }[] }
  /** Against a certified entry of ours: more witnesses lied than the swarm bears. */
  | { readonly type: 'contradiction'; readonly seq: number }

export interface Adoption {
  /** The entry that the certificate is on. */
  readonly certified: ParsedEntry
  /** Entries new to us, oldest first; empty where the certificate is on one that we hold. */
  readonly adopted: readonly ParsedEntry[]
  readonly incomes: ReadonlyMap<string, Income>
  /** The whole fold afterwards. */
  readonly state: ChainState
}

export type SponsoredLookup = (line: SponsorLine, since: EntryPlace | null) => Promise<Sponsored | undefined>

interface AdoptionDeps {
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly author: PublicKey
  readonly sponsored: SponsoredLookup
}

/** Undefined: nothing that we did not know. */
export const planAdoption = async (
  deps: AdoptionDeps,
  records: OwnRecords,
  before: ChainState,
  answer: { readonly entries: readonly Uint8Array[]; readonly certificate: Certificate },
): Promise<Result<Adoption | undefined, AdoptionError>> => {
  const { verifier, rules, author } = deps
  const { certificate } = answer
  if (!equalBytes(certificate.author, author) || !(await verifyCertificate(verifier, certificate, rules)))
    return err({ type: 'certificate' })
  const given = new Map<string, ParsedEntry>()
  for (const bytes of answer.entries) {
    const parsed = parseEntry(bytes)
    if (!parsed.ok) return err({ type: 'malformed' })
    given.set(toHex(parsed.value.id), parsed.value)
  }

  const certifiedSeq = (await records.newestCertificate())?.seq ?? -1
  const held = await records.entry(certificate.seq)
  if (held && equalBytes(held.id, certificate.id))
    return ok(certificate.seq > certifiedSeq ? { certified: held, adopted: [], incomes: new Map(), state: before } : undefined)

  const walked = await walkBack(records, given, certificate)
  if (!walked.ok) return walked
  const adopted = walked.value
  const fork = adopted[0]!.entry.seq
  if (fork <= certifiedSeq) return err({ type: 'contradiction', seq: fork })

  const found = await incomesOf(author, records, given, adopted)
  if (!found.ok) return found
  const start = fork === before.head.seq + 1 ? ok(before) : await refold(deps, records, fork)
  if (!start.ok) return start
  const folded = await fold(deps, start.value, adopted, found.value)
  return folded.ok ? ok({ certified: adopted.at(-1)!, adopted, incomes: found.value, state: folded.value }) : folded
}

/** From the certified entry back to one that descends from what we hold, or to the chain's beginning. */
const walkBack = async (
  records: OwnRecords,
  given: ReadonlyMap<string, ParsedEntry>,
  { seq: top, id: topId, author }: Certificate,
): Promise<Result<readonly ParsedEntry[], AdoptionError>> => {
  const found: ParsedEntry[] = []
  for (let seq = top, id = topId; ; seq--) {
    const step = given.get(toHex(id))
    if (!step) return err({ type: 'gap', seq })
    if (step.entry.seq !== seq || !equalBytes(step.entry.author, author)) return err({ type: 'malformed' })
    found.unshift(step)
    id = step.entry.prev
    const before = seq > 0 ? await records.entry(seq - 1) : undefined
    if (seq === 0 || (before && equalBytes(before.id, id))) return ok(found)
  }
}

/** Payers' totals for us: remembered, or out of the entries given as evidence (the id binds them). */
const incomesOf = async (
  author: PublicKey,
  records: OwnRecords,
  given: ReadonlyMap<string, ParsedEntry>,
  entries: readonly ParsedEntry[],
): Promise<Result<ReadonlyMap<string, Income>, AdoptionError>> => {
  const incomes = new Map<string, Income>()
  const missing: { payer: PublicKey; seq: number; id: EntryId }[] = []
  for (const { entry } of entries)
    for (const [payer, id, { seq }] of claimLines(entry)) {
      const evidence = given.get(toHex(id))
      const income = (await records.income(id)) ?? (evidence && incomeIn(evidence, author))
      if (income) incomes.set(toHex(id), income)
      else missing.push({ payer, seq, id })
    }
  return missing.length > 0 ? err({ type: 'missing', incomes: missing }) : ok(incomes)
}

/** Our own chain below the fork. A root-signed entry comes by adoption only, certified, and nothing of ours follows it: none lies below a fork. */
const refold = async (
  { rules, author, sponsored }: AdoptionDeps,
  records: OwnRecords,
  fork: number,
): Promise<Result<ChainState, AdoptionError>> => {
  const { state, take } = grow(emptyChain(author))
  for (let seq = 0; seq < fork; seq++) {
    const entry = await records.entry(seq)
    assert(entry, 'the own chain has no gaps')
    const incomes = new Map<string, Income>()
    for (const [, id] of claimLines(entry.entry)) {
      const income = await records.income(id)
      assert(income, 'the income of every own claim is kept')
      incomes.set(toHex(id), income)
    }
    const sponsoredOf = await sponsoredFor(entry, state, sponsored)
    const applied = applyEntry(rules, state, entry, 'author', ([, id]) => incomes.get(toHex(id)), sponsoredOf)
    if (!applied.ok) return notApplied(applied.error)
    take(applied.value)
  }
  return ok(state)
}

const fold = async (
  { verifier, rules, sponsored }: AdoptionDeps,
  start: ChainState,
  entries: readonly ParsedEntry[],
  incomes: ReadonlyMap<string, Income>,
): Promise<Result<ChainState, AdoptionError>> => {
  const { state, take } = grow(start)
  for (const entry of entries) {
    const signed: Result<SignedBy, InvalidReason> = await verifyEntry(verifier, rules, entry, state.head.identity)
    if (!signed.ok) return err({ type: 'invalid', reason: signed.error })
    const sponsoredOf = await sponsoredFor(entry, state, sponsored)
    const applied = applyEntry(rules, state, entry, signed.value, ([, id]) => incomes.get(toHex(id)), sponsoredOf)
    if (!applied.ok) return notApplied(applied.error)
    take(applied.value)
  }
  return ok(state)
}

/** Incomes were looked up before; what is missing here is a sponsor's entry, which the issuer's replica has to have. */
const notApplied = (error: ApplyError): Result<never, AdoptionError> =>
  error.type === 'invalid'
    ? err({ type: 'invalid', reason: error.reason })
    : err({ type: 'missing', incomes: [{ payer: error.payer, seq: error.seq, id: error.id }] })
