/** The founder raises the price while a task is worked on: whoever would come in for a lost worker could only refuse it. */
import { expect, test } from 'vitest'
import type { Body } from '../../../src/contract/messages.ts'
import type { Hire } from '../../../src/contract/worker.ts'
import { nextNotice } from '../../../src/economy/notice-codec.ts'
import { joinBare } from '../../support/bare-member.ts'
import { createMemorySwarm, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'
import { allReady, jobOf, pass, storedTasks, submitTexts } from '../../support/memory-jobs.ts'
import { testIdentity } from '../../support/memory-nodes.ts'

const raise = async (
  { founder, policy, relays, until }: MemorySwarm,
  members: readonly MemoryAgent[],
  embedding: number,
): Promise<void> => {
  const made = await nextNotice(founder, { policy, last: undefined, now: 1_000 }, { prices: { embedding } })
  if (!made.ok) throw new Error(made.error.reason)
  await relays[0]!.notices()!.take(made.value.bytes)
  await until('all go by it', () => members.every((m) => m.agent().view().notice?.version === 1))
}
const hiresOf = async (worker: MemoryAgent): Promise<readonly Hire[]> =>
  (await worker.store().list('hires')).map(([, hire]) => hire as unknown as Hire)

test('nobody else is sent the texts, and the job says that the price has changed', { timeout: 60_000 }, async () => {
  const swarm = await createMemorySwarm('dearer midway')
  const agents = [await swarm.join('ana'), await swarm.join('ben', { msPerText: 5_000 }), await swarm.join('cid', { msPerText: 5_000 })]
  const [ana, ben, cid] = agents as [MemoryAgent, MemoryAgent, MemoryAgent]
  await allReady(swarm, agents)
  const job = await submitTexts(ana, 20, 2)
  const working = async (): Promise<boolean> => (await storedTasks(ana))[0]?.replicas.filter((r) => r.doneTexts > 0).length === 2
  for (let n = 0; n < 30 && !(await working()); n++) await pass(swarm, 1_000)
  expect(await working()).toBe(true)
  const dan = await swarm.join('dan')
  await raise(swarm, [ana, ben, cid, dan], 80_000)
  await allReady(swarm, [ana, ben, cid, dan])
  cid.kill()
  await swarm.until('it ends', () => jobOf(ana, job).state === 'failed', 300_000)
  expect(jobOf(ana, job).failure?.type).toBe('price-changed')
  expect((await hiresOf(dan)).filter((hire) => hire.agreement !== null)).toEqual([])
  expect((await storedTasks(ana))[0]!.replicas.map((r) => r.worker).sort()).toEqual([ben.id, cid.id].sort())
})

/** Two work, one of them is gone for good; dan would come in. As far as ana knows the price is what it was. */
const midway = async (seed: string) => {
  const swarm = await createMemorySwarm(seed)
  const agents = [await swarm.join('ana'), await swarm.join('ben', { msPerText: 5_000 }), await swarm.join('cid', { msPerText: 5_000 })]
  const [ana, ben, cid] = agents as [MemoryAgent, MemoryAgent, MemoryAgent]
  await allReady(swarm, agents)
  ana.before = async (call) => (call === 'notice' ? { type: 'unavailable' } : undefined)
  const job = await submitTexts(ana, 20, 2)
  const working = async (): Promise<boolean> => (await storedTasks(ana))[0]?.replicas.filter((r) => r.doneTexts > 0).length === 2
  for (let n = 0; n < 30 && !(await working()); n++) await pass(swarm, 1_000)
  const dan = await swarm.join('dan')
  await allReady(swarm, [ana, ben, cid, dan])
  /** By what list price dan has quoted, and when it may say so. */
  const quoted: number[] = []
  const mayQuote = { at: Promise.resolve() }
  dan.before = async (_call, _id, { kind, body }) => {
    if (kind === 'quote') quoted.push((body as Body<'quote'>).stepMicro)
    if (kind === 'quote') await mayQuote.at
    return undefined
  }
  return { swarm, ana, ben, cid, dan, job, quoted, mayQuote }
}

test('nor does one read the texts that knows of the rise before the requester does', { timeout: 60_000 }, async () => {
  const { swarm, ana, ben, cid, dan, job, quoted } = await midway('told late')
  await raise(swarm, [ben, cid, dan], 80_000)
  expect(ana.agent().view().notice?.version).toBe(0)
  cid.kill()
  await swarm.until('it ends', () => jobOf(ana, job).state === 'failed', 300_000)
  expect(quoted).toContain(80_000)
  expect((await hiresOf(dan)).filter((hire) => hire.agreement !== null)).toEqual([])
  expect((await storedTasks(ana))[0]!.replicas.map((r) => r.worker).sort()).toEqual([ben.id, cid.id].sort())
})

test(
  'what a worker has quoted before the rise it does at that price, also where the requester knows of the rise',
  { timeout: 60_000 },
  async () => {
    const { swarm, ana, ben, cid, dan, job, quoted, mayQuote } = await midway('quoted before')
    ana.before = async () => undefined
    let letQuote = (): void => {}
    mayQuote.at = new Promise((resolve) => (letQuote = resolve))
    cid.kill()
    await swarm.until('dan has quoted', () => quoted.length > 0, 60_000)
    await raise(swarm, [ana, ben, dan], 80_000)
    letQuote()
    await swarm.until('it is done', () => jobOf(ana, job).state === 'done', 300_000)
    expect((await storedTasks(ana))[0]!.replicas.find((r) => r.worker === dan.id)?.verdict).toBe('accepted')
  },
)

test('a quote that comes when its job is removed changes nothing', async () => {
  const swarm = await createMemorySwarm('late quote')
  const [ana, ben] = [await swarm.join('ana'), await swarm.join('ben')]
  await allReady(swarm, [ana, ben])
  const late = await joinBare(swarm, 'late', 3)
  const job = await submitTexts(ana, 2, 1)
  await swarm.until('it is done', () => jobOf(ana, job).state === 'done')
  const { sow } = (await storedTasks(ana))[0]!
  await ana.agent().jobs.remove(job)
  const [{ device }, kem] = [await testIdentity('late'), new Uint8Array(32)]
  const body = {
    sow: sow!.id,
    price: 1,
    stepMicro: 50_000,
    etaMs: 1,
    classes: ['x'],
    kem,
    root: device.root,
    certificate: device.signature,
  }
  await late.say(ana.id, 'quote', body)
  await pass(swarm, 2_000)
  // Nor is anything thrown, which would fail the run.
  expect(late.heard('agreement')).toEqual([])
})

test('a worker does not quote for what cannot pay a single text', async () => {
  const swarm = await createMemorySwarm('dearer sow')
  const ben = await swarm.join('ben')
  const stranger = await joinBare(swarm, 'stranger', 2)
  await raise(swarm, [ben], 80_000)
  // It would say that the stranger has nothing.
  await swarm.stopRelay()
  const sow = (units: number) =>
    stranger.say(ben.id, 'sow', {
      type: 'embedding',
      model: 'mini',
      size: 64,
      units,
      maxPrice: 1_000_000,
      redundancy: 1,
      priority: 'normal',
    })
  await sow(79_999)
  await pass(swarm, 5_000)
  expect(stranger.heard('quote')).toEqual([])
  await sow(80_000)
  await swarm.until('quoted', () => stranger.heard('quote').length === 1)
})
