/** What the simulator prints. */
import { ratiosOf, summed } from './bounds.ts'
import { replayCommand } from './options.ts'
import type { Outcome, Scenario } from './simulate.ts'

const notesShown = 30

export const problemsOf = ({ violations, figures }: Outcome): readonly string[] => [
  ...violations.map(({ invariant, minute, what }) => `invariant ${invariant} in minute ${minute}: ${what}`),
  ...figures.flatMap((each) => ratiosOf(each).excess),
]

export const runText = (outcome: Outcome, wallMs: number): string => {
  const { scenario, counts, hash, notes, quietMinutes } = outcome
  const problems = problemsOf(outcome)
  const head = `seed ${scenario.seed}: ${problems.length === 0 ? 'ok' : 'FAILED'}, ${counts.texts} texts, ${counts.entries} entries, ${counts.frames} frames, ${counts.crashes} crashes, ${counts.fines} fines, quiet after ${quietMinutes} min, ${(wallMs / 1000).toFixed(1)} s, log ${hash.slice(0, 16)}`
  if (problems.length === 0) return head
  return [
    head,
    ...problems.map((text) => `  ${text}`),
    `  again: ${replayCommand(scenario)}`,
    ...notes.slice(-notesShown).map((note) => `    ${note}`),
  ].join('\n')
}

const credits = (micro: number): string => (micro / 1_000_000).toFixed(1)
const ratio = (value: number | null): string => (value === null ? '–' : value.toFixed(3))

/** A row per kind. */
export const summaryText = (outcomes: readonly Outcome[]): string => {
  const rows = summed(outcomes.flatMap(({ figures }) => figures)).map(ratiosOf)
  const cells = [
    ['kind', 'nodes', 'credits gained', '÷ honest', 'free service', '÷ tabs', 'paid ahead', '÷ steps'],
    ...rows.map((r) => [
      r.kind,
      `${r.nodes}`,
      credits(r.creditsMicro),
      ratio(r.creditsRatio),
      credits(r.freeServiceMicro),
      ratio(r.serviceRatio),
      credits(r.aheadMicro),
      ratio(r.aheadRatio),
    ]),
  ]
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)))
  return cells.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')).join('\n')
}

export const runJson = (outcome: Outcome, wallMs: number): string => {
  const { scenario, violations, figures, hash, counts, quietMinutes } = outcome
  return JSON.stringify({
    ...scenario,
    ok: problemsOf(outcome).length === 0,
    violations,
    ratios: figures.map(ratiosOf),
    hash,
    ...counts,
    quietMinutes,
    wallMs: Math.round(wallMs),
    replay: replayCommand(scenario),
  })
}

/** A run that came to no end. */
export const brokenText = (scenario: Scenario, failure: string, json: boolean): string =>
  json
    ? JSON.stringify({ ...scenario, ok: false, failure, replay: replayCommand(scenario) })
    : `seed ${scenario.seed}: FAILED\n  ${failure}\n  again: ${replayCommand(scenario)}`

export const summaryJson = (outcomes: readonly Outcome[], runs: number, failed: number, wallMs: number): string =>
  JSON.stringify({
    runs,
    failed,
    wallMs: Math.round(wallMs),
    ratios: summed(outcomes.flatMap(({ figures }) => figures)).map(ratiosOf),
  })
