/** The demo's results as files, as one JSON object and as a table that a person enjoys reading. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toNpy } from '../../src/ui/result-files.ts'

export interface DemoAccount {
  readonly name: string
  readonly role: 'requester' | 'worker' | 'issuer'
  /** Σ claimed − Σ paid in µcr. */
  readonly before: number
  readonly after: number
  readonly accepted: number
  readonly rejected: number
}

export interface DemoReport {
  readonly model: string
  readonly dimension: number
  readonly texts: number
  readonly agreed: Readonly<Record<string, number>>
  readonly failed: number
  readonly results: readonly { readonly query: string; readonly hits: readonly { readonly id: string; readonly line: number; readonly score: number; readonly text: string }[] }[]
  readonly ledger: { readonly accounts: readonly DemoAccount[]; readonly inFlightBefore: number; readonly inFlightAfter: number }
  readonly timing: {
    readonly buildMs: number
    readonly startMs: number
    readonly joinMs: number
    readonly submitToResultMs: number
    readonly searchMs: readonly number[]
    readonly totalMs: number
  }
}

export const writeReport = (folder: string, report: DemoReport, vectors: Float32Array): void => {
  mkdirSync(folder, { recursive: true })
  const json = (name: string, value: unknown): void => writeFileSync(join(folder, name), `${JSON.stringify(value, null, 2)}\n`)
  writeFileSync(join(folder, 'vectors.npy'), toNpy(vectors, report.dimension))
  json('results.json', report.results)
  json('ledger.json', report.ledger)
  json('timing.json', report.timing)
}

const credits = (micro: number): string => (micro / 1_000_000).toFixed(2)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const cut = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text)

export const describe = (report: DemoReport, paid: ReadonlyMap<string, number>): string => {
  const lines: string[] = ['']
  for (const { query, hits } of report.results) {
    lines.push(`  “${query}”`)
    for (const hit of hits) lines.push(`    ${hit.score.toFixed(3)}  ${cut(hit.text.replaceAll('\n', ' '), 96)}`)
    lines.push('')
  }
  const agreed = Object.entries(report.agreed)
    .sort(([a], [b]) => Number(b) - Number(a))
    .map(([votes, texts]) => `${texts} texts by ${votes} of 3`)
  lines.push(`  ${report.texts} texts, ${report.dimension} numbers each, model ${report.model}. Agreed: ${agreed.join(', ')}.`, '')
  const head = ['', 'before', 'after', 'paid', 'accepted', 'rejected', '']
  const rows = report.ledger.accounts.map((a) => [
    a.name,
    credits(a.before),
    credits(a.after),
    paid.has(a.name) ? credits(paid.get(a.name)!) : '',
    a.role === 'worker' ? String(a.accepted) : '',
    a.role === 'worker' ? String(a.rejected) : '',
    a.role === 'worker' && a.rejected > a.accepted ? '← outvoted, not paid' : '',
  ])
  lines.push(...table([head, ...rows]))
  const { inFlightBefore, inFlightAfter } = report.ledger
  const sum = (of: 'before' | 'after'): number => report.ledger.accounts.reduce((total, a) => total + a[of], 0)
  lines.push('', `  Sum of all accounts and what is in flight: ${credits(sum('before') + inFlightBefore)} before, ${credits(sum('after') + inFlightAfter)} after: nothing was made or lost.`)
  const { timing } = report
  lines.push(`  Build ${seconds(timing.buildMs)}, start ${seconds(timing.startMs)}, join ${seconds(timing.joinMs)}, submit to result ${seconds(timing.submitToResultMs)}, search ${timing.searchMs.map((ms) => `${ms.toFixed(0)} ms`).join(', ')}, all ${seconds(timing.totalMs)}.`, '')
  return lines.join('\n')
}

/** First column to the left, the rest to the right, as figures are read; the last is a remark. */
const table = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((r) => r[c]!.length)))
  return rows.map((r) => `  ${r.map((cell, c) => (c === 0 || c === r.length - 1 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('   ')}`.trimEnd())
}
