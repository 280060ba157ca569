/** What must always hold (spec: ledger.md): over any permutation, duplication and interleaving, on several replicas. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom, randomBelow, shuffled } from '../../../src/lib/random.ts'
import { createMemoryStore, type StoreValue } from '../../../src/lib/store.ts'
import { balanceOf } from '../../../src/ledger/chain-state.ts'
import { issuanceDefaults } from '../../../src/ledger/issuance.ts'
import { createReplica, type Replica } from '../../../src/ledger/replica.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import { offenceOf, signVerdict, type Verdict } from '../../../src/ledger/verdict.ts'
import { createWitness } from '../../../src/ledger/witness.ts'
import { attest, certify, createWorld, next, pay, type Person, startMs, verifier, type World } from './fixtures.ts'
import { createHistory, type Step } from './history.ts'

type Message = { readonly entries: readonly Uint8Array[]; readonly certificate: Certificate | null } | { readonly verdict: Verdict }

let world: World
let steps: readonly Step[]
let people: readonly Person[]
let messages: readonly Message[]
beforeAll(async () => {
  world = await createWorld(1, { issuance: issuanceDefaults, unlockMs: 0 })
  ;({ steps, people } = await createHistory(world, createSeededRandom('properties'), 60))
  messages = [...valid(), ...(await worthless()), ...(await verdicts())]
})

/** Every entry and certificate, together and apart. */
const valid = (): Message[] =>
  steps.flatMap(({ entry, certificate }) => [
    { entries: [entry.bytes], certificate: null },
    { entries: [], certificate },
    { entries: [entry.bytes], certificate },
  ])
/** What no correct node takes: forged, malformed, of another swarm, not certified, certified by too few or by nobody who may. */
const worthless = async (): Promise<Message[]> => {
  const [ana, ben] = people as [Person, Person]
  const tip = steps.findLast(({ entry }) => toHex(entry.entry.author) === toHex(ana.device.publicKey))!.entry
  const forged = await next(world, ana, tip, [pay([ben, 10 ** 9])], { signer: ben.device })
  const elsewhere = { ...world, rules: { ...world.rules, swarm: tip.id } }
  const foreign = await next(elsewhere, ana, undefined, [ana.join])
  const unsigned = await next(world, ana, tip, [attest(ben, 'never certified')])
  const cut = steps[0]!.entry.bytes.slice(0, -1)
  const nobody = { ...(await certify(world, unsigned, [ben.device])) }
  return [
    { entries: [forged.bytes], certificate: await certify(world, forged, [ben.device]) },
    { entries: [foreign.bytes], certificate: await certify(elsewhere, foreign) },
    { entries: [unsigned.bytes, cut], certificate: nobody },
    { entries: [unsigned.bytes], certificate: { ...nobody, signatures: [] } },
  ]
}
const verdicts = async (): Promise<Message[]> => {
  const target = people[1]!.device.publicKey
  const findings = [
    { target, reason: 'DoubleSpend', offence: offenceOf.doubleSpend(target, 3) },
    { target, reason: 'InvalidResult', offence: offenceOf.invalidResult(steps[0]!.entry.id) },
  ] as const
  const made = await Promise.all(findings.map((finding) => signVerdict(world.witnesses[0]!, world.rules.swarm, finding)))
  return [...made, made[0]!, { ...made[1]!, offence: steps[1]!.entry.id }].map((verdict) => ({ verdict }))
}

const open = () => {
  const store = createMemoryStore()
  return { store, replica: createReplica({ store, verifier, rules: world.rules }) }
}
const deliver = async (replica: Replica, message: Message): Promise<void> => {
  if ('verdict' in message) await replica.verdicts.take(message.verdict)
  else await replica.ingest(message.entries, message.certificate, 'peer')
}
const show = (records: ReadonlyMap<string, StoreValue>): string[] =>
  [...records].map(([key, value]) => `${key} ${JSON.stringify(value, (_, v: unknown) => (v instanceof Uint8Array ? toHex(v) : v))}`).sort()
/** All in the order in which it was made. */
const reference = async (): Promise<string[]> => {
  const { store, replica } = open()
  for (const message of messages) await deliver(replica, message)
  return show(store.snapshot())
}
/** Some of it twice. */
const anyOrder = (seed: number): Message[] => {
  const random = createSeededRandom(seed)
  return shuffled(random, [...messages, ...messages.filter(() => randomBelow(random, 3) === 0)])
}

