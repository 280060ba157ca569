/** The demo's results as files, as one JSON object and as tables that a person enjoys reading. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toNpy } from '../../src/ui/result-files.ts'
import { sumsOf } from './ledger.ts'

/** Amounts in integer µcr, `before` and `after` as claimed − paid; `accepted` and `rejected` in texts. */
export interface DemoAccount {
  readonly name: string
  readonly role: 'requester' | 'worker' | 'issuer' | 'other'
  readonly before: number
  readonly after: number
  readonly accepted: number
  readonly rejected: number
}

export interface DemoReport {
  readonly model: string
  readonly dimension: number
  readonly texts: number
  /** Texts by how many workers agreed on them. */
  readonly agreed: Readonly<Record<string, number>>
  readonly failed: number
  /** `line` counts from 0: the row of the vectors. */
  readonly results: readonly {
    readonly query: string
    readonly hits: readonly { readonly id: string; readonly line: number; readonly score: number; readonly text: string }[]
  }[]
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

const textWidth = 88
const credits = (micro: number): string => (micro / 1_000_000).toFixed(2).replace(/^-/, '−')
const change = (micro: number): string => (micro > 0 ? `+${credits(micro)}` : credits(micro))
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const cut = (text: string): string => (text.length > textWidth ? `${text.slice(0, textWidth - 1)}…` : text)

/** `bad`: results of a worker (by name) that the certified ledger counts as bad. */
export const describe = (report: DemoReport, bad: ReadonlyMap<string, number>): string => {
  const { agreed, texts, failed, model, dimension, timing } = report
  const votes = Object.entries(agreed)
    .filter(([, n]) => n > 0)
    .sort(([a], [b]) => Number(b) - Number(a))
    .map(([n, of]) => `${of} agreed by ${n} of 3`)
  return [
    '',
    ...report.results.flatMap(describeHits),
    `  ${texts} texts, each now ${dimension} numbers of the model ${model}: ${votes.join(', ')}${failed > 0 ? `, ${failed} failed` : ''}.`,
    '',
    ...describeLedger(report.ledger, bad),
    '',
    `  build ${seconds(timing.buildMs)} · start ${seconds(timing.startMs)} · join ${seconds(timing.joinMs)} · submit to results ${seconds(timing.submitToResultMs)}` +
      `${timing.searchMs.map((ms) => ` · search ${ms.toFixed(0)} ms`).join('')} · all ${seconds(timing.totalMs)}`,
    '',
    '',
  ].join('\n')
}

const describeHits = ({ query, hits }: DemoReport['results'][number]): readonly string[] => [
  `  “${query}”`,
  ...hits.map((hit) => `    ${hit.score.toFixed(3)}  ${cut(hit.text.replaceAll(/\s+/g, ' '))}`),
  '',
]

const describeLedger = (ledger: DemoReport['ledger'], bad: ReadonlyMap<string, number>): readonly string[] => {
  const sums = sumsOf(ledger)
  const balances = (name: string, before: number, after: number): readonly string[] => [name, credits(before), credits(after)]
  const head = ['credits', 'before', 'after', 'change', 'accepted', 'outvoted', '']
  const rows = ledger.accounts.map((a) => [
    ...balances(a.name, a.before, a.after),
    change(a.after - a.before),
    ...(a.role === 'worker' ? [String(a.accepted), String(a.rejected)] : ['', '']),
    a.rejected > 0
      ? `← outvoted by the others${a.after === a.before ? ', not paid' : ''}; bad results in the ledger: ${bad.get(a.name) ?? 0}`
      : '',
  ])
  const rest = (cells: readonly string[], remark: string): readonly string[] => [...cells, '', '', '', remark]
  const conserved = sums.before === 0 && sums.after === 0
  return table([
    head,
    ...rows,
    rest(balances('in flight', ledger.inFlightBefore, ledger.inFlightAfter), ''),
    rest(balances('sum', sums.before, sums.after), conserved ? 'nothing was made or lost' : '← THIS MUST BE ZERO'),
  ])
}

/** First column to the left, figures to the right, the remark to the left; a rule under the head and over the sum. */
const table = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((r) => r[c]!.length)))
  const isText = (c: number): boolean => c === 0 || c === widths.length - 1
  const lines = rows.map((r) =>
    `  ${r.map((cell, c) => (isText(c) ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('   ')}`.trimEnd(),
  )
  const rule = `  ${'─'.repeat(widths.slice(0, -1).reduce((sum, w) => sum + w + 3, -3))}`
  return [lines[0]!, rule, ...lines.slice(1, -1), rule, lines.at(-1)!]
}
