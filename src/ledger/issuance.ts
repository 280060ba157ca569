/**
 * The integer arithmetic of issuance (spec: economy.md, *Contribution multiplier*, *Issuance*): what an epoch's sponsored work earns,
 * and how far it raises the issuer's allowance. Validity reads it, so every node must come to the same integers: no float, no
 * clock, no order of arrival. Amounts are µcr; sums and products are bigint.
 *
 * Accounts are named by the lower-case hex of their keys.
 */
import { assert } from '../lib/assert.ts'

export interface IssuanceRules {
  /** All that one epoch may issue, in µcr. */
  readonly budgetMicro: number
  /** D of the multiplier, in whole CPU-seconds, ≥ 1. */
  readonly decayCpuSeconds: number
  /** Calibrated CPU-seconds of 10⁹ units of work. */
  readonly cpuSecondsPerGigaunit: number
  /** What one epoch with sponsored work in it brings beside the bonus, in µcr. */
  readonly uptimeMicro: number
  /** All that one referee may ever bring its referrer, in µcr. */
  readonly referralMicroMax: number
  /** For how many epochs a referee brings anything. */
  readonly referralEpochs: number
}

/** The issuance of a public swarm (economy.md, the tables); a private one has a budget of 0. */
export const issuanceDefaults: IssuanceRules = {
  budgetMicro: 10_000_000 * 1_000_000,
  decayCpuSeconds: 1_000_000 * 3600,
  // 10⁹ units are 1 000 credits at list price: 20 000 texts of ≤ 128 tokens, 50 ms of one core each.
  cpuSecondsPerGigaunit: 1_000,
  uptimeMicro: 100_000,
  referralMicroMax: 1_000 * 1_000_000,
  referralEpochs: 30 * 24,
}

/** What one sponsor's counters for one payee rose by since the settle before. One line a pair. */
export interface SponsoredLine {
  readonly sponsor: string
  readonly payee: string
  readonly paidMicro: bigint
  readonly units: bigint
}

/** A referrer that the issuer attests. */
export interface Referral {
  readonly referee: string
  readonly referrer: string
  /** The referee's first epoch. */
  readonly firstEpoch: number
  /** What it has brought so far. */
  readonly paidMicro: bigint
}

export interface EpochShare {
  readonly account: string
  readonly bonusMicro: bigint
  readonly uptimeMicro: bigint
  readonly referralMicro: bigint
}

export interface Earned {
  /** Sorted by payee. */
  readonly payees: readonly { readonly payee: string; readonly bonusMicro: bigint; readonly uptimeMicro: bigint }[]
  /** Sums over the payees, before anything is scaled down to the budget: what the allowance follows from. */
  readonly bonusMicro: bigint
  readonly uptimeMicro: bigint
}

export interface EpochIssue {
  /** M of this epoch: as of the settle before. */
  readonly multiplierPpm: bigint
  /** Who gets what, sorted by account; without those who get nothing. */
  readonly shares: readonly EpochShare[]
  /** The referrals given, with what each has brought by now. */
  readonly referrals: readonly Referral[]
  /** How far this settle raises the issuer's allowance. Never less than the sum of the shares. */
  readonly allowanceMicro: bigint
  /** Sponsored units so far, this epoch's among them: the next epoch's `unitsBefore`. */
  readonly unitsAfter: bigint
}

export const ppmOfOne = 1_000_000n
/** M(0) − 1, in parts per million. */
const bonusPpmMax = 9_000_000n
const seriesScale = 10n ** 30n
/** From here on the formula floors to 1 (9·10⁶ < e¹⁷), and the series would not end in reasonable time. */
const decaysMax = 17n
/** Uptime and referral may each take a twentieth of the budget. */
const sideShare = 20n
/** A referral is a tenth of what the referee earns. */
const referralShare = 10n

/**
 * M(x) = 1 + 9·e^(−x/D) in parts per million, rounded down: 10⁷ at 0, 10⁶ from 17 D on. e^(x/D) is the series Σ y^k/k! at scale
 * 10³⁰, each term floored. x ≥ 0 and D ≥ 1 in whole CPU-seconds.
 */
export const multiplierPpm = (xCpuSeconds: bigint, decayCpuSeconds: bigint): bigint => {
  assert(xCpuSeconds >= 0n && decayCpuSeconds > 0n, 'work does not fall, and a policy has D ≥ 1')
  if (xCpuSeconds >= decaysMax * decayCpuSeconds) return ppmOfOne
  let sum = 0n
  let term = seriesScale
  for (let k = 1n; term > 0n; k++) {
    sum += term
    term = (term * xCpuSeconds) / (decayCpuSeconds * k)
  }
  return ppmOfOne + (bonusPpmMax * seriesScale) / sum
}

/** x of the multiplier: whole CPU-seconds of all sponsored units so far. Cumulative, so that no epoch's remainder is lost. */
export const sponsoredCpuSeconds = (units: bigint, cpuSecondsPerGigaunit: number): bigint =>
  (units * BigInt(cpuSecondsPerGigaunit)) / 1_000_000_000n

