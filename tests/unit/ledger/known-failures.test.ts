/**
 * Failures that ledgers like this one have had, one test each: the naive rule fails here in the test, ours does not. Those of the
 * economy stand in tests/unit/economy/known-failures.test.ts.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { compareBytes, equalBytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom, shuffled } from '../../../src/lib/random.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { certifyDevice } from '../../../src/identity/device.ts'
import { availableOf } from '../../../src/ledger/chain-state.ts'
import { entryMessage, parseEntry, type ParsedEntry, signEntry } from '../../../src/ledger/entry.ts'
import { createOwnChain } from '../../../src/ledger/own-chain.ts'
import { createPendingPool } from '../../../src/ledger/pending-pool.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import type { Certificate, Op } from '../../../src/ledger/types.ts'
import { encodeVerdict, type Finding, offenceOf, parseVerdict, signVerdict } from '../../../src/ledger/verdict.ts'
import { encodeDoubleSpend, parseDoubleSpend, parseFraud } from '../../../src/ledger/verdict-proof.ts'
import { parseCertificate } from '../../../src/ledger/certificate.ts'
import { createWitness } from '../../../src/ledger/witness.ts'
import {
  certify,
  claim,
  createPerson,
  createWorld,
  delegate,
  next,
  pay,
  type Person,
  signerOf,
  startMs,
  verifier,
  type World,
} from './fixtures.ts'

let world: World
let ana: Person
let ben: Person
let cy: Person
beforeAll(async () => {
  world = await createWorld(1, { allowanceMicro: 1_000_000_000 })
  ana = await createPerson('ana')
  ben = await createPerson('ben')
  cy = await createPerson('cy')
})

/** A witness with its replica, and chains that are certified by it. */
const swarm = (of = world) => {
  const store = createMemoryStore()
  const clock = createManualClock(startMs)
  const replica = createReplica({ store, verifier, rules: of.rules })
  const witness = createWitness({ store, replica, signer: of.witnesses[0]!, verifier, rules: of.rules, clock })
  const last = new Map<Person, ParsedEntry>()
  /** Undefined: certified; else why not. */
  const go = async (who: Person, ...ops: readonly Op[]): Promise<string | undefined> => {
    const before = last.get(who)
    const entry = await next(of, who, before, before ? ops : [who.join, ...ops])
    const answer = await witness.submit([entry.bytes])
    if (!answer.ok) return answer.error.reason === 'invalid' ? answer.error.what : answer.error.reason
    last.set(who, entry)
    return undefined
  }
  const certificate = async (who: Person): Promise<Certificate> => (await replica.certificateOf(who.device.publicKey))!
  const fund = async (who: Person, total: number): Promise<void> => {
    expect(await go(of.issuer, pay([who, total]))).toBeUndefined()
    expect(await go(who, claim(await certificate(of.issuer)))).toBeUndefined()
  }
  const account = (who: Person) => replica.account(who.device.publicKey)
  const head = async (who: Person) => (await replica.state(who.device.publicKey)).head
  const available = async (who: Person) => availableOf(await head(who), await replica.verdicts.slashedMicro(who.device.publicKey))
  return { store, clock, replica, witness, last, go, certificate, fund, account, head, available }
}
const fork = (of: Person, seq: number): Finding => ({
  target: of.device.publicKey,
  reason: 'DoubleSpend',
  offence: offenceOf.doubleSpend(of.device.publicKey, seq),
})

