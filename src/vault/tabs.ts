/**
 * A tab: what we owe one payee in all, in the figures of its cumulative `pay` line (spec: tasks.md, *Tabs*).
 *
 * Prices differ from task to task, so the exact sum is kept (units × price, in millionths of a µcr) and rounded up once, here.
 * Where work is paid ahead of, the line's total may run before that sum: what is ahead is credit that later work uses up. A step that
 * was promised and is in no entry counts as long as its agreement is open (steps.ts).
 */
import * as v from 'valibot'
import { owedMicro, tabShare, toCounter, unitsScale } from '../economy/price.ts'
import { type PaidFigures, nothingPaid } from '../ledger/chain-state.ts'
import { assert } from '../lib/assert.ts'
import { parse, text, uint } from '../lib/schema.ts'
import type { StoreValue } from '../lib/store.ts'

export interface Tab {
  /** Σ units × price of what was accepted. */
  readonly share: bigint
  /** What the payee's `pay` line says or was promised to say, in µcr, done work or not. */
  readonly aheadTo: number
  readonly units: number
  readonly ok: number
  readonly bad: number
}

const recordSchema = v.strictObject({
  share: v.pipe(text(60), v.regex(/^\d+$/)),
  // Records of earlier versions lack it.
  aheadTo: v.optional(uint(), 0),
  units: uint(),
  ok: uint(),
  bad: uint(),
})

export const tabToRecord = (tab: Tab): StoreValue => ({ ...tab, share: `${tab.share}` })

/**
 * The stored tab, never behind what the chain has paid: where an old copy of the profile came back, certified payments may be
 * ahead of all it knows. They count as owed then, as nobody can tell what for they were made; figures of a `pay` line never fall.
 * `promisedTo`: the most that open steps promise this payee.
 */
export const tabFrom = (record: StoreValue | undefined, paid: PaidFigures = nothingPaid, promisedTo = 0): Tab => {
  const parsed = parse(recordSchema, record ?? { share: '0', units: 0, ok: 0, bad: 0 })
  assert(parsed.ok, 'a tab record of ours')
  const { share, aheadTo, units, ok, bad } = parsed.value
  const known = { share: BigInt(share), aheadTo }
  return {
    share: paid.total > payTotal(known) ? BigInt(paid.total) * unitsScale : known.share,
    aheadTo: Math.max(Math.min(aheadTo, paid.total), promisedTo),
    units: Math.max(units, paid.units),
    ok: Math.max(ok, paid.ok),
    bad: Math.max(bad, paid.bad),
  }
}

/** What accepted work comes to, in µcr: the word of a voucher. */
export const tabTotal = ({ share }: Pick<Tab, 'share'>): number => toCounter(owedMicro(share))

/** What its `pay` line is to say, in µcr. */
export const payTotal = (tab: Pick<Tab, 'share' | 'aheadTo'>): number => Math.max(tabTotal(tab), tab.aheadTo)

/** Credit that the payee has of us: later work uses it up. In µcr. */
export const aheadMicro = (tab: Tab): number => payTotal(tab) - tabTotal(tab)

/** One result accepted, for these units at this price, or one rejected, for nothing. */
export const withResult = (
  tab: Tab,
  { units, price, accepted }: { readonly units: number; readonly price: number; readonly accepted: boolean },
): Tab =>
  accepted ? { ...tab, share: tab.share + tabShare(units, price), units: tab.units + units, ok: tab.ok + 1 } : { ...tab, bad: tab.bad + 1 }

export const sameFigures = (tab: Tab, paid: PaidFigures): boolean =>
  payTotal(tab) === paid.total && tab.units === paid.units && tab.ok === paid.ok && tab.bad === paid.bad
