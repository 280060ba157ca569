/**
 * A device that shows two entries at one number to four witnesses, one of which signs both: in whatever order, one at most is final, and
 * all come to one verdict.
 */
import { expect, test } from 'vitest'
import { helloMessage } from '../../../src/identity/hello-message.ts'
import type { LedgerView } from '../../../src/agent/relay-ledger.ts'
import { mergeCertificates, verifyCertificate } from '../../../src/ledger/certificate.ts'
import { encodeJoin, parseEntry, type ParsedEntry } from '../../../src/ledger/entry.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import { parseVerdict, verifyVerdict } from '../../../src/ledger/verdict.ts'
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

/** Ana with her grant, her two first entries that pay it to ben and to eve, and what became of them. */
const doubleSpender = async (seed: string) => {
  const swarm = await createMemorySwarm(seed, { witnesses: 4, witnessOf: (i) => (i === 3 ? createLyingWitness : undefined) })
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
  const two = (await Promise.all([ben, eve].map((payee) => next(world, ana, undefined, [ana.join, claim, pay([payee, grantMicro])])))) as [
    ParsedEntry,
    ParsedEntry,
  ]
  const rules = { swarm: swarm.link.swarm, witnesses: swarm.policy.witnesses }

  /** All signatures on it that she was given. */
  const signed = (one: ParsedEntry): Certificate | undefined =>
    [0, 1, 2, 3]
      .flatMap((i) =>
        peer
          .heard(i)
          .flatMap(([type, body]) =>
            type === 'entries' && body.certificate && equalBytes(body.certificate.id, one.id) ? [body.certificate] : [],
          ),
      )
      .reduce<Certificate | undefined>((all, certificate) => (all ? mergeCertificates(all, certificate) : certificate), undefined)
  const certified = async (one: ParsedEntry): Promise<Certificate | undefined> => {
    const merged = signed(one)
    return merged && (await verifyCertificate(verifier, merged, rules)) ? merged : undefined
  }
  const publish = async (one: ParsedEntry): Promise<void> => {
    const final = (await certified(one))!
    await peer.tell(0, [
      'entries',
      { entries: [one.bytes], certificate: { ...final, signatures: final.signatures.map(([k, s]) => [k, s]) } },
    ])
    await swarm.clock.advance(1_000)
  }
  /** All four hold the same, the one verdict among it, and she is told of it. */
  const judged = async (): Promise<LedgerView> => {
    const [first, ...rest] = await Promise.all(swarm.relays.map((relay) => relay.node()!.ledger()))
    for (const ledger of rest) expect(ledger).toEqual(first)
    expect(first!.verdicts).toEqual([{ target: toHex(ana.device.publicKey), reason: 'DoubleSpend', costMicro: 100_000_000 }])
    const told = [0, 1, 2, 3].flatMap((i) => peer.heard(i).flatMap(([type, body]) => (type === 'verdict' ? [body.bytes] : [])))
    expect(told.length).toBeGreaterThan(0)
    for (const bytes of told) {
      const verdict = parseVerdict(bytes)
      expect(verdict.ok && (await verifyVerdict(verifier, verdict.value, rules)).ok).toBe(true)
    }
    return first!
  }
  return { swarm, ana, people: [ben, eve] as const, two, peer, signed, certified, publish, judged }
}
const show = (peer: Awaited<ReturnType<typeof linked>>, i: number, entry: ParsedEntry): Promise<void> =>
  peer.tell(i, ['certify', { entries: [entry.bytes] }])
const orders = Array.from({ length: 8 }, (_, bits) => [0, 1, 2].map((i) => (bits >> i) & 1) as [number, number, number])

test.each(orders)(
  'which of the two the honest ones are shown first: %i, %i, %i; one is final, and one verdict says what she did',
  async (...order) => {
    const { swarm, people, two, peer, signed, certified, publish, judged, ana } = await doubleSpender(order.join(''))
    // First each the one, then each the other, to everyone; and the whole again.
    for (const round of [0, 1])
      for (const turn of [0, 1])
        for (const [i, first = 0] of [...order, round].entries()) await show(peer, i, two[turn === 0 ? first : 1 - first]!)

    const majority = order[0] + order[1] + order[2] >= 2 ? 1 : 0
    expect(await certified(two[majority]!)).toBeDefined()
    expect(await certified(two[1 - majority]!)).toBeUndefined()

    await publish(two[majority]!)
    const paid = toHex(people[majority]!.device.publicKey)
    const { accounts } = await judged()
    expect(accounts.find(({ author }) => author === toHex(ana.device.publicKey))?.payees.map(({ payee }) => payee)).toEqual([paid])

    // What too few have signed certifies nothing, and shows who signed both.
    const [final, few] = [signed(two[majority]!)!, signed(two[1 - majority]!)!]
    await peer.tell(1, ['entries', { entries: [], certificate: { ...few, signatures: few.signatures.map(([k, s]) => [k, s]) } }])
    await swarm.clock.advance(1_000)
    const twice = few.signatures.filter(([witness]) => final.signatures.some(([key]) => equalBytes(key, witness)))
    expect(twice).toHaveLength(1)
    expect((await judged()).frauds).toEqual(twice.map(([witness]) => toHex(witness)))
    peer.close()
  },
)

test.each(orders)(
  'each witness is shown both at once, %i, %i, %i first: never both are final, and the verdict is the same',
  async (...order) => {
    const { peer, two, certified, publish, judged } = await doubleSpender(`at once ${order.join('')}`)
    for (const [i, first = 0] of [...order, 0].entries()) for (const which of [first, 1 - first]) await show(peer, i, two[which]!)
    const final = (await Promise.all(two.map(certified))).flatMap((certificate, i) => (certificate ? [two[i]!] : []))
    expect(final.length).toBeLessThanOrEqual(1)
    for (const one of final) await publish(one)
    await judged()
    peer.close()
  },
)
