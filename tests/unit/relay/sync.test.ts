/** Two relays' replicas over a wire that counts: what one lacks comes, whatever it is, and a liar gains nothing. */
import { expect, test } from 'vitest'
import { createChainTeller } from '../../../src/agent/relay-chains.ts'
import { type RelayState, followRelayState } from '../../../src/agent/relay-state.ts'
import { createRelaySync, type RelaySync } from '../../../src/agent/relay-sync.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import { offenceOf, signVerdict } from '../../../src/ledger/verdict.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { encodeFrame } from '../../../src/network/frame.ts'
import type { Network, Peer } from '../../../src/network/network.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { certify, createPerson, createWorld, next, pay, startMs, verifier, type World } from '../ledger/fixtures.ts'
import { createHistory, type Step } from '../ledger/history.ts'

type Change = (message: WireMessage) => WireMessage | undefined

interface Side {
  readonly state: RelayState
  readonly sync: RelaySync
  readonly blamed: string[]
  readonly take: (steps: readonly Step[], from?: string) => Promise<void>
}

/** Between 'a' and 'b', once they meet. `change`: what becomes of a message of a's. */
const pair = async (world: World, change: Change = (message) => message) => {
  const clock = createManualClock(startMs)
  const counts = { frames: 0, bytes: 0 }
  const sides = new Map<string, Side & { readonly hear: (message: WireMessage) => Promise<void>; meet: () => void }>()
  for (const [id, other] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const blamed: string[] = []
    let onPeer: Parameters<Network['onPeer']>[0] = () => {}
    const send: Network['send'] = async (_to, message) => {
      const passed = id === 'a' ? change(message) : message
      const frame = passed && encodeFrame(passed)
      if (!passed || !frame?.ok) return { ok: true, value: undefined }
      counts.frames++
      counts.bytes += frame.value.length
      clock.after(5, () => void sides.get(other)!.hear(passed))
      return { ok: true, value: undefined }
    }
    const state = await followRelayState(createReplica({ store: createMemoryStore(), verifier, rules: world.rules }), {
      onCertified: (entries, from) => {
        if (from !== other) for (const { entry } of entries) sync.spread(entry.author, entry.seq)
      },
      onConflict: () => {},
      onVerdict: () => {},
      onFraud: () => {},
    })
    const { replica } = state
    const sync = createRelaySync({
      clock,
      random: createSeededRandom(id),
      state,
      chains: createChainTeller(replica),
      others: new Set([other]),
      network: { peers: () => [], send, onPeer: (listener) => ((onPeer = listener), () => {}), blame: (_id, why) => blamed.push(why) },
      giveFact: async (to, factId) => {
        const fact = await state.fact(factId)
        if (fact && 'verdict' in fact) await sides.get(to)!.state.replica.verdicts.take(fact.verdict)
      },
    })
    const hear = async ([type, body]: WireMessage): Promise<void> => {
      if (type === 'heads?') sync.onAsked(other, body)
      if (type === 'heads') sync.onAnswer(other, body)
      if (type === 'ranges?') await sync.onWanted(other, body)
      if (type === 'ranges') for (const run of body.runs) await replica.ingest(run.entries, run.certificate, other)
    }
    const take: Side['take'] = async (steps, from = 'somebody') => {
      for (const { entry, certificate } of steps) await replica.ingest([entry.bytes], certificate, from)
    }
    sides.set(id, { state, sync, blamed, hear, take, meet: () => onPeer({ id: other } as Peer, 'joined') })
  }
  const [a, b] = [sides.get('a')!, sides.get('b')!]
  return { clock, counts, a, b, meet: () => [a, b].forEach((side) => side.meet()) }
}
/** Checking signatures takes more turns than the clock waits for. */
const run = async (clock: ManualClock, ms: number): Promise<void> => {
  for (let ran = 0; ran < ms; ran += 200) {
    await clock.advance(200)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
const root = ({ state }: Side): string => toHex(state.root())

test('a month of work and a verdict reach whoever was away, in a few messages; then only fingerprints pass', async () => {
  const world = await createWorld(1)
  const { steps } = await createHistory(world, createSeededRandom('month'), 60)
  const { a, b, clock, counts, meet } = await pair(world)
  await a.take(steps)
  await b.take(steps.slice(0, 20))
  const target = (await createPerson('ana')).device.publicKey
  const found = { target, reason: 'Malicious', offence: offenceOf.judgement(target) } as const
  await b.state.replica.verdicts.take(await signVerdict(world.witnesses[0]!, world.rules.swarm, found))
  expect(root(a)).not.toBe(root(b))
  meet()
  await run(clock, 10_000)
  expect(root(a)).toBe(root(b))
  expect(await a.state.replica.verdicts.closed(target)).toBe(true)
  expect(counts.frames).toBeLessThan(20)

  counts.bytes = 0
  await run(clock, 10 * 60_000)
  expect(counts.bytes).toBeLessThan(10 * 2_000)
  expect([a, b].map(({ sync, blamed }) => [sync.rootsDiffered(), blamed])).toEqual([
    [0, []],
    [0, []],
  ])
})

test('both were apart and each has what the other lacks; what then comes in is passed on at once', async () => {
  const world = await createWorld(1)
  const people = await Promise.all(Array.from({ length: 150 }, (_, i) => createPerson(`p${i}`)))
  const steps: Step[] = []
  for (const who of people) {
    const entry = await next(world, who, undefined, [
      who.join,
      { op: 'attest', subject: world.issuer.device.publicKey, claim: 'x', confidence: 1, expiry: 1 },
    ])
    steps.push({ entry, certificate: await certify(world, entry) } as Step)
  }
  const { a, b, clock, counts, meet } = await pair(world)
  await a.take(steps.slice(0, 90))
  await b.take(steps.slice(60))
  meet()
  await run(clock, 10_000)
  expect(root(a)).toBe(root(b))
  expect((await a.state.replica.accounts()).length).toBe(150)
  // Many short chains go into one message: a question per account alone would be 150.
  expect(counts.frames).toBeLessThan(40)
  const more = await next(world, people[0]!, steps[0]!.entry, [
    { op: 'attest', subject: world.issuer.device.publicKey, claim: 'y', confidence: 1, expiry: 1 },
  ])
  await a.take([{ entry: more, certificate: await certify(world, more) } as Step])
  await run(clock, 400)
  expect(root(a)).toBe(root(b))
})

test('lost words cost time only; nonsense is blamed; another root for the same heads is counted', async () => {
  const world = await createWorld(1)
  const grant = await next(world, world.issuer, undefined, [world.issuer.join, pay([await createPerson('ana'), 500])])
  const step = { entry: grant, certificate: await certify(world, grant) } as Step
  let lost = 0
  const losing = await pair(world, (message) => (lost++ < 3 ? undefined : message))
  await losing.a.take([step])
  losing.meet()
  await run(losing.clock, 5 * 60_000)
  expect(root(losing.a)).toBe(root(losing.b))
  expect(losing.a.sync.rootsDiffered() + losing.b.sync.rootsDiffered()).toBe(0)

  const talking = await pair(world, ([type, body]) =>
    type === 'heads?' || type === 'heads'
      ? ([type, { ...body, bytes: new Uint8Array([0xff]) }] as WireMessage)
      : ([type, body] as WireMessage),
  )
  talking.meet()
  await run(talking.clock, 2 * 60_000)
  expect(talking.b.blamed.length).toBeGreaterThan(0)
  expect(talking.a.blamed).toEqual([])

  const lying = await pair(world, ([type, body]) =>
    type === 'heads' ? [type, { ...body, root: new Uint8Array(32) }] : ([type, body] as WireMessage),
  )
  await lying.a.take([step])
  await lying.b.take([step])
  lying.meet()
  await run(lying.clock, 10 * 60_000)
  expect(lying.b.sync.rootsDiffered()).toBeGreaterThan(0)
  expect(lying.a.sync.rootsDiffered()).toBe(0)
})
