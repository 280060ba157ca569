import { expect, test } from 'vitest'
import type { Job } from '../../../src/agent/jobs.ts'
import { fakeVector } from '../../support/fake-engine.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'

const perText = 50_000
const textsOf = (n: number): readonly string[] => Array.from({ length: n }, (_, i) => `text number ${i}`)

const ready = async (swarm: MemorySwarm, agents: readonly MemoryAgent[]): Promise<void> =>
  swarm.until('all have their grant and know each other', () =>
    agents.every((a) => {
      const view = a.agent().view()
      return view.credits.earnedMicro >= grantMicro && view.peers.filter((p) => p.role === 'node').length >= agents.length - 1
    }),
  )

const submit = async (requester: MemoryAgent, n: number, redundancy: number): Promise<string> => {
  const texts = textsOf(n)
  const job = await requester.agent().jobs.submit({ texts, ids: texts.map(String), model: 'mini', redundancy, title: 't', where: 'network' })
  if (!job.ok) throw new Error(JSON.stringify(job.error))
  return job.value
}
const jobOf = (requester: MemoryAgent, id: string): Job => requester.agent().jobs.list().find((j) => j.id === id)!

/** Everything settled: vouchers paid, certified, claimed; what left one account has reached others. */
const settled = (swarm: MemorySwarm, requester: MemoryAgent, workers: readonly MemoryAgent[]): Promise<void> =>
  swarm.until('settled', () => {
    const { credits, jobs } = requester.agent().view()
    const earned = workers.reduce((sum, w) => sum + w.agent().view().credits.earnedMicro - grantMicro, 0)
    return credits.owedMicro === 0 && credits.reservedMicro === 0 && earned > 0 && earned === jobs[0]?.costMicro
  })

const conserved = async (swarm: MemorySwarm): Promise<void> => {
  const { accounts, inFlight } = await swarm.relay().ledger()
  expect(accounts.reduce((sum, a) => sum + a.balance, 0) + inFlight).toBe(0)
}

test('texts go in, three strangers compute them, credits move', async () => {
  const swarm = await createMemorySwarm('whole')
  const agents = await Promise.all(['r', 'a', 'b', 'c'].map((name) => swarm.join(name)))
  const [requester, ...workers] = agents as [MemoryAgent, MemoryAgent, MemoryAgent, MemoryAgent]
  await ready(swarm, agents)
  const id = await submit(requester, 600, 3)
  await swarm.until('done', () => jobOf(requester, id).state === 'done')
  await settled(swarm, requester, workers)

  const { vectors, dimension } = (await requester.agent().jobs.vectors(id))!
  expect(dimension).toBe(4)
  textsOf(600).forEach((text, i) => expect(vectors.slice(i * 4, i * 4 + 4)).toEqual(fakeVector(text)))
  const view = requester.agent().view()
  expect(view.jobs[0]).toMatchObject({ agreed: { '3': 600 }, costMicro: 3 * 600 * perText })
  expect(view.credits).toMatchObject({ availableMicro: grantMicro - 3 * 600 * perText, spentMicro: 3 * 600 * perText })
  for (const w of workers) expect(w.agent().view().credits.earnedMicro).toBe(grantMicro + 600 * perText)
  for (const w of workers) expect(w.agent().view()).toMatchObject({ tasksDone: 3, peopleHelped: 1 })
  await conserved(swarm)

  const history = requester.agent().history()!
  const page = await history.page(null)
  if (!page.ok) throw new Error(page.error.type)
  expect(page.value.lines.reduce((sum, { micro }) => sum + micro, 0)).toBe(view.credits.availableMicro)
  expect(new Set(page.value.lines.map(({ kind }) => kind))).toEqual(new Set(['joined', 'granted', 'paid']))
  for (const { seq, id: entry, certified } of page.value.lines) {
    expect(certified).toBe(true)
    expect(await history.check(seq)).toMatchObject({ ok: true, value: { fault: null, id: entry, signed: 1 } })
  }
})

test('a liar is outvoted, unpaid and named', async () => {
  const swarm = await createMemorySwarm('liar')
  const agents = [await swarm.join('r'), await swarm.join('a'), await swarm.join('b'), await swarm.join('liar', { lie: 'x' })]
  const [requester, a, b, liar] = agents as [MemoryAgent, MemoryAgent, MemoryAgent, MemoryAgent]
  await ready(swarm, agents)
  const id = await submit(requester, 30, 3)
  await swarm.until('done', () => jobOf(requester, id).state === 'done')
  await settled(swarm, requester, [a, b])
  const { vectors } = (await requester.agent().jobs.vectors(id))!
  expect(vectors.slice(0, 4)).toEqual(fakeVector('text number 0'))
  const job = requester.agent().view().jobs[0]!
  expect(job.workers.find((w) => w.id === liar.id)).toMatchObject({ accepted: 0, rejected: 30, paidMicro: 0 })
  expect(liar.agent().view().credits.earnedMicro).toBe(grantMicro)
  await swarm.until('the liar knows', () => liar.agent().view().work[0]?.state === 'rejected')
  await conserved(swarm)
})

