/** A worker that lies, is outvoted and reported, and whom the witnesses fine after doing the work again (ledger.md, *Verdicts*, InvalidResult). */
import { expect, test } from 'vitest'
import { createWrongResults, reportEveryMs, reportsWaitingMax } from '../../../src/agent/wrong-results.ts'
import { evidenceBytesMax, evidenceKeyMessage } from '../../../src/contract/evidence.ts'
import type { Replica, Task } from '../../../src/contract/requester.ts'
import { parseMessage, signMessage } from '../../../src/contract/signed.ts'
import type { Signer } from '../../../src/identity/keys.ts'
import { createNobleSigner, createNobleVerifier } from '../../../src/identity/noble.ts'
import { concat, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore, type StoreValue } from '../../../src/lib/store.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { embedding, type EmbeddingOutput, type EmbeddingPayload } from '../../../src/tasks/embedding/embedding.ts'
import { createFakeEngine, fakeClass } from '../../support/fake-engine.ts'
import { createMemorySwarm, createPlainSealer, grantMicro, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'
import { createMemoryFriends } from '../../support/memory-friends.ts'
import { allReady, jobOf, pass, submitTexts } from '../../support/memory-jobs.ts'

const fineMicro = 10_000_000
const honest = (_: number, clock: ManualClock) => createFakeEngine({ clock, msPerText: 1 })
const finesOf = (member: MemoryAgent): number => member.agent().view().credits.finesMicro
const verdictsAt = async (swarm: MemorySwarm, index = 0) => (await swarm.relays[index]!.node()!.ledger()).verdicts
const joinAll = async (swarm: MemorySwarm, lies: Readonly<Record<string, string>>): Promise<readonly MemoryAgent[]> => {
  const agents = await Promise.all(['r', 'a', 'b', 'c'].map((name) => swarm.join(name, { msPerText: 2, lie: lies[name] ?? '' })))
  await allReady(swarm, agents)
  return agents
}

test('four witnesses, one of which lies about its engine: the other three fine the liar, once, and everyone knows it', async () => {
  const swarm = await createMemorySwarm('outvoted', {
    witnesses: 4,
    engineOf: (index, clock) => createFakeEngine({ clock, msPerText: 1, lie: index === 3 ? 'a lie of its own' : '' }),
  })
  const [requester, ...workers] = (await joinAll(swarm, { c: 'lie' })) as [MemoryAgent, ...MemoryAgent[]]
  const liar = workers[2]!
  const job = await submitTexts(requester, 3, 3)
  await swarm.until('the job is done', () => jobOf(requester, job).state === 'done')
  await swarm.until('the liar is told of its fine', () => finesOf(liar) > 0)
  await pass(swarm, 180_000, 1_000)
  for (const index of [0, 1, 2, 3])
    expect(await verdictsAt(swarm, index)).toEqual([{ target: liar.id, reason: 'InvalidResult', costMicro: fineMicro }])
  expect(finesOf(liar)).toBe(fineMicro)
  expect(liar.agent().view().trouble).toBe('wrong-result')
  for (const other of [requester, ...workers.slice(0, 2)]) expect(finesOf(other)).toBe(0)
  expect(new Set(await Promise.all(swarm.relays.map(async (relay) => (await relay.node()!.ledger()).stateRoot))).size).toBe(1)
})

test('a majority lies: the honest worker is not fined, and its requester is blamed at a pace that keeps it linked', async () => {
  const swarm = await createMemorySwarm('majority', { engineOf: honest })
  const [requester, , , worker] = (await joinAll(swarm, { a: 'one lie', b: 'one lie' })) as [
    MemoryAgent,
    MemoryAgent,
    MemoryAgent,
    MemoryAgent,
  ]
  for (let i = 0; i < 6; i++) {
    const job = await submitTexts(requester, 2, 3)
    await swarm.until('the job is done', () => jobOf(requester, job).state === 'done')
  }
  const linked = (): boolean =>
    requester
      .agent()
      .view()
      .peers.some(({ role }) => role === 'relay')
  for (let minute = 0; minute < 16; minute++) {
    await pass(swarm, 60_000, 1_000)
    expect(linked()).toBe(true)
  }
  expect(await verdictsAt(swarm)).toEqual([])
  expect(finesOf(worker)).toBe(0)
  expect((await requester.store().list('wrongResults')).length).toBe(0)
})

test('a witness without an engine signs nothing, and what was to be shown is forgotten in time', async () => {
  const swarm = await createMemorySwarm('abstains')
  const [requester, , , liar] = (await joinAll(swarm, { c: 'lie' })) as [MemoryAgent, MemoryAgent, MemoryAgent, MemoryAgent]
  const job = await submitTexts(requester, 2, 3)
  await swarm.until('the job is done', () => jobOf(requester, job).state === 'done')
  await pass(swarm, 10_000)
  expect((await requester.store().list('wrongResults')).length).toBe(1)
  await pass(swarm, reportEveryMs, 1_000)
  expect((await requester.store().list('wrongResults')).length).toBe(0)
  expect([finesOf(liar), await verdictsAt(swarm)]).toEqual([0, []])
})

test('what a vote has shown waits for a witness, and outlives the agent', async () => {
  const swarm = await createMemorySwarm('waits', { engineOf: honest })
  const [requester, , , liar] = (await joinAll(swarm, { c: 'lie' })) as [MemoryAgent, MemoryAgent, MemoryAgent, MemoryAgent]
  await swarm.stopRelay()
  await pass(swarm, 5_000)
  const job = await submitTexts(requester, 1, 3)
  await swarm.until('the job is done', () => jobOf(requester, job).state === 'done')
  await pass(swarm, reportEveryMs, 1_000)
  expect((await requester.store().list('wrongResults')).length).toBe(1)
  await requester.restart()
  await swarm.startRelay()
  await swarm.until('the liar is told of its fine', () => finesOf(liar) === fineMicro)
})

test('a work that is too large to be shown is not reported', async () => {
  const swarm = await createMemorySwarm('large', { engineOf: honest })
  const [requester, , , liar] = (await joinAll(swarm, { c: 'lie' })) as [MemoryAgent, MemoryAgent, MemoryAgent, MemoryAgent]
  const texts = ['x'.repeat(evidenceBytesMax - 10_000), 'y'.repeat(20_000)]
  const job = await requester.agent().jobs.submit({ texts, ids: ['x', 'y'], model: 'mini', redundancy: 3, title: 't', where: 'network' })
  await swarm.until('the job is done', () => jobOf(requester, job.ok ? job.value : '').state === 'done')
  await pass(swarm, 10_000)
  expect(await requester.store().list('wrongResults')).toEqual([])
  expect(finesOf(liar)).toBe(0)
})

test('in a swarm of friends the founder’s browser does the work again, for others and for itself', async () => {
  const friends = await createMemoryFriends('founder fines')
  const { founder } = friends
  const [a, b, liar] = [await friends.join('a'), await friends.join('b'), await friends.join('liar', friends.link, 'lie')]
  const all = [founder, a, b, liar]
  await friends.until('all have their grant and are linked', () =>
    all.every((friend) => {
      const { credits, peers } = friend.agent().view()
      return credits.earnedMicro >= grantMicro && peers.length >= 3
    }),
  )
  const fines = (): number => liar.agent().view().credits.finesMicro
  for (const [i, requester] of [a, founder].entries()) {
    const job = await requester.agent().jobs.submit({
      ...{ texts: ['one', 'two'], ids: ['one', 'two'], model: 'mini', redundancy: 3 },
      ...{ title: 't', where: 'network' },
    })
    expect(job.ok).toBe(true)
    await friends.until('the liar is told of its fine', () => fines() === (i + 1) * fineMicro, 300_000)
  }
  for (const honestOne of [founder, a, b]) expect(honestOne.agent().view().trouble).toBeNull()
})

/** A requester's part by itself, with two witnesses that say what the test has them say. */
const openPart = async (store = createMemoryStore(), clock = createManualClock()) => {
  const signers = ['requester', 'worker', 'witness', 'other'].map((name) => createNobleSigner(sha256(utf8(name))))
  const [requester, worker, witness, other] = signers as [Signer, Signer, Signer, Signer]
  const swarm = sha256(utf8('swarm'))
  const said: (readonly [to: string, message: WireMessage])[] = []
  const removed = new Set<string>()
  const voices = new Map([
    ['one', witness],
    ['two', other],
  ])
  const parts = { clock, store, sealer: createPlainSealer(createSeededRandom(1)), verifier: createNobleVerifier() }
  const network = { send: async (to: string, message: WireMessage) => (said.push([to, message]), { ok: true, value: undefined }) }
  const part = createWrongResults(
    parts,
    { network, link: { swarm } } as unknown as Parameters<typeof createWrongResults>[1],
    {
      relays: () => ['one', 'two', 'no witness'],
      witnessOf: (id) => voices.get(id) && toHex(voices.get(id)!.publicKey),
    },
    ({ job }) => !removed.has(job),
  )
  const payload = { model: 'mini', texts: ['x'] }
  const outputOf = (x: number): EmbeddingOutput => ({ dimension: 2, vectors: Float32Array.from([x, 1]), truncated: [] })
  const replicaOf = async (name: string, phase: Replica['phase'], resultClass: string): Promise<Replica> => {
    const commitment = sha256(concat(swarm, embedding.encodePayload(payload)))
    const terms = {
      sow: swarm,
      quote: swarm,
      commitment,
      price: 1,
      units: 1,
      deadline: clock.now() + 60_000,
      kem: sha256(utf8(name)),
      resultClass,
    }
    const expires = clock.now() + 20 * 60_000
    const agreement = await signMessage(requester, { kind: 'agreement', swarm, to: worker.publicKey, expires, body: terms })
    const body = { agreement: agreement.id, outputHash: swarm, bytes: 1, resultClass, busyMs: 1 }
    const result = await signMessage(worker, { kind: 'result', swarm, to: requester.publicKey, expires, body })
    const signed = { id: agreement.id, message: agreement.bytes }
    return { worker: name, phase, resultClass, salt: swarm, commitment, agreement: signed, result: result.bytes } as unknown as Replica
  }
  /** A vote with a winner of `classes[0]` and a loser of `classes[1]`; how many writes came of it. */
  const vote = async (
    name: string,
    [winners, losers]: readonly [string, string] = [fakeClass, fakeClass],
    x = 2,
    given = async (): Promise<EmbeddingPayload> => payload,
  ): Promise<number> => {
    const right = await replicaOf(`${name} right`, 'accepted', winners)
    const loser = await replicaOf(`${name} wrong`, 'rejected', losers)
    const after = { job: name, replicas: [right, loser], winners: [toHex(right.agreement!.id)] } as unknown as Task
    const before = { ...after, replicas: after.replicas.map((r) => ({ ...r, phase: 'delivered' as const })) }
    const outputs = new Map([right, loser].map((r, i) => [toHex(r.agreement!.id), outputOf(i === 0 ? 1 : x)]))
    const { writes, stored } = await part.of(before, after, outputs, given)
    await store.commit(writes)
    stored()
    // Said again, the vote shows nothing new.
    expect((await part.of(after, after, outputs, given)).writes).toEqual([])
    return writes.length
  }
  return {
    ...{ clock, part, said, vote, swarm, witness, removed },
    reports: () => said.flatMap(([to, [type, body]]) => (type === 'wrong-result' ? [[to, toHex(sha256(body.agreement))] as const] : [])),
    waiting: async () => (await store.list('wrongResults')).length,
  }
}

test('of a job that is removed, and of what nobody came for in time, nothing is kept, in this swarm or another', async () => {
  const store = createMemoryStore()
  const { vote, waiting, removed, part, clock } = await openPart(store)
  expect([await vote('kept'), await vote('removed')]).toEqual([1, 1])
  removed.add('removed')
  await part.tick()
  expect((await store.list('wrongResults')).map(([, value]) => (value as { job: string }).job)).toEqual(['kept'])
  const [[key, value]] = (await store.list('wrongResults')) as [readonly [string, StoreValue]]
  await store.commit([
    { table: 'wrongResults', key, remove: true },
    { table: 'wrongResults', key: `${'0'.repeat(64)}/of another swarm`, value },
  ])
  const again = await openPart(store, clock)
  await again.part.tick()
  expect(await waiting()).toBe(1)
  await clock.advance(21 * 60_000)
  await again.part.tick()
  expect(await waiting()).toBe(0)
})

test('only what differs from a winner of the same exact class is reported, and no more than are good by their turn', async () => {
  const { vote, waiting } = await openPart()
  expect(await vote('agrees', [fakeClass, fakeClass], 1)).toBe(0)
  expect(await vote('another class', [fakeClass, 'other/q8/wasm/test'])).toBe(0)
  expect(await vote('inexact', ['fake/f32/webgpu/test', 'fake/f32/webgpu/test'])).toBe(0)
  // Texts that are gone, or cannot be read just now.
  expect(await vote('gone', undefined, 2, async () => ({ model: 'mini', texts: [] }))).toBe(0)
  expect(await vote('unread', undefined, 2, () => Promise.reject(new Error('closed')))).toBe(0)
  for (let i = 0; i < reportsWaitingMax; i++) expect(await vote(`${i}`)).toBe(1)
  expect(await vote('one too many')).toBe(0)
  expect(await waiting()).toBe(reportsWaitingMax)
})

test('witnesses are asked one report at a time, and again while they do not answer; who answers no is left alone', async () => {
  const { vote, part, clock, reports, said, waiting } = await openPart()
  await vote('first')
  await clock.advance(1)
  await vote('second')
  await part.tick()
  await part.tick()
  const [first] = reports().map(([, agreement]) => agreement)
  expect(reports()).toEqual([
    ['one', first],
    ['two', first],
  ])
  const agreement = said.flatMap(([, [type, body]]) => {
    const parsed = type === 'wrong-result' ? parseMessage(body.agreement) : undefined
    return parsed?.ok ? [parsed.value.id] : []
  })[0]!
  await part.onAsked('one', { agreement, key: null })
  await clock.advance(30_000)
  await part.tick()
  expect(reports().slice(2)).toEqual([['two', first]])
  await clock.advance(reportEveryMs - 30_000)
  await part.tick()
  expect(
    reports()
      .slice(3)
      .map(([to]) => to),
  ).toEqual(['one', 'two'])
  expect(reports()[3]![1]).not.toBe(first)
  expect(await waiting()).toBe(1)
  await clock.advance(20 * 60_000)
  await part.tick()
  expect(await waiting()).toBe(0)
})

test('evidence goes to whom it was reported, sealed to a key that the very witness has signed, once', async () => {
  const { vote, part, said, swarm, witness } = await openPart()
  await vote('first')
  await part.tick()
  const shown = said.flatMap(([, [type, body]]) => (type === 'wrong-result' ? [parseMessage(body.agreement)] : []))[0]!
  if (!shown.ok) throw new Error('not a message')
  const agreement = shown.value.id
  const kem = sha256(utf8('kem'))
  const signature = await witness.sign(evidenceKeyMessage(swarm, agreement, kem))
  const key = { witness: witness.publicKey, kem, signature }
  const evidence = () => said.filter(([, [type]]) => type === 'evidence').map(([to]) => to)
  // Another key than was signed, another relay in the witness's name, another agreement.
  await part.onAsked('one', { agreement, key: { ...key, kem: swarm } })
  await part.onAsked('two', { agreement, key })
  await part.onAsked('no witness', { agreement, key })
  await part.onAsked('one', { agreement: swarm, key })
  expect(evidence()).toEqual([])
  await part.onAsked('one', { agreement, key })
  await part.onAsked('one', { agreement, key })
  expect(evidence()).toEqual(['one'])
})
