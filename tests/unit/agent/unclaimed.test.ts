/** A payment that its payer had certified by an entry above it alone, and of which it says nothing: whom it pays has it all the same. */
import { test } from 'vitest'
import { createMemorySwarm, grantMicro } from '../../support/memory-agents.ts'
import { paidBelow } from './raw-member.ts'

const paidMicro = 7_000_000

test.each([1, 4])('with %i witnesses', { timeout: 60_000 }, async (witnesses) => {
  const swarm = await createMemorySwarm(`unclaimed ${witnesses}`, { witnesses })
  const bob = await swarm.join('bob')
  await swarm.until('his grant is there', () => bob.agent().view().credits.earnedMicro === grantMicro)
  await paidBelow(swarm, (await bob.vault.status()).device.device, paidMicro)
  // He waits for nothing, so that he asks once in ten minutes.
  await swarm.until('he has it', () => bob.agent().view().credits.earnedMicro === grantMicro + paidMicro, 15 * 60_000)
})
