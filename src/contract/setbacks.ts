/**
 * Who failed lately, by this node's own experience alone (spec: economy.md, *Limits*): an identity that let a task wait in vain is not
 * hired for a while that doubles with each failure in a row, up to an hour. One result that was accepted ends it; so does time.
 */
import { setbackFirstMs, setbackForgetMs, setbackMsMax } from './limits.ts'

/** Remembered at once; the longest known go first. */
const identitiesMax = 1_024

export interface Setbacks {
  readonly failed: (identity: string, now: number) => void
  readonly succeeded: (identity: string) => void
  /** Not to be hired now. */
  readonly waits: (identity: string, now: number) => boolean
}

export const createSetbacks = (): Setbacks => {
  const records = new Map<string, { readonly inRow: number; readonly untilMs: number }>()
  return {
    failed: (identity, now) => {
      const before = records.get(identity)
      const inRow = before && now - before.untilMs < setbackForgetMs ? before.inRow : 0
      records.delete(identity)
      records.set(identity, { inRow: inRow + 1, untilMs: now + Math.min(setbackMsMax, setbackFirstMs * 2 ** inRow) })
      if (records.size > identitiesMax) records.delete(records.keys().next().value!)
    },
    succeeded: (identity) => void records.delete(identity),
    waits: (identity, now) => (records.get(identity)?.untilMs ?? 0) > now,
  }
}
