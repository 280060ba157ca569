/** A device that shows two entries at one number to four witnesses, one of which signs both: in whatever order, one at most is final. */
import { expect, test } from 'vitest'
import { helloMessage } from '../../../src/identity/hello-message.ts'
import { mergeCertificates, verifyCertificate } from '../../../src/ledger/certificate.ts'
import { encodeJoin, parseEntry, type ParsedEntry } from '../../../src/ledger/entry.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import { equalBytes, toHex } from '../../../src/lib/bytes.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createNetwork } from '../../../src/network/create-network.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { createLyingWitness } from '../../support/lying-witness.ts'
import { createMemorySwarm, grantMicro, type MemorySwarm } from '../../support/memory-agents.ts'
import { createPerson, next, pay, type Person, verifier, type World } from '../ledger/fixtures.ts'

/** A link of its own to each relay, and all that each of them ever said. */
const linked = async (swarm: MemorySwarm, person: Person) => {
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
    close: () => networks.forEach((network) => network.close()),
  }
}

test.each(Array.from({ length: 8 }, (_, bits) => [0, 1, 2].map((i) => (bits >> i) & 1)))(
  'which of the two the honest ones are shown first: %i, %i, %i',
  async (...order) => {
    const swarm = await createMemorySwarm(order.join(''), { witnesses: 4, witnessOf: (i) => (i === 3 ? createLyingWitness : undefined) })
    const [ana, ben, eve] = (await Promise.all(['ana', 'ben', 'eve'].map(createPerson))) as [Person, Person, Person]
    const peer = await linked(swarm, ana)
    await peer.tell(0, ['redeem', { token: swarm.link.invite!, join: encodeJoin(ana.join) }])
    await swarm.clock.advance(1_000)
    const grant = peer.heard(0).flatMap(([type, body]) => (type === 'entries' ? [body] : []))[0]!
    const payment = parseEntry(grant.entries[0]!)
    if (!payment.ok) throw new Error('no grant')
    const { entry, id } = payment.value
    const claim = { op: 'claim', lines: [[entry.author, id, grant.certificate!]] } as const
    const world = { rules: { swarm: swarm.link.swarm } } as World
    const two = (await Promise.all(
      [ben, eve].map((payee) => next(world, ana, undefined, [ana.join, claim, pay([payee, grantMicro])])),
    )) as [ParsedEntry, ParsedEntry]

    const certified = async (one: ParsedEntry): Promise<Certificate | undefined> => {
      const signed = [0, 1, 2, 3].flatMap((i) =>
        peer
          .heard(i)
          .flatMap(([type, body]) =>
            type === 'entries' && body.certificate && equalBytes(body.certificate.id, one.id) ? [body.certificate] : [],
          ),
      )
      const merged =
        signed.length > 0 ? signed.reduce<Certificate>((all, certificate) => mergeCertificates(all, certificate)!, signed[0]!) : undefined
      const rules = { swarm: swarm.link.swarm, witnesses: swarm.policy.witnesses }
      return merged && (await verifyCertificate(verifier, merged, rules)) ? merged : undefined
    }
    // Each twice, to everyone: who signed one is asked for the other again and again.
    for (const round of [0, 1])
      for (const [i, first = 0] of [...order, round].entries())
        for (const which of [first, 1 - first]) await peer.tell(i, ['certify', { entries: [two[which]!.bytes] }])

    const majority = order[0]! + order[1]! + order[2]! >= 2 ? 1 : 0
    expect(await certified(two[majority]!)).toBeDefined()
    expect(await certified(two[1 - majority]!)).toBeUndefined()

    const final = (await certified(two[majority]!))!
    await peer.tell(0, [
      'entries',
      { entries: [two[majority]!.bytes], certificate: { ...final, signatures: final.signatures.map(([k, s]) => [k, s]) } },
    ])
    await swarm.clock.advance(1_000)
    const paid = toHex([ben, eve][majority]!.device.publicKey)
    for (const relay of swarm.relays) {
      const { accounts } = await relay.node()!.ledger()
      expect(accounts.find(({ author }) => author === toHex(ana.device.publicKey))?.payees.map(({ payee }) => payee)).toEqual([paid])
    }
    peer.close()
  },
)
