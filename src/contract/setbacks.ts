/**
 * Who failed lately, by this node's own experience alone (spec: economy.md, *Limits*): a worker that let a task wait in vain is not
 * hired for a while that doubles with each failure in a row, up to an hour. One result that was accepted ends it; so does time.
 */
import type { NodeId } from '../identity/keys.ts'
import { setbackFirstMs, setbackForgetMs, setbackMsMax } from './limits.ts'

/** Remembered at once; the longest known go first. */
const workersMax = 1_024

export interface Setbacks {
  readonly failed: (worker: NodeId, now: number) => void
  readonly succeeded: (worker: NodeId) => void
  /** Not to be hired now. */
  readonly waits: (worker: NodeId, now: number) => boolean
}

export const createSetbacks = (): Setbacks => {
  const records = new Map<NodeId, { readonly inRow: number; readonly untilMs: number }>()
  return {
    failed: (worker, now) => {
      const before = records.get(worker)
      const inRow = before && now - before.untilMs < setbackForgetMs ? before.inRow : 0
      records.delete(worker)
      records.set(worker, { inRow: inRow + 1, untilMs: now + Math.min(setbackMsMax, setbackFirstMs * 2 ** inRow) })
      if (records.size > workersMax) records.delete(records.keys().next().value!)
    },
    succeeded: (worker) => void records.delete(worker),
    waits: (worker, now) => (records.get(worker)?.untilMs ?? 0) > now,
  }
}