test('at redundancy 1 another takes over from a worker that was killed', async () => {
  const swarm = await createMemorySwarm('takeover')
  const agents = [await swarm.join('r'), await swarm.join('a', { msPerText: 100 }), await swarm.join('b', { msPerText: 100 })]
  const [requester, a, b] = agents as [MemoryAgent, MemoryAgent, MemoryAgent]
  await ready(swarm, agents)
  const id = await submit(requester, 100, 1)
  const executing = (w: MemoryAgent): boolean => w.agent().view().work.some((x) => x.state === 'executing')
  await swarm.until('someone works', () => executing(a) || executing(b))
  const [victim, other] = executing(a) ? [a, b] : [b, a]
  victim.kill()
  await swarm.until('done', () => jobOf(requester, id).state === 'done')
  await settled(swarm, requester, [other])
  expect(other.agent().view().credits.earnedMicro).toBe(grantMicro + 100 * perText)
  await conserved(swarm)
})

test('and so it does from one that was killed after its quote and the others’ had lapsed', async () => {
  const swarm = await createMemorySwarm('late')
  const agents = [await swarm.join('r'), await swarm.join('a', { msPerText: 1_000 }), await swarm.join('b', { msPerText: 1_000 })]
  const [requester, a, b] = agents as [MemoryAgent, MemoryAgent, MemoryAgent]
  await ready(swarm, agents)
  const id = await submit(requester, 200, 1)
  const executing = (worker: MemoryAgent): boolean => worker.agent().view().work.some(({ state }) => state === 'executing')
  await swarm.until('someone works', () => executing(a) || executing(b))
  await swarm.clock.advance(80_000)
  ;(executing(a) ? a : b).kill()
  await swarm.until('over', () => ['done', 'failed'].includes(jobOf(requester, id).state), 600_000)
  expect(jobOf(requester, id)).toMatchObject({ state: 'done', failure: null })
})

test('a cancelled job releases everyone and costs nothing', async () => {
  const swarm = await createMemorySwarm('cancel')
  const agents = [await swarm.join('r'), await swarm.join('a', { msPerText: 100 })]
  const [requester, worker] = agents as [MemoryAgent, MemoryAgent]
  await ready(swarm, agents)
  const id = await submit(requester, 100, 1)
  await swarm.until('it works', () => worker.agent().view().work.some((x) => x.state === 'executing'))
  await requester.agent().jobs.cancel(id)
  await swarm.until('the worker is released', () => worker.agent().view().work[0]?.state === 'released')
  await swarm.until('nothing is reserved', () => requester.agent().view().credits.reservedMicro === 0)
  expect(requester.agent().view().credits.availableMicro).toBe(grantMicro)
})

test('a job dearer than what is left is refused before anything is set aside, and what one job may cost is not promised to another', async () => {
  const swarm = await createMemorySwarm('dear')
  const agents = [await swarm.join('r'), await swarm.join('a', { msPerText: 100 })]
  const [requester, worker] = agents as [MemoryAgent, MemoryAgent]
  await ready(swarm, agents)
  const { jobs, view } = requester.agent()
  const submission = (n: number) => ({ texts: textsOf(n), ids: textsOf(n), model: 'mini', redundancy: 1, title: 't', where: 'network' as const })
  const tooDear = (n: number, availableMicro: number) => ({ ok: false, error: { type: 'insufficient-credits', needMicro: n * perText, availableMicro } })
  expect(await jobs.submit(submission(10_001))).toEqual(tooDear(10_001, grantMicro))
  expect(view()).toMatchObject({ jobs: [], credits: { reservedMicro: 0, availableMicro: grantMicro } })

  const first = await jobs.submit(submission(6_000))
  expect(await jobs.submit(submission(4_001))).toEqual(tooDear(4_001, 4_000 * perText))
  await swarm.until('it works', () => worker.agent().view().work.some((x) => x.state === 'executing'))
  // Four tasks are under way; the rest of the job is promised all the same.
  await swarm.until('four tasks are reserved', () => view().credits.reservedMicro === 4 * 250 * perText)
  expect(jobs.freeMicro()).toBe(4_000 * perText)
  expect(await jobs.submit(submission(4_001))).toEqual(tooDear(4_001, 4_000 * perText))
  await jobs.cancel(first.ok ? first.value : '')
  await swarm.until('all is free again', () => jobs.freeMicro() === grantMicro)
  expect(await jobs.submit(submission(4_001))).toMatchObject({ ok: true })
})

