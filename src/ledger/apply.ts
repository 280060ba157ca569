/**
 * Validity (spec: ledger.md, *Validity*): what an entry does to its chain, or why it is not valid there.
 *
 * Nothing takes part but the entry, its author's chain before it and the payers' totals as of the entries that it claims: no
 * clock, no witness's knowledge, no order of arrival. So every replica decides the same. Signatures are checked before
 * (`verifyEntry`), because verifying waits and folding does not.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import {
  type AttestFigures,
  attestKey,
  balanceOf,
  type ChainChange,
  type ChainHead,
  type ChainState,
  type ClaimedFigures,
  type EntryPlace,
  noSponsor,
  nothingPaid,
  type PaidFigures,
  type SponsorFigures,
} from './chain-state.ts'
import type { ParsedEntry } from './entry.ts'
import { settleEpoch, type SponsoredLine } from './issuance.ts'
import { issuanceOf, type LedgerRules } from './rules.ts'
import type { AttestOp, ClaimLine, DelegateLine, EntryId, Op, PayLine, RevokeOp, SettleOp, SponsorLine } from './types.ts'

/** An attest of the issuer's with this claim makes its subject a sponsor. */
export const sponsorClaim = 'sponsor'

export type InvalidReason =
  | 'swarm'
  | 'author'
  | 'seq'
  | 'prev'
  | 'signature'
  | 'device-certificate'
  | 'claim-certificate'
  /** Signed by the device after the root key took the chain over. */
  | 'root-signed'
  | 'pay-falls'
  | 'pay-same'
  | 'claim-seq'
  | 'claim-old'
  | 'unstake-with-pay'
  | 'overdrawn'
  /** More weight lent than is staked. */
  | 'overlent'
  /** No standing attest of the author's is there. */
  | 'revoke-unknown'
  /** By another than the issuer. */
  | 'settle-issuer'
  /** Not above the epoch settled before. */
  | 'settle-epoch'
  | 'settle-seq'
  | 'settle-sponsor'
  /** Below the entry named in the settle before. */
  | 'settle-old'

export type ApplyError =
  | { readonly type: 'invalid'; readonly reason: InvalidReason }
  /** A payer's entry that is not here: the entry is pending, neither valid nor invalid. */
  | { readonly type: 'missing'; readonly payer: PublicKey; readonly seq: number; readonly id: EntryId }

/** The payer's total for the claiming author as of a valid entry of the payer's, and that entry's number. */
export interface Income {
  readonly seq: number
  readonly total: number
  /** What the payer attests in the same entry, which says what it paid for; no rule reads it. */
  readonly claim?: string
}
/** By the entry's id; undefined where it is not here. */
export type IncomeOf = (line: ClaimLine) => Income | undefined

/** What a sponsor's valid entry stands for in a settle. */
export interface Sponsored {
  readonly seq: number
  /** Root key that the sponsor's chain names. */
  readonly identity: PublicKey | null
  /** By how much its figures rose since the entry named before, one line a payee; none below zero. */
  readonly rose: readonly { readonly payee: NodeId; readonly paidMicro: bigint; readonly units: bigint }[]
}
/** `since`: the sponsor's entry that the settle before named; undefined where an entry is not here. */
export type SponsoredOf = (line: SponsorLine, since: EntryPlace | null) => Sponsored | undefined

export type SignedBy = 'author' | 'root'

