/**
 * What payers report of one peer: each payer's cumulative counts of accepted and rejected results, as its certified `pay` lines
 * carry them, joined under the viewer's own trust in the payers (spec: economy.md, *Reputation*).
 *
 * A payer's report replaces nobody else's, and its own only by counts that grew: there is no last writer. Reporting earns nothing.
 */
import type { NodeId } from '../identity/keys.ts'
import { clamp } from './standing.ts'
import { agedTally, emptyTally, type Outcome, type Tally, withOutcome } from './tally.ts'

export interface Report {
  /** The payer's counters as last seen. */
  readonly counters: Outcome
  readonly tally: Tally
}
/** By the payer's identity. */
export type Reports = ReadonlyMap<NodeId, Report>

export interface Reported {
  readonly payer: NodeId
  /** Cumulative. */
  readonly counters: Outcome
  /** The entry's `time`: the payer's clock. */
  readonly atMs: number
}

/** With one more line of a payer. Repeated or older ones change nothing. */
export const withReport = (reports: Reports, { payer, counters, atMs }: Reported, nowMs: number): Reports => {
  const report = raised(reports.get(payer), counters, { atMs, nowMs })
  return report ? new Map(reports).set(payer, report) : reports
}

/** One payer's report of one peer, with its counters as they are named now; undefined: they say nothing new. */
export const raised = (
  before: Report = { counters: { ok: 0, bad: 0 }, tally: emptyTally },
  counters: Outcome,
  when: { readonly atMs: number; readonly nowMs: number },
): Report | undefined => {
  const rise = { ok: Math.max(0, counters.ok - before.counters.ok), bad: Math.max(0, counters.bad - before.counters.bad) }
  if (rise.ok + rise.bad === 0) return undefined
  return {
    counters: { ok: before.counters.ok + rise.ok, bad: before.counters.bad + rise.bad },
    tally: withOutcome(before.tally, rise, when),
  }
}

/**
 * The counts of `subject` as the viewer weighs them: aged to `nowMs`, each payer's by `weightOf` (0 … 1, from trust.ts; the viewer
 * itself 1). What an identity says of itself, from another of its devices, does not count.
 */
export const weighed = (
  reports: ReadonlyMap<NodeId, Pick<Report, 'tally'>>,
  subject: NodeId,
  weightOf: (payer: NodeId) => number,
  nowMs: number,
): Tally => {
  let [ok, bad] = [0, 0]
  // By key, since sums of fractions depend on their order and a view must not depend on who arrived first.
  for (const [payer, { tally }] of [...reports].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (payer === subject) continue
    const weight = clamp(weightOf(payer))
    const aged = agedTally(tally, nowMs)
    ok += weight * aged.ok
    bad += weight * aged.bad
  }
  return { ok, bad, asOfMs: nowMs }
}
