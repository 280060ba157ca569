/** The founder's notices among whole agents: they reach everyone, are kept, and do what they say. */
import { expect, test } from 'vitest'
import { createNoticeKeeper } from '../../../src/agent/notices.ts'
import { type KnownNotice, nextNotice } from '../../../src/economy/notice-codec.ts'
import type { Terms } from '../../../src/economy/notice.ts'
import { createPolicy, swarmIdOf } from '../../../src/economy/policy-codec.ts'
import type { Bytes } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import type { Network } from '../../../src/network/network.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { mini, miniF32 } from '../../../src/tasks/models.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'
import { signerOf, verifier } from '../ledger/fixtures.ts'

const next = async (
  { founder, policy }: Pick<MemorySwarm, 'founder' | 'policy'>,
  last: KnownNotice | undefined,
  changes: Partial<Terms>,
) => {
  const made = await nextNotice(founder, { policy, last, now: 1_000 }, changes)
  if (!made.ok) throw new Error(made.error.reason)
  return made.value
}
const price = (embedding: number): Partial<Terms> => ({ prices: { embedding } })
const notice = (m: MemoryAgent) => m.agent().view().notice
const granted = (swarm: MemorySwarm, members: readonly MemoryAgent[]): Promise<void> =>
  swarm.until('all have their grant and are linked', () =>
    members.every((m) => m.agent().view().credits.earnedMicro >= grantMicro && m.agent().view().peers.length >= members.length),
  )
const everyone = (swarm: MemorySwarm, members: readonly MemoryAgent[], version: number): Promise<void> =>
  swarm.until(`all go by version ${version}`, () => members.every((m) => notice(m)?.version === version))
const costOf = async (m: MemoryAgent): Promise<number> => {
  const priced = await m.agent().jobs.price(['one text'], 'mini', 1)
  return priced.ok ? priced.value.maxCostMicro : -1
}
const submit = async (m: MemoryAgent, n: number): Promise<string> => {
  const texts = Array.from({ length: n }, (_, i) => `text number ${i}`)
  const job = await m.agent().jobs.submit({ texts, ids: texts, model: 'mini', redundancy: 1, title: 't', where: 'network' })
  if (!job.ok) throw new Error(JSON.stringify(job.error))
  return job.value
}
const jobOf = (m: MemoryAgent, id: string) =>
  m
    .agent()
    .view()
    .jobs.find((job) => job.id === id)!

test('a price handed to the relay holds for all: those that are there, who comes later, who was away, and after restarts', async () => {
  const swarm = await createMemorySwarm('notice price')
  const [ana, ben] = [await swarm.join('ana'), await swarm.join('ben')]
  await granted(swarm, [ana, ben])
  expect([notice(ana)?.version, await costOf(ana)]).toEqual([0, 50_000])

  const away = ben.backUp()
  ben.agent().stop()
  const first = await next(swarm, undefined, price(70_000))
  expect(await swarm.relays[0]!.notices()!.take(first.bytes)).toBe('taken')
  await everyone(swarm, [ana], 1)
  const cid = await swarm.join('cid')
  await everyone(swarm, [ana, cid], 1)
  await away()
  await everyone(swarm, [ana, ben, cid], 1)
  expect(await Promise.all([ana, ben, cid].map(costOf))).toEqual([70_000, 70_000, 70_000])

  // The relay has it from its store; a member as well, with nobody there to tell it.
  await swarm.stopRelay()
  ana.kill()
  cid.kill()
  await ben.restart()
  expect([notice(ben)?.version, await costOf(ben)]).toEqual([1, 70_000])
  await swarm.startRelay()
  expect(swarm.relays[0]!.notices()!.version()).toBe(1)
})

test('members hand a notice on among themselves, where no relay is', async () => {
  const swarm = await createMemorySwarm('notice mesh')
  const members = [await swarm.join('ana'), await swarm.join('ben'), await swarm.join('cid')]
  await granted(swarm, members)
  await swarm.stopRelay()
  const { bytes } = await next(swarm, undefined, price(60_000))
  await members[0]!.vault.call('n', 'notice', { notice: bytes })
  await everyone(swarm, members, 1)
})

