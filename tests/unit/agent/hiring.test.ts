/** Whom a requester hires, and for how long it believes a promise. */
import { expect, test } from 'vitest'
import { createMemorySwarm } from '../../support/memory-agents.ts'
import { allReady, jobOf, storedTasks, submitTexts } from '../../support/memory-jobs.ts'

test('a worker that quotes a day for nothing holds a task for minutes, then another does it', async () => {
  const swarm = await createMemorySwarm('a day for nothing')
  const agents = [await swarm.join('r'), await swarm.join('idler', { msPerText: 1e12 }), await swarm.join('w')] as const
  const [requester, idler, worker] = agents
  await allReady(swarm, agents)
  idler.before = async (_, _id, { kind, body }) => {
    if (kind === 'quote') Object.assign(body!, { price: 0, etaMs: 24 * 60 * 60_000 })
    return undefined
  }
  await worker.vault.changeSettings({ paused: 'off' })
  const id = await submitTexts(requester, 10, 1)
  await swarm.until('the idler is hired', () => idler.agent().view().work.length > 0)
  await worker.vault.changeSettings({ paused: null })
  await swarm.until('done', () => jobOf(requester, id).state === 'done', 15 * 60_000)
  expect((await storedTasks(requester))[0]!.replicas.map((r) => [r.worker, r.verdict])).toEqual([
    [idler.id, null],
    [worker.id, 'accepted'],
  ])
})

test('of two that quote within a moment the cheaper is hired, whichever was first', async () => {
  const swarm = await createMemorySwarm('cheaper')
  const agents = [await swarm.join('r'), await swarm.join('a'), await swarm.join('b'), await swarm.join('away')] as const
  const [requester, a, b, away] = agents
  await allReady(swarm, agents)
  await away.vault.changeSettings({ paused: 'off' })
  const quoted: string[] = []
  for (const agent of [a, b])
    agent.before = async (_, _id, { kind, body }) => {
      // Whoever is first asks for the full price, the other for half of it.
      if (kind === 'quote' && !quoted.includes(agent.id)) quoted.push(agent.id)
      if (kind === 'quote' && quoted[0] !== agent.id) Object.assign(body!, { price: Number(body!.price) / 2 })
      return undefined
    }
  const id = await submitTexts(requester, 10, 1)
  await swarm.until('done', () => jobOf(requester, id).state === 'done')
  const hired = (await storedTasks(requester))[0]!.replicas.map((r) => r.worker)
  expect(hired).toEqual([quoted[1]])
})