describe('what must always hold', () => {
  it('the history has every operation, and settles that grant', async () => {
    const ops = new Set(steps.flatMap(({ entry }) => entry.entry.ops.map(({ op }) => op)))
    expect([...ops].sort()).toEqual(['attest', 'claim', 'delegate', 'join', 'pay', 'revoke', 'settle', 'stake'])
    const { replica } = open()
    for (const message of messages) await deliver(replica, message)
    expect((await replica.state(world.issuer.device.publicKey)).head.settled).toBeGreaterThan(0n)
    expect((await replica.verdicts.verdicts()).length).toBe(2)
  })

  it('the same entries, certificates and verdicts give the same state on every replica, in any order, any number of times', async () => {
    const expected = await reference()
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        for (const part of [0, 1, 2]) {
          const { store, replica } = open()
          for (const message of anyOrder(seed * 3 + part)) await deliver(replica, message)
          expect(show(store.snapshot())).toEqual(expected)
          expect(await replica.broken()).toBe(false)
        }
      }),
      { numRuns: 5 },
    )
  })

  it('merging is idempotent, commutative and associative', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const random = createSeededRandom(seed)
        const parts = [0, 1, 2].map(() => messages.filter(() => randomBelow(random, 3) > 0))
        const merged = async (...order: readonly (readonly Message[])[]): Promise<string[]> => {
          const { store, replica } = open()
          for (const part of order) for (const message of part) await deliver(replica, message)
          return show(store.snapshot())
        }
        const [a, b, c] = parts as [Message[], Message[], Message[]]
        const abc = await merged(a, b, c)
        expect(await merged(c, b, a)).toEqual(abc)
        expect(await merged(b, c, a, a, b)).toEqual(abc)
      }),
      { numRuns: 5 },
    )
  })

  it('at every step credits are conserved, nobody but the issuer is below zero, and certified income does not fall', async () => {
    const all = [world.issuer, ...people]
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const { replica } = open()
        const incomes = new Map<Person, bigint>()
        for (const message of anyOrder(seed)) {
          await deliver(replica, message)
          for (const person of all) {
            const { head } = await replica.state(person.device.publicKey)
            expect(head.claimed >= (incomes.get(person) ?? 0n)).toBe(true)
            incomes.set(person, head.claimed)
            const floor = person === world.issuer ? -BigInt(world.rules.allowanceMicro) - head.settled : 0n
            expect(balanceOf(head) >= floor).toBe(true)
            expect(head.lent <= BigInt(head.staked)).toBe(true)
          }
        }
        let sum = 0n
        for (const person of all) {
          const { head, paid } = await replica.state(person.device.publicKey)
          sum += head.claimed - head.paid
          for (const [payee, { total }] of paid) {
            const receiver = all.find((p) => toHex(p.device.publicKey) === payee)!
            const claimed = (await replica.state(receiver.device.publicKey)).claimed.get(toHex(person.device.publicKey))?.total ?? 0
            expect(claimed).toBeLessThanOrEqual(total)
            sum += BigInt(total - claimed)
          }
        }
        expect(sum).toBe(0n)
      }),
      { numRuns: 3 },
    )
  })

  it('an honest chain can always be certified further, whatever else comes', async () => {
    const store = createMemoryStore()
    const parts = { store, verifier, rules: world.rules }
    const replica = createReplica(parts)
    const witness = createWitness({ ...parts, replica, signer: world.witnesses[0]!, clock: createManualClock(startMs) })
    const random = createSeededRandom('further')
    for (const { entry } of steps) {
      const noise = messages[randomBelow(random, messages.length)]!
      if ('entries' in noise && noise.entries.length > 0) {
        await witness.submit(noise.entries)
        await replica.ingest(noise.entries, null, 'peer')
      }
      expect(await witness.submit([entry.bytes])).toMatchObject({ ok: true })
    }
    for (const person of people) {
      const last = steps.findLast(({ entry }) => toHex(entry.entry.author) === toHex(person.device.publicKey))!.entry
      const onward = await next(world, person, last, [attest(world.issuer, 'goes on')])
      expect(await witness.submit([onward.bytes])).toMatchObject({ ok: true })
    }
  })
})
