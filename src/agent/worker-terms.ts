/** What a worker takes on: the price it asks, the places that it has, and the agreements that it refuses. Pure. */
import { agreementsPerRequesterMax, agreementsPerWorkerMax, quotesPerRequesterMax } from '../contract/limits.ts'
import type { Body } from '../contract/messages.ts'
import { deadlineMax, type Hire } from '../contract/worker.ts'
import { owedMicro, priceFor, tabShare } from '../economy/price.ts'
import type { Policy } from '../economy/policy.ts'
import type { DeviceCertificate, NodeId } from '../identity/keys.ts'
import { equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Network } from '../network/network.ts'
import type { Engine } from '../tasks/engine.ts'

/** µcr per 10⁶ units. */
export const priceOf = ({ maxPrice, priority }: Body<'sow'>, highPriority: number): number =>
  Math.min(maxPrice, priceFor(priority, highPriority))

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

/** A requester that pays ahead may leave this part of what it has paid unpaid. */
const paidPerTab = 10

/** Unpaid work that a requester may have of this worker: in swarms that pay ahead, what it has paid here earns it. In µcr. */
export const tabOf = ({ tabMicro, prepayMicro }: Pick<Policy, 'tabMicro' | 'prepayMicro'>, certifiedMicro: number): number =>
  prepayMicro === 0 ? tabMicro : Math.min(tabMicro, Math.floor(certifiedMicro / paidPerTab))

/** Neither tab nor step can hold it: it would be waited for in vain. */
export const beyondReach = (sow: Body<'sow'>, policy: Policy, certifiedMicro: number): boolean =>
  costMicro(sow.units, priceOf(sow, policy.highPriority)) > tabOf(policy, certifiedMicro) + policy.prepayMicro

/** Agreed on and not delivered: it is not on the tab yet, and will be. */
export const agreedMicro = (hires: readonly Hire[], requester: NodeId): number =>
  hires
    .filter((h) => h.requester === requester && (h.phase === 'agreed' || h.phase === 'received'))
    .reduce((sum, h) => sum + costMicro(h.agreement!.body.units, h.agreement!.body.price), 0)

/** Undefined: no such model here now. */
export const quoteOf = (
  hire: Hire,
  from: {
    readonly classes: ReturnType<Engine['classes']>
    readonly hires: readonly Hire[]
    readonly msPerText: number
    readonly policy: Pick<Policy, 'prices' | 'highPriority'>
    readonly device: DeviceCertificate
  },
): Body<'quote'> | undefined => {
  const classes = from.classes.filter((c) => c.model === hire.sow.model).map((c) => c.resultClass)
  if (classes.length === 0) return undefined
  const texts = Math.max(1, Math.ceil(hire.sow.units / from.policy.prices.embedding))
  const price = priceOf(hire.sow, from.policy.highPriority)
  // Work takes turns by its price (the engine's weight): beside dearer work it takes longer, beside cheaper less.
  const queued = from.hires
    .filter((h) => h.phase === 'received' || h.phase === 'agreed')
    .reduce((sum, h) => sum + h.agreement!.body.price / price, 0)
  return {
    sow: fromHex(hire.id)!,
    price,
    stepMicro: hire.stepMicro ?? from.policy.prices.embedding,
    etaMs: Math.round(texts * from.msPerText * (1 + queued)),
    classes: classes.slice(0, 8),
    kem: hire.kemPublic,
    root: from.device.root,
    certificate: from.device.signature,
  }
}

/** The identity of a device, as far as it is known; two devices of one are one requester. */
export type IdentityOf = (device: NodeId) => string

/** The identity where it is linked with us; else the device speaks for itself. */
export const linkedIdentity =
  (network: Pick<Network, 'peer'>): IdentityOf =>
  (device) => {
    const peer = network.peer(device)
    return peer ? toHex(peer.root) : device
  }

const ofRequester = (hires: readonly Hire[], requester: NodeId, identityOf: IdentityOf): readonly Hire[] =>
  hires.filter((h) => h.requester === requester || identityOf(h.requester) === identityOf(requester))

const takenBy = (hires: Iterable<Hire>): readonly Hire[] => [...hires].filter((h) => h.phase === 'agreed' || h.phase === 'received')

/** No place for anybody. */
export const isFull = (hires: Iterable<Hire>): boolean => takenBy(hires).length >= agreementsPerWorkerMax

/** Agreements are places, and one requester gets not all of them. */
const noPlace = (hires: readonly Hire[], requester: NodeId, identityOf: IdentityOf): boolean => {
  const taken = takenBy(hires)
  return taken.length >= agreementsPerWorkerMax || ofRequester(taken, requester, identityOf).length >= agreementsPerRequesterMax
}

/** Keys of sows that wait for a place, the best paid first; of one price those that waited longest. */
export const dearestFirst = (
  sows: ReadonlyMap<string, { readonly message: { readonly body: Body<'sow'> } }>,
  highPriority: number,
): readonly string[] => {
  const priced = [...sows].map(([key, { message }]) => ({ key, price: priceOf(message.body, highPriority) }))
  return priced.sort((a, b) => b.price - a.price).map(({ key }) => key)
}

/** No further quote: quotes are no places yet, but one requester gets only so many at once. */
export const atLimit = (hires: readonly Hire[], requester: NodeId, identityOf: IdentityOf): boolean =>
  noPlace(hires, requester, identityOf) ||
  ofRequester(
    hires.filter((h) => h.phase === 'quoted'),
    requester,
    identityOf,
  ).length >= quotesPerRequesterMax

/** Why this worker does not agree; undefined: it does. `hire`: what it quoted for, if it did. */
export const whyNot = (
  hire: Hire | undefined,
  from: NodeId,
  body: Body<'agreement'>,
  {
    hires,
    willing,
    now,
    identityOf,
  }: { readonly hires: readonly Hire[]; readonly willing: boolean; readonly now: number; readonly identityOf: IdentityOf },
): string | undefined => {
  if (!hire || hire.requester !== from || hire.phase !== 'quoted' || hire.quote === null || !equalBytes(hire.quote.id, body.quote))
    return 'no such quote any more'
  if (body.price !== hire.quote.body.price || body.units > hire.sow.units || body.units === 0) return 'not the price or units quoted for'
  if (!hire.quote.body.classes.includes(body.resultClass)) return 'not a class quoted for'
  if (body.deadline < now || body.deadline > deadlineMax(hire.quote.body.etaMs, now) || !willing) return 'no time for it'
  return noPlace(hires, from, identityOf) ? 'no place left' : undefined
}
