/** A payment that its payer had certified by an entry above it alone, and of which it says nothing: whom it pays has it all the same. */
import { expect, test } from 'vitest'
import { onWire } from '../../../src/agent/relay-segments.ts'
import { createMemorySwarm, grantMicro } from '../../support/memory-agents.ts'
import { attest, createPerson, next, pay } from '../ledger/fixtures.ts'
import { granted } from './raw-member.ts'

const paidMicro = 7_000_000

test.each([1, 4])('with %i witnesses', { timeout: 60_000 }, async (witnesses) => {
  const swarm = await createMemorySwarm(`unclaimed ${witnesses}`, { witnesses })
  const bob = await swarm.join('bob')
  await swarm.until('his grant is there', () => bob.agent().view().credits.earnedMicro === grantMicro)
  const ana = await createPerson('ana')
  const { peer, world, opening } = await granted(swarm, ana)
  const payee = { device: { publicKey: (await bob.vault.status()).device.device } } as typeof ana
  const paying = await next(world, ana, undefined, [...opening, pay([payee, paidMicro])])
  const above = await next(world, ana, paying, [attest(ana, 'says nothing')])
  for (let i = 0; i < witnesses; i++) await peer.tell(i, ['certify', { entries: [paying.bytes, above.bytes] }])
  await swarm.clock.advance(1_000)
  const certificate = peer.signed(above.id)!
  expect(peer.signed(paying.id)).toBeUndefined()
  if (witnesses > 1) await peer.tell(0, ['entries', { entries: [paying.bytes, above.bytes], certificate: onWire(certificate) }])
  peer.close()
  // He waits for nothing, so that he asks once in ten minutes.
  await swarm.until('he has it', () => bob.agent().view().credits.earnedMicro === grantMicro + paidMicro, 15 * 60_000)
})
