/**
 * Counts of accepted and rejected results that fade: half of what was counted is left after 30 days (spec: economy.md,
 * *Reputation*). Plain data; the reader's clock is an argument, and no date that somebody else wrote is believed beyond it.
 */

export const halfLifeMs = 30 * 24 * 3_600_000

export interface Tally {
  readonly ok: number
  readonly bad: number
  /** As of when the counts are aged, ms since the epoch; null: no dated outcome yet, so nothing to age. */
  readonly asOfMs: number | null
}

export interface Outcome {
  readonly ok: number
  readonly bad: number
}

export const emptyTally: Tally = { ok: 0, bad: 0, asOfMs: null }

/** Aged to `nowMs`. A tally from a time to come is as of now: it ages from here on like any other. */
export const agedTally = (tally: Tally, nowMs: number): Tally => {
  if (tally.asOfMs === null) return tally
  const left = remaining(Math.max(0, nowMs - tally.asOfMs))
  return { ok: tally.ok * left, bad: tally.bad * left, asOfMs: nowMs }
}

/** With an outcome of `atMs` by its reporter's clock. A date ahead of `nowMs` counts as now: it is never fresher than fresh. */
export const withOutcome = (tally: Tally, outcome: Outcome, { atMs, nowMs }: { readonly atMs: number; readonly nowMs: number }): Tally => {
  const aged = agedTally({ ...tally, asOfMs: tally.asOfMs ?? nowMs }, nowMs)
  const left = remaining(Math.max(0, nowMs - atMs))
  return { ok: aged.ok + outcome.ok * left, bad: aged.bad + outcome.bad * left, asOfMs: aged.asOfMs }
}

const remaining = (ageMs: number): number => 2 ** (-ageMs / halfLifeMs)
