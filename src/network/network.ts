/** The network as the agent sees it: bound peers, messages to and from them, gossip. Implemented by `createNetwork`. */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import type { Result } from '../lib/result.ts'
import type { Link } from './ports.ts'
import type { WireMessage } from './wire.ts'

export interface Peer {
  readonly id: NodeId
  readonly device: PublicKey
  /** The identity (root key) that certified the device. */
  readonly root: PublicKey
  readonly role: 'node' | 'relay'
  readonly via: 'webrtc' | 'url'
  readonly sinceMs: number
  /** Of the time since, how long it kept us waiting for a word: each time what goes beyond `quietMsMax` (session.ts). */
  readonly silentMs: number
  /** Of the time since, how long this machine itself slept. */
  readonly sleptMs: number
  readonly latencyMs: number | undefined
  /** IP address, where the link tells it (a relay's accepted ones do). */
  readonly address?: string | undefined
}

export type SendError = { readonly type: 'no-route' | 'too-large' | 'closed' }

/** Why there are no peers, in the words of the user interface's reasons. */
export interface NetworkStatus {
  readonly relays: readonly {
    readonly url: string
    readonly state: 'connecting' | 'open' | 'unreachable' | 'refused'
    readonly why?: string
  }[]
  readonly trackers: readonly { readonly url: string; readonly state: 'connecting' | 'open' | 'unreachable' }[]
  readonly peers: readonly Peer[]
  /** The last who answered did not let us in, because the founder has put us on the block list. */
  readonly turnedAway: boolean
}

/** What the founder's newest notice says of whom to link with. */
export interface Ground {
  /** Dialled before those of the link. */
  readonly relays: readonly string[]
  /** Whether one may link with a device and its identity. */
  readonly admits: (...keys: readonly Uint8Array[]) => boolean
}

export interface Network {
  readonly status: () => NetworkStatus
  readonly peers: () => readonly Peer[]
  /** By direct link, else forwarded by a relay. Resolves when the link's buffer has room again (back-pressure). */
  /** Undefined where it is not linked. */
  readonly peer: (id: NodeId) => Peer | undefined
  readonly send: (to: NodeId, message: WireMessage) => Promise<Result<void, SendError>>
  /** To every neighbour; receivers pass it on to a few while hops are left, each id once, and once more when it comes with more hops. */
  readonly gossip: (message: WireMessage & readonly ['signed', unknown]) => void
  /** A message that passed schema, size and rate at the door. `forwarded`: whoever brought it only carries it, or a relay vouches for `from`. */
  readonly onMessage: (listener: (from: NodeId, message: WireMessage, forwarded: boolean) => void) => () => void
  readonly onPeer: (listener: (peer: Peer, change: 'joined' | 'left') => void) => () => void
  readonly onStatus: (listener: () => void) => () => void
  /** The agent found an error in what this peer said: costs score; enough of it drops and backs off. */
  readonly blame: (id: NodeId, reason: string) => void
  /** A relay's or a test's incoming link: hello, then a peer like any other. */
  readonly accept: (link: Link) => void
  /** A link with this peer is wanted before all others, and is taken also where there are enough. */
  readonly seek: (id: NodeId) => void
  /** From now on so: links with whom is not admitted any more are closed. */
  readonly ground: (ground: Ground) => void
  /** The machine woke up or its network came back: tries everything again at once. */
  readonly wake: () => void
  readonly close: () => void
}
