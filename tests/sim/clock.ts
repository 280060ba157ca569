/** Virtual time for a whole network: a heap of timers, run in order of time, and of their making where that is equal. */
import type { Clock } from '../../src/lib/clock.ts'

export interface SimClock extends Clock {
  /** Runs what is due, letting all promises settle between two timers. */
  readonly advance: (byMs: number) => Promise<void>
  /** Timers that have run. */
  readonly ran: () => number
}

interface Timer {
  readonly due: number
  readonly order: number
  action: (() => void) | undefined
}

const before = (a: Timer, b: Timer): boolean => a.due < b.due || (a.due === b.due && a.order < b.order)

/**
 * Runs steps, with all promises settled between two, until one says that it was the last. Node settles them between immediates of
 * one phase of its loop too; a phase begins with a look at the system's events, which costs more than many a step, so that
 * several go into one.
 */
const stepsPerPhase = 64
const inSteps = (step: () => boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    let over = false
    const once = (): void => {
      if (over) return
      try {
        over = !step()
      } catch (error) {
        over = true
        return reject(error as Error)
      }
      if (over) resolve()
    }
    const phase = (): void => {
      if (over) return
      for (let i = 0; i < stepsPerPhase; i++) setImmediate(once)
      setImmediate(phase)
    }
    phase()
  })

export const createSimClock = (startMs = 1_700_000_000_000): SimClock => {
  let now = startMs
  let made = 0
  let ran = 0
  const heap: Timer[] = []

  const push = (timer: Timer): void => {
    let at = heap.push(timer) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(timer, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = timer
  }
  const pop = (): Timer => {
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      let at = 0
      for (;;) {
        let child = 2 * at + 1
        if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
        if (child >= heap.length || !before(heap[child]!, last)) break
        heap[at] = heap[child]!
        at = child
      }
      heap[at] = last
    }
    return first
  }

  return {
    now: () => now,
    ran: () => ran,
    after: (delayMs, action) => {
      const timer: Timer = { due: now + Math.max(0, delayMs), order: made++, action }
      push(timer)
      return () => void (timer.action = undefined)
    },
    advance: async (byMs) => {
      const end = now + byMs
      await inSteps(() => {
        while (heap.length > 0 && heap[0]!.due <= end) {
          const { due, action } = pop()
          if (!action) continue
          now = Math.max(now, due)
          ran++
          action()
          return true
        }
        return false
      })
      now = end
    },
  }
}

/** One machine's clock: wrong by `skewMs`, and silent once the process that it was given to has died. */
export const machineClock = (clock: Clock, skewMs: number): { readonly clock: Clock; readonly kill: () => void } => {
  let dead = false
  return {
    clock: {
      now: () => clock.now() + skewMs,
      after: (delayMs, action) => clock.after(delayMs, () => (dead ? undefined : action())),
    },
    kill: () => void (dead = true),
  }
}
