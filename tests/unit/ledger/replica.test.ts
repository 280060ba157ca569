import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createSeededRandom, shuffled } from '../../../src/lib/random.ts'
import { createMemoryStore, type Store, type StoreValue } from '../../../src/lib/store.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { certifyDevice } from '../../../src/identity/device.ts'
import { balanceOf } from '../../../src/ledger/chain-state.ts'
import { encodeEntry } from '../../../src/ledger/entry.ts'
import { createPendingPool } from '../../../src/ledger/pending-pool.ts'
import { createReplica, type Replica } from '../../../src/ledger/replica.ts'
import { attest, certify, claim, createPerson, createWorld, next, pay, type Person, signerOf, verifier, type World } from './fixtures.ts'
import { createHistory, type Step } from './history.ts'

let world: World
let steps: readonly Step[]
let people: readonly Person[]
beforeAll(async () => {
  world = await createWorld()
  ;({ steps, people } = await createHistory(world, createSeededRandom('history'), 30))
})

const open = (store: Store, of = world): Replica => createReplica({ store, verifier, rules: of.rules })
const show = (records: ReadonlyMap<string, StoreValue>): string[] =>
  [...records].map(([key, value]) => `${key} ${JSON.stringify(value, (_, v: unknown) => (v instanceof Uint8Array ? toHex(v) : v))}`).sort()
const deliverAll = async (replica: Replica, list: readonly Step[]): Promise<void> => {
  for (const { entry, certificate } of list)
    expect(await replica.ingest([entry.bytes], certificate, 'peer')).toMatchObject({ ok: true, value: { refused: [] } })
}
/** What stands in the store after everything came in the order in which it was made. */
const inOrder = async (): Promise<string[]> => {
  const store = createMemoryStore()
  await deliverAll(open(store), steps)
  return show(store.snapshot())
}

