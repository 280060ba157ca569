/**
 * From the share that work may use to what runs: how many workers, and how long each rests after a piece. Busy is the wall time of
 * computing, so workers × duty is the number of cores in use.
 */

export interface Plan {
  readonly workers: number
  /** Fraction of time that each worker computes, 0 … 1. */
  readonly duty: number
}

/** A worker at a small duty after a long piece still looks again this often. */
export const pauseMaxMs = 30_000

/** Below it a sum of fractions such as 0.7 × 10 is rounding, not a reason for one more worker. */
const roundingMax = 1e-9

/** As few workers as can carry the share: each holds a copy of the model. `share` is of all `cores`, 0 … 1. */
export const planOf = (share: number, cores: number): Plan => {
  const coresMax = Math.max(1, Math.floor(cores))
  const busy = Math.min(1, Math.max(0, share)) * coresMax
  if (!(busy > 0)) return { workers: 0, duty: 0 }
  const workers = Math.min(coresMax, Math.max(1, Math.ceil(busy - roundingMax)))
  return { workers, duty: Math.min(1, busy / workers) }
}

/** Rest after a piece of `busyMs` such that busy ÷ (busy + rest) is `duty`. */
export const pauseMs = (busyMs: number, duty: number): number => {
  if (duty >= 1) return 0
  if (!(duty > 0)) return pauseMaxMs
  return Math.min(pauseMaxMs, Math.max(0, (busyMs * (1 - duty)) / duty))
}
