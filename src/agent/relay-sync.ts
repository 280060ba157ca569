/**
 * Keeps the replicas of a swarm's relays alike (spec: ledger.md, *Checkpoints, keeping, sync*). What a node brings is passed on to the
 * others at once; whatever else is missing, after a minute or a month away, is found by comparing ranges of certified heads and
 * verdicts, whose rounds cost about as much as what differs. Where nothing differs, state roots are compared.
 *
 * | sent    | when                                                                           |
 * | ------- | ------------------------------------------------------------------------------ |
 * | heads?  | a link to another relay has come, once a minute, and soon after something differed |
 * | heads   | the answer to it                                                               |
 * | ranges? | what the other has and we lack                                                 |
 * | ranges  | what the other asked for or lacks, and what a node just brought                |
 *
 * Either side may ask; who was just asked does not. Every word may be lost, late or a lie: the next round asks anew, and what
 * arrives is judged like anything else.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { planExchange, type ChainPart } from '../ledger/reconcile-heads.ts'
import { answerReconcile, continueReconcile, type Reconciliation, startReconcile } from '../ledger/reconcile.ts'
import { type Bytes, equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { type Random, randomBelow } from '../lib/random.ts'
import type { Network } from '../network/network.ts'
import { createRate, type Rate } from '../network/rate.ts'
import type { WireBody } from '../network/wire.ts'
import { rangesAskedMax, runsMax } from '../network/wire-relays.ts'
import type { ChainTeller } from './relay-chains.ts'
import { fitsOneMessage } from './relay-segments.ts'
import type { StartDesk } from './relay-starting.ts'
import type { RelayState } from './relay-state.ts'

/** Below what a relay takes of one peer (network/limits.ts): 600 and 1 200. */
const roundsPerMinute = 450
const rangesPerMinute = 900
const waitMs = 1_000
/** Both ends of a new link wait for this long at most, by chance, so that one of them asks. */
const firstAskMsMax = 1_000
const askEveryMs = 60_000
/** After something differed: whether all of it has come. */
const askAgainMs = 5_000
/** Beyond it chains are given from their beginning after all. */
const startMsMax = 5 * 60_000
/** One round; a relay that is busy may drop a question. */
const answerMsMax = 10_000

export interface RelaySync {
  /** Certified here now, and brought by somebody else than another relay: from this number on. */
  readonly spread: (author: PublicKey, seq: number) => void
  readonly onAsked: (from: NodeId, body: WireBody<'heads?'>) => void
  readonly onAnswer: (from: NodeId, body: WireBody<'heads'>) => void
  readonly onWanted: (from: NodeId, body: WireBody<'ranges?'>) => Promise<void>
  /** Asks for these of this relay. */
  readonly fetch: (id: NodeId, parts: readonly ChainPart[]) => void
  /** Compares with it now. */
  readonly compare: (id: NodeId) => void
  /** Times that another relay had the same heads and verdicts and another state root: one of the two is wrong. */
  readonly rootsDiffered: () => number
  readonly close: () => void
}

/** What goes on with one other relay. */
interface Lane {
  readonly rounds: Rate
  readonly ranges: Rate
  /** Chains to be given, each from a number on. */
  readonly give: Map<NodeId, number>
  giving: boolean
  session: number
  asking: { readonly so: Reconciliation; readonly root: Bytes } | undefined
  /** It has nothing and starts from a checkpoint: until then no chain is given it whole. */
  startsUntilMs: number
  /** When a reconciliation last went on, whoever asked. */
  comparedMs: number
  stopAsking: () => void
  stopWaiting: () => void
}