describe('a replica', () => {
  it('conserves every micro-credit', async () => {
    const replica = open(createMemoryStore())
    await deliverAll(replica, steps)
    const all = [world.issuer, ...people]
    let sum = 0n
    let inFlight = 0n
    for (const person of all) {
      const state = await replica.state(person.device.publicKey)
      sum += state.head.claimed - state.head.paid
      if (person !== world.issuer) expect(balanceOf(state.head)).toBeGreaterThanOrEqual(0n)
      for (const [payee, { total }] of state.paid) {
        const receiver = all.find((p) => toHex(p.device.publicKey) === payee)!
        const claimed = (await replica.state(receiver.device.publicKey)).claimed.get(toHex(person.device.publicKey))?.total ?? 0
        expect(claimed).toBeLessThanOrEqual(total)
        inFlight += BigInt(total - claimed)
      }
    }
    expect(sum + inFlight).toBe(0n)
    expect((await replica.account(world.issuer.device.publicKey))?.paid).toBe(30_000)
    expect((await replica.accounts()).length).toBe(4)
  })

  it('comes to the same records in any order, with anything any number of times', async () => {
    const expected = await inOrder()
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const random = createSeededRandom(seed)
        const store = createMemoryStore()
        const replica = open(store)
        const messages = steps.flatMap(({ entry, certificate }) => [
          { entries: [entry.bytes], certificate: null },
          { entries: [], certificate },
          { entries: [entry.bytes], certificate },
        ])
        for (const { entries, certificate } of shuffled(random, messages)) {
          const done = await replica.ingest(entries, certificate, `peer ${seed % 3}`)
          expect(done).toMatchObject({ ok: true, value: { refused: [] } })
        }
        expect(show(store.snapshot())).toEqual(expected)
        expect(replica.pendingBytes()).toBe(0)
      }),
      { numRuns: 6 },
    )
  })

  it.each([
    ['an entry of its own chain', 0],
    ['its payer’s', -1],
  ])('a chain that waits for %s is not tried again with each entry of it that comes', async (_, missing) => {
    const ana = people[0]!
    const certified = async (entry: Step['entry']): Promise<Step> => ({ entry, certificate: await certify(world, entry) })
    const paying = await certified(await next(world, world.issuer, undefined, [world.issuer.join, pay([ana, 20_000])]))
    const chain = [await certified(await next(world, ana, undefined, [ana.join, claim(paying.certificate)]))]
    for (let i = 0; i < 30; i++) chain.push(await certified(await next(world, ana, chain.at(-1)!.entry, [attest(world.issuer, `${i}`)])))

    const store = createMemoryStore()
    let reads = 0
    const replica = open({ ...store, get: (...at) => store.get(...at).finally(() => void reads++) })
    const each: number[] = []
    for (const { entry, certificate } of chain.slice(missing + 1)) {
      const before = reads
      expect(await replica.ingest([entry.bytes], certificate, 'peer')).toMatchObject({ value: { certified: [], refused: [] } })
      each.push(reads - before)
    }
    expect(Math.max(...each.slice(2))).toBe(each[2])
    for (const { entry, certificate } of [paying, ...chain.slice(0, missing + 1)])
      expect(await replica.ingest([entry.bytes], certificate, 'other')).toMatchObject({ value: { refused: [] } })
    expect(await replica.account(ana.device.publicKey)).toMatchObject({ seq: 30, claimed: 20_000 })
    expect(replica.pendingBytes()).toBe(0)
  })

  it('killed before any commit and shown everything again, it comes to the same', async () => {
    const expected = await inOrder()
    const commitsMade = steps.length
    for (const deadly of [0, 1, 2, 5, 11, commitsMade - 1]) {
      const store = createMemoryStore()
      let commits = 0
      const dying: Store = {
        ...store,
        commit: async (...args) =>
          commits++ === deadly ? { ok: false, error: { type: 'storage', message: 'killed' } } : store.commit(...args),
      }
      const replica = open(dying)
      const acknowledged: Step[] = []
      for (const step of steps) {
        const done = await replica.ingest([step.entry.bytes], step.certificate, 'peer')
        if (!done.ok) break
        acknowledged.push(step)
      }
      const again = open(store)
      for (const { entry } of acknowledged) expect(toHex((await again.entry(entry.id))!.bytes)).toBe(toHex(entry.bytes))
      await deliverAll(again, steps)
      expect(show(store.snapshot())).toEqual(expected)
    }
  })

  it('changes nothing by what is uncertified, forged, malformed or of another swarm', async () => {
    const store = createMemoryStore()
    const replica = open(store)
    const first = steps[0]!
    const elsewhere = { ...world, rules: { ...world.rules, swarm: first.entry.id } }
    const foreign = await next(elsewhere, world.issuer, undefined, [world.issuer.join])
    const forged = await next(world, world.issuer, undefined, [world.issuer.join], { signer: people[0]!.device })
    const refusals = async (entries: readonly Uint8Array[], certificate: Step['certificate'] | null) => {
      const done = await replica.ingest(entries, certificate, 'peer')
      return done.ok ? done.value.refused : []
    }
    expect(await refusals([foreign.bytes], await certify(elsewhere, foreign))).toEqual([
      { type: 'invalid', reason: 'swarm' },
      { type: 'certificate' },
    ])
    expect(await refusals([forged.bytes], await certify(world, forged))).toEqual([{ type: 'invalid', reason: 'signature' }])
    expect(await refusals([new Uint8Array(9)], null)).toMatchObject([{ type: 'entry' }])
    expect(await refusals([first.entry.bytes], { ...first.certificate, signatures: [] })).toEqual([{ type: 'certificate' }])
    expect(await refusals([first.entry.bytes], null)).toEqual([])
    expect(store.snapshot().size).toBe(0)
  })

  it('refuses a certified entry that is not valid, and says why', async () => {
    const replica = open(createMemoryStore())
    const ana = people[0]!
    const overdrawn = await next(world, ana, undefined, [ana.join, pay([people[1]!, 5])])
    expect(await replica.ingest([overdrawn.bytes], await certify(world, overdrawn), 'peer')).toEqual({
      ok: true,
      value: { certified: [], grown: new Map(), refused: [{ type: 'invalid', reason: 'overdrawn' }] },
    })
    expect(await replica.account(ana.device.publicKey)).toBeUndefined()
  })

  it('shows a second certified entry at one number as a broken swarm', async () => {
    const replica = open(createMemoryStore())
    const ana = people[0]!
    const [a, b] = await Promise.all([1, 2].map((time) => next(world, ana, undefined, [ana.join], { time })))
    await replica.ingest([a!.bytes], await certify(world, a!), 'peer')
    expect(await replica.broken()).toBe(false)
    expect(await replica.ingest([b!.bytes], await certify(world, b!), 'peer')).toMatchObject({ value: { refused: [{ type: 'conflict' }] } })
    expect(await replica.broken()).toBe(true)
  })

  it('takes a root-signed entry by the join in the same batch, where that join is its author’s, and not by one behind it', async () => {
    const [dan, eve] = [await createPerson('dan'), await createPerson('eve')]
    const first = await next(world, dan, undefined, [dan.join])
    const second = await next(world, dan, first, [{ op: 'stake', amount: 0 }], { signer: dan.root })
    const certificate = await certify(world, second)
    expect(await open(createMemoryStore()).ingest([first.bytes, second.bytes], certificate, 'peer')).toMatchObject({
      value: { certified: [{ entry: { seq: 0 } }, { entry: { seq: 1 } }], refused: [] },
    })
    expect(await open(createMemoryStore()).ingest([second.bytes, first.bytes], certificate, 'peer')).toMatchObject({
      value: { certified: [], refused: [{ type: 'signer-unknown' }] },
    })
    const stolen = await next(world, dan, undefined, [eve.join], { signer: eve.root })
    const spent = await next(world, dan, stolen, [{ op: 'stake', amount: 0 }], { signer: eve.root })
    expect(await open(createMemoryStore()).ingest([stolen.bytes, spent.bytes], await certify(world, spent), 'peer')).toMatchObject({
      value: { certified: [], refused: [{ type: 'invalid', reason: 'signature' }, { type: 'signer-unknown' }] },
    })
  })

  it('says of an entry that names its author as its signer whether it is, whatever is known of the chain', async () => {
    const dan = await createPerson('dan')
    const replica = open(createMemoryStore())
    const first = await next(world, dan, undefined, [dan.join])
    const { entry } = await next(world, dan, first, [{ op: 'stake', amount: 0 }])
    const forged = encodeEntry({ ...entry, sig: first.entry.sig })
    const wrong = { value: { certified: [], refused: [{ type: 'invalid', reason: 'signature' }] } }
    expect(await replica.ingest([forged], null, 'peer')).toMatchObject(wrong)
    await replica.ingest([first.bytes], await certify(world, first), 'peer')
    expect(await replica.ingest([forged], null, 'peer')).toMatchObject(wrong)
  })

  it('takes root-signed entries, also before the join that names the root', async () => {
    const dan = await createPerson('dan')
    const first = await next(world, dan, undefined, [dan.join])
    const taken = await next(world, dan, first, [{ op: 'stake', amount: 0 }], { signer: dan.root })
    const replica = open(createMemoryStore())
    expect(await replica.ingest([taken.bytes], null, 'peer')).toMatchObject({ value: { refused: [{ type: 'signer-unknown' }] } })
    await replica.ingest([first.bytes, taken.bytes], await certify(world, taken), 'peer')
    expect(await replica.account(dan.device.publicKey)).toMatchObject({ seq: 1 })
    const after = await next(world, dan, taken, [{ op: 'stake', amount: 0 }])
    expect(await replica.ingest([after.bytes], await certify(world, after), 'peer')).toMatchObject({
      value: { refused: [{ type: 'invalid', reason: 'root-signed' }] },
    })
  })

  it('gives a claim of a later entry the total as of it, though an earlier one set it', async () => {
    const [ana, ben] = [people[0]!, people[1]!]
    const paying = await next(world, world.issuer, undefined, [world.issuer.join, pay([ana, 700])])
    const later = await next(world, world.issuer, paying, [pay([ben, 5])])
    const certificate = await certify(world, later)
    const claiming = await next(world, ana, undefined, [ana.join, claim(certificate)])
    const replica = open(createMemoryStore())
    await replica.ingest([claiming.bytes], await certify(world, claiming), 'peer')
    expect(await replica.account(ana.device.publicKey)).toBeUndefined()
    // The claim brought the certificate: the payer's entries alone are enough.
    await replica.ingest([paying.bytes, later.bytes], null, 'peer')
    expect(await replica.account(ana.device.publicKey)).toMatchObject({ claimed: 700 })
    expect((await replica.incomes(ana.device.publicKey)).map((i) => i.total)).toEqual([700])
  })

  it('hands out chains in certified pieces, with the entries that they claim', async () => {
    const replica = open(createMemoryStore())
    await deliverAll(replica, steps)
    const author = world.issuer.device.publicKey
    const own = steps.filter((s) => toHex(s.entry.entry.author) === toHex(author))
    const all = await replica.chainFrom(author, 0)
    expect(all).toEqual({ entries: own.map((s) => s.entry), certificate: own.at(-1)!.certificate })
    expect(await replica.chainFrom(author, 1, 1)).toEqual({ entries: [own[1]!.entry], certificate: own[1]!.certificate })
    expect(await replica.chainFrom(author, own.length)).toEqual({ entries: [], certificate: null })
    const anas = await replica.chainFrom(people[0]!.device.publicKey, 0)
    expect((await replica.evidenceFor(anas.entries)).some((e) => toHex(e.entry.author) === toHex(author))).toBe(true)
  })

  it('counts what waits against the peer that sent it', async () => {
    const [first, second] = steps.filter((s) => toHex(s.entry.entry.author) === toHex(world.issuer.device.publicKey))
    const size = first!.entry.bytes.length
    const replica = createReplica({
      store: createMemoryStore(),
      verifier,
      rules: world.rules,
      pool: createPendingPool(4 * size, 100 * size),
    })
    await replica.ingest([first!.entry.bytes], null, 'honest')
    for (const { entry } of steps.slice(2, 30)) await replica.ingest([entry.bytes], null, 'flood')
    expect(replica.pendingBytes()).toBeLessThanOrEqual(5 * size)
    await replica.ingest([second!.entry.bytes], second!.certificate, 'third')
    expect(await replica.account(world.issuer.device.publicKey)).toMatchObject({ seq: 1 })
  })

  it('an author with two first entries sets no relay against another, and breaks no swarm', async () => {
    const ana = people[0]!
    const other = signerOf('another root of ana')
    const second = { ...ana.join, identity: other.publicKey, certificate: (await certifyDevice(other, ana.device.publicKey)).signature }
    const first = await next(world, ana, undefined, [ana.join, attest(people[1]!, 'x')])
    const beside = await next(world, ana, undefined, [second, attest(people[1]!, 'y')])
    const byRoot = await next(world, ana, first, [attest(people[1]!, 'z')], { signer: ana.root })
    const byOther = await next(world, ana, first, [attest(people[1]!, 'z')], { signer: other })
    expect(toHex(byOther.id)).toBe(toHex(byRoot.id))
    const certificates = [await certify(world, first), await certify(world, byRoot)]
    const shown: readonly (readonly Uint8Array[])[] = [[beside.bytes], [beside.bytes, byOther.bytes], [first.bytes, beside.bytes]]
    for (const before of shown)
      for (const together of [true, false]) {
        const replica = open(createMemoryStore())
        await replica.ingest(before, null, 'ana')
        const honest = together
          ? [await replica.ingest([first.bytes, byRoot.bytes], certificates[1]!, 'relay')]
          : [
              await replica.ingest([byRoot.bytes], certificates[1]!, 'relay'),
              await replica.ingest([first.bytes], certificates[0]!, 'relay'),
            ]
        for (const done of honest) expect(done.ok && done.value.refused.filter(({ type }) => type !== 'signer-unknown')).toEqual([])
        // What could not be told apart then is told again.
        await replica.ingest([byRoot.bytes], certificates[1]!, 'relay')
        expect(await replica.account(ana.device.publicKey)).toMatchObject({ seq: 1, id: byRoot.id })
        expect(await replica.broken()).toBe(false)
      }
  })
})
