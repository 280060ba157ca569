/** Who is linked with whom, as the neighbours say: where a node in want of links finds whom to be introduced to, and by whom. */
import type { NodeId } from '../identity/keys.ts'
import type { Clock } from '../lib/clock.ts'
import { type Random, randomBelow } from '../lib/random.ts'

/**
 * Of two that see each other, the one with the lower key asks at once and the other only after this time: one offer rather
 * than two that cross.
 */
export const patienceMs = 4_000

export interface Candidate {
  readonly id: NodeId
  readonly via: NodeId
}

export interface Neighbourhood {
  readonly say: (neighbour: NodeId, peers: readonly NodeId[]) => void
  readonly gone: (neighbour: NodeId) => void
  /** Someone fit, by chance, and a neighbour of ours who knows them. */
  readonly pick: (fit: (id: NodeId) => boolean) => Candidate | undefined
  /** The neighbours that said they are linked with this one. */
  readonly ways: (id: NodeId) => readonly NodeId[]
}

export const createNeighbourhood = (self: NodeId, clock: Clock, random: Random): Neighbourhood => {
  const said = new Map<NodeId, ReadonlySet<NodeId>>()
  const since = new Map<NodeId, number>()
  /** Everyone that a neighbour has named. */
  let all: ReadonlySet<NodeId> = new Set()
  const age = (): void => {
    all = new Set([...said.values()].flatMap((peers) => [...peers]))
    for (const id of since.keys()) if (!all.has(id)) since.delete(id)
    for (const id of all) if (!since.has(id)) since.set(id, clock.now())
  }
  const ways = (id: NodeId): NodeId[] => [...said].filter(([, peers]) => peers.has(id)).map(([neighbour]) => neighbour)
  const any = <T>(items: readonly T[]): T | undefined => (items.length > 0 ? items[randomBelow(random, items.length)] : undefined)
  return {
    say: (neighbour, peers) => {
      said.set(neighbour, new Set(peers))
      age()
    },
    gone: (neighbour) => {
      said.delete(neighbour)
      age()
    },
    pick: (fit) => {
      const fits = [...all].filter((id) => id !== self && (self < id || clock.now() - (since.get(id) ?? 0) >= patienceMs) && fit(id))
      const id = any(fits)
      const via = id === undefined ? undefined : any(ways(id))
      return id === undefined || via === undefined ? undefined : { id, via }
    },
    ways,
  }
}
