import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { compareBytes, equalBytes, toHex } from '../../../src/lib/bytes.ts'
import { createSeededRandom, shuffled } from '../../../src/lib/random.ts'
import { createMemoryStore, type StoreValue } from '../../../src/lib/store.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import {
  attest,
  certify,
  claim,
  createPerson,
  createWorld,
  delegate,
  next,
  pay,
  type Person,
  startMs,
  verifier,
  type World,
} from './fixtures.ts'

let world: World
let ana: Person
let ben: Person
let cy: Person
beforeAll(async () => {
  world = await createWorld(4)
  ana = await createPerson('ana')
  ben = await createPerson('ben')
  cy = await createPerson('cy')
})

interface Message {
  readonly entries: readonly Uint8Array[]
  readonly certificate: Certificate | null
}
const show = (records: ReadonlyMap<string, StoreValue>): string[] =>
  [...records].map(([key, value]) => `${key} ${JSON.stringify(value, (_, v: unknown) => (v instanceof Uint8Array ? toHex(v) : v))}`).sort()

const run = async (messages: readonly Message[]) => {
  const store = createMemoryStore()
  const replica = createReplica({ store, verifier, rules: world.rules })
  for (const { entries, certificate } of messages) await replica.ingest(entries, certificate, 'peer')
  return { replica, store }
}
const of = async (entry: ParsedEntry): Promise<Message> => ({ entries: [entry.bytes], certificate: await certify(world, entry) })

/** ana's chain splits after number 0, and again on one side; ben and cy claim from different sides; all of it is certified. */
const forked = async () => {
  const granting = await next(world, world.issuer, undefined, [world.issuer.join, pay([ana, 1000])])
  const opening = await next(world, ana, undefined, [ana.join, claim(await certify(world, granting))])
  const left = await next(world, ana, opening, [{ op: 'stake', amount: 100 }, delegate([ben, 20]), pay([ben, 300])])
  const left2 = await next(world, ana, left, [pay([ben, 300, 5])])
  const right = await next(world, ana, opening, [pay([cy, 1000])])
  const right2a = await next(world, ana, right, [{ op: 'stake', amount: 0 }], { time: startMs + 1 })
  const right2b = await next(world, ana, right, [{ op: 'stake', amount: 0 }], { time: startMs + 2 })
  const bens = await next(world, ben, undefined, [ben.join, claim(await certify(world, left2))])
  const cys = await next(world, cy, undefined, [cy.join, claim(await certify(world, right))])
  const cyPays = await next(world, cy, cys, [pay([ben, 999])])
  const entries = [granting, opening, left, left2, right, right2a, right2b, bens, cys, cyPays]
  return { entries, ends: [left2, right2a, right2b], granting, opening, left, left2, right, right2a, right2b }
}

