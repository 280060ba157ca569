/** What the bench prints, a line each, and how rounds become one number. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** How many were measured. */
  readonly n: number
  readonly baseline?: number
  /** How many times better than the baseline: the median of the rounds' ratios, each taken side by side. */
  readonly ratio?: number
}

/** Alternating rounds behind every ratio. */
export const rounds = 5

/** The value below which this share of the others lies, by nearest rank. */
export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? NaN
export const median = (values: readonly number[]): number => percentile(values, 0.5)
export const round2 = (value: number): number => Math.round(value * 100) / 100