/** What an epoch's sponsored work earns, before referrals and before the budget: a function of the settle's causal past alone. */
export const earnedInEpoch = (lines: readonly SponsoredLine[], multiplier: bigint, rules: IssuanceRules): Earned => {
  const sponsored = new Map<string, bigint>()
  const pairs = new Set<string>()
  for (const { sponsor, payee, paidMicro, units } of lines) {
    assert(paidMicro >= 0n && units >= 0n, 'certified counters never fall')
    pairs.add(`${sponsor}/${payee}`)
    // Who pays for nothing, and who reports work that nobody paid for, earns a worker nothing.
    const both = smaller(paidMicro, units)
    if (both > 0n) sponsored.set(payee, (sponsored.get(payee) ?? 0n) + both)
  }
  assert(pairs.size === lines.length, 'one line a pair')
  const uptimeMicro = BigInt(rules.uptimeMicro)
  const side = BigInt(rules.budgetMicro) / sideShare
  const cap = fitting(uptimeMicro * BigInt(sponsored.size), side)
  const payees = sorted(sponsored).map(([payee, micro]) => ({
    payee,
    bonusMicro: ((multiplier - ppmOfOne) * micro) / ppmOfOne,
    uptimeMicro: cap(uptimeMicro),
  }))
  return { payees, bonusMicro: sumOf(payees, (p) => p.bonusMicro), uptimeMicro: sumOf(payees, (p) => p.uptimeMicro) }
}

/** By how much a settle raises the issuer's allowance: min(budget, ⌊1.1 · (Σ bonus + uptime)⌋); the tenth is for referrals. */
export const allowanceGrantedMicro = ({
  budgetMicro,
  bonusMicro,
  uptimeMicro,
}: {
  readonly budgetMicro: number
  readonly bonusMicro: bigint
  readonly uptimeMicro: bigint
}): bigint => smaller(BigInt(budgetMicro), ((bonusMicro + uptimeMicro) * 11n) / 10n)

/**
 * Who gets what of one epoch. Bonus, uptime and referral are scaled down together to the budget, uptime and referral before that to
 * a twentieth of it each; every division rounds down. What rounding leaves is not issued.
 */
export const settleEpoch = ({
  epoch,
  unitsBefore,
  lines,
  referrals,
  rules,
}: {
  readonly epoch: number
  /** Sponsored units of all epochs before. */
  readonly unitsBefore: bigint
  readonly lines: readonly SponsoredLine[]
  /** At most one a referee. */
  readonly referrals: readonly Referral[]
  readonly rules: IssuanceRules
}): EpochIssue => {
  const multiplier = multiplierPpm(sponsoredCpuSeconds(unitsBefore, rules.cpuSecondsPerGigaunit), BigInt(rules.decayCpuSeconds))
  const earned = earnedInEpoch(lines, multiplier, rules)
  const budget = BigInt(rules.budgetMicro)

  const ofReferee = new Map(earned.payees.map((p) => [p.payee, p.bonusMicro + p.uptimeMicro]))
  assert(new Set(referrals.map((r) => r.referee)).size === referrals.length, 'one referrer a referee')
  const brought = referrals.map((r) => referralOf(r, epoch, ofReferee.get(r.referee) ?? 0n, rules))
  const sideCap = fitting(
    brought.reduce((sum, micro) => sum + micro, 0n),
    budget / sideShare,
  )
  const capped = brought.map(sideCap)

  const all = earned.bonusMicro + earned.uptimeMicro + capped.reduce((sum, micro) => sum + micro, 0n)
  const scale = fitting(all, budget)
  const given = capped.map(scale)
  const shares = new Map<string, EpochShare>()
  for (const { payee, bonusMicro, uptimeMicro } of earned.payees)
    shares.set(payee, { account: payee, bonusMicro: scale(bonusMicro), uptimeMicro: scale(uptimeMicro), referralMicro: 0n })
  for (const [i, { referrer }] of referrals.entries()) {
    const share = shares.get(referrer) ?? { account: referrer, bonusMicro: 0n, uptimeMicro: 0n, referralMicro: 0n }
    shares.set(referrer, { ...share, referralMicro: share.referralMicro + given[i]! })
  }
  return {
    multiplierPpm: multiplier,
    shares: sorted(shares)
      .map(([, share]) => share)
      .filter((s) => s.bonusMicro + s.uptimeMicro + s.referralMicro > 0n),
    referrals: referrals.map((r, i) => ({ ...r, paidMicro: r.paidMicro + given[i]! })),
    allowanceMicro: allowanceGrantedMicro({ budgetMicro: rules.budgetMicro, ...earned }),
    unitsAfter: unitsBefore + sumOf(lines, (line) => line.units),
  }
}

/** What a referee's epoch brings its referrer, before the budget: a tenth, in its first epochs, up to a sum. */
const referralOf = (
  { referee, referrer, firstEpoch, paidMicro }: Referral,
  epoch: number,
  earned: bigint,
  rules: IssuanceRules,
): bigint => {
  if (referrer === referee || epoch < firstEpoch || epoch - firstEpoch >= rules.referralEpochs) return 0n
  const left = BigInt(rules.referralMicroMax) - paidMicro
  return left > 0n ? smaller(earned / referralShare, left) : 0n
}

/** How a part is scaled down so that what sums to `sum` fits into `limit`. */
const fitting =
  (sum: bigint, limit: bigint) =>
  (part: bigint): bigint =>
    sum > limit ? (part * limit) / sum : part

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const sumOf = <T>(items: readonly T[], micro: (item: T) => bigint): bigint => items.reduce((sum, item) => sum + micro(item), 0n)
const sorted = <T>(map: ReadonlyMap<string, T>): (readonly [string, T])[] => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