describe('known failures', () => {
  it("balance sums other nodes' earnings", async () => {
    // A counter per node, merged by max; whose the credits are is forgotten.
    const naive = (counters: ReadonlyMap<string, number>) => [...counters.values()].reduce((sum, n) => sum + n, 0)
    expect(
      naive(
        new Map([
          ['ana', 700],
          ['ben', 300],
        ]),
      ),
    ).toBe(1000)

    const { fund, account } = swarm()
    await fund(ana, 700)
    await fund(ben, 300)
    expect((await account(ana))!.claimed).toBe(700)
    expect((await account(ben))!.claimed).toBe(300)
  })

  it('unsigned merge forges credits', async () => {
    const naive = (mine: number, theirs: number) => Math.max(mine, theirs)
    expect(naive(700, 10 ** 12)).toBe(10 ** 12)

    const { fund, replica, last, account } = swarm()
    await fund(ana, 700)
    const rich = await next(world, world.issuer, last.get(world.issuer), [pay([ana, 10 ** 8])], { signer: ana.device })
    const claiming = await next(world, ana, last.get(ana), [claim(await certify(world, rich, [ana.device]))])
    await replica.ingest([rich.bytes, claiming.bytes], await certify(world, claiming), 'ana')
    expect(await account(ana)).toMatchObject({ seq: 0, claimed: 700 })
  })

  it('counter overflow', async () => {
    const most = Number.MAX_SAFE_INTEGER
    const naive = (a: number, b: number) => a + b
    expect(naive(most, 1)).toBe(naive(most, 2))
    expect((most | 0) + 1).toBe(0)

    const { fund, go, head, last } = swarm()
    await fund(ana, 1000)
    expect(await go(ana, pay([ben, most]))).toBe('overdrawn')
    expect(await go(ana, { op: 'stake', amount: most }, pay([ben, most], [cy, most]))).toBe('overdrawn')
    expect((await head(ana)).paid).toBe(0n)
    const over = { ...last.get(ana)!.entry, ops: [ana.join, { op: 'stake', amount: most }] }
    const bytes = encode(over as never)
    // The same bytes, with the amount one above what a counter holds.
    const at = bytes.findIndex((_, i) => equalBytes(bytes.slice(i, i + 9), encode(most)))
    expect(at).toBeGreaterThan(0)
    expect(parseEntry(bytes).ok).toBe(true)
    bytes.set([0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0], at)
    expect(parseEntry(bytes)).toMatchObject({ ok: false, error: { reason: 'malformed' } })
  })

  it('two devices with one id collide', async () => {
    // One chain per person, written by two devices that do not know of each other: one's entries undo the other's.
    const naive = new Map<string, string>()
    for (const [id, op] of [
      ['dora/0', 'laptop pays 5'],
      ['dora/0', 'phone pays 7'],
    ] as const)
      naive.set(id, op)
    expect(naive.size).toBe(1)

    const phone: Person = { ...ana, name: 'phone', device: signerOf('phone') }
    const { signature } = await certifyDevice(ana.root, phone.device.publicKey)
    const dora: Person = { ...phone, join: { ...ana.join, certificate: signature } }
    const { fund, go, account } = swarm()
    await fund(ana, 500)
    await fund(dora, 400)
    expect(await go(ana, pay([ben, 5]))).toBeUndefined()
    expect(await go(dora, pay([ben, 7]))).toBeUndefined()
    expect([(await account(ana))!.paid, (await account(dora))!.paid]).toEqual([5, 7])
  })

  it('concurrent double spend merges unnoticed', async () => {
    // Each replica sees 1000 spent once; the union has both.
    const naive = new Set([...new Set(['ana pays ben 1000']), ...new Set(['ana pays cy 1000'])])
    expect(naive.size).toBe(2)

    const { fund, go, witness, last, available, account, certificate } = swarm()
    await fund(ana, 1000)
    const before = last.get(ana)!
    expect(await go(ana, pay([ben, 1000]))).toBeUndefined()
    const again = await next(world, ana, before, [pay([cy, 1000])])
    expect(await witness.submit([again.bytes])).toMatchObject({ ok: false, error: { reason: 'taken' } })
    expect(await go(cy, claim({ ...(await certificate(ana)), id: again.id }))).toBe('claim-certificate')
    expect(await account(ana)).toMatchObject({ paid: 1000 })
    // Who is shown both has the proof of it.
    expect(await witness.judge({ first: last.get(ana)!.bytes, second: again.bytes, join: null })).toMatchObject({ ok: true })
    expect(await available(ana)).toBe(-100_000_000n)
  })

  it('stake lost in merge', async () => {
    // Last writer wins: an older state that arrives later, with a later clock, takes the stake away.
    const naive = (a: { staked: number; at: number }, b: { staked: number; at: number }) => (a.at >= b.at ? a : b)
    expect(naive({ staked: 100, at: 5 }, { staked: 0, at: 6 }).staked).toBe(0)

    const { fund, go, last, replica, account } = swarm()
    await fund(ana, 1000)
    const old = last.get(ana)!
    expect(await go(ana, { op: 'stake', amount: 100 })).toBeUndefined()
    await replica.ingest([old.bytes], await certify(world, old), 'late')
    expect(await account(ana)).toMatchObject({ staked: 100 })
  })

  it('slash returns to its owner', async () => {
    // The slash lowers the stake; what is not staked is free.
    const naive = { claimed: 200, staked: 150 }
    const free = (a: typeof naive) => a.claimed - a.staked
    expect(free({ ...naive, staked: naive.staked - 100 })).toBe(free(naive) + 100)

    const { fund, go, witness, clock, available } = swarm()
    await fund(ana, 200_000_000)
    expect(await go(ana, { op: 'stake', amount: 150_000_000 })).toBeUndefined()
    expect(await available(ana)).toBe(50_000_000n)
    await witness.find(fork(ana, 3))
    expect(await available(ana)).toBe(50_000_000n)
    expect(await go(ana, { op: 'stake', amount: 0 })).toBeUndefined()
    await clock.advance(48 * 3_600_000)
    expect(await available(ana)).toBe(100_000_000n)
    expect(await go(ana, pay([ben, 100_000_001]))).toBe('slashed')
    expect(await go(ana, pay([ben, 100_000_000]))).toBeUndefined()
  })

  it('delegate to dodge a slash', async () => {
    // Delegating moves the stake: the slash of its owner finds nothing.
    const naive = new Map([
      ['ana', 100],
      ['ben', 0],
    ])
    naive.set('ben', naive.get('ana')!).set('ana', 0)
    const taken = Math.min(naive.get('ana')!, 100)
    expect(taken).toBe(0)

    const { fund, go, witness, head, available } = swarm()
    await fund(ana, 100_000_000)
    expect(await go(ana, { op: 'stake', amount: 100_000_000 }, delegate([ben, 100_000_000]))).toBeUndefined()
    await witness.find(fork(ana, 3))
    expect((await head(ana)).staked).toBe(100_000_000)
    expect(await go(ana, { op: 'stake', amount: 0 })).toBe('overlent')
    expect(await go(ana, delegate([ben, 0]), { op: 'stake', amount: 0 })).toBeUndefined()
    expect(await available(ana)).toBe(0n)
  })

  it("undelegating someone else's stake", async () => {
    const naive = new Map([['ana>ben', 50]])
    const undelegate = (from: string, to: string) => naive.delete(`${from}>${to}`) // whoever asks
    expect(undelegate('ana', 'ben')).toBe(true)

    const { fund, go, last, replica } = swarm()
    await fund(ana, 1000)
    await fund(ben, 1000)
    expect(await go(ana, { op: 'stake', amount: 50 }, delegate([ben, 50]))).toBeUndefined()
    expect(await go(ben, delegate([ana, 0]))).toBeUndefined()
    const forged = await next(world, ana, last.get(ana), [delegate([ben, 0])], { signer: ben.device })
    await replica.ingest([forged.bytes], await certify(world, forged), 'ben')
    expect([...(await replica.records.lentTo(ben.device.publicKey)).values()]).toEqual([50])
  })

  it('anyone slashes anyone', async () => {
    const naive = new Map([['ana', 100]])
    const slash = (who: string, amount: number) => naive.set(who, naive.get(who)! - amount)
    expect(slash('ana', 100).get('ana')).toBe(0)

    const { fund, replica } = swarm()
    await fund(ana, 1000)
    const byBen = await signVerdict(ben.device, world.rules.swarm, fork(ana, 0))
    const replayed = await signVerdict(world.witnesses[0]!, sha256(utf8('another swarm')), fork(ana, 0))
    for (const verdict of [byBen, replayed, { ...byBen, signatures: [] }])
      expect(await replica.verdicts.take(verdict)).toMatchObject({ ok: false })
    expect(await replica.verdicts.slashedMicro(ana.device.publicKey)).toBe(0n)
  })

  it('reporter rewards himself', async () => {
    const naive = new Map([
      ['ana', 100],
      ['ben', 0],
    ])
    const report = (reporter: string, of: string) => naive.set(reporter, naive.get(reporter)! + naive.get(of)!).set(of, 0)
    expect(report('ben', 'ana').get('ben')).toBe(100)

    const { fund, witness, available } = swarm()
    await fund(ana, 200_000_000)
    await fund(ben, 1000)
    const before = await available(ben)
    await witness.find(fork(ana, 3))
    expect(await available(ana)).toBe(100_000_000n)
    expect(await available(ben)).toBe(before)
  })

  it('signer is not author', async () => {
    // The signature is checked against a key that comes along, not against the account's.
    const { fund, go, replica, last, account } = swarm()
    await fund(ana, 1000)
    const theft = await next(world, ana, last.get(ana), [pay([ben, 1000])], { signer: ben.device })
    const message = entryMessage(theft.entry)
    const naive = (key: Uint8Array) => verifier.verify(theft.entry.sig, message, key as never)
    expect(await naive(ben.device.publicKey)).toBe(true)

    await replica.ingest([theft.bytes], await certify(world, theft), 'ben')
    expect(await account(ana)).toMatchObject({ seq: 0, paid: 0 })
    // Nor does another's root key, or a join that names another's device.
    const { signature } = await certifyDevice(ben.root, cy.device.publicKey)
    const taken = await next(world, cy, undefined, [{ ...cy.join, identity: ben.root.publicKey, certificate: signature }], {
      signer: ben.root,
    })
    await replica.ingest([taken.bytes], await certify(world, taken), 'ben')
    expect(await account(cy)).toBeUndefined()
    expect(await go(ana, pay([ben, 1000]))).toBeUndefined()
  })

  it('equivocation diverges by arrival order', async () => {
    const { last, fund } = swarm()
    await fund(ana, 1000)
    const two = await Promise.all([ben, cy].map((to) => next(world, ana, last.get(ana), [pay([to, 1000])])))
    const naive = (order: readonly ParsedEntry[]) => toHex(order[0]!.id)
    expect(naive(two)).not.toBe(naive(two.toReversed()))

    const heads = new Set<string>()
    for (const order of [two, two.toReversed()]) {
      const { replica } = swarm()
      const base = [last.get(world.issuer)!, last.get(ana)!, ...order]
      for (const entry of base) await replica.ingest([entry.bytes], await certify(world, entry), 'peer')
      heads.add(toHex((await replica.account(ana.device.publicKey))!.id))
      expect(await replica.broken()).toBe(true)
    }
    expect([...heads]).toEqual([toHex(two.toSorted((a, b) => compareBytes(a.id, b.id))[0]!.id)])
  })

  it('rejected entry satisfies a dependency', async () => {
    const { last, fund, replica, account } = swarm()
    await fund(ana, 1000)
    const overdrawn = await next(world, ana, last.get(ana), [pay([ben, 5000])])
    const claiming = await next(world, ben, undefined, [ben.join, claim(await certify(world, overdrawn))])
    // Dependencies are ids that were seen, whatever came of them.
    const seen = new Set([overdrawn].map(({ id }) => toHex(id)))
    const naive = (entry: ParsedEntry) =>
      entry.entry.ops.every((op) => op.op !== 'claim' || op.lines.every(([, id]) => seen.has(toHex(id))))
    expect(naive(claiming)).toBe(true)

    for (const entry of [overdrawn, claiming]) await replica.ingest([entry.bytes], await certify(world, entry), 'peer')
    expect(await account(ben)).toBeUndefined()
    expect(await account(ana)).toMatchObject({ seq: 0 })
  })

  it('sequence number at its maximum locks the account', async () => {
    const most = Number.MAX_SAFE_INTEGER
    // Numbers only have to rise: after the highest there is none.
    const naive = (last: number, seq: number) => seq > last
    expect(naive(3, most)).toBe(true)
    expect(naive(most, most + 1) && Number.isSafeInteger(most + 1)).toBe(false)

    const { last, fund, go, replica, witness } = swarm()
    await fund(ana, 1000)
    const before = last.get(ana)!
    const { sig, ...unsigned } = before.entry
    expect(sig.length).toBe(64)
    const end = await signEntry(ana.device, {
      ...unsigned,
      seq: most,
      prev: before.id,
      ops: [{ op: 'stake', amount: 0 }],
    })
    expect(parseEntry(end.bytes).ok).toBe(true)
    await replica.ingest([end.bytes], await certify(world, end), 'peer')
    expect(await witness.submit([end.bytes])).toMatchObject({ ok: false, error: { reason: 'gap' } })
    expect(await go(ana, pay([ben, 1]))).toBeUndefined()
  })

  it("pending queue filled in another's name", async () => {
    const author = (entry: ParsedEntry) => toHex(entry.entry.author)
    const flood = await Promise.all(Array.from({ length: 20 }, (_, i) => next(world, ana, undefined, [ana.join], { time: i })))
    const honest = await next(world, ana, undefined, [ana.join], { time: 99 })
    // A quota per author named: a stranger fills it.
    const naive: ParsedEntry[] = []
    for (const entry of [...flood, honest]) if (naive.filter((e) => author(e) === author(entry)).length < 10) naive.push(entry)
    expect(naive).not.toContain(honest)

    const size = honest.bytes.length
    const pool = createPendingPool(10 * size, 1000 * size)
    const put = (from: string, parsed: ParsedEntry) => pool.addEntry(from, { parsed, signedBy: 'author' })
    // Sent by the flooder first, so that it could be thrown out with the rest of what it sent.
    put('mallory', honest)
    put('ana', honest)
    for (const entry of flood) put('mallory', entry)
    expect(pool.entry(honest.id)).toBeDefined()
    expect(pool.bytes()).toBeLessThanOrEqual(11 * size)
  })

  it('remote panic', async () => {
    const naive = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as unknown
    expect(() => naive(new Uint8Array([0xff]))).toThrow()

    const { witness, replica, last, fund } = swarm()
    await fund(ana, 1000)
    const random = createSeededRandom('panic')
    const good = last.get(ana)!.bytes
    const proof = encodeDoubleSpend({ first: good, second: good, join: null })
    for (let i = 0; i < 300; i++) {
      const bytes = Uint8Array.from(i % 2 ? good : proof)
      bytes.set(random.bytes(1), (i * 7919) % bytes.length)
      const parsers = [parseEntry, parseVerdict, parseDoubleSpend, parseFraud, parseCertificate]
      for (const parser of parsers) parser(bytes)
      expect((await replica.ingest([bytes], null, 'mallory')).ok).toBe(true)
      await witness.submit([bytes])
      const told = parseDoubleSpend(bytes)
      if (told.ok) await witness.judge(told.value)
    }
    const deep = new Uint8Array(30_000).fill(0x81)
    expect(parseEntry(deep).ok).toBe(false)
    expect(parseVerdict(deep).ok).toBe(false)
  })

  it('hash depends on map order', async () => {
    const lines = [
      ['ben', 1],
      ['cy', 2],
    ] as const
    const naive = (order: readonly (readonly [string, number])[]) => toHex(sha256(utf8(JSON.stringify(Object.fromEntries(order)))))
    expect(naive(lines)).not.toBe(naive(lines.toReversed()))

    const op = pay([ben, 1], [cy, 2])
    const shuffledOp = { lines: op.lines, op: op.op } as Op
    expect((await next(world, ana, undefined, [ana.join, op])).id).toEqual((await next(world, ana, undefined, [ana.join, shuffledOp])).id)
    // Lines in another order are another value, and no entry at all.
    const unsorted = await next(world, ana, undefined, [ana.join, { ...op, lines: op.lines.toReversed() }])
    expect(parseEntry(unsorted.bytes).ok).toBe(false)
    const verdict = await signVerdict(world.witnesses[0]!, world.rules.swarm, fork(ana, 0))
    const keys = shuffled(createSeededRandom(4), Object.entries(verdict))
    expect(encodeVerdict(Object.fromEntries(keys) as never)).toEqual(encodeVerdict(verdict))
  })

  it("unlock by the author's clock", async () => {
    const dayMs = 24 * 3_600_000
    const naive = (unstakedAtMs: number, paysAtMs: number) => paysAtMs - unstakedAtMs >= dayMs
    expect(naive(startMs - dayMs, startMs)).toBe(true) // both as the author wrote them, a second apart

    const { fund, last, witness, clock } = swarm()
    await fund(ana, 1000)
    const staking = await next(world, ana, last.get(ana), [{ op: 'stake', amount: 1000 }], { time: startMs - dayMs - 1 })
    const unstaking = await next(world, ana, staking, [{ op: 'stake', amount: 0 }], { time: startMs - dayMs })
    const paying = await next(world, ana, unstaking, [pay([ben, 1000])], { time: startMs })
    expect(await witness.submit([staking.bytes, unstaking.bytes])).toMatchObject({ ok: true })
    expect(await witness.submit([paying.bytes])).toMatchObject({ ok: false, error: { reason: 'unlocking' } })
    await clock.advance(dayMs)
    expect(await witness.submit([paying.bytes])).toMatchObject({ ok: true })
  })

  it('restored profile forks', async () => {
    const { replica, witness, certificate, go, account } = swarm()
    const disk = createMemoryStore()
    const open = (store: typeof disk) =>
      createOwnChain({ store, signer: ana.device, verifier, rules: world.rules, clock: createManualClock(startMs) })
    expect(await go(world.issuer, pay([ana, 1000]))).toBeUndefined()
    const grant = {
      entry: (await replica.chainFrom(world.issuer.device.publicKey, 0)).entries[0]!.bytes,
      certificate: await certificate(world.issuer),
    }
    const write = async (chain: ReturnType<typeof open>, ...ops: Op[]): Promise<ParsedEntry> => {
      const income = await chain.checkIncome(grant)
      const made = await chain.append(ops, [], [], income.ok ? [income.value] : [])
      if (!made.ok) throw new Error(JSON.stringify(made.error))
      const signed = await witness.submit([made.value.bytes])
      if (signed.ok) await chain.certified(signed.value.certificate)
      return made.value
    }
    const chain = open(disk)
    await write(chain, ana.join, claim(grant.certificate))
    const backup = disk.snapshot()
    const first = await write(chain, pay([ben, 10]))

    // Goes on from its own disk: another entry at number 1.
    const naive = await write(open(createMemoryStore(backup)), pay([cy, 20]))
    expect(naive.entry.seq).toBe(first.entry.seq)
    expect(naive.id).not.toEqual(first.id)

    // Asks for its own head before it writes.
    const restored = open(createMemoryStore(backup))
    const { entries, certificate: newest } = await replica.chainFrom(ana.device.publicKey, 0)
    expect(
      await restored.adopt(
        entries.map(({ bytes }) => bytes),
        newest,
      ),
    ).toMatchObject({ ok: true, value: { adopted: 1 } })
    expect((await write(restored, pay([cy, 20]))).entry.seq).toBe(2)
    expect(await account(ana)).toMatchObject({ seq: 2, paid: 30 })
  })

  it('lost device loses its credits', async () => {
    const { fund, last, witness, account } = swarm()
    await fund(ana, 1000)
    // Only the device's own key signs: with the device the credits are gone.
    const entry = await next(world, ana, last.get(ana), [pay([ben, 1000])], { signer: ana.root })
    const message = entryMessage(entry.entry)
    expect(await verifier.verify(entry.entry.sig, message, ana.device.publicKey)).toBe(false)

    expect(await witness.submit([entry.bytes])).toMatchObject({ ok: true })
    expect(await account(ana)).toMatchObject({ paid: 1000 })
    // Who has the device now has nothing any more.
    const thief = await next(world, ana, entry, [{ op: 'stake', amount: 0 }])
    expect(await witness.submit([thief.bytes])).toMatchObject({ ok: false, error: { what: 'root-signed' } })
  })

  it('late fork undoes old income', async () => {
    const { fund, go, last, certificate, replica, account } = swarm()
    await fund(ana, 1000)
    const before = last.get(ana)!
    expect(await go(ana, pay([ben, 1000]))).toBeUndefined()
    expect(await go(ben, claim(await certificate(ana)))).toBeUndefined()
    expect(await go(ben, pay([cy, 600]))).toBeUndefined()
    expect(await go(cy, claim(await certificate(ben)))).toBeUndefined()
    // A fork voids what stands after it, a year later too, and all that was paid from it.
    const old = await next(world, ana, before, [pay([world.issuer, 1000])])
    const voided = (chain: readonly ParsedEntry[], other: ParsedEntry) => chain.filter(({ entry }) => entry.seq < other.entry.seq)
    expect(voided([before, last.get(ana)!], old)).toEqual([before])

    // Even where liars have it certified: what was claimed stands.
    await replica.ingest([old.bytes], await certify(world, old), 'late')
    expect(await replica.broken()).toBe(true)
    expect(await account(ben)).toMatchObject({ claimed: 1000, paid: 600 })
    expect(await account(cy)).toMatchObject({ claimed: 600 })
    expect(await go(cy, pay([ben, 600]))).toBeUndefined()
  })
})
