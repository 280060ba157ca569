/** Two of four witnesses lie: two contradicting payments become certified, and everyone sees for himself that the swarm is broken. */
import { expect, test } from 'vitest'
import { signCertificate, mergeCertificates } from '../../../src/ledger/certificate.ts'
import { encodeJoin, parseEntry, type ParsedEntry } from '../../../src/ledger/entry.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import { createWitness } from '../../../src/ledger/witness.ts'
import type { Signer } from '../../../src/identity/keys.ts'
import { helloMessage } from '../../../src/identity/hello-message.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createNetwork } from '../../../src/network/create-network.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { createMemorySwarm, grantMicro } from '../../support/memory-agents.ts'
import { createPerson, next, pay, verifier, type World } from '../ledger/fixtures.ts'

test('relays keep the proof and hold the same; members check it and show it, also those that come later', async () => {
  const signers: Signer[] = []
  const swarm = await createMemorySwarm('broken', {
    witnesses: 4,
    witnessOf: () => (deps) => {
      if (!signers.includes(deps.signer)) signers.push(deps.signer)
      return createWitness(deps)
    },
  })
  const member = await swarm.join('member')
  await swarm.until('it has its grant', () => member.agent().view().credits.earnedMicro === grantMicro)
  const [ana, ben, eve] = await Promise.all(['ana', 'ben', 'eve'].map(createPerson))
  const heard: WireMessage[] = []
  const network = createNetwork({
    clock: swarm.clock,
    random: createSeededRandom('ana'),
    verifier,
    role: 'node',
    device: { root: ana!.join.identity, device: ana!.device.publicKey, signature: ana!.join.certificate },
    signHello: (fields) => ana!.device.sign(helloMessage(swarm.link.swarm, ana!.device.publicKey, fields)),
    link: swarm.link,
    relayDialer: swarm.hub.dialer('ana'),
  })
  network.onMessage((_from, message) => heard.push(message))
  await swarm.until('she is linked', () => network.peers().filter(({ role }) => role === 'relay').length === 4)
  for (const { id } of network.peers()) await network.send(id, ['redeem', { token: swarm.link.invite!, join: encodeJoin(ana!.join) }])
  const entriesHeard = () => heard.flatMap(([type, body]) => (type === 'entries' && body.certificate ? [body] : []))
  await swarm.until('she has her grant', () => entriesHeard().length > 0)
  const grant = entriesHeard()[0]!
  const payment = parseEntry(grant.entries[0]!)
  if (!payment.ok) throw new Error('no grant')
  const claim = { op: 'claim', lines: [[payment.value.entry.author, payment.value.id, grant.certificate!]] } as const
  const world = { rules: { swarm: swarm.link.swarm } } as World
  const two = await Promise.all([ben!, eve!].map((to) => next(world, ana!, undefined, [ana!.join, claim, pay([to, 100])])))
  const after = await next(world, ana!, two[0], [pay([ben!, 200])])

  /** Certified by an honest one and the two that lie. */
  const tell = async ({ entry, id, bytes }: ParsedEntry, honest: number): Promise<void> => {
    const by = [signers[honest]!, signers[2]!, signers[3]!]
    const signed = await Promise.all(by.map((one) => signCertificate(one, swarm.link.swarm, { author: entry.author, seq: entry.seq, id })))
    const { signatures, ...on } = signed.reduce<Certificate>((all, one) => mergeCertificates(all, one)!, signed[0]!)
    const certificate = { ...on, signatures: signatures.map(([key, signature]): [typeof key, typeof signature] => [key, signature]) }
    const relay = network.peers().filter(({ role }) => role === 'relay')[honest]!
    await network.send(relay.id, ['entries', { entries: [bytes], certificate }])
  }
  const ledgers = () => Promise.all(swarm.relays.map((relay) => relay.node()!.ledger()))
  await tell(two[0]!, 0)
  await swarm.clock.advance(1_000)
  expect((await ledgers()).map(({ broken }) => broken)).toEqual([false, false, false, false])
  expect(member.agent().view().trouble).toBeNull()

  await tell(two[1]!, 1)
  await tell(after, 0)
  await swarm.until('the member sees it', () => member.agent().view().trouble === 'swarm-broken')
  await swarm.clock.advance(120_000)
  const [first, ...rest] = await ledgers()
  for (const other of rest) expect(other).toEqual(first)
  expect(first!.broken).toBe(true)
  expect(first!.verdicts.map(({ target }) => target)).toEqual([toHex(ana!.device.publicKey)])
  // The two whose signatures are on both are named; the honest ones are not.
  expect([...first!.frauds].sort()).toEqual([signers[2]!, signers[3]!].map(({ publicKey }) => toHex(publicKey)).sort())

  await member.restart()
  expect(member.agent().view().trouble).toBe('swarm-broken')
  const late = await swarm.join('late')
  await swarm.until('who comes later is told', () => late.agent().view().trouble === 'swarm-broken')
  network.close()
})
