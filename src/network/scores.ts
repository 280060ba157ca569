/**
 * Who sent what no honest peer sends. Faults add up and fade; too many at once and the peer is dropped and refused for a
 * while that doubles with each time, up to an hour.
 */
import type { NodeId } from '../identity/keys.ts'
import type { Clock } from '../lib/clock.ts'

export const faultsMax = 30
/** One point is forgiven in this time. */
const forgivePointMs = 10_000
export const firstBackOffMs = 30_000
export const backOffMsMax = 3_600_000
const peersMax = 1_024

interface Record {
  readonly points: number
  readonly at: number
  readonly drops: number
  readonly until: number
}

export interface Scores {
  /** True: that was too much, drop it now. */
  readonly fault: (id: NodeId, points: number) => boolean
  readonly backedOff: (id: NodeId) => boolean
}

export const createScores = (clock: Clock): Scores => {
  const records = new Map<NodeId, Record>()
  const put = (id: NodeId, record: Record): void => {
    records.delete(id)
    records.set(id, record)
    if (records.size > peersMax) records.delete(records.keys().next().value!)
  }
  return {
    fault: (id, points) => {
      const now = clock.now()
      const old = records.get(id) ?? { points: 0, at: now, drops: 0, until: 0 }
      const sum = Math.max(0, old.points - (now - old.at) / forgivePointMs) + points
      if (sum < faultsMax) {
        put(id, { ...old, points: sum, at: now })
        return false
      }
      put(id, { points: 0, at: now, drops: old.drops + 1, until: now + Math.min(backOffMsMax, firstBackOffMs * 2 ** old.drops) })
      return true
    },
    backedOff: (id) => (records.get(id)?.until ?? 0) > clock.now(),
  }
}
