/** Exact search in a Worker of its own, so that neither the page nor work for others stands still for it. */
import type { Clock } from '../lib/clock.ts'
import { err, ok } from '../lib/result.ts'
import type { Engine } from '../tasks/engine.ts'
import { createWorkerClient } from './worker-client.ts'
import type { WorkerPort } from './worker-protocol.ts'

export interface SearchWorker {
  readonly search: Engine['search']
  readonly close: () => void
}

/** The Worker and the rows in it go when nobody searched for this long. */
const idleMsMax = 60_000
const waitingMax = 64
export const hitsMax = 10_000

export const createSearchWorker = (spawn: () => WorkerPort, clock: Clock): SearchWorker => {
  let cancelIdle = (): void => {}
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  /** The array whose copy the Worker holds: searches over one set of vectors send it once. It must not change meanwhile. */
  let sent: Float32Array | undefined
  const client = createWorkerClient(spawn, clock, () => (sent = undefined))

  const searchNow: Engine['search'] = async (vectors, dimension, queries, k) => {
    cancelIdle()
    const rows = sent === vectors ? null : vectors
    sent = vectors
    const found = await client.call({ do: 'search', rows, dimension, queries, k })
    if (!found.ok) sent = undefined
    cancelIdle = clock.after(idleMsMax, () => client.stop())
    if (found.ok) return ok(found.value)
    return err(
      found.error.type === 'crashed' ? { type: 'failed', message: `the search's Worker crashed: ${found.error.why}` } : found.error,
    )
  }

  return {
    search: async (vectors, dimension, queries, k) => {
      const whole = Number.isInteger(dimension) && dimension > 0 && vectors.length % dimension === 0 && queries.length % dimension === 0
      if (!whole) return err({ type: 'failed', message: `vectors and queries are not rows of ${dimension}` })
      if (!Number.isInteger(k) || k < 0 || k > hitsMax) return err({ type: 'failed', message: `k is ${k}, not 0 … ${hitsMax}` })
      if (waiting >= waitingMax) return err({ type: 'failed', message: `${waiting} searches wait already` })
      waiting++
      const result = last.then(() => searchNow(vectors, dimension, queries, k))
      last = result
      return result.finally(() => waiting--)
    },
    close: () => {
      cancelIdle()
      client.stop()
    },
  }
}
