/** A swarm that asks for a stake and pays ahead (economy.md, *Stake, newcomers*): newcomers get a part of the work, never two of three. */
import { expect, test } from 'vitest'
import { createMemorySwarm, type MemoryAgent } from '../../support/memory-agents.ts'
import { allReady, jobOf, pass, storedTasks, submitTexts } from '../../support/memory-jobs.ts'

const stakeMicro = 100_000_000

test('of three replicas one goes to a worker without its stake; where there are no others they do all', { timeout: 120_000 }, async () => {
  const swarm = await createMemorySwarm('probation', { policy: { stakeMicro, prepayMicro: 5_000_000 } })
  const agents = await Promise.all(['r', 'a', 'b', 'c', 'd', 'e'].map((name) => swarm.join(name, { msPerText: 2 })))
  await allReady(swarm, agents)
  const [requester, ...workers] = agents as [MemoryAgent, ...MemoryAgent[]]
  const stateOf = (id: string): string => jobOf(requester, id).state

  // Nobody has a stake yet: where fewer than two are proven, newcomers fill.
  const first = await submitTexts(requester, 100, 3)
  await swarm.until('done by newcomers', () => stateOf(first) === 'done')

  const proven = workers.slice(0, 3)
  for (const worker of proven) {
    const done = await worker.vault.call('deposit', 'deposit', { stakedMicro: stakeMicro })
    if (!done.ok) throw new Error(JSON.stringify(done.error))
  }
  // They are certified, and what relays said of them before is known for half a minute.
  await pass(swarm, 60_000, 500)

  const second = await submitTexts(requester, 800, 3)
  await swarm.until('done', () => stateOf(second) === 'done', 300_000)
  const ids = new Set(proven.map((w) => w.id))
  const newcomers = (await storedTasks(requester))
    .filter((t) => t.job === second)
    .map((t) => t.replicas.filter((r) => !ids.has(r.worker)).length)
  expect(newcomers).toHaveLength(8)
  expect(newcomers).toEqual(Array(8).fill(1))
})
