/** Token buckets: so many a minute, with a minute's worth as a burst unless told otherwise. */
import type { Clock } from '../lib/clock.ts'

export interface Rate {
  /** False, and nothing taken, where there is not enough left. */
  readonly take: (cost?: number) => boolean
}

export const createRate = (clock: Clock, perMinute: number, burst = perMinute): Rate => {
  let left = burst
  let at = clock.now()
  return {
    take: (cost = 1) => {
      const now = clock.now()
      left = Math.min(burst, left + (Math.max(0, now - at) * perMinute) / 60_000)
      at = now
      if (left < cost) return false
      left -= cost
      return true
    },
  }
}

/** One bucket per key, the longest unused forgotten first: a forgotten key starts full again. */
export const createKeyedRate = (
  clock: Clock,
  perMinute: number,
  keysMax: number,
  burst = perMinute,
): { readonly take: (key: string, cost?: number) => boolean } => {
  const rates = new Map<string, Rate>()
  return {
    take: (key, cost) => {
      const rate = rates.get(key) ?? createRate(clock, perMinute, burst)
      rates.delete(key)
      rates.set(key, rate)
      if (rates.size > keysMax) rates.delete(rates.keys().next().value!)
      return rate.take(cost)
    },
  }
}
