/**
 * Standing: accuracy² · uptime, 0 … 1, and the tier that people see (spec: economy.md, *Reputation*). Numbers of a view, never
 * amounts: two nodes may see the same peer differently, and validity reads none of it.
 */

/** (ok + 4) / (ok + bad + 5): a newcomer begins at 0.8, so neither one failure nor one success says it all (Laplace). */
export const priorAccuracy = 0.8
const priorCount = 5

/** Accuracy from counts ≥ 0, which age and weights make fractions; `prior` is where nothing counted leaves it. */
export const accuracyOf = ({ ok, bad }: { readonly ok: number; readonly bad: number }, prior = priorAccuracy): number =>
  (ok + priorCount * prior) / (ok + bad + priorCount)

export const standingOf = (accuracy: number, uptime: number): number => clamp(accuracy) ** 2 * clamp(uptime)

/** min(1, log10(s + 1) / 6), s in credits: a million credits weigh 1. */
export const stakeWeightOf = (stakeCredits: number): number => (stakeCredits > 0 ? Math.min(1, Math.log10(stakeCredits + 1) / 6) : 0)

/** accuracy² · uptime · stake weight. What is out of range counts as the nearest end of it, what is no number as 0. */
export const compositeReputation = (accuracy: number, uptime: number, stakeCredits: number): number =>
  standingOf(accuracy, uptime) * stakeWeightOf(stakeCredits)

/** By least standing, best first. */
export const standingTiers = [
  { name: 'Elite', standing: 0.95, benefit: 'first pick, may run alone' },
  { name: 'Trusted', standing: 0.85, benefit: 'high-value work, lower redundancy' },
  { name: 'Standard', standing: 0.7, benefit: 'normal' },
  { name: 'Probation', standing: 0.5, benefit: 'redundant, small work' },
  { name: 'Restricted', standing: 0, benefit: 'spot-checked basics only' },
] as const
export type StandingTier = (typeof standingTiers)[number]['name']

export const tierOf = (standing: number): StandingTier => standingTiers.find((tier) => standing >= tier.standing)?.name ?? 'Restricted'

/** Into 0 … 1; what is no number is 0. */
export const clamp = (share: number): number => (share > 0 ? Math.min(1, share) : 0)
