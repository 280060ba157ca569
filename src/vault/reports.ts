/**
 * What is known here of workers' results: own payments, and what those say whom this chain has paid, beside us, in the entries that pay
 * us (spec: economy.md, *Reputation*). From it an agent reckons whom it trusts (agent/personal-trust.ts); nobody was asked for it.
 *
 * Entries name totals since ever. What is new in them counts as of the entry's date, so that what was long ago fades while more comes.
 *
 * | table   | key   | value                                                                                  |
 * | ------- | ----- | -------------------------------------------------------------------------------------- |
 * | reports | payer | [ms, [payee, µcr, ok, bad, and both as they have faded by then, in thousandths][]]      |
 */
import * as v from 'valibot'
import { type Report, raised } from '../economy/reports.ts'
import { agedTally, type Tally } from '../economy/tally.ts'
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { type ParsedEntry, payLines } from '../ledger/entry.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { key32, parse, uint } from '../lib/schema.ts'
import type { Store, StoreValue, Write } from '../lib/store.ts'

/** Payers whose word is kept; the one that has said nothing for longest goes first. */
export const payersMax = 256
/** Of one payer those that it has named last. */
export const linesMax = 128

export interface PaidReport {
  readonly payer: PublicKey
  readonly payee: PublicKey
  /** Paid since ever. */
  readonly micro: number
  readonly tally: Tally
}

interface Line extends Report {
  readonly micro: number
}
/** Oldest first: those that were named last stand last. */
type Lines = Map<NodeId, Line>

const recordSchema = v.strictTuple([
  uint(),
  v.pipe(v.array(v.strictTuple([key32, uint(), uint(), uint(), uint(), uint()])), v.maxLength(linesMax)),
])
const read = (record: StoreValue | undefined): Lines => {
  const kept = parse(recordSchema, record)
  const [asOfMs, lines] = kept.ok ? kept.value : [0, []]
  return new Map(
    lines.map(([payee, micro, ok, bad, fadedOk, fadedBad]) => [
      toHex(payee),
      { micro, counters: { ok, bad }, tally: { ok: fadedOk / 1_000, bad: fadedBad / 1_000, asOfMs } },
    ]),
  )
}
/** Whoever claims more than that claims no more by it. */
const countMax = 1_000_000
const thousandths = (count: number): number => Math.round(Math.min(count, countMax) * 1_000)
const recordOf = (lines: Lines, nowMs: number): StoreValue => [
  nowMs,
  [...lines].slice(-linesMax).map(([payee, { micro, counters, tally }]) => {
    const { ok, bad } = agedTally(tally, nowMs)
    return [fromHex(payee)!, micro, counters.ok, counters.bad, thousandths(ok), thousandths(bad)]
  }),
]

/** With what these certified entries say of work, oldest first. Grants, and payments without a result, say nothing of it. */
export const reportWrites = async (
  store: Pick<Store, 'get' | 'list'>,
  entries: readonly Pick<ParsedEntry, 'entry'>[],
  nowMs: number,
): Promise<readonly Write[]> => {
  const told = new Map<NodeId, Lines>()
  for (const { entry } of entries) {
    const payer = toHex(entry.author)
    const lines = told.get(payer) ?? read(await store.get('reports', payer))
    for (const [payee, micro, , ok, bad] of payLines(entry)) {
      const report = raised(lines.get(toHex(payee)), { ok, bad }, { atMs: entry.time, nowMs })
      if (!report) continue
      told.set(payer, lines)
      lines.delete(toHex(payee))
      lines.set(toHex(payee), { micro, ...report })
    }
  }
  if (told.size === 0) return []
  const kept = (await store.list('reports')).filter(([payer]) => !told.has(payer))
  const surplus = kept
    .toSorted(([, a], [, b]) => (a as readonly [number])[0] - (b as readonly [number])[0])
    .slice(0, Math.max(0, kept.length + told.size - payersMax))
  return [
    ...[...told].map(([payer, lines]): Write => ({ table: 'reports', key: payer, value: recordOf(lines, nowMs) })),
    ...surplus.map(([payer]): Write => ({ table: 'reports', key: payer, remove: true })),
  ]
}

export const reportsIn = async (store: Pick<Store, 'list'>): Promise<readonly PaidReport[]> =>
  (await store.list('reports')).flatMap(([payer, record]) =>
    [...read(record)].map(([payee, { micro, tally }]) => ({ payer: fromHex(payer)!, payee: fromHex(payee)!, micro, tally })),
  )
