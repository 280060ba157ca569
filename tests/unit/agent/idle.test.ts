/** What an agent does when there is nothing to do: its vault sleeps in another context, and each call wakes it. */
import { expect, test } from 'vitest'
import { createMemorySwarm, grantMicro } from '../../support/memory-agents.ts'

test('an idle member hardly asks its vault', async () => {
  const swarm = await createMemorySwarm('idle')
  const member = await swarm.join('one')
  await swarm.until('the grant is there', () => member.agent().view().credits.earnedMicro === grantMicro)
  await swarm.clock.advance(60_000)
  const calls: string[] = []
  member.onCall = (call) => void calls.push(call)
  await swarm.clock.advance(10 * 60_000)
  // Every minute whether something waits for its certificate, in case a message was lost.
  expect(calls.length).toBeGreaterThan(0)
  expect(calls.length).toBeLessThanOrEqual(20)
})
