/** A swarm whose policy sets replicas apart by address: relays say where they see workers, and no task has two of one block. */
import { expect, test } from 'vitest'
import { createMemorySwarm, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'
import { allReady, jobOf, pass, storedTasks, submitTexts } from '../../support/memory-jobs.ts'

const places: Readonly<Record<string, string>> = {
  a: '203.0.113.1',
  b: '203.0.113.2',
  c: '203.0.113.3',
  d: '198.51.100.1',
  e: '2001:db8:1::1',
}
const blocks: Readonly<Record<string, string>> = { a: 'one', b: 'one', c: 'one', d: 'two', e: 'three' }

const join = async (swarm: MemorySwarm, names: readonly string[]): Promise<readonly MemoryAgent[]> => {
  for (const [name, address] of Object.entries(places)) swarm.hub.place(name, address)
  const agents = await Promise.all(names.map((name) => swarm.join(name, { msPerText: 2 })))
  await allReady(swarm, agents)
  return agents
}
/** Of each task the blocks of those that worked for it. */
const blocksOf = async (requester: MemoryAgent, workers: readonly MemoryAgent[], job: string) =>
  (await storedTasks(requester))
    .filter((task) => task.job === job)
    .map((task) => task.replicas.map((r) => blocks[workers.find(({ id }) => id === r.worker)!.name] ?? 'unseen').sort())

test('three of one block are one of three, also for a requester that was started anew', { timeout: 120_000 }, async () => {
  const swarm = await createMemorySwarm('blocks', { witnesses: 4, policy: { independence: 'identity-and-address' } })
  const [requester, ...workers] = (await join(swarm, ['r', 'a', 'b', 'c', 'd', 'e'])) as [MemoryAgent, ...MemoryAgent[]]
  const job = await submitTexts(requester, 300, 3)
  await swarm.until('done', () => jobOf(requester, job).state === 'done', 300_000)
  for (const found of await blocksOf(requester, workers, job)) expect(found).toEqual(['one', 'three', 'two'])
  await requester.restart()
  await allReady(swarm, [requester, ...workers])
  const again = await submitTexts(requester, 300, 3)
  await swarm.until('done again', () => jobOf(requester, again).state === 'done', 300_000)
  for (const found of await blocksOf(requester, workers, again)) expect(found).toEqual(['one', 'three', 'two'])
})

test('who is not seen works where one is enough, and beside nobody', { timeout: 120_000 }, async () => {
  const swarm = await createMemorySwarm('unseen', { policy: { independence: 'identity-and-address' } })
  const [requester, ...workers] = (await join(swarm, ['r', 'd', 'x', 'y'])) as [MemoryAgent, ...MemoryAgent[]]
  const two = await submitTexts(requester, 50, 2)
  await pass(swarm, 20_000)
  expect(await blocksOf(requester, workers, two)).toEqual([['two']])
  const one = await submitTexts(requester, 50, 1)
  await swarm.until('done by one', () => jobOf(requester, one).state === 'done')
  const [e] = (await join(swarm, ['e'])) as [MemoryAgent]
  await swarm.until('done once there is another block', () => jobOf(requester, two).state === 'done', 300_000)
  expect(await blocksOf(requester, [...workers, e], two)).toEqual([['three', 'two']])
})
