/** What one requester can take from a worker: a tab of unpaid work, a share of its places for a while, none of its credits. */
import { expect, test } from 'vitest'
import { agreementsPerRequesterMax, deadlineMsMin, quoteLifeMs, quotesPerRequesterMax } from '../../../src/contract/limits.ts'
import { clockSkewMsMax } from '../../../src/contract/signed.ts'
import type { Store } from '../../../src/lib/store.ts'
import type { Bytes } from '../../../src/lib/bytes.ts'
import { type BareMember, joinBare } from '../../support/bare-member.ts'
import { fakeClass } from '../../support/fake-engine.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'

const perText = 50_000
const ready = (swarm: MemorySwarm, agents: readonly MemoryAgent[]): Promise<void> =>
  swarm.until('all have their grant and know each other', () =>
    agents.every((a) => {
      const { credits, peers } = a.agent().view()
      return credits.earnedMicro >= grantMicro && peers.filter((p) => p.role === 'node').length >= agents.length - 1
    }),
  )
const submit = async (requester: MemoryAgent, n: number): Promise<string> => {
  const texts = Array.from({ length: n }, (_, i) => `text number ${i}`)
  const job = await requester.agent().jobs.submit({ texts, ids: texts, model: 'mini', redundancy: 1, title: 't', where: 'network' })
  if (!job.ok) throw new Error(job.error.type)
  return job.value
}
const done = (swarm: MemorySwarm, requester: MemoryAgent, job: string): Promise<void> =>
  swarm.until(
    'the job is done',
    () =>
      requester
        .agent()
        .jobs.list()
        .find((j) => j.id === job)?.state === 'done',
  )
const wait = async (swarm: MemorySwarm, ms: number): Promise<void> => {
  for (let waited = 0; waited < ms; waited += 500) await swarm.clock.advance(500)
}

/** It never promises anything for what it gets, and takes back what its own vault had set aside for it. */
const makeStingy = (requester: MemoryAgent, how: 'silent' | 'refuses'): void => {
  const call = requester.vault.call as (id: string, name: string, args: unknown) => Promise<{ ok: boolean; value?: { id: Bytes } }>
  const stingy: typeof call = async (id, name, args) => {
    if (name === 'reward' && how === 'silent') return { ok: false, error: { type: 'unavailable' } }
    const answer = await call(id, name, name === 'reward' ? { ...(args as object), accepted: false } : args)
    if (name === 'sign' && answer.value && (args as { kind: string }).kind === 'agreement')
      await call(`take back ${id}`, 'release', { sow: (args as { body: { sow: Bytes } }).body.sow })
    return answer
  }
  Object.assign(requester.vault, { call: stingy })
}

test.each(['silent', 'refuses'] as const)(
  'a requester that never rewards (%s) gets a tab of work, also from a worker that starts anew; others still get theirs',
  async (how) => {
    const swarm = await createMemorySwarm(`stingy ${how}`)
    const agents = [await swarm.join('r'), await swarm.join('w', { msPerText: 1 }), await swarm.join('v')]
    const [requester, worker, other] = agents as [MemoryAgent, MemoryAgent, MemoryAgent]
    await ready(swarm, agents)
    await other.vault.changeSettings({ paused: 'off' })
    makeStingy(requester, how)
    for (let n = 0; n < 12; n++) {
      await submit(requester, 250)
      await wait(swarm, 5_000)
      if (n === 5) await worker.restart()
    }
    expect(worker.texts() * perText).toBe(swarm.policy.tabMicro)
    // Long after every contract is over, it is still so.
    await wait(swarm, 15 * 60_000)
    await submit(requester, 10)
    await wait(swarm, 30_000)
    expect(worker.texts() * perText).toBe(swarm.policy.tabMicro)
    await done(swarm, other, await submit(other, 10))
  },
)

const sow = (n: number) =>
  ({ type: 'embedding', model: 'mini', size: 64, units: perText + n, maxPrice: 1_000_000, redundancy: 1, priority: 'normal' }) as const
/** So many sows said, and quoted for. */
const quoted = async (swarm: MemorySwarm, rogue: BareMember, worker: MemoryAgent, first: number, count: number) => {
  const before = rogue.heard('quote').length
  for (let n = first; n < first + count; n++) await rogue.say(worker.id, 'sow', sow(n))
  await swarm.until('quoted', () => rogue.heard('quote').length >= before + count)
  return rogue.heard('quote').slice(before)
}
const agree = (
  swarm: MemorySwarm,
  rogue: BareMember,
  worker: MemoryAgent,
  { id, body }: { id: Bytes; body: { sow: Bytes; kem: Bytes } },
  forMs: number,
) =>
  rogue.say(worker.id, 'agreement', {
    sow: body.sow,
    quote: id,
    commitment: id,
    price: 1_000_000,
    units: perText,
    deadline: Math.min(swarm.clock.now() + forMs, Number.MAX_SAFE_INTEGER),
    kem: body.kem,
    resultClass: fakeClass,
  })