test('a blocked identity: no links, no work, its credits stay; taken off the list it is in again', async () => {
  const swarm = await createMemorySwarm('notice block')
  const [ana, ben, eve] = [await swarm.join('ana'), await swarm.join('ben'), await swarm.join('eve')]
  await granted(swarm, [ana, ben, eve])
  const { root } = (await eve.vault.status()).device
  const first = await next(swarm, undefined, { blocked: [root] })
  await swarm.relays[0]!.notices()!.take(first.bytes)
  await everyone(swarm, [ana, ben], 1)
  const linked = (): boolean =>
    [ana, ben].some((m) =>
      m
        .agent()
        .view()
        .peers.some(({ id }) => id === eve.id),
    )
  await swarm.until('its links are closed', () => !linked() && eve.agent().view().peers.length === 0)
  await swarm.until('it is told why', () => eve.agent().view().activity.idleReason === 'blocked')
  await swarm.clock.advance(120_000)
  expect(linked()).toBe(false)
  const account = (await swarm.relay().ledger()).accounts.find(({ author }) => author === eve.id)
  expect(account).toMatchObject({ claimed: grantMicro })
  // The others go on.
  const id = await submit(ana, 4)
  await swarm.until('the job is done', () => jobOf(ana, id).state === 'done')

  await swarm.relays[0]!.notices()!.take((await next(swarm, first, { blocked: [] })).bytes)
  await everyone(swarm, [ana, ben], 2)
  await swarm.until('it is in again', () => linked() && eve.agent().view().activity.idleReason !== 'blocked', 300_000)
})

test('a sow of a blocked device that comes by another’s hand is not quoted for', async () => {
  const swarm = await createMemorySwarm('notice sow')
  const [ana, ben, cid] = [await swarm.join('ana'), await swarm.join('ben'), await swarm.join('cid')]
  await granted(swarm, [ana, ben, cid])
  // Cid hears nothing of it, and goes on with both.
  cid.before = async (call) => (call === 'notice' ? { type: 'unavailable' } : undefined)
  await swarm.relays[0]!.notices()!.take((await next(swarm, undefined, { blocked: [(await ben.vault.status()).device.device] })).bytes)
  await everyone(swarm, [ana], 1)
  await swarm.until(
    'cid is what links them',
    () =>
      ben
        .agent()
        .view()
        .peers.map(({ id }) => id)
        .join() === cid.id,
  )
  const texts = ['one', 'two']
  await ben.agent().jobs.submit({ texts, ids: texts, model: 'mini', redundancy: 2, title: 't', where: 'network' })
  await swarm.clock.advance(10_000)
  const quoted = async (m: MemoryAgent): Promise<number> => (await m.store().list('hires')).length
  expect([await quoted(ana), await quoted(cid)]).toEqual([0, 1])
})

test('only models on the list are worked with, and another may be added', async () => {
  const swarm = await createMemorySwarm('notice models')
  const [ana, ben] = [await swarm.join('ana'), await swarm.join('ben')]
  await granted(swarm, [ana, ben])
  const first = await next(swarm, undefined, { models: [miniF32] })
  await swarm.relays[0]!.notices()!.take(first.bytes)
  await everyone(swarm, [ana, ben], 1)
  const id = await submit(ana, 1)
  await swarm.clock.advance(30_000)
  expect([jobOf(ana, id).state, ben.texts()]).toEqual(['hiring', 0])
  await swarm.relays[0]!.notices()!.take((await next(swarm, first, { models: [mini, miniF32] })).bytes)
  const again = await submit(ana, 1)
  await swarm.until('done', () => jobOf(ana, again).state === 'done')
})

test('relays that the founder names are dialled beside those of the link', async () => {
  const swarm = await createMemorySwarm('notice relays', { witnesses: 4 })
  const urls = swarm.relays.map(({ url }) => url)
  const ana = await swarm.join('ana', { by: { ...swarm.link, relays: urls.slice(0, 1) } })
  const relays = () =>
    ana
      .agent()
      .view()
      .relays.map(({ url, state }) => `${url} ${state}`)
  await swarm.until('linked', () => relays().join() === `${urls[0]} open`)
  await swarm.relays[0]!.notices()!.take((await next(swarm, undefined, { relays: urls.slice(1) })).bytes)
  await swarm.until('all four', () => relays().join() === [...urls.slice(1), urls[0]].map((url) => `${url} open`).join())
})

