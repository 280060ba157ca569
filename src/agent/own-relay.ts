/**
 * One network for two parts in one process: the node, and the relay's part that a founder plays beside it. To each the other is a
 * peer; what one says to the other takes no link. What comes from outside reaches both, but for the relay what only nodes speak of.
 */
import type { DeviceCertificate, NodeId } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { ok } from '../lib/result.ts'
import type { Network, Peer } from '../network/network.ts'
import type { WireMessage, WireType } from '../network/wire.ts'

/** The node answers these itself, and a relay counts what it is asked. */
const nodeOnly: ReadonlySet<WireType> = new Set([
  'policy?',
  'policy',
  'notice?',
  'notice',
  'signed',
  'chunk',
  'want',
  'witness',
  'evidence?',
])

type Listener = Parameters<Network['onMessage']>[0]

export interface SplitNetwork {
  /** As it was, and what the relay's part says comes from oneself. */
  readonly node: Network
  /** Sees the node as one peer more. */
  readonly relay: Network
}

export const splitNetwork = (network: Network, { device, root }: DeviceCertificate, clock: Clock): SplitNetwork => {
  const self = toHex(device)
  const listeners = { node: new Set<Listener>(), relay: new Set<Listener>() }
  const own: Peer = { id: self, device, root, role: 'node', via: 'webrtc', sinceMs: clock.now(), silentMs: 0, sleptMs: 0, latencyMs: 0 }
  /** Not at once: whoever sends has not finished what it does. */
  const hand = (to: keyof typeof listeners, message: WireMessage): void =>
    void clock.after(0, () => {
      for (const tell of listeners[to]) tell(self, message, false)
    })
  const side = (which: keyof typeof listeners, other: keyof typeof listeners): Network => ({
    ...network,
    send: async (to: NodeId, message) => {
      if (to !== self) return network.send(to, message)
      hand(other, message)
      return ok(undefined)
    },
    onMessage: (listener) => {
      listeners[which].add(listener)
      const stop = network.onMessage((from, message, forwarded) => {
        if (which === 'node' || !nodeOnly.has(message[0])) listener(from, message, forwarded)
      })
      return () => {
        listeners[which].delete(listener)
        stop()
      }
    },
    blame: (id, reason) => (id === self ? undefined : network.blame(id, reason)),
  })
  return {
    node: side('node', 'relay'),
    relay: {
      ...side('relay', 'node'),
      peers: () => [...network.peers(), own],
      peer: (id) => (id === self ? own : network.peer(id)),
      onPeer: (listener) => {
        clock.after(0, () => listener(own, 'joined'))
        return network.onPeer(listener)
      },
    },
  }
}
