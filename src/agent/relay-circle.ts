/** The other relays of a swarm: who of them is linked now, and a word to one or all of them. */
import type { NodeId } from '../identity/keys.ts'
import type { Network } from '../network/network.ts'
import type { WireMessage } from '../network/wire.ts'

export interface Circle {
  /** Whether this is another relay of the swarm, linked or not. */
  readonly has: (id: NodeId) => boolean
  readonly size: number
  /** Those that are linked now. */
  readonly linked: () => readonly NodeId[]
  readonly tell: (message: WireMessage, except?: NodeId) => void
  readonly send: (id: NodeId, message: WireMessage) => void
}

export const createCircle = (network: Pick<Network, 'peers' | 'send'>, others: ReadonlySet<NodeId>): Circle => {
  const send = (id: NodeId, message: WireMessage): void => void network.send(id, message)
  return {
    has: (id) => others.has(id),
    size: others.size,
    linked: () => network.peers().flatMap(({ id }) => (others.has(id) ? [id] : [])),
    send,
    tell: (message, except) => {
      for (const { id } of network.peers()) if (others.has(id) && id !== except) send(id, message)
    },
  }
}
