/**
 * What `CreditLedger` and `StakeManager` write: an operation made from the chain as it stands, appended, or refused with the reason.
 * Asking first gives the reason in the user's terms; validity (apply.ts) judges all the same.
 */
import type { PublicKey } from '../identity/keys.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { availableOf, type ChainState, nothingPaid } from './chain-state.ts'
import type { ParsedEntry } from './entry.ts'
import type { AppendError, OwnChain } from './own-chain.ts'
import type { Op } from './types.ts'

export type RefusalReason =
  /** Credits come from the swarm's issuer alone. */
  | 'not-issuer'
  /** Not a positive integer of µcr, or beyond what a counter holds. */
  | 'amount'
  /** The chain has no first entry yet, or the account was never paid. */
  | 'no-account'
  /** To or from oneself. */
  | 'self'
  /** More than is available: claimed less paid, less the stake or what verdicts cost, whichever is more. */
  | 'overdrawn'
  /** More than was received from that payer and not returned yet. */
  | 'refund-exceeds'
  /** More than is staked, or needed for weight that is lent. */
  | 'unstake-exceeds'
  /** More weight than is staked and not lent yet. */
  | 'delegate-exceeds'
  /** Weight is taken back by the one who lent it, and no more of it than was lent. */
  | 'not-delegator'
  | 'undelegate-exceeds'
  /** Slashing takes a verdict of 2f+1 witnesses. */
  | 'no-verdict'
  /** Nothing further of a closed account is certified. */
  | 'closed'

export type LedgerRefusal = { readonly type: 'refused'; readonly reason: RefusalReason }
export type WriteError = LedgerRefusal | AppendError
export type Written = Promise<Result<ParsedEntry, WriteError>>

export const refused = (reason: RefusalReason): Result<never, LedgerRefusal> => err({ type: 'refused', reason })

/** Work that a payment is for: task units, results accepted and rejected. */
export interface PaidWork {
  readonly units: number
  readonly ok: number
  readonly bad: number
}

/** The next operation, from the whole own chain, uncertified end included, and what verdicts cost it. */
export type MakeOp = (state: ChainState, slashedMicro: bigint) => Result<Op, LedgerRefusal>

export interface Against {
  readonly slashedMicro: (target: PublicKey) => Promise<bigint>
  readonly closed: (target: PublicKey) => Promise<boolean>
}

export const write = async (chain: Pick<OwnChain, 'author' | 'state' | 'append'>, against: Against, make: MakeOp): Written => {
  const state = await chain.state()
  if (state.head.seq < 0) return refused('no-account')
  if (await against.closed(chain.author)) return refused('closed')
  const op = make(state, await against.slashedMicro(chain.author))
  return op.ok ? chain.append([op.value]) : op
}

export const isAmount = (micro: number): boolean => Number.isSafeInteger(micro) && micro > 0

/** `spendableMicro` is more than zero for the issuer by its allowance only. */
export const payOp = (
  { head, paid }: ChainState,
  payee: PublicKey,
  amountMicro: number,
  work: PaidWork,
  spendableMicro: bigint,
): Result<Op, LedgerRefusal> => {
  if (equalBytes(payee, head.author)) return refused('self')
  const old = paid.get(toHex(payee)) ?? nothingPaid
  const line = [old.total + amountMicro, old.units + work.units, old.ok + work.ok, old.bad + work.bad] as const
  if (!isAmount(amountMicro) || !line.every((figure) => Number.isSafeInteger(figure))) return refused('amount')
  return BigInt(amountMicro) > spendableMicro ? refused('overdrawn') : ok({ op: 'pay', lines: [[payee, ...line]] })
}

/**
 * By so much more or less, where the witnesses would sign it: verdicts burn the stake first, so what they cost may be staked, as long
 * as the account holds as much. `allowance`: the issuer's.
 */
export const stakeOp = ({ head }: ChainState, changeMicro: number, slashedMicro: bigint, allowance: bigint): Result<Op, LedgerRefusal> => {
  const amount = head.staked + changeMicro
  if (!isAmount(Math.abs(changeMicro)) || !Number.isSafeInteger(amount)) return refused('amount')
  if (changeMicro < 0) return amount < 0 || BigInt(amount) < head.lent ? refused('unstake-exceeds') : ok({ op: 'stake', amount })
  return availableOf({ ...head, staked: amount }, slashedMicro) < -allowance ? refused('overdrawn') : ok({ op: 'stake', amount })
}
