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
  balanceOf,
  type ChainChange,
  type ChainHead,
  type ChainState,
  type ClaimedFigures,
  nothingPaid,
  type PaidFigures,
} from './chain-state.ts'
import type { ParsedEntry } from './entry.ts'
import type { LedgerRules } from './rules.ts'
import type { ClaimLine, EntryId, Op, PayLine } from './types.ts'

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

export type ApplyError =
  | { readonly type: 'invalid'; readonly reason: InvalidReason }
  /** A payer's entry that is not here: the entry is pending, neither valid nor invalid. */
  | { readonly type: 'missing'; readonly payer: PublicKey; readonly seq: number; readonly id: EntryId }

/** The payer's total for the claiming author as of a valid entry of the payer's, and that entry's number. */
export interface Income {
  readonly seq: number
  readonly total: number
}
/** By the entry's id; undefined where it is not here. */
export type IncomeOf = (line: ClaimLine) => Income | undefined

export type SignedBy = 'author' | 'root'

/** `state` holds at least the head and the lines that the entry names. The answer holds the new head and the lines that changed. */
export const applyEntry = (
  rules: LedgerRules,
  state: ChainState,
  { entry, id }: ParsedEntry,
  signedBy: SignedBy,
  incomeOf: IncomeOf,
): Result<ChainChange, ApplyError> => {
  const { head } = state
  if (!equalBytes(entry.swarm, rules.swarm)) return invalid('swarm')
  if (!equalBytes(entry.author, head.author)) return invalid('author')
  if (entry.seq !== head.seq + 1) return invalid('seq')
  if (!equalBytes(entry.prev, head.id)) return invalid('prev')
  if (head.rootSigned && signedBy !== 'root') return invalid('root-signed')

  let working: Working = {
    head: { ...head, seq: entry.seq, id, rootSigned: head.rootSigned || signedBy === 'root' },
    paid: new Map(),
    claimed: new Map(),
  }
  for (const op of entry.ops) {
    const done = applyOp(state, working, op, incomeOf)
    if (!done.ok) return done
    working = done.value
  }
  if (working.head.staked < head.staked && entry.ops.some((op) => op.op === 'pay')) return invalid('unstake-with-pay')
  const allowance = equalBytes(head.author, rules.issuer) ? BigInt(rules.allowanceMicro) : 0n
  return balanceOf(working.head) < -allowance ? invalid('overdrawn') : ok(working)
}

/** The change under construction: its maps are its own until it is handed out. */
interface Working {
  readonly head: ChainHead
  readonly paid: Map<NodeId, PaidFigures>
  readonly claimed: Map<NodeId, ClaimedFigures>
}

const applyOp = (before: ChainState, working: Working, op: Op, incomeOf: IncomeOf): Result<Working, ApplyError> => {
  switch (op.op) {
    case 'join':
      return ok({ ...working, head: { ...working.head, identity: op.identity } })
    case 'stake':
      return ok({ ...working, head: { ...working.head, staked: op.amount } })
    case 'pay':
      return each(op.lines, working, (at, line) => payOne(before, at, line))
    case 'claim':
      return each(op.lines, working, (at, line) => claimOne(before, at, line, incomeOf(line)))
  }
}

const each = <L>(
  lines: readonly L[],
  start: Working,
  one: (at: Working, line: L) => Result<Working, ApplyError>,
): Result<Working, ApplyError> => {
  let at = start
  for (const line of lines) {
    const done = one(at, line)
    if (!done.ok) return done
    at = done.value
  }
  return ok(at)
}

const payOne = (before: ChainState, at: Working, [payee, total, units, accepted, bad]: PayLine): Result<Working, ApplyError> => {
  const key = toHex(payee)
  const old = at.paid.get(key) ?? before.paid.get(key) ?? nothingPaid
  if (total < old.total || units < old.units || accepted < old.ok || bad < old.bad) return invalid('pay-falls')
  if (total === old.total && units === old.units && accepted === old.ok && bad === old.bad) return invalid('pay-same')
  at.paid.set(key, { total, units, ok: accepted, bad })
  return ok({ ...at, head: { ...at.head, paid: at.head.paid + BigInt(total - old.total) } })
}

const claimOne = (
  before: ChainState,
  at: Working,
  [payer, id, certificate]: ClaimLine,
  income: Income | undefined,
): Result<Working, ApplyError> => {
  if (income === undefined) return err({ type: 'missing', payer, seq: certificate.seq, id })
  if (certificate.seq !== income.seq) return invalid('claim-seq')
  const key = toHex(payer)
  const old = at.claimed.get(key) ?? before.claimed.get(key) ?? { total: 0, seq: -1 }
  if (income.seq <= old.seq) return invalid('claim-old')
  at.claimed.set(key, income)
  return ok({ ...at, head: { ...at.head, claimed: at.head.claimed + BigInt(income.total) - BigInt(old.total) } })
}

const invalid = (reason: InvalidReason): Result<never, ApplyError> => err({ type: 'invalid', reason })
