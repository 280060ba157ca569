/** A token bucket: so many things at once, and as many again per minute. Time by the clock given, so a test can move it. */
import type { Clock } from '../lib/clock.ts'

export interface Rate {
  /** False: over the limit; nothing was taken. */
  readonly take: (amount?: number) => boolean
}

export const createRate = (clock: Clock, perMinute: number): Rate => {
  let tokens = perMinute
  let atMs = clock.now()
  return {
    take: (amount = 1) => {
      const nowMs = clock.now()
      // A clock that was set back fills nothing and takes nothing away.
      tokens = Math.min(perMinute, tokens + (Math.max(0, nowMs - atMs) / 60_000) * perMinute)
      atMs = nowMs
      if (tokens < amount) return false
      tokens -= amount
      return true
    },
  }
}