describe('more than f liars', () => {
  it('of the certified ends the lowest id is the head, whatever the order; claims stand; all see it', async () => {
    const { entries, ends } = await forked()
    const lowest = ends.toSorted((a, b) => compareBytes(a.id, b.id))[0]!
    const messages: Message[] = []
    for (const entry of entries) {
      const full = await certify(world, entry)
      // Witnesses in other combinations, entries and certificates apart and together.
      const some: Certificate = { ...full, signatures: full.signatures.slice(1) }
      messages.push(
        { entries: [entry.bytes], certificate: null },
        { entries: [], certificate: some },
        { entries: [entry.bytes], certificate: full },
      )
    }
    const expected = await run(messages)
    expect(toHex((await expected.replica.account(ana.device.publicKey))!.id)).toBe(toHex(lowest.id))
    const reference = show(expected.store.snapshot())
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const { replica, store } = await run(shuffled(createSeededRandom(seed), messages))
        expect(show(store.snapshot())).toEqual(reference)
        expect(await replica.broken()).toBe(true)
        expect(await replica.account(ben.device.publicKey)).toMatchObject({ claimed: 300 })
        expect(await replica.account(cy.device.publicKey)).toMatchObject({ claimed: 1000, paid: 999 })
        expect((await replica.verdicts.frauds()).length).toBe(4)
        expect(replica.pendingBytes()).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  it('where a payer’s entry never comes, all orders come to the same, and each signature of a second side is counted', async () => {
    const paying = await next(world, ben, undefined, [ben.join, pay([ana, 100])])
    const granting = await next(world, world.issuer, undefined, [world.issuer.join, pay([ana, 1000])])
    const opening = await next(world, ana, undefined, [ana.join, claim(await certify(world, granting))])
    const left = await next(world, ana, opening, [claim(await certify(world, paying))])
    const left2 = await next(world, ana, left, [pay([cy, 300])])
    const right = await next(world, ana, opening, [pay([cy, 1000])])
    const right2 = await next(world, ana, right, [claim(await certify(world, paying))], { time: startMs + 1 })
    const messages: Message[] = []
    for (const entry of [granting, opening, left, left2, right, right2]) {
      const { signatures, ...full } = await certify(world, entry)
      messages.push(
        { entries: [entry.bytes], certificate: null },
        { entries: [], certificate: { ...full, signatures: signatures.slice(1) } },
        { entries: [entry.bytes], certificate: { ...full, signatures: signatures.slice(0, 3) } },
      )
    }
    const reference = show((await run(messages)).store.snapshot())
    for (let seed = 0; seed < 40; seed++) {
      const { replica, store } = await run(shuffled(createSeededRandom(seed), messages))
      expect(show(store.snapshot())).toEqual(reference)
      expect((await replica.verdicts.frauds()).length).toBe(4)
    }
  })

  it('an end that goes on is another end: the head is chosen anew', async () => {
    const { opening, granting, left, right } = await forked()
    const [low, high] = compareBytes(left.id, right.id) < 0 ? [left, right] : [right, left]
    const base = await Promise.all([granting, opening, low, high].map(of))
    const { replica } = await run(base)
    const head = async () => (await replica.account(ana.device.publicKey))!.id
    expect(equalBytes(await head(), low.id)).toBe(true)
    // Goes on to an id above the other end's: the other is the head now.
    let onward: ParsedEntry | undefined
    for (let i = 0; !onward || compareBytes(onward.id, high.id) < 0; i++)
      onward = await next(world, ana, low, [attest(ben, 'goes on')], { time: startMs + i })
    const last = await of(onward)
    await replica.ingest(last.entries, last.certificate, 'peer')
    expect(equalBytes(await head(), high.id)).toBe(true)
    const other = await run([...base.toReversed(), last])
    expect(equalBytes((await other.replica.account(ana.device.publicKey))!.id, high.id)).toBe(true)
    // What belongs to the side that is not the head is nowhere in the account's figures, and still there to claim.
    const sum = (await replica.records.lentTo(ben.device.publicKey)).size
    expect(sum).toBe(equalBytes(high.id, left.id) ? 1 : 0)
    expect(await replica.entry(low.id)).toEqual(low)
  })

  it('a certificate on an entry that is not valid shows the swarm broken, in any order, and changes no account', async () => {
    const { granting, opening, left } = await forked()
    const overdrawn = await next(world, ana, opening, [pay([cy, 5000])])
    const good = await Promise.all([granting, opening, left].map(of))
    const bad = await of(overdrawn)
    const snapshots: string[][] = []
    for (const order of [
      [...good, bad],
      [bad, ...good],
      [good[0]!, good[1]!, bad, good[2]!],
    ]) {
      const { replica, store } = await run(order)
      expect(await replica.broken()).toBe(true)
      expect(await replica.account(ana.device.publicKey)).toMatchObject({ seq: 1, paid: 300 })
      snapshots.push(show(store.snapshot()))
    }
    expect(snapshots[1]).toEqual(snapshots[0])
    expect(snapshots[2]).toEqual(snapshots[0])
  })

  it('an honest swarm is not broken', async () => {
    const { granting, opening, left, left2 } = await forked()
    const { replica } = await run(await Promise.all([granting, opening, left, left2].map(of)))
    expect(await replica.broken()).toBe(false)
    expect(await replica.verdicts.frauds()).toEqual([])
  })

  it('a fork at number 0 is one too', async () => {
    const firsts = await Promise.all([1, 2, 3].map((time) => next(world, cy, undefined, [cy.join], { time })))
    const messages = await Promise.all(firsts.map(of))
    const lowest = firsts.toSorted((a, b) => compareBytes(a.id, b.id))[0]!
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { replica } = await run(shuffled(createSeededRandom(seed), messages))
      expect(toHex((await replica.account(cy.device.publicKey))!.id)).toBe(toHex(lowest.id))
    }
  })
})
