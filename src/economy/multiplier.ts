/**
 * The contribution multiplier as people see it (spec: economy.md, *Contribution multiplier*): M(x) = 1 + 9·e^(−x/D), x the swarm's
 * sponsored work so far in CPU-hours. What touches an amount goes through the ledger's integer form.
 */
import { issuanceDefaults, multiplierPpm, ppmOfOne } from '../ledger/issuance.ts'
import { err, ok, type Result } from '../lib/result.ts'

/** D, in CPU-hours. */
export const decayHours = 1_000_000
const secondsPerHour = 3600

export type MultiplierError =
  { readonly type: 'hours'; readonly reason: 'negative' | 'not-finite' } | { readonly type: 'base'; readonly reason: 'negative' }

export interface Tier {
  /** CPU-hours at which the row stands. */
  readonly hours: number
  readonly name: string
  readonly multiplier: number
}

/** Up to which CPU-hours (exclusive) a name holds. */
const names = [
  [100_000, 'Genesis'],
  [500_000, 'Pioneer'],
  [1_000_000, 'Early Adopter'],
  [5_000_000, 'Established'],
  [Infinity, 'Baseline'],
] as const
export type TierName = (typeof names)[number][1]

const shownHours = [0, 100_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000] as const

/** For display: 10 at 0 hours, falling towards 1. */
export const contributionMultiplier = (hours: number): Result<number, MultiplierError> => {
  const checked = checkHours(hours)
  return checked.ok ? ok(formula(hours)) : checked
}

/** The name of the time in which the swarm is after so many CPU-hours. */
export const tierName = (hours: number): Result<TierName, MultiplierError> => {
  const checked = checkHours(hours)
  return checked.ok ? ok(nameAt(hours)) : checked
}

/** The public table: the formula's values, not rounded ones. */
export const tiers = (): readonly Tier[] => shownHours.map((hours) => ({ hours, name: nameAt(hours), multiplier: formula(hours) }))

export const tiersJson = (): string => JSON.stringify(tiers())

/** ⌊base · M⌋ in µcr, in integers, M in parts per million at the whole CPU-second. */
export const calculateReward = (baseMicro: bigint, hours: number): Result<bigint, MultiplierError> => {
  const checked = checkHours(hours)
  if (!checked.ok) return checked
  if (baseMicro < 0n) return err({ type: 'base', reason: 'negative' })
  const cpuSeconds = BigInt(Math.floor(Math.min(hours, hoursMax) * secondsPerHour))
  return ok((baseMicro * multiplierPpm(cpuSeconds, BigInt(issuanceDefaults.decayCpuSeconds))) / ppmOfOne)
}

/** Far beyond the last at which M is above 1 (17 D), and small enough that the seconds are exact. */
const hoursMax = 100 * decayHours

const formula = (hours: number): number => 1 + 9 * Math.exp(-hours / decayHours)

const nameAt = (hours: number): TierName => names.find(([below]) => hours < below)![1]

const checkHours = (hours: number): Result<void, MultiplierError> => {
  if (!Number.isFinite(hours)) return err({ type: 'hours', reason: 'not-finite' })
  return hours < 0 ? err({ type: 'hours', reason: 'negative' }) : ok(undefined)
}
