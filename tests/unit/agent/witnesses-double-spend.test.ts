/**
 * A device that shows two entries at one number to four witnesses, one of which signs both: in whatever order, one at most is final, and
 * all come to one verdict.
 */
import { expect, test } from 'vitest'
import type { LedgerView } from '../../../src/agent/relay-ledger.ts'
import { verifyCertificate } from '../../../src/ledger/certificate.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import { parseVerdict, verifyVerdict } from '../../../src/ledger/verdict.ts'
import { equalBytes, toHex } from '../../../src/lib/bytes.ts'
import { createLyingWitness } from '../../support/lying-witness.ts'
import { createMemorySwarm, grantMicro } from '../../support/memory-agents.ts'
import { createPerson, next, pay, type Person, verifier } from '../ledger/fixtures.ts'
import { granted, type linked } from './raw-member.ts'

/** Ana with her grant, her two first entries that pay it to ben and to eve, and what became of them. */
const doubleSpender = async (seed: string) => {
  const swarm = await createMemorySwarm(seed, { witnesses: 4, witnessOf: (i) => (i === 3 ? createLyingWitness : undefined) })
  const [ana, ben, eve] = (await Promise.all(['ana', 'ben', 'eve'].map(createPerson))) as [Person, Person, Person]
  const { peer, world, opening } = await granted(swarm, ana)
  const two = (await Promise.all([ben, eve].map((payee) => next(world, ana, undefined, [...opening, pay([payee, grantMicro])])))) as [
    ParsedEntry,
    ParsedEntry,
  ]
  const rules = { swarm: swarm.link.swarm, witnesses: swarm.policy.witnesses }

  const certified = async (one: ParsedEntry): Promise<Certificate | undefined> => {
    const merged = peer.signed(one.id)
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
  return { swarm, ana, people: [ben, eve] as const, two, peer, certified, publish, judged }
}
const show = (peer: Awaited<ReturnType<typeof linked>>, i: number, entry: ParsedEntry): Promise<void> =>
  peer.tell(i, ['certify', { entries: [entry.bytes] }])
const orders = Array.from({ length: 8 }, (_, bits) => [0, 1, 2].map((i) => (bits >> i) & 1) as [number, number, number])

test.each(orders)(
  'which of the two the honest ones are shown first: %i, %i, %i; one is final, and one verdict says what she did',
  async (...order) => {
    const { swarm, people, two, peer, certified, publish, judged, ana } = await doubleSpender(order.join(''))
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
    const [final, few] = [peer.signed(two[majority]!.id)!, peer.signed(two[1 - majority]!.id)!]
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
