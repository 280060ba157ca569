/**
 * A tab: what we owe one payee in all, in the figures of its cumulative `pay` line (spec: tasks.md, *Tabs*).
 *
 * Prices differ from task to task, so the exact sum is kept (units × price, in millionths of a µcr) and rounded up once, here.
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
  readonly units: number
  readonly ok: number
  readonly bad: number
}

const recordSchema = v.strictObject({ share: v.pipe(text(60), v.regex(/^\d+$/)), units: uint(), ok: uint(), bad: uint() })

export const tabToRecord = (tab: Tab): StoreValue => ({ ...tab, share: `${tab.share}` })

/**
 * The stored tab, never behind what the chain has paid: where an old copy of the profile came back, certified payments may be
 * ahead of it, and figures of a `pay` line never fall.
 */
export const tabFrom = (record: StoreValue | undefined, paid: PaidFigures = nothingPaid): Tab => {
  const parsed = parse(recordSchema, record ?? { share: '0', units: 0, ok: 0, bad: 0 })
  assert(parsed.ok, 'a tab record of ours')
  const { share, units, ok, bad } = parsed.value
  const paidShare = BigInt(paid.total) * unitsScale
  return {
    share: BigInt(share) > paidShare ? BigInt(share) : paidShare,
    units: Math.max(units, paid.units),
    ok: Math.max(ok, paid.ok),
    bad: Math.max(bad, paid.bad),
  }
}

export const tabTotal = (tab: Tab): number => toCounter(owedMicro(tab.share))

/** One result accepted, for these units at this price, or one rejected, for nothing. */
export const withResult = (
  tab: Tab,
  { units, price, accepted }: { readonly units: number; readonly price: number; readonly accepted: boolean },
): Tab =>
  accepted
    ? { share: tab.share + tabShare(units, price), units: tab.units + units, ok: tab.ok + 1, bad: tab.bad }
    : { ...tab, bad: tab.bad + 1 }

export const sameFigures = (tab: Tab, paid: PaidFigures): boolean =>
  tabTotal(tab) === paid.total && tab.units === paid.units && tab.ok === paid.ok && tab.bad === paid.bad
