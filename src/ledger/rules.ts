/** What the ledger needs to know of a swarm's policy. */
import type { PublicKey } from '../identity/keys.ts'
import type { SwarmId } from './types.ts'

export interface LedgerRules {
  readonly swarm: SwarmId
  /** 3f+1 keys, sorted. */
  readonly witnesses: readonly PublicKey[]
  /** The one account that may go below zero, down to −allowance. */
  readonly issuer: PublicKey
  readonly allowanceMicro: number
  /** Least certified income that opens an account. */
  readonly openingMicro: number
}

/** Faulty witnesses that n = 3f+1 of them bear. */
export const faultyMax = (witnesses: number): number => Math.floor((witnesses - 1) / 3)

/** How many signatures make a certificate: 2f+1. */
export const quorumOf = (witnesses: number): number => 2 * faultyMax(witnesses) + 1