/** `state` holds at least the head and the lines that the entry names. The answer holds the new head and the lines that changed. */
export const applyEntry = (
  rules: LedgerRules,
  state: ChainState,
  { entry, id }: ParsedEntry,
  signedBy: SignedBy,
  incomeOf: IncomeOf,
  sponsoredOf: SponsoredOf = () => undefined,
): Result<ChainChange, ApplyError> => {
  const { head } = state
  if (!equalBytes(entry.swarm, rules.swarm)) return invalid('swarm')
  if (!equalBytes(entry.author, head.author)) return invalid('author')
  if (entry.seq !== head.seq + 1) return invalid('seq')
  if (!equalBytes(entry.prev, head.id)) return invalid('prev')
  if (head.rootSigned && signedBy !== 'root') return invalid('root-signed')

  const past: Past = { rules, before: state, id, incomeOf, sponsoredOf }
  const working: Working = {
    head: { ...head, seq: entry.seq, id, rootSigned: head.rootSigned || signedBy === 'root' },
    paid: new Map(),
    claimed: new Map(),
    delegated: new Map(),
    attests: new Map(),
    sponsors: new Map(),
  }
  for (const [index, op] of entry.ops.entries()) {
    const applied = applyOp(past, working, op, index)
    if (!applied.ok) return applied
  }
  const after = working.head
  if (after.staked < head.staked && entry.ops.some((op) => op.op === 'pay')) return invalid('unstake-with-pay')
  if (after.lent > BigInt(after.staked)) return invalid('overlent')
  return balanceOf(after) < -allowanceOf(rules, after) ? invalid('overdrawn') : ok(working)
}

/** How far below zero the account may go: the issuer alone, by what its policy grants and its own settles have added. */
export const allowanceOf = (rules: LedgerRules, head: ChainHead): bigint =>
  equalBytes(head.author, rules.issuer) ? BigInt(rules.allowanceMicro) + head.settled : 0n

/** The change under construction: head and maps are its own until it is handed out. */
interface Working {
  readonly head: { -readonly [Field in keyof ChainHead]: ChainHead[Field] }
  readonly paid: Map<NodeId, PaidFigures>
  readonly claimed: Map<NodeId, ClaimedFigures>
  readonly delegated: Map<NodeId, number>
  readonly attests: Map<string, AttestFigures>
  readonly sponsors: Map<NodeId, SponsorFigures>
}
/** What an entry is judged by beside itself. */
interface Past {
  readonly rules: LedgerRules
  readonly before: ChainState
  /** Of the entry being applied. */
  readonly id: EntryId
  readonly incomeOf: IncomeOf
  readonly sponsoredOf: SponsoredOf
}

const done: Result<void, never> = ok(undefined)

const applyOp = (past: Past, at: Working, op: Op, index: number): Result<void, ApplyError> => {
  switch (op.op) {
    case 'join':
      at.head.identity = op.identity
      return done
    case 'stake':
      at.head.staked = op.amount
      return done
    case 'pay':
      return each(op.lines, (line) => payOne(past.before, at, line))
    case 'claim':
      return each(op.lines, (line) => claimOne(past.before, at, line, past.incomeOf(line)))
    case 'delegate':
      return each(op.lines, (line) => delegateOne(past.before, at, line))
    case 'attest':
      return attest(past, at, op, index)
    case 'revoke':
      return revoke(past, at, op)
    case 'settle':
      return settle(past, at, op)
  }
}

const each = <L>(lines: readonly L[], one: (line: L) => Result<void, ApplyError>): Result<void, ApplyError> => {
  for (const line of lines) {
    const applied = one(line)
    if (!applied.ok) return applied
  }
  return done
}

const payOne = (before: ChainState, at: Working, [payee, total, units, accepted, bad]: PayLine): Result<void, ApplyError> => {
  const key = toHex(payee)
  const old = at.paid.get(key) ?? before.paid.get(key) ?? nothingPaid
  if (total < old.total || units < old.units || accepted < old.ok || bad < old.bad) return invalid('pay-falls')
  if (total === old.total && units === old.units && accepted === old.ok && bad === old.bad) return invalid('pay-same')
  at.paid.set(key, { total, units, ok: accepted, bad })
  at.head.paid += BigInt(total - old.total)
  return done
}

