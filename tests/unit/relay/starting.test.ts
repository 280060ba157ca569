/** One relay asks another for the accounts of a checkpoint: what is proved is started, what is not is fetched whole, and a liar is blamed. */
import { beforeEach, expect, test } from 'vitest'
import { createStartDesk, type StartDesk } from '../../../src/agent/relay-starting.ts'
import { dropBelow } from '../../../src/ledger/checkpoint-drop.ts'
import { checkpointSource, createCheckpointWitness } from '../../../src/ledger/checkpoint-witness.ts'
import { type Checkpoint, type CheckpointProposal, signCheckpoint } from '../../../src/ledger/checkpoint.ts'
import type { ChainPart } from '../../../src/ledger/reconcile-heads.ts'
import { fillingOf } from '../../../src/ledger/replica-bases.ts'
import { createReplica, type Replica } from '../../../src/ledger/replica.ts'
import { followReplica } from '../../../src/ledger/state-tree-follow.ts'
import { equalBytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { createWorld, startMs, verifier, type World } from '../ledger/fixtures.ts'
import { createHistory, type Step } from '../ledger/history.ts'

interface Side {
  readonly desk: StartDesk
  readonly store: Store
  readonly replica: Replica
  readonly sent: WireMessage[]
  readonly fetched: ChainPart[]
  readonly blamed: string[]
  compared: number
}

let world: World
let steps: readonly Step[]
let clock: ManualClock
let checkpoint: Checkpoint
let proposal: CheckpointProposal
let asker: Side
let teller: Side
let parts: readonly ChainPart[]

const side = async (known: readonly Step[], fill = true): Promise<Side> => {
  const store = createMemoryStore()
  const replica = createReplica({ store, verifier, rules: world.rules })
  for (const { entry, certificate } of known) await replica.ingest([entry.bytes], certificate, 'peer')
  const [sent, fetched, blamed]: [WireMessage[], ChainPart[], string[]] = [[], [], []]
  const made: Omit<Side, 'desk'> = { store, replica, sent, fetched, blamed, compared: 0 }
  const desk = createStartDesk({
    ...{ clock, verifier, rules: world.rules, replica },
    source: checkpointSource(replica, { store, records: replica.records, rules: world.rules, verifier }),
    checkpoints: { latest: async () => checkpoint, covered: async (day) => (day === proposal.day ? proposal : undefined) },
    circle: { send: (_to, message) => void sent.push(message) },
    network: { blame: (_id, why) => void blamed.push(why) },
    fill,
    fetch: (_from, wanted) => void fetched.push(...wanted),
    compare: () => void result.compared++,
  })
  const result: Side = Object.assign(made, { desk })
  return result
}
/** What the asker asks, answered. */
const exchange = async (): Promise<void> => {
  for (let [message] = asker.sent.splice(0); message; [message] = asker.sent.splice(0)) {
    if (message[0] !== 'leaves?') throw new Error(message[0])
    await teller.desk.onAsked('asker', message[1])
    for (const [type, body] of teller.sent.splice(0)) {
      if (type !== 'leaves') throw new Error(type)
      await asker.desk.onAnswer('teller', body)
    }
  }
}
const rootOf = async ({ replica }: Side): Promise<string> => toHex((await followReplica(replica)).tree.root())

beforeEach(async () => {
  world = await createWorld(1)
  ;({ steps } = await createHistory(world, createSeededRandom('leaves'), 40))
  clock = createManualClock(startMs)
  const store = createMemoryStore()
  const then = createReplica({ store, verifier, rules: world.rules })
  for (const { entry, certificate } of steps.slice(0, 30)) await then.ingest([entry.bytes], certificate, 'peer')
  const source = checkpointSource(then, { store, records: then.records, rules: world.rules, verifier })
  const witness = createCheckpointWitness({ store, source, signer: world.witnesses[0]!, swarm: world.rules.swarm, clock })
  const proposed = await witness.propose()
  if (!proposed.ok) throw new Error(proposed.error.reason)
  proposal = proposed.value
  checkpoint = await signCheckpoint(world.witnesses[0]!, world.rules.swarm, proposal)
  ;[asker, teller] = [await side([]), await side(steps)]
  // In the order in which they are asked for: the issuer first.
  const issuer = proposal.heads.filter(([author]) => equalBytes(author, world.rules.issuer))
  parts = [...new Set([...issuer, ...proposal.heads])].map(([author]) => ({ author, from: 0 }))
})

test('all accounts of the checkpoint are started, whatever the teller has passed since; one that it does not know is fetched', async () => {
  const unknown: ChainPart = { author: sha256(utf8('nobody')), from: 0 }
  const further: ChainPart = { author: sha256(utf8('somebody')), from: 3 }
  expect(await asker.desk.take('teller', [...parts, unknown, further])).toEqual([further])
  await exchange()
  expect(await rootOf(asker)).toBe(toHex(proposal.root))
  expect([asker.fetched, asker.compared, asker.blamed]).toEqual([[unknown], 1, []])
})

test('one that does not keep everything still fetches the issuer’s chain and its sponsors’ whole', async () => {
  asker = await side([], false)
  // The issuer last: who its sponsors are is known once it has come.
  await asker.desk.take('teller', parts.toReversed())
  await exchange()
  const { sponsors } = await asker.replica.state(world.rules.issuer)
  expect(sponsors.size).toBe(1)
  const whole = [toHex(world.rules.issuer), ...sponsors.keys()].sort()
  expect((await fillingOf(asker.store, '', 9)).map(([author]) => author)).toEqual(whole)
  expect(parts.length).toBeGreaterThan(whole.length)

  // Nor does it give that up when it drops.
  const deps = { store: asker.store, records: asker.replica.records, rules: world.rules, verifier }
  for (const { entry, certificate } of steps.slice(30)) await asker.replica.ingest([entry.bytes], certificate, 'peer')
  const heads = (await asker.replica.accounts()).map(({ author, seq, id }) => [author, seq, id] as const)
  expect(await dropBelow(deps, asker.replica.rewrite, heads)).toEqual({ ok: true, value: undefined })
  const [issuer] = await asker.replica.records.head(world.rules.issuer)
  expect(await asker.replica.records.baseSeq(world.rules.issuer)).toBe(issuer.seq)
  expect((await fillingOf(asker.store, '', 9)).map(([author]) => author)).toEqual(whole)
})

test('with no checkpoint, or a relay that has not signed it, chains are fetched whole', async () => {
  proposal = { ...proposal, day: proposal.day - 1 }
  expect(await asker.desk.take('teller', parts)).toEqual([])
  await exchange()
  expect(asker.fetched).toEqual(parts)
  expect(await asker.replica.accounts()).toEqual([])
})

test('a changed answer starts nothing that is not proved, and its teller is blamed', async () => {
  await asker.desk.take('teller', parts)
  const [message] = asker.sent.splice(0)
  if (message?.[0] !== 'leaves?') throw new Error('not asked')
  await teller.desk.onAsked('asker', message[1])
  const [, answer] = teller.sent.splice(0)[0] as Extract<WireMessage, readonly ['leaves', unknown]>
  const changed = answer.bytes.slice()
  changed[Math.floor(changed.length / 2)]! ^= 1
  await asker.desk.onAnswer('teller', { ...answer, bytes: changed })
  expect(asker.blamed.length).toBeGreaterThan(0)
  const right = new Map(proposal.heads.map(([author, seq]) => [toHex(author), seq]))
  for (const { author, seq } of await asker.replica.accounts()) expect(seq).toBe(right.get(toHex(author)))
  // Unasked for, and of another relay, it is nothing.
  const before = await asker.replica.accounts()
  await asker.desk.onAnswer('stranger', answer)
  expect(await asker.replica.accounts()).toEqual(before)
})

test('who does not answer is asked for whole chains; who leaves is asked anew when it is back', async () => {
  await asker.desk.take('teller', parts)
  expect(await asker.desk.take('teller', parts)).toEqual([])
  expect(asker.sent.length).toBe(1)
  asker.desk.onLeft('teller')
  await asker.desk.take('teller', parts)
  expect(asker.sent.length).toBe(2)
  await clock.advance(6 * 60_000)
  expect(asker.fetched).toEqual(parts)
})
