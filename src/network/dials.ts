/** Whom to try again, and when: a peer that could not be reached is left alone for a span that doubles, up to five minutes. */
import type { NodeId } from '../identity/keys.ts'
import type { Clock } from '../lib/clock.ts'

export const firstRetryMs = 5_000
export const retryMsMax = 300_000
const peersMax = 512

export interface Dials {
  readonly mayTry: (id: NodeId) => boolean
  readonly failed: (id: NodeId) => void
  readonly succeeded: (id: NodeId) => void
  readonly clear: () => void
}

export const createDials = (clock: Clock): Dials => {
  const waits = new Map<NodeId, { readonly until: number; readonly spanMs: number }>()
  return {
    mayTry: (id) => (waits.get(id)?.until ?? 0) <= clock.now(),
    failed: (id) => {
      const spanMs = Math.min(retryMsMax, (waits.get(id)?.spanMs ?? firstRetryMs / 2) * 2)
      waits.delete(id)
      waits.set(id, { until: clock.now() + spanMs, spanMs })
      if (waits.size > peersMax) waits.delete(waits.keys().next().value!)
    },
    succeeded: (id) => void waits.delete(id),
    clear: () => waits.clear(),
  }
}
