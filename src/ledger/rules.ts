/** What the ledger needs to know of a swarm's policy. */
import type { PublicKey } from '../identity/keys.ts'
import { issuanceDefaults, type IssuanceRules } from './issuance.ts'
import type { SwarmId } from './types.ts'

export interface LedgerRules {
  readonly swarm: SwarmId
  /** 3f+1 keys, sorted. */
  readonly witnesses: readonly PublicKey[]
  /** The one account that may go below zero, down to −allowance. */
  readonly issuer: PublicKey
  readonly allowanceMicro: number
  /** What settles add to the allowance; without it nothing. */
  readonly issuance?: IssuanceRules
  /** Length of an epoch, for the witnesses' clocks: one may be settled as long after its end; an hour where it is not said. */
  readonly epochMs?: number
  /** Root or device key whose work counts as sponsored without an attest of the issuer's. */
  readonly founder?: PublicKey
  /** Least certified income that opens an account. */
  readonly openingMicro: number
  /** How long unstaked credits stay where a verdict reaches them, by the witnesses' clocks; a day where it is not said. */
  readonly unlockMs?: number
}

export const unlockMsDefault = 24 * 60 * 60_000
export const epochMsDefault = 60 * 60_000

/** A swarm whose policy says nothing of issuance settles within a budget of nothing. */
export const issuanceOf = (rules: LedgerRules): IssuanceRules => rules.issuance ?? { ...issuanceDefaults, budgetMicro: 0 }

/** Faulty witnesses that n = 3f+1 of them bear. */
export const faultyMax = (witnesses: number): number => Math.floor((witnesses - 1) / 3)

/** How many signatures make a certificate: 2f+1. */
export const quorumOf = (witnesses: number): number => 2 * faultyMax(witnesses) + 1
