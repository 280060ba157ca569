/** The deposit as the agent shows it: in, out, on its way, and free by time alone. */
import { expect, test } from 'vitest'
import { createMemorySwarm, grantMicro } from '../../support/memory-agents.ts'

const credit = 1_000_000
const unlockMs = 60_000

test('what is on its way out is free when its time is over, though nothing else happens', async () => {
  const swarm = await createMemorySwarm('unlocking', { policy: { unlockMs } })
  const member = await swarm.join('one')
  const view = () => member.agent().view()
  await swarm.until('the grant is there', () => view().credits.earnedMicro === grantMicro)
  await member.agent().deposit(30 * credit)
  await swarm.until('the deposit is certified', () => view().deposit?.certifiedMicro === 30 * credit)
  await member.agent().deposit(0)
  await swarm.until('its end is certified', () => view().deposit?.certifiedMicro === 0 && view().deposit?.waitingMicro === null)
  expect(view().deposit?.unlocking.map(({ micro }) => micro)).toEqual([30 * credit])
  expect(view().credits.availableMicro).toBe(grantMicro - 30 * credit)
  await swarm.until('it is free', () => view().credits.availableMicro === grantMicro, unlockMs + 10_000)
  expect(view().deposit?.unlocking).toEqual([])
})
