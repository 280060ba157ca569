/** What a founder's pages see of the swarm's members. Amounts are µcr, times ms since the epoch, ids lower-case hex. */
import type { JudgedReason } from '../ledger/verdict.ts'

export interface FounderMemberView {
  readonly identity: string
  readonly accounts: readonly FounderAccountView[]
  /** Linked with the founder now. */
  readonly here: boolean
  /** When it last was; null: not noted. */
  readonly seenMs: number | null
  readonly blocked: boolean
}

/** One device's. */
export interface FounderAccountView {
  readonly id: string
  readonly micro: number
  /** Results that were accepted, and outvoted, as those who paid say. */
  readonly accepted: number
  readonly rejected: number
  readonly fined: boolean
  readonly closing: ClosingView | null
}

/** The founder's judgement on an account: it is closed for good once `needed` witnesses have signed it. */
export interface ClosingView {
  readonly reason: JudgedReason
  readonly signed: number
  readonly needed: number
}

export type { JudgedReason }
