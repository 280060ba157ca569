/** The machine's time, in browsers and in Node. */
import type { Clock } from '../lib/clock.ts'

/** Longer delays overflow the timers of every engine, which then fire at once: such are waited for in parts. */
const timerMsMax = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, action) => {
    let timer: ReturnType<typeof setTimeout>
    const wait = (restMs: number): void => {
      timer = restMs > timerMsMax ? setTimeout(() => wait(restMs - timerMsMax), timerMsMax) : setTimeout(action, Math.max(0, restMs))
    }
    wait(delayMs)
    return () => clearTimeout(timer)
  },
}