test('a founder that signs two of one version: all come to the same one, and are told', async () => {
  const swarm = await createMemorySwarm('notice twice', { witnesses: 4 })
  const members = [await swarm.join('ana'), await swarm.join('ben')]
  await granted(swarm, members)
  const [a, b] = [await next(swarm, undefined, price(60_000)), await next(swarm, undefined, price(70_000))]
  await swarm.relays[0]!.notices()!.take(a.bytes)
  await swarm.relays[3]!.notices()!.take(b.bytes)
  await swarm.until('everyone knows of both', () =>
    [...members.map((m) => notice(m)?.contradicted), ...swarm.relays.map((r) => r.notices()!.contradicted())].every(
      (told) => told === true,
    ),
  )
  const prices = [...members.map((m) => notice(m)!.stepMicro), ...swarm.relays.map((r) => r.notices()!.terms().prices.embedding)]
  expect(new Set(prices).size).toBe(1)
  expect(members.map((m) => m.agent().view().trouble)).toEqual(['contradicted', 'contradicted'])
})

test('a price that rises while a job runs: what is begun is paid as agreed, the rest is left, and it says why', async () => {
  const swarm = await createMemorySwarm('notice dearer')
  const [ana, ben] = [await swarm.join('ana', { msPerText: 100 }), await swarm.join('ben', { msPerText: 100 })]
  await granted(swarm, [ana, ben])
  const id = await submit(ana, 1_500)
  await swarm.until('some are done', () => jobOf(ana, id).doneTexts >= 64)
  await swarm.relays[0]!.notices()!.take((await next(swarm, undefined, price(80_000))).bytes)
  await swarm.until('it ends', () => jobOf(ana, id).state === 'failed', 300_000)
  const job = jobOf(ana, id)
  expect(job.failure?.type).toBe('price-changed')
  expect(job.costMicro).toBe(job.doneTexts * 50_000)
  expect((await ana.agent().jobs.vectors(id))!.texts.length).toBe(job.doneTexts)
})

test('a price that falls while a job runs makes the rest of it cheaper', async () => {
  const swarm = await createMemorySwarm('notice cheaper')
  const [ana, ben] = [await swarm.join('ana', { msPerText: 100 }), await swarm.join('ben', { msPerText: 100 })]
  await granted(swarm, [ana, ben])
  const id = await submit(ana, 1_500)
  await swarm.until('some are done', () => jobOf(ana, id).doneTexts >= 64)
  await swarm.relays[0]!.notices()!.take((await next(swarm, undefined, price(10_000))).bytes)
  await swarm.until('it is done', () => jobOf(ana, id).state === 'done', 300_000)
  expect(jobOf(ana, id).costMicro).toBeLessThan(1_500 * 50_000)
  expect(jobOf(ana, id).costMicro).toBeGreaterThan(64 * 50_000)
})

test('a notice that many announce is asked of one; of the next where that one is silent', async () => {
  const clock = createManualClock()
  const founder = signerOf('founder')
  const policy = createPolicy(
    { random: createSeededRandom('asked'), now: 0 },
    { name: 'n', founder: founder.publicKey, witnesses: [signerOf('w').publicKey], issuer: signerOf('i').publicKey, models: [] },
  )
  const sent: string[] = []
  const blamed: string[] = []
  const network = {
    peers: () => [],
    onPeer: () => () => {},
    ground: () => {},
    blame: (id: string) => void blamed.push(id),
    send: async (to: string, [type]: WireMessage) => void sent.push(`${type} ${to}`),
  } as unknown as Network
  const kept: Bytes[] = []
  const keeper = createNoticeKeeper(
    { clock, verifier, network, policy },
    { newest: undefined, against: undefined },
    {
      keep: async (given) => kept.push(given) > 0,
      changed: () => {},
    },
  )
  const { bytes, hashes } = await next({ founder, policy }, undefined, price(1))
  for (const id of ['a', 'b', 'c']) await keeper.onMessage(id, ['notice?', { version: 1, hash: hashes[1]!, contradicted: false }])
  expect(sent).toEqual(['notice? a'])
  await clock.advance(10_000)
  expect(sent).toEqual(['notice? a', 'notice? b'])
  await keeper.onMessage('b', ['notice', { bytes }])
  await clock.advance(60_000)
  expect([keeper.version(), kept.length, sent.length]).toEqual([1, 1, 2])
  // Another's word under the founder's name costs whoever brings it.
  const forged = await next({ founder: signerOf('eve'), policy }, undefined, price(2))
  await keeper.onMessage('c', ['notice', { bytes: forged.bytes }])
  expect([keeper.version(), blamed]).toEqual([1, ['c']])
  expect(swarmIdOf(policy)).toEqual(hashes[0])
})
