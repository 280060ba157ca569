/** A payment that its payer had certified by an entry above it alone, and of which it says nothing: whom it pays has it all the same. */
import { test } from 'vitest'
import { createMemorySwarm, grantMicro } from '../../support/memory-agents.ts'
import { paidBelow } from './raw-member.ts'

const paidMicro = 7_000_000

test.each([1, 4])('with %i witnesses', { timeout: 60_000 }, async (witnesses) => {
  const swarm = await createMemorySwarm(`unclaimed ${witnesses}`, { witnesses })
  const bob = await swarm.join('bob')
  await swarm.until('his grant is there', () => bob.agent().view().credits.earnedMicro === grantMicro)
  const has = (micro: number) => () => bob.agent().view().credits.earnedMicro === grantMicro + micro
  await paidBelow(swarm, (await bob.vault.status()).device.device, paidMicro)
  await swarm.until('he is told at once, and has it', has(paidMicro), 15_000)
})

test('who is away is told when it is back', { timeout: 60_000 }, async () => {
  const swarm = await createMemorySwarm('unclaimed and away', { witnesses: 4 })
  const bob = await swarm.join('bob')
  const has = (micro: number) => () => bob.agent().view().credits.earnedMicro === micro
  await swarm.until('his grant is there', has(grantMicro))
  const { device } = (await bob.vault.status()).device
  swarm.hub.isolate('bob')
  await paidBelow(swarm, device, paidMicro)
  await swarm.clock.advance(60_000)
  swarm.hub.heal('bob')
  await swarm.until('he has it', has(grantMicro + paidMicro), 5 * 60_000)
})
