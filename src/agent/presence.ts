/**
 * How much of the time that a peer was linked with us it also answered (spec: economy.md, *Reputation*): up to its last word, and as
 * long after it as it takes to ask and be answered. Of this run of the agent alone: who was silent last week may be another machine today.
 */
import { noUptime, onGoodbye, onHello, onProbe, type Uptime, uptimeShare } from '../economy/uptime.ts'
import type { NodeId } from '../identity/keys.ts'
import type { Clock } from '../lib/clock.ts'
import type { Network, Peer } from '../network/network.ts'

/** A peer is asked after some 20 s without a word (network/session.ts); who is silent for so long has not answered. */
export const quietMsMax = 25_000
const peersMax = 1_024

/** 0 … 1; 1 where there was no silence. */
export type UptimeOf = (peer: NodeId) => number

export const followUptime = (clock: Clock, network: Pick<Network, 'peer' | 'peers' | 'onPeer'>): UptimeOf => {
  /** The longest unseen first. */
  const known = new Map<NodeId, Uptime>()
  const counted = (uptime: Uptime, { heardMs }: Pick<Peer, 'heardMs'>): Uptime => {
    const now = clock.now()
    return onProbe(onProbe(uptime, true, Math.min(heardMs, now)), now - heardMs <= quietMsMax, now)
  }
  const joined = ({ id, sinceMs }: Peer): void => {
    const before = known.get(id) ?? noUptime
    known.delete(id)
    known.set(id, onHello(before, sinceMs))
    for (const oldest of known.keys()) {
      if (known.size <= peersMax) break
      known.delete(oldest)
    }
  }
  network.peers().forEach(joined)
  network.onPeer((peer, change) => {
    const before = known.get(peer.id)
    if (change === 'joined') joined(peer)
    else if (before) known.set(peer.id, onGoodbye(counted(before, peer), clock.now()))
  })
  return (id) => {
    const [uptime, peer] = [known.get(id), network.peer(id)]
    return uptime ? uptimeShare(peer ? counted(uptime, peer) : uptime) : 1
  }
}
