/** What a worker takes on: the price it asks, the places that it has, and the agreements that it refuses. Pure. */
import { agreementsPerRequesterMax, agreementsPerWorkerMax, quotesPerRequesterMax } from '../contract/limits.ts'
import type { Body } from '../contract/messages.ts'
import { deadlineMax, type Hire } from '../contract/worker.ts'
import { highPriorityPrice, listPrice, owedMicro, tabShare } from '../economy/price.ts'
import type { NodeId } from '../identity/keys.ts'
import { equalBytes } from '../lib/bytes.ts'

/** µcr per 10⁶ units. */
export const priceOf = ({ maxPrice, priority }: Body<'sow'>): number => Math.min(maxPrice, priority === 'high' ? highPriorityPrice : listPrice)

export const costMicro = (units: number, price: number): number => Number(owedMicro(tabShare(units, price)))

/** Agreements are places, and one requester gets not all of them. */
const noPlace = (hires: readonly Hire[], requester: NodeId): boolean => {
  const taken = hires.filter((h) => h.phase === 'agreed' || h.phase === 'received')
  return taken.length >= agreementsPerWorkerMax || taken.filter((h) => h.requester === requester).length >= agreementsPerRequesterMax
}

/** No further quote: quotes are no places yet, but one requester gets only so many at once. */
export const atLimit = (hires: readonly Hire[], requester: NodeId): boolean =>
  noPlace(hires, requester) || hires.filter((h) => h.phase === 'quoted' && h.requester === requester).length >= quotesPerRequesterMax

/** Why this worker does not agree; undefined: it does. `hire`: what it quoted for, if it did. */
export const whyNot = (
  hire: Hire | undefined,
  from: NodeId,
  body: Body<'agreement'>,
  { hires, willing, now }: { readonly hires: readonly Hire[]; readonly willing: boolean; readonly now: number },
): string | undefined => {
  if (!hire || hire.requester !== from || hire.phase !== 'quoted' || hire.quote === null || !equalBytes(hire.quote.id, body.quote)) return 'no such quote any more'
  if (body.price !== hire.quote.body.price || body.units > hire.sow.units || body.units === 0) return 'not the price or units quoted for'
  if (!hire.quote.body.classes.includes(body.resultClass)) return 'not a class quoted for'
  if (body.deadline < now || body.deadline > deadlineMax(hire.quote.body.etaMs, now) || !willing) return 'no time for it'
  return noPlace(hires, from) ? 'no place left' : undefined
}
