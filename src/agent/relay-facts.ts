/**
 * The ledger's facts in a relay, put together: the replica and what follows from it, and how it is kept alike with the other relays
 * by comparison, verdicts, checkpoints and the proof of a broken swarm. The table of messages stands in network/wire-relays.ts.
 */
import type { NodeId, PublicKey, Signer, Verifier } from '../identity/keys.ts'
import { type CheckpointSource, checkpointSource, createCheckpointWitness } from '../ledger/checkpoint-witness.ts'
import { createReplica, type Replica } from '../ledger/replica.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import type { createWitness, Witness } from '../ledger/witness.ts'
import { type Bytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Store } from '../lib/store.ts'
import type { Network, Peer } from '../network/network.ts'
import type { WireBody, WireMessage } from '../network/wire.ts'
import { relaySchemas } from '../network/wire-relays.ts'
import { createBrokenDesk } from './relay-broken.ts'
import { type ChainTeller, createChainTeller } from './relay-chains.ts'
import { createCheckpointDesk } from './relay-checkpoints.ts'
import { createCircle } from './relay-circle.ts'
import { createFilling } from './relay-filling.ts'
import { createIncomeTeller, type IncomeTeller } from './relay-incomes.ts'
import { createKeeping } from './relay-keeping.ts'
import type { LedgerFacts } from './relay-ledger.ts'
import { createResultDesk, type Reexecution } from './relay-results.ts'
import { createStartDesk } from './relay-starting.ts'
import { followRelayState } from './relay-state.ts'
import { createRelaySync } from './relay-sync.ts'
import { createVerdictDesk, type VerdictDesk } from './relay-verdicts.ts'

/** What is not a verdict or a checkpoint yet is told again. */
const tickMs = 60_000
const relayTypes: ReadonlySet<string> = new Set(Object.keys(relaySchemas))

export interface RelayFacts {
  /** Whoever writes, writes through this one. */
  readonly replica: Replica
  readonly witness: Witness
  readonly chains: ChainTeller
  readonly incomes: IncomeTeller
  readonly verdicts: Pick<VerdictDesk, 'shown' | 'signed' | 'find' | 'judgements' | 'onNode'>
  readonly view: LedgerFacts
  /** What checkpoints are computed from. */
  readonly source: CheckpointSource
  /** Times that another relay had the same heads and verdicts and another state root. */
  readonly rootsDiffered: () => number
  /** A chain is needed from this number on, which may lie below its base. */
  readonly lacks: (author: PublicKey, seq: number) => Promise<void>
  /** The answers to what relays say among themselves; whoever else says it pays in score. */
  readonly answer: (from: NodeId, message: WireMessage) => Promise<void>
  readonly close: () => void
}

