/** What a worker takes on: the price it asks, the places that it has, and the agreements that it refuses. Pure. */
import { agreementsPerRequesterMax, agreementsPerWorkerMax, quotesPerRequesterMax } from '../contract/limits.ts'
import type { Body } from '../contract/messages.ts'
import { deadlineMax, type Hire } from '../contract/worker.ts'
import { highPriorityPrice, listPrice, owedMicro, tabShare } from '../economy/price.ts'
import type { DeviceCertificate, NodeId } from '../identity/keys.ts'
import { equalBytes, fromHex } from '../lib/bytes.ts'
import type { Engine } from '../tasks/engine.ts'

/** µcr per 10⁶ units. */
export const priceOf = ({ maxPrice, priority }: Body<'sow'>): number =>
  Math.min(maxPrice, priority === 'high' ? highPriorityPrice : listPrice)

export const costMicro = (units: number, price: number): number => Number(owedMicro(tabShare(units, price)))

/** A task that the engine has: its cost is not on the tab yet. */
export interface Execution {
  readonly abort: AbortController
  readonly requester: NodeId
  readonly micro: number
}
/** What this requester's going would cost beyond what is delivered. */
export const underWayMicro = (executing: Iterable<Execution>, requester: NodeId): number =>
  [...executing].filter((e) => e.requester === requester).reduce((sum, e) => sum + e.micro, 0)

/** Undefined: no such model here now. */
export const quoteOf = (
  hire: Hire,
  from: {
    readonly classes: ReturnType<Engine['classes']>
    readonly hires: readonly Hire[]
    readonly msPerText: number
    readonly stepMicro: number
    readonly device: DeviceCertificate
  },
): Body<'quote'> | undefined => {
  const classes = from.classes.filter((c) => c.model === hire.sow.model).map((c) => c.resultClass)
  if (classes.length === 0) return undefined
  const texts = Math.max(1, Math.ceil(hire.sow.units / from.stepMicro))
  const queued = from.hires.filter((h) => h.phase === 'received' || h.phase === 'agreed').length
  return {
    sow: fromHex(hire.id)!,
    price: priceOf(hire.sow),
    etaMs: Math.round(texts * from.msPerText * (1 + queued)),
    classes: classes.slice(0, 8),
    kem: hire.kemPublic,
    root: from.device.root,
    certificate: from.device.signature,
  }
}

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
  if (!hire || hire.requester !== from || hire.phase !== 'quoted' || hire.quote === null || !equalBytes(hire.quote.id, body.quote))
    return 'no such quote any more'
  if (body.price !== hire.quote.body.price || body.units > hire.sow.units || body.units === 0) return 'not the price or units quoted for'
  if (!hire.quote.body.classes.includes(body.resultClass)) return 'not a class quoted for'
  if (body.deadline < now || body.deadline > deadlineMax(hire.quote.body.etaMs, now) || !willing) return 'no time for it'
  return noPlace(hires, from) ? 'no place left' : undefined
}
