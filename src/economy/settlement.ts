/**
 * When an epoch is settled, and whether the issuer paid what the settle says (spec: economy.md, *Issuance*). The split itself is
 * ledger/issuance.ts; every node recomputes it and shows where the issuer's payments differ.
 */
import type { NodeId } from '../identity/keys.ts'
import type { EpochShare } from '../ledger/issuance.ts'

/** The epoch in which a moment lies. */
export const epochAt = (timeMs: number, epochMs: number): number => Math.floor(timeMs / epochMs)

/** The latest epoch that may be settled: its end lies one epoch back (the reward lock). Below 0: none yet. */
export const settleableEpoch = (nowMs: number, epochMs: number): number => epochAt(nowMs, epochMs) - 2

/** What an account is to be paid for an epoch, in µcr. */
export interface Due {
  readonly account: NodeId
  readonly micro: bigint
}

export const dueOf = ({ account, bonusMicro, uptimeMicro, referralMicro }: EpochShare): Due => ({
  account,
  micro: bonusMicro + uptimeMicro + referralMicro,
})

export interface Deviation {
  readonly account: NodeId
  readonly expectedMicro: bigint
  readonly paidMicro: bigint
}

/** Where what the issuer paid for an epoch differs from its split; grants are not to be among the payments. Sorted by account. */
export const deviations = (dues: readonly Due[], paidMicro: ReadonlyMap<NodeId, bigint>): readonly Deviation[] => {
  const expected = new Map(dues.map(({ account, micro }) => [account, micro]))
  return [...new Set([...expected.keys(), ...paidMicro.keys()])]
    .sort()
    .map((account) => ({ account, expectedMicro: expected.get(account) ?? 0n, paidMicro: paidMicro.get(account) ?? 0n }))
    .filter((d) => d.expectedMicro !== d.paidMicro)
}