const claimOne = (
  before: ChainState,
  at: Working,
  [payer, id, certificate]: ClaimLine,
  income: Income | undefined,
): Result<void, ApplyError> => {
  if (income === undefined) return err({ type: 'missing', payer, seq: certificate.seq, id })
  if (certificate.seq !== income.seq) return invalid('claim-seq')
  const key = toHex(payer)
  const old = at.claimed.get(key) ?? before.claimed.get(key) ?? { total: 0, seq: -1 }
  if (income.seq <= old.seq) return invalid('claim-old')
  at.claimed.set(key, income)
  at.head.claimed += BigInt(income.total) - BigInt(old.total)
  return done
}

const delegateOne = (before: ChainState, at: Working, [to, amount]: DelegateLine): Result<void, ApplyError> => {
  const key = toHex(to)
  const old = at.delegated.get(key) ?? before.delegated.get(key) ?? 0
  at.delegated.set(key, amount)
  at.head.lent += BigInt(amount) - BigInt(old)
  return done
}

const sponsorOf = (before: ChainState, at: Working, key: NodeId): SponsorFigures =>
  at.sponsors.get(key) ?? before.sponsors.get(key) ?? noSponsor

const attest = (past: Past, at: Working, { subject, claim, confidence, expiry }: AttestOp, index: number): Result<void, ApplyError> => {
  const made: AttestFigures = { subject, claim, confidence, expiry, revoked: false }
  at.attests.set(attestKey(past.id, index), made)
  countSponsor(past, at, made, 1)
  return done
}

const revoke = (past: Past, at: Working, { entry, index }: RevokeOp): Result<void, ApplyError> => {
  const key = attestKey(entry, index)
  const old = at.attests.get(key) ?? past.before.attests.get(key)
  if (!old || old.revoked) return invalid('revoke-unknown')
  at.attests.set(key, { ...old, revoked: true })
  countSponsor(past, at, old, -1)
  return done
}

/** On the issuer's chain alone do attests decide anything: whose work a settle may name. */
const countSponsor = ({ rules, before }: Past, at: Working, { subject, claim, confidence }: AttestFigures, by: 1 | -1): void => {
  if (claim !== sponsorClaim || confidence === 0 || !equalBytes(at.head.author, rules.issuer)) return
  const old = sponsorOf(before, at, toHex(subject))
  at.sponsors.set(toHex(subject), { ...old, attests: old.attests + by })
}

const settle = ({ rules, before, sponsoredOf }: Past, at: Working, { epoch, lines }: SettleOp): Result<void, ApplyError> => {
  if (!equalBytes(at.head.author, rules.issuer)) return invalid('settle-issuer')
  if (epoch <= at.head.epoch) return invalid('settle-epoch')
  const work: SponsoredLine[] = []
  for (const line of lines) {
    const [key, id, { seq }] = line
    const sponsor = toHex(key)
    const old = sponsorOf(before, at, sponsor)
    const now = sponsoredOf(line, old.named)
    if (now === undefined) return err({ type: 'missing', payer: key, seq, id })
    if (seq !== now.seq) return invalid('settle-seq')
    if (old.attests === 0 && !isFounder(rules, key, now.identity)) return invalid('settle-sponsor')
    if (old.named && seq < old.named.seq) return invalid('settle-old')
    at.sponsors.set(sponsor, { ...old, named: { seq, id } })
    for (const rose of now.rose) work.push({ sponsor, ...rose })
  }
  const issue = settleEpoch({ epoch, unitsBefore: at.head.sponsoredUnits, lines: work, referrals: [], rules: issuanceOf(rules) })
  at.head.epoch = epoch
  at.head.sponsoredUnits = issue.unitsAfter
  at.head.settled += issue.allowanceMicro
  return done
}

/** The founder's own account, or one of its identity's. */
export const isFounder = ({ founder }: LedgerRules, sponsor: PublicKey, identity: PublicKey | null): boolean =>
  founder !== undefined && (equalBytes(sponsor, founder) || (identity !== null && equalBytes(identity, founder)))

const invalid = (reason: InvalidReason): Result<never, ApplyError> => err({ type: 'invalid', reason })
