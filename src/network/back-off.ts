/** Growing waits with jitter, so that a thousand nodes do not come back to a restarted relay in the same instant. */
import { type Random, randomBelow } from '../lib/random.ts'

export interface BackOff {
  /** Between half and all of a span that doubles with every call. */
  readonly nextMs: () => number
  readonly reset: () => void
}

export const createBackOff = (random: Random, firstMs: number, mostMs: number): BackOff => {
  let span = firstMs
  return {
    nextMs: () => {
      const wait = span / 2 + randomBelow(random, Math.floor(span / 2) + 1)
      span = Math.min(mostMs, span * 2)
      return wait
    },
    reset: () => {
      span = firstMs
    },
  }
}
