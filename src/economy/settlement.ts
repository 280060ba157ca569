/**
 * When an epoch is settled, and whether the issuer paid what the settle says (spec: economy.md, *Issuance*). The split itself is
 * ledger/issuance.ts; every node recomputes it and shows where the issuer's payments differ.
 */
import type { EpochShare } from '../ledger/issuance.ts'

/** The epoch in which a moment lies. */
export const epochAt = (timeMs: number, epochMs: number): number => Math.floor(timeMs / epochMs)

/** The latest epoch that may be settled: its end lies one epoch back (the reward lock). Below 0: none yet. */
export const settleableEpoch = (nowMs: number, epochMs: number): number => epochAt(nowMs, epochMs) - 2

/** All that an epoch brings an account, in µcr. */
export const shareMicro = ({ bonusMicro, uptimeMicro, referralMicro }: EpochShare): bigint => bonusMicro + uptimeMicro + referralMicro

export interface Deviation {
  readonly account: string
  readonly expectedMicro: bigint
  readonly paidMicro: bigint
}

/** Where what the issuer paid for an epoch differs from its split; grants are not to be among the payments. Sorted by account. */
export const deviations = (shares: readonly EpochShare[], paidMicro: ReadonlyMap<string, bigint>): readonly Deviation[] => {
  const expected = new Map(shares.map((share) => [share.account, shareMicro(share)]))
  return [...new Set([...expected.keys(), ...paidMicro.keys()])]
    .sort()
    .map((account) => ({ account, expectedMicro: expected.get(account) ?? 0n, paidMicro: paidMicro.get(account) ?? 0n }))
    .filter((d) => d.expectedMicro !== d.paidMicro)
}