export const createRelaySync = ({
  clock,
  random,
  network,
  state,
  chains,
  others,
  giveFact,
  starting = { ready: async () => false, take: async (_from, parts) => parts },
}: {
  readonly clock: Clock
  readonly random: Random
  readonly network: Pick<Network, 'peers' | 'send' | 'onPeer' | 'blame'>
  readonly state: Pick<RelayState, 'set' | 'root' | 'seqOf' | 'accounts'>
  readonly chains: ChainTeller
  /** The other relays of the swarm. */
  readonly others: ReadonlySet<NodeId>
  /** Sends a verdict or a proof, by its id in the set. */
  readonly giveFact: (to: NodeId, id: Bytes) => Promise<void>
  /** What of what is lacked is to be fetched: accounts that are started from a checkpoint are not. */
  readonly starting?: Pick<StartDesk, 'ready' | 'take'>
}): RelaySync => {
  const lanes = new Map<NodeId, Lane>()
  let differed = 0

  /** Not where the two have been compared within `unlessMs`. */
  const askIn = (id: NodeId, lane: Lane, ms: number, unlessMs: number): void => {
    lane.stopAsking()
    lane.stopAsking = clock.after(ms, () => ask(id, lane, unlessMs))
  }
  const ask = (id: NodeId, lane: Lane, unlessMs: number): void => {
    askIn(id, lane, askEveryMs + randomBelow(random, firstAskMsMax), askEveryMs / 2)
    if (lane.asking || clock.now() - lane.comparedMs < unlessMs) return
    const [so, bytes] = startReconcile(state.set)
    lane.session++
    lane.asking = { so, root: state.root() }
    sendRound(id, lane, bytes)
  }
  const sendRound = (id: NodeId, lane: Lane, bytes: Bytes): void => {
    const { session } = lane
    lane.stopWaiting()
    if (!lane.rounds.take()) {
      lane.stopWaiting = clock.after(waitMs, () => sendRound(id, lane, bytes))
      return
    }
    lane.stopWaiting = clock.after(answerMsMax, () => void (lane.asking = undefined))
    void network.send(id, ['heads?', { session, bytes }])
  }
  const fetch = (id: NodeId, chains: readonly ChainPart[], facts: readonly Bytes[] = []): void => {
    for (let i = 0; i < Math.max(chains.length, facts.length); i += rangesAskedMax) {
      const parts = chains.slice(i, i + rangesAskedMax).map(({ author, from }): [Bytes, number] => [author, from])
      void network.send(id, ['ranges?', { parts, facts: [...facts.slice(i, i + rangesAskedMax)] }])
    }
  }
  const found = async (id: NodeId, lane: Lane, so: Reconciliation): Promise<void> => {
    if (so.lacked.size + so.offered.size === 0) return
    const plan = planExchange(so, state.seqOf)
    fetch(id, await starting.take(id, plan.fetch), plan.fetchFacts)
    const whole = plan.give.filter(({ from }) => from === 0)
    if (whole.length > 0 && whole.length === state.accounts() && (await starting.ready())) lane.startsUntilMs = clock.now() + startMsMax
    give(id, lane, clock.now() < lane.startsUntilMs ? plan.give.filter(({ from }) => from > 0) : plan.give)
    for (const fact of plan.giveFacts) await giveFact(id, fact)
    if (lanes.get(id) === lane) askIn(id, lane, askAgainMs, 0)
  }

  const give = (id: NodeId, lane: Lane, parts: readonly ChainPart[]): void => {
    for (const { author, from } of parts) {
      const key = toHex(author)
      lane.give.set(key, Math.min(from, lane.give.get(key) ?? from))
    }
    if (lane.giving) return
    lane.giving = true
    // What a store could not read now, the next comparison finds missing.
    void pump(id, lane).catch(() => {})
  }
  /** As many short chains in one message as fit; a long one in as many as it needs. */
  const pump = async (id: NodeId, lane: Lane): Promise<void> => {
    let runs: WireBody<'entries'>[] = []
    const flush = async (): Promise<void> => {
      if (runs.length === 0) return
      while (!lane.ranges.take()) await new Promise<void>((resolve) => void clock.after(waitMs, resolve))
      if (lanes.get(id) !== lane) return
      const message = runs
      runs = []
      await network.send(id, ['ranges', { runs: message }])
    }
    try {
      for (let next = first(lane); next && lanes.get(id) === lane; next = first(lane)) {
        const [key, from] = next
        lane.give.delete(key)
        const run = await chains.bare(fromHex(key)!, from)
        for (const part of run?.parts ?? []) {
          if (runs.length === runsMax || !fitsOneMessage([...runs, part])) await flush()
          runs.push(part)
        }
        if (run) lane.give.set(key, Math.min(run.last + 1, lane.give.get(key) ?? run.last + 1))
        if (lane.give.size === 0) await flush()
      }
    } finally {
      lane.giving = false
    }
  }

  const leave = (id: NodeId): void => {
    lanes.get(id)?.stopAsking()
    lanes.get(id)?.stopWaiting()
    lanes.delete(id)
  }
  const join = (id: NodeId): void => {
    leave(id)
    const lane: Lane = {
      rounds: createRate(clock, roundsPerMinute),
      ranges: createRate(clock, rangesPerMinute),
      give: new Map(),
      giving: false,
      session: 0,
      asking: undefined,
      startsUntilMs: -Infinity,
      comparedMs: -Infinity,
      stopAsking: () => {},
      stopWaiting: () => {},
    }
    lanes.set(id, lane)
    // Who has nothing asks whoever else does: what it lacks it can start, what it is given it cannot.
    askIn(id, lane, randomBelow(random, firstAskMsMax), state.accounts() === 0 ? 0 : firstAskMsMax)
  }
  const stopPeers = network.onPeer(({ id }, change) => {
    if (others.has(id)) (change === 'joined' ? join : leave)(id)
  })
  // Some may have come while the replica was being read.
  for (const { id } of network.peers()) if (others.has(id)) join(id)

  return {
    spread: (author, seq) => {
      for (const [id, lane] of lanes) give(id, lane, [{ author, from: seq }])
    },
    onAsked: (from, { session, bytes }) => {
      const lane = lanes.get(from)
      if (!lane) return
      const answer = answerReconcile(state.set, bytes)
      if (!answer.ok) return network.blame(from, `heads?: ${answer.error.type}`)
      lane.comparedMs = clock.now()
      void network.send(from, ['heads', { session, bytes: answer.value, root: state.root() }])
    },
    onAnswer: (from, { session, bytes, root }) => {
      const lane = lanes.get(from)
      if (!lane?.asking || session !== lane.session) return
      const { asking } = lane
      lane.stopWaiting()
      lane.asking = undefined
      lane.comparedMs = clock.now()
      const next = continueReconcile(state.set, asking.so, bytes)
      if (!next.ok) return network.blame(from, `heads: ${next.error.type}`)
      const [so, message] = next.value
      if (message) {
        lane.asking = { ...asking, so }
        return sendRound(from, lane, message)
      }
      const same = so.rounds === 2 && so.lacked.size + so.offered.size === 0
      if (same && !equalBytes(root, asking.root)) differed++
      void found(from, lane, so).catch(() => {})
    },
    onWanted: async (from, { parts, facts }) => {
      const lane = lanes.get(from)
      if (!lane) return
      give(
        from,
        lane,
        parts.flatMap(([author, seq]) => (seq <= state.seqOf(author) ? [{ author, from: seq }] : [])),
      )
      for (const id of facts) await giveFact(from, id)
    },
    fetch,
    compare: (id) => {
      const lane = lanes.get(id)
      if (lane) askIn(id, lane, 0, 0)
    },
    rootsDiffered: () => differed,
    close: () => {
      stopPeers()
      for (const id of lanes.keys()) leave(id)
    },
  }
}

const first = ({ give }: Lane): readonly [NodeId, number] | undefined => give.entries().next().value
