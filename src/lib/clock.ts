/** Time as an argument: the shells pass the machine's, tests and simulations one that stands until it is advanced. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** Runs `action` once, `delayMs` from now; the returned function calls it off. */
  readonly after: (delayMs: number, action: () => void) => () => void
}

/** A clock for tests: `advance` runs what is due, in order of time, letting promises settle between two timers. */
export interface ManualClock extends Clock {
  readonly advance: (byMs: number) => Promise<void>
}

export const createManualClock = (startMs = 1_700_000_000_000): ManualClock => {
  let now = startMs
  let order = 0
  const timers = new Map<number, { readonly due: number; readonly action: () => void }>()
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 200; i++) await Promise.resolve()
  }
  return {
    now: () => now,
    after: (delayMs, action) => {
      const id = order++
      timers.set(id, { due: now + Math.max(0, delayMs), action })
      return () => void timers.delete(id)
    },
    advance: async (byMs) => {
      const end = now + byMs
      await settle()
      for (;;) {
        const next = [...timers].filter(([, t]) => t.due <= end).sort((a, b) => a[1].due - b[1].due || a[0] - b[0])[0]
        if (!next) break
        timers.delete(next[0])
        now = Math.max(now, next[1].due)
        next[1].action()
        await settle()
      }
      now = end
    },
  }
}
