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
  /** What a neighbour says of its links. With relays nobody is introduced: they are dialled. */
  readonly say: (neighbour: NodeId, peers: readonly NodeId[], relays: readonly NodeId[]) => void
  readonly gone: (neighbour: NodeId) => void
  /** Someone fit, by chance, and a neighbour of ours who knows them. */
  readonly pick: (fit: (id: NodeId) => boolean) => Candidate | undefined
  /** Whether this neighbour has said that it is linked with that one. */
  readonly linked: (neighbour: NodeId, id: NodeId) => boolean
  /** The neighbours that said they are linked with this one. */
  readonly ways: (id: NodeId) => readonly NodeId[]
}

export const createNeighbourhood = (self: NodeId, clock: Clock, random: Random): Neighbourhood => {
  const said = new Map<NodeId, ReadonlySet<NodeId>>()
  const relaysOf = new Map<NodeId, ReadonlySet<NodeId>>()
  /** Everyone that a neighbour names: by how many, and since when. */
  const named = new Map<NodeId, { readonly by: number; readonly sinceMs: number }>()
  /** What is named now is counted before what was, so that who stays keeps its time. */
  const replace = (neighbour: NodeId, peers: ReadonlySet<NodeId>): void => {
    for (const id of peers) named.set(id, { by: (named.get(id)?.by ?? 0) + 1, sinceMs: named.get(id)?.sinceMs ?? clock.now() })
    for (const id of said.get(neighbour) ?? []) {
      const { by, sinceMs } = named.get(id)!
      if (by > 1) named.set(id, { by: by - 1, sinceMs })
      else named.delete(id)
    }
  }
  const ways = (id: NodeId): NodeId[] => [...said].filter(([, peers]) => peers.has(id)).map(([neighbour]) => neighbour)
  const any = <T>(items: readonly T[]): T | undefined => (items.length > 0 ? items[randomBelow(random, items.length)] : undefined)
  return {
    say: (neighbour, peers, relays) => {
      const next = new Set(peers)
      replace(neighbour, next)
      said.set(neighbour, next)
      relaysOf.set(neighbour, new Set(relays))
    },
    gone: (neighbour) => {
      replace(neighbour, new Set())
      said.delete(neighbour)
      relaysOf.delete(neighbour)
    },
    pick: (fit) => {
      const fits = [...named]
        .filter(([id, { sinceMs }]) => id !== self && (self < id || clock.now() - sinceMs >= patienceMs) && fit(id))
        .map(([id]) => id)
      const id = any(fits)
      const via = id === undefined ? undefined : any(ways(id))
      return id === undefined || via === undefined ? undefined : { id, via }
    },
    linked: (neighbour, id) => [said, relaysOf].some((links) => links.get(neighbour)?.has(id)),
    ways,
  }
}
