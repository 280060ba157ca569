/**
 * How much of the time that a peer was linked with us it also answered (spec: economy.md, *Reputation*). Of this run of the agent alone:
 * who was silent last week may be another machine today.
 */
import { uptimeShare } from '../economy/uptime.ts'
import type { NodeId } from '../identity/keys.ts'
import type { Clock } from '../lib/clock.ts'
import type { Network, Peer } from '../network/network.ts'

/** With less than so much together there is nothing to go by. */
export const judgedMsMin = 10 * 60_000
const peersMax = 1_024

/** 0 … 1; undefined: not linked for long enough yet. */
export type UptimeOf = (peer: NodeId) => number | undefined

interface Linked {
  readonly ms: number
  readonly silentMs: number
}

export const followUptime = (clock: Clock, network: Pick<Network, 'peer' | 'onPeer'>): UptimeOf => {
  /** Of links that have ended, by when the last one did. */
  const before = new Map<NodeId, Linked>()
  const withLink = (of: Linked, { sinceMs, silentMs, sleptMs }: Peer): Linked => ({
    ms: of.ms + Math.max(0, clock.now() - sinceMs - sleptMs),
    silentMs: of.silentMs + silentMs,
  })
  const linkedBefore = (id: NodeId): Linked => before.get(id) ?? { ms: 0, silentMs: 0 }
  network.onPeer((peer, change) => {
    if (change === 'joined') return
    const linked = withLink(linkedBefore(peer.id), peer)
    before.delete(peer.id)
    before.set(peer.id, linked)
    const [oldest] = before.size > peersMax ? before.keys() : []
    if (oldest !== undefined) before.delete(oldest)
  })
  return (id) => {
    const peer = network.peer(id)
    const { ms, silentMs } = peer ? withLink(linkedBefore(id), peer) : linkedBefore(id)
    return ms < judgedMsMin ? undefined : uptimeShare({ answeredMs: ms - silentMs, connectedMs: ms })
  }
}
