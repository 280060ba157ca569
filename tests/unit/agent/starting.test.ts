/** A relay that was never on joins a swarm that has a checkpoint: it starts from its leaves, and fills in what is older. */
import { expect, test } from 'vitest'
import type { Store } from '../../../src/lib/store.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent } from '../../support/memory-agents.ts'

const minuteMs = 60_000
const counts = async (store: Store): Promise<Record<string, number>> =>
  Object.fromEntries(
    await Promise.all(['heads', 'entries', 'bases', 'filling'].map(async (table) => [table, (await store.list(table)).length])),
  )

test('a newcomer among four relays has the same root in seconds, and the same entries in minutes', async () => {
  const swarm = await createMemorySwarm('newcomer', { witnesses: 4 })
  await swarm.stopRelay(3)
  swarm.emptyRelay(3)
  const [requester, worker] = [await swarm.join('r'), await swarm.join('a')]
  const earned = (agent: MemoryAgent): number => agent.agent().view().credits.earnedMicro
  const work = async (name: string): Promise<void> => {
    const before = earned(worker)
    const texts = Array.from({ length: 20 }, (_, i) => `${name} ${i}`)
    const job = await requester.agent().jobs.submit({ texts, ids: texts, model: 'mini', redundancy: 1, title: name, where: 'network' })
    expect(job.ok).toBe(true)
    await swarm.until(`${name} is paid`, () => earned(worker) > before, 10 * minuteMs)
  }
  await swarm.until('both have their grant', () => [requester, worker].every((agent) => earned(agent) >= grantMicro))
  for (const name of ['one', 'two', 'three']) await work(name)
  const checkpointOf = async (index: number) => (await swarm.relays[index]!.node()!.ledger()).checkpoint
  for (let waited = 0; (await checkpointOf(0)) === null; waited++) {
    expect(waited).toBeLessThan(45)
    await swarm.clock.advance(minuteMs)
  }
  await work('after the checkpoint')

  await swarm.startRelay(3)
  const [first, , , newcomer] = swarm.relays
  const roots = async () => Promise.all([first!, newcomer!].map(async (relay) => (await relay.node()!.ledger()).stateRoot))
  let started = await counts(newcomer!.store)
  for (let waited = 0; waited < 60 && new Set(await roots()).size > 1; waited++) {
    await swarm.clock.advance(500)
    const now = await counts(newcomer!.store)
    if (now.bases! > started.bases!) started = now
  }
  expect(new Set(await roots()).size).toBe(1)
  // By its leaves, not by the chains from their beginning.
  expect(started.bases).toBeGreaterThan(0)
  await swarm.clock.advance(5 * minuteMs)
  expect(await counts(newcomer!.store)).toEqual({ ...(await counts(first!.store)), bases: started.bases })
  expect(await counts(newcomer!.store)).toMatchObject({ filling: 0 })
  expect(await newcomer!.node()!.ledger()).toEqual(await first!.node()!.ledger())
}, 120_000)