/** A worker, one who only asks, and a rogue. The relay would say that the rogue has nothing: it is stopped before that is asked. */
const openWithRogue = async (seed: string) => {
  const swarm = await createMemorySwarm(seed)
  const agents = [await swarm.join('w'), await swarm.join('v')]
  const [worker, other] = agents as [MemoryAgent, MemoryAgent]
  await ready(swarm, agents)
  await other.vault.changeSettings({ paused: 'off' })
  const rogue = await joinBare(swarm, 'rogue', 3)
  const held = (): number =>
    worker
      .agent()
      .view()
      .work.filter((w) => w.state === 'receiving').length
  return { swarm, worker, other, rogue, held }
}

test('an agreement may last as long as the quote says, and no longer', async () => {
  const { swarm, worker, rogue, held } = await openWithRogue('deadline')
  await swarm.stopRelay()
  const longest = deadlineMsMin + clockSkewMsMax
  const [a, b, c] = await quoted(swarm, rogue, worker, 0, 3)
  await agree(swarm, rogue, worker, a!, Number.MAX_SAFE_INTEGER)
  await agree(swarm, rogue, worker, b!, longest + 5_000)
  await agree(swarm, rogue, worker, c!, longest)
  await swarm.until('answered', () => rogue.heard('refuse').length + rogue.heard('countersign').length === 3)
  expect(rogue.heard('refuse').map((m) => m.body.reason)).toEqual(['no time for it', 'no time for it'])
  expect(held()).toBe(1)
  await wait(swarm, longest + deadlineMsMin + 2_000)
  expect(held()).toBe(0)
})

test('an agreement that arrives twice is agreed to, and not refused', async () => {
  const { swarm, worker, rogue, held } = await openWithRogue('twice')
  await swarm.stopRelay()
  const [quote] = await quoted(swarm, rogue, worker, 0, 1)
  // Said in the same moment both are the same message; the first is still being kept when the second arrives.
  const store = worker.store() as { -readonly [K in keyof Store]: Store[K] }
  const { commit } = store
  store.commit = async (...batch) => {
    await new Promise<void>((kept) => void swarm.clock.after(2_000, kept))
    return commit(...batch)
  }
  await Promise.all([agree(swarm, rogue, worker, quote!, deadlineMsMin), agree(swarm, rogue, worker, quote!, deadlineMsMin)])
  await swarm.until('answered', () => rogue.heard('countersign').length === 1)
  await wait(swarm, 5_000)
  expect(rogue.heard('refuse')).toEqual([])
  expect(held()).toBe(1)
})

test('one requester has its share of the places, however many quotes it holds; others get theirs', async () => {
  const { swarm, worker, other, rogue, held } = await openWithRogue('places')
  await swarm.stopRelay()
  // Ten sows a minute pass the gossip.
  const first = await quoted(swarm, rogue, worker, 0, 6)
  for (const quote of first.slice(0, 4)) await agree(swarm, rogue, worker, quote, deadlineMsMin)
  await swarm.until('four are agreed', () => held() === 4)
  const more = await quoted(swarm, rogue, worker, 100, 4)
  for (const quote of [...first.slice(4), ...more]) await agree(swarm, rogue, worker, quote, deadlineMsMin)
  await swarm.until('answered', () => rogue.heard('refuse').length + rogue.heard('countersign').length === 10)
  expect(rogue.heard('refuse').map((m) => m.body.reason)).toEqual(Array(10 - agreementsPerRequesterMax).fill('no place left'))
  expect(held()).toBe(agreementsPerRequesterMax)
  await done(swarm, other, await submit(other, 10))
  expect(held()).toBe(agreementsPerRequesterMax)
})

test('what no tab can hold is not quoted for', async () => {
  const { swarm, worker, rogue } = await openWithRogue('large')
  await swarm.stopRelay()
  const units = swarm.policy.tabMicro
  await rogue.say(worker.id, 'sow', { ...sow(0), units: units + 1 })
  await rogue.say(worker.id, 'sow', { ...sow(0), units })
  await wait(swarm, 5_000)
  expect(rogue.heard('quote')).toHaveLength(1)
})

test('what was earned today does not fall when quotes lapse that nobody took', async () => {
  const { swarm, worker, other, rogue } = await openWithRogue('today')
  await done(swarm, other, await submit(other, 100))
  await swarm.until('paid', () => worker.agent().view().tasksDone === 1)
  await swarm.stopRelay()
  // More than the log holds.
  for (let n = 0; n < 208; n += quotesPerRequesterMax) {
    await quoted(swarm, rogue, worker, n, quotesPerRequesterMax)
    await wait(swarm, quoteLifeMs + 2_000)
  }
  await done(swarm, other, await submit(other, 10))
  await swarm.until('paid', () => worker.agent().view().tasksDone === 2)
  expect(worker.agent().view()).toMatchObject({ credits: { todayMicro: 110 * perText }, peopleHelpedToday: 1 })
  expect(
    worker
      .agent()
      .view()
      .work.map((w) => w.texts),
  ).toEqual([10, 100])
})