test('where too few computers answer, the job says so and costs nothing', async () => {
  const swarm = await createMemorySwarm('few')
  const agents = [await swarm.join('r'), await swarm.join('a')]
  const [requester, worker] = agents as [MemoryAgent, MemoryAgent]
  await ready(swarm, agents)
  const id = await submit(requester, 10, 3)
  await swarm.until('it fails', () => jobOf(requester, id).state === 'failed')
  expect(jobOf(requester, id).failure).toEqual({ type: 'too-few-workers', detail: JSON.stringify({ found: 1, needed: 3 }) })
  await swarm.until('nothing is reserved', () => requester.agent().view().credits.reservedMicro === 0)
  expect(requester.agent().view().credits.availableMicro).toBe(grantMicro)
  expect(worker.agent().view().credits.earnedMicro).toBe(grantMicro)
})

test('the relay is away: work goes on over tabs, and is settled when it is back', async () => {
  const swarm = await createMemorySwarm('away')
  const agents = [await swarm.join('r'), await swarm.join('a')]
  const [requester, worker] = agents as [MemoryAgent, MemoryAgent]
  await ready(swarm, agents)
  await swarm.stopRelay()
  const id = await submit(requester, 10, 1)
  await swarm.until('done', () => jobOf(requester, id).state === 'done')
  expect(worker.agent().view().credits.pendingMicro).toBe(10 * perText)
  await swarm.startRelay()
  await settled(swarm, requester, [worker])
  expect(worker.agent().view().credits.earnedMicro).toBe(grantMicro + 10 * perText)
  await conserved(swarm)
})

test('the relay comes last: who met by a tracker stays together, and who knows no relay learns the rules from the others', async () => {
  const swarm = await createMemorySwarm('late relay')
  await swarm.stopRelay()
  const tracker = 'ws://127.0.0.1:9000'
  swarm.hub.startTracker(tracker)
  const by = { ...swarm.link, trackers: [tracker] }
  const agents = [await swarm.join('a', { by }), await swarm.join('b', { by }), await swarm.join('c', { by: { ...by, relays: [] } })]
  const linksOf = () => agents.map((agent) => agent.agent().view().peers.filter((p) => p.role === 'node').map((p) => [p.id, p.sinceMs]))
  await swarm.until('all know each other', () => linksOf().every((links) => links.length === 2))
  const before = linksOf()
  for (const agent of agents) expect(agent.agent().view().activity.idleReason).toBe('no-policy')
  await swarm.clock.advance(10 * 60_000)
  expect(linksOf()).toEqual(before)
  await swarm.startRelay()
  await swarm.until('the rules have come, and grants where a relay is known', () =>
    agents.every((a, i) => a.agent().view().swarm !== null && (i === 2 || a.agent().view().credits.earnedMicro === grantMicro)),
  )
  expect(linksOf()).toEqual(before)
})

test('a payer that is gone once its entry is certified has paid: the worker asks, and a relay tells it', async () => {
  const swarm = await createMemorySwarm('gone payer')
  const agents = [await swarm.join('r'), await swarm.join('a')] as const
  const [requester, worker] = agents
  await ready(swarm, agents)
  let gone = false
  requester.onCall = (call) => {
    if (gone || call !== 'certified') return
    gone = true
    requester.kill()
  }
  await submit(requester, 20, 1)
  await swarm.until('the payer is gone', () => gone)
  expect(worker.agent().view().credits).toMatchObject({ earnedMicro: grantMicro, pendingMicro: 20 * perText })
  await swarm.until('paid', () => worker.agent().view().credits.earnedMicro === grantMicro + 20 * perText)
  expect(worker.agent().view().credits.pendingMicro).toBe(0)
  await conserved(swarm)
})

/** The calls that either side makes of its vault in one contract: at each its agent dies once and starts anew. */
const steps = { r: ['sign sow/', 'sign agree/', 'reward reward/', 'release release/', 'settle settle', 'certified certified'], a: ['sign quote/', 'sign countersign/', 'sign result/', 'sign receipt/', 'claim claim'] }
for (const [who, calls] of Object.entries(steps))
  for (const step of calls)
    test(`${who === 'r' ? 'the requester' : 'the worker'} dies at ${step}: the task ends right, paid once`, async () => {
      const swarm = await createMemorySwarm(step)
      const agents = [await swarm.join('r'), await swarm.join('a')]
      const [requester, worker] = agents as [MemoryAgent, MemoryAgent]
      await ready(swarm, agents)
      const victim = who === 'r' ? requester : worker
      let died = false
      let restarted: Promise<void> | undefined
      victim.onCall = (call, id) => {
        if (died || !`${call} ${id}`.startsWith(step)) return
        died = true
        restarted = victim.restart()
      }
      const id = await submit(requester, 20, 1)
      await swarm.until('it died', () => died)
      await restarted
      await swarm.until('done', () => jobOf(requester, id)?.state === 'done')
      await swarm.until('paid', () => worker.agent().view().credits.earnedMicro === grantMicro + 20 * perText)
      await settled(swarm, requester, [worker])
      expect(worker.agent().view().credits.earnedMicro).toBe(grantMicro + 20 * perText)
      expect(requester.agent().view().credits.spentMicro).toBe(20 * perText)
      await conserved(swarm)
    })
