/**
 * Keeps the replicas of a swarm's relays alike. What a node brings is passed on to the others at once; whoever comes back is
 * asked for its head of every account that is known here, and gets what it lacks. Both sides of a link do the same, so nobody
 * has to ask for what the other has.
 *
 * | sent    | when                                                        |
 * | ------- | ----------------------------------------------------------- |
 * | head?   | another relay came, or now and then: a question per account |
 * | entries | its head is below ours, or a node brought something new     |
 *
 * Every answer may be lost, dropped or a lie: the next sweep asks anew, and entries are judged by who gets them.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import type { Replica } from '../ledger/replica.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Network } from '../network/network.ts'
import { createRate, type Rate } from '../network/rate.ts'
import type { WireBody } from '../network/wire.ts'
import type { ChainTeller } from './relay-chains.ts'

/** Below what a relay takes of one peer (network/limits.ts): 120 and 1 200. */
const headsPerMinute = 90
const entriesPerMinute = 900
const waitMs = 1_000
const sweepEveryMs = 10 * 60_000

export interface RelaySync {
  /** Certified here now, and brought by somebody else than another relay: from this number on. */
  readonly spread: (author: PublicKey, seq: number) => void
  /** The answer of another relay to a question of ours. */
  readonly onHead: (from: NodeId, body: WireBody<'head'>) => Promise<void>
  readonly close: () => void
}

/** What goes to one other relay. */
interface Lane {
  /** Accounts to be compared. */
  readonly queue: Set<NodeId>
  readonly heads: Rate
  readonly entries: Rate
  stop: () => void
}

export const createRelaySync = ({
  clock,
  network,
  replica,
  chains,
  others,
}: {
  readonly clock: Clock
  readonly network: Pick<Network, 'send' | 'onPeer'>
  readonly replica: Pick<Replica, 'account' | 'accounts'>
  readonly chains: ChainTeller
  /** The other relays of the swarm. */
  readonly others: ReadonlySet<NodeId>
}): RelaySync => {
  const lanes = new Map<NodeId, Lane>()

  /** Asks what may be asked now, and comes again for the rest. */
  const pump = (id: NodeId, lane: Lane): void => {
    lane.stop()
    for (const author of lane.queue) {
      if (!lane.heads.take()) {
        lane.stop = clock.after(waitMs, () => pump(id, lane))
        return
      }
      lane.queue.delete(author)
      void network.send(id, ['head?', { author: fromHex(author)! }])
    }
    lane.stop = clock.after(sweepEveryMs, () => void sweep(id, lane).catch(() => {}))
  }
  const sweep = async (id: NodeId, lane: Lane): Promise<void> => {
    for (const { author } of await replica.accounts()) lane.queue.add(toHex(author))
    if (lanes.get(id) === lane) pump(id, lane)
  }
  const push = async (id: NodeId, lane: Lane, author: PublicKey, seq: number): Promise<void> => {
    for (let from = seq; ;) {
      const run = await chains.from(author, from)
      if (!run) return
      for (const message of run.messages) {
        if (lanes.get(id) !== lane) return
        if (!lane.entries.take()) {
          lane.queue.add(toHex(author))
          lane.stop()
          lane.stop = clock.after(waitMs, () => pump(id, lane))
          return
        }
        await network.send(id, message)
      }
      from = run.last + 1
    }
  }

  const leave = (id: NodeId): void => {
    lanes.get(id)?.stop()
    lanes.delete(id)
  }
  const stopPeers = network.onPeer(({ id }, change) => {
    if (!others.has(id)) return
    leave(id)
    if (change === 'left') return
    const lane: Lane = {
      queue: new Set(),
      heads: createRate(clock, headsPerMinute),
      entries: createRate(clock, entriesPerMinute),
      stop: () => {},
    }
    lanes.set(id, lane)
    void sweep(id, lane).catch(() => {})
  })

  return {
    spread: (author, seq) => {
      for (const [id, lane] of lanes) void push(id, lane, author, seq).catch(() => {})
    },
    onHead: async (from, { author, summary }) => {
      const lane = lanes.get(from)
      if (!lane) return
      const [theirs, ours] = [summary?.seq ?? -1, (await replica.account(author))?.seq ?? -1]
      if (theirs < ours) await push(from, lane, author, theirs + 1)
    },
    close: () => {
      stopPeers()
      for (const id of lanes.keys()) leave(id)
    },
  }
}