export const startRelayFacts = async ({
  clock,
  random,
  store,
  verifier,
  network,
  rules,
  signer,
  others,
  makeWitness,
  ingest,
  keepDays = 'all',
  reexecution,
}: {
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly verifier: Verifier
  readonly network: Network
  readonly rules: LedgerRules
  /** The witness's key. */
  readonly signer: Signer
  readonly others: ReadonlySet<NodeId>
  readonly makeWitness: (replica: Replica) => ReturnType<typeof createWitness>
  /** Takes a part of a chain as if it had come alone. */
  readonly ingest: (from: NodeId, part: WireBody<'entries'>) => Promise<void>
  /** For how many checkpoints what lies before them is kept. */
  readonly keepDays?: number | 'all' | undefined
  readonly reexecution: Reexecution | undefined
}): Promise<RelayFacts> => {
  const circle = createCircle(network, others)
  const state = await followRelayState(createReplica({ store, verifier, rules }), {
    onCertified: (entries, from) => {
      const firsts = new Map(entries.toReversed().map(({ entry }) => [toHex(entry.author), entry]))
      // What another relay brought it brings to all.
      if (!others.has(from)) for (const { author, seq } of firsts.values()) sync.spread(author, seq)
      verdicts.grew([...firsts.values()].map(({ author }) => author))
      void incomes.onCertified(entries).catch(() => {})
    },
    onConflict: () => {
      brokenness.onConflict()
      verdicts.branched()
    },
    onVerdict: (verdict) => verdicts.onFull(verdict),
    onFraud: (fraud) => verdicts.onProved(fraud),
    // A store that cannot be read: asked for again with the next tick, or when it is shown again.
    onOlder: (older) => void filling.onOlder(older).catch(() => {}),
  })
  const { replica } = state
  const chains = createChainTeller(replica)
  const witness = makeWitness(replica)
  const incomes = createIncomeTeller(replica, witness, network)
  const verdicts = createVerdictDesk({ store, verifier, rules, replica, witness, circle, network })
  const results = createResultDesk({ clock, verifier, rules, signer, network, replica, reexecution, found: verdicts.found })
  const brokenness = createBrokenDesk({ store, verifier, rules, replica, circle, network })
  const recordsDeps = { store, records: replica.records, rules, verifier }
  const source = checkpointSource(replica, recordsDeps)
  const checkpoints = createCheckpointDesk({
    ...{ clock, store, verifier, rules, signer, circle, network },
    witness: createCheckpointWitness({ store, source, signer, swarm: rules.swarm, clock }),
    ...(keepDays !== 'all' && { daysKept: keepDays }),
  })
  const keeping = createKeeping(recordsDeps, replica.rewrite, checkpoints, keepDays)
  const filling = createFilling({ clock, store, circle })
  const starting = createStartDesk({
    ...{ clock, verifier, rules, replica, source, checkpoints, circle, network },
    fill: keepDays === 'all',
    fetch: (from, parts) => sync.fetch(from, parts),
    compare: (from) => sync.compare(from),
  })
  const giveFact = async (to: NodeId, id: Bytes): Promise<void> => {
    const fact = await state.fact(id)
    if (fact) verdicts.give(to, fact)
  }
  const sync = createRelaySync({ clock, random, network, state, chains, others, giveFact, starting })
  await verdicts.resume()

  const greet = async ({ id, device, role }: Peer): Promise<void> => {
    await brokenness.onPeer(id)
    if (others.has(id)) await checkpoints.onRelay(id)
    else if (role === 'node') await verdicts.onNode(id, device)
  }
  /** A store that cannot be read: told when it comes again. */
  const meet = (peer: Peer): void => void greet(peer).catch(() => {})
  const stopGreeting = network.onPeer((peer, change) => {
    if (change === 'joined') return meet(peer)
    starting.onLeft(peer.id)
    results.onLeft(peer.id)
  })
  network.peers().forEach(meet)
  let stopTick = (): void => {}
  const tick = (): void => {
    stopTick = clock.after(tickMs, () => {
      void Promise.allSettled([verdicts.tick(), checkpoints.tick(), filling.tick(), keeping.tick()])
      tick()
    })
  }
  tick()

  const answerRelay = async (from: NodeId, [type, body]: WireMessage): Promise<void> => {
    switch (type) {
      case 'heads?':
        return sync.onAsked(from, body)
      case 'heads':
        return sync.onAnswer(from, body)
      case 'ranges?':
        return sync.onWanted(from, body)
      case 'ranges':
        for (const run of body.runs) await ingest(from, run)
        return
      case 'fork':
        return verdicts.onFork(body.entries)
      case 'verdict':
        return verdicts.onVerdict(from, body.bytes)
      case 'propose':
        return checkpoints.onPropose(from, body)
      case 'checkpoint':
        return checkpoints.onCheckpoint(from, body.bytes)
      case 'leaves?':
        return starting.onAsked(from, body)
      case 'leaves':
        return starting.onAnswer(from, body)
    }
  }

  return {
    replica,
    witness,
    chains,
    incomes,
    verdicts,
    source,
    view: { root: state.root, broken: brokenness.broken, checkpoint: checkpoints.latest },
    rootsDiffered: sync.rootsDiffered,
    lacks: async (author, seq) => {
      if (seq <= (await replica.records.baseSeq(author)))
        await filling.onOlder({ lacking: new Map([[toHex(author), seq]]), came: new Set() })
    },
    answer: async (from, message) => {
      const [type, body] = message
      if (type === 'fraud') return verdicts.onFraud(from, body.bytes)
      if (type === 'broken') return brokenness.onBroken(from, body.bytes)
      if (type === 'wrong-result') return results.onWrongResult(from, body)
      if (type === 'evidence') return results.onEvidence(from, body)
      if (others.has(from)) return answerRelay(from, message)
      if (relayTypes.has(type)) network.blame(from, `${type}: no relay of this swarm`)
    },
    close: () => {
      stopGreeting()
      stopTick()
      for (const id of others) starting.onLeft(id)
      sync.close()
      results.close()
    },
  }
}
