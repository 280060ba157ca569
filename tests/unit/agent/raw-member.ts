/** Someone with keys and no agent, who says what it likes to each relay of a swarm. */
import { onWire } from '../../../src/agent/relay-segments.ts'
import { encodeJoin, parseEntry } from '../../../src/ledger/entry.ts'
import { helloMessage } from '../../../src/identity/hello-message.ts'
import { mergeCertificates } from '../../../src/ledger/certificate.ts'
import type { Certificate, Op } from '../../../src/ledger/types.ts'
import { type Bytes, equalBytes } from '../../../src/lib/bytes.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createNetwork } from '../../../src/network/create-network.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import type { MemorySwarm } from '../../support/memory-agents.ts'
import { attest, createPerson, next, pay, type Person, verifier, type World } from '../ledger/fixtures.ts'

/** A link of its own to each relay, and all that each of them ever said. */
export const linked = async (swarm: MemorySwarm, person: Person) => {
  const heard: WireMessage[][] = swarm.relays.map(() => [])
  const networks = swarm.relays.map(({ url }, i) => {
    const network = createNetwork({
      clock: swarm.clock,
      random: createSeededRandom(`${person.name}/${i}`),
      verifier,
      role: 'node',
      device: { root: person.join.identity, device: person.device.publicKey, signature: person.join.certificate },
      signHello: (fields) => person.device.sign(helloMessage(swarm.link.swarm, person.device.publicKey, fields)),
      link: { ...swarm.link, relays: [url] },
      relayDialer: swarm.hub.dialer(person.name),
    })
    network.onMessage((_from, message) => heard[i]!.push(message))
    return network
  })
  await swarm.until('it is linked with all', () => networks.every((network) => network.peers().length === 1))
  return {
    heard: (i: number): readonly WireMessage[] => heard[i]!,
    tell: async (i: number, message: WireMessage): Promise<void> => {
      const { network, peer } = { network: networks[i]!, peer: networks[i]!.peers()[0]! }
      await network.send(peer.id, message)
      await swarm.clock.advance(100)
    },
    /** All signatures on this entry that it was given. */
    signed: (id: Bytes): Certificate | undefined =>
      heard
        .flat()
        .flatMap(([type, body]) =>
          type === 'entries' && body.certificate && equalBytes(body.certificate.id, id) ? [body.certificate] : [],
        )
        .reduce<Certificate | undefined>((all, certificate) => (all ? mergeCertificates(all, certificate) : certificate), undefined),
    close: () => networks.forEach((network) => network.close()),
  }
}

/** With the operations that open its account by its grant. */
export const granted = async (swarm: MemorySwarm, person: Person) => {
  const peer = await linked(swarm, person)
  await peer.tell(0, ['redeem', { token: swarm.link.invite!, join: encodeJoin(person.join) }])
  await swarm.clock.advance(1_000)
  const grant = peer.heard(0).flatMap(([type, body]) => (type === 'entries' ? [body] : []))[0]!
  const payment = parseEntry(grant.entries[0]!)
  if (!payment.ok) throw new Error('no grant')
  const { entry, id } = payment.value
  const opening: readonly Op[] = [person.join, { op: 'claim', lines: [[entry.author, id, grant.certificate!]] }]
  return { peer, world: { rules: { swarm: swarm.link.swarm } } as World, opening }
}

/** Somebody pays this device by an entry that the certificate on the one above it certifies alone, and says nothing of it. */
export const paidBelow = async (swarm: MemorySwarm, device: Bytes, micro: number): Promise<void> => {
  const ana = await createPerson('ana')
  const { peer, world, opening } = await granted(swarm, ana)
  const payee = { device: { publicKey: device } } as typeof ana
  const paying = await next(world, ana, undefined, [...opening, pay([payee, micro])])
  const above = await next(world, ana, paying, [attest(ana, 'says nothing')])
  for (let i = 0; i < swarm.relays.length; i++) await peer.tell(i, ['certify', { entries: [paying.bytes, above.bytes] }])
  await swarm.clock.advance(1_000)
  const certificate = onWire(peer.signed(above.id)!)
  if (peer.signed(paying.id)) throw new Error('it has a certificate of its own')
  for (let i = 0; i < swarm.relays.length; i++) await peer.tell(i, ['entries', { entries: [paying.bytes, above.bytes], certificate }])
  peer.close()
}
