/** What was paid for is its owner's, also where the rest of the job did not come. */
import { expect, test } from 'vitest'
import { fakeVector } from '../../support/fake-engine.ts'
import { createMemorySwarm } from '../../support/memory-agents.ts'
import { allReady, jobOf, numberedTexts, pass, submitTexts } from '../../support/memory-jobs.ts'

test.each(['failed', 'cancelled'] as const)('a job that is %s after some tasks were paid gives what was paid for', async (end) => {
  const swarm = await createMemorySwarm(`part of ${end}`)
  const [requester, worker] = [await swarm.join('r'), await swarm.join('w', { msPerText: 20 })]
  await allReady(swarm, [requester, worker])
  const id = await submitTexts(requester, 1_500, 1)
  const { jobs, view } = requester.agent()
  expect(await jobs.vectors(id)).toBeUndefined()
  await swarm.until('some are paid', () => view().jobs[0]!.costMicro > 0)
  expect(await jobs.vectors(id)).toBeUndefined()
  if (end === 'failed') worker.kill()
  else await jobs.cancel(id)
  await swarm.until('it is over', () => jobOf(requester, id).state === end, 600_000)
  await pass(swarm, 60_000)

  const found = (await jobs.vectors(id))!
  const agreed = Object.values(view().jobs[0]!.agreed).reduce((sum, texts) => sum + texts, 0)
  expect(agreed).toBeGreaterThan(0)
  expect(agreed).toBeLessThan(1_500)
  expect(found.texts.length).toBe(agreed)
  expect(found.vectors.length).toBe(agreed * found.dimension)
  const all = numberedTexts(1_500)
  found.texts.forEach((text, row) => {
    expect(found.vectors.slice(row * found.dimension, (row + 1) * found.dimension)).toEqual(fakeVector(text))
    expect(found.ids[row]).toBe(`id ${all.indexOf(text)}`)
  })
})

test('a job that was cancelled before anything came has no results', async () => {
  const swarm = await createMemorySwarm('no part')
  const [requester, worker] = [await swarm.join('r'), await swarm.join('w', { msPerText: 1_000 })]
  await allReady(swarm, [requester, worker])
  const id = await submitTexts(requester, 10, 1)
  await requester.agent().jobs.cancel(id)
  await pass(swarm, 2_000)
  expect(await requester.agent().jobs.vectors(id)).toBeUndefined()
})
