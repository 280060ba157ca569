import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom, randomBelow } from '../../../src/lib/random.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import { mergeCertificates, verifyCertificate } from '../../../src/ledger/certificate.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import type { Certificate, Op } from '../../../src/ledger/types.ts'
import { timeAheadMsMax } from '../../../src/ledger/witness-admission.ts'
import { createWitness, uncertifiedBytesMax, uncertifiedEntriesMax, type WitnessAnswer } from '../../../src/ledger/witness.ts'
import { certify, claim, createPerson, createWorld, next, pay, type Person, startMs, verifier, type World } from './fixtures.ts'

let world: World
let ana: Person
let ben: Person
beforeAll(async () => {
  world = await createWorld()
  ana = await createPerson('ana')
  ben = await createPerson('ben')
})

const open = (store: Store, clock = createManualClock(startMs), of = world, index = 0) => {
  const parts = { store, verifier, rules: of.rules, clock }
  const replica = createReplica(parts)
  return { replica, witness: createWitness({ ...parts, replica, signer: of.witnesses[index]! }) }
}
const certificateOf = (answer: WitnessAnswer): Certificate => {
  if (!answer.ok) throw new Error(JSON.stringify(answer.error))
  return answer.value.certificate
}
const refusal = (answer: WitnessAnswer) => (answer.ok ? undefined : answer.error)

/** A swarm in which ana has been granted 1000 and has an account. */
const funded = async (of = world) => {
  const granting = await next(of, of.issuer, undefined, [of.issuer.join, pay([ana, 1000])])
  const grant = await certify(of, granting)
  const opening = await next(of, ana, undefined, [ana.join, claim(grant)])
  return { granting, grant, opening }
}

describe('a witness', () => {
  it('opens an account by its grant, certifies on, and answers the same when asked again, also after a restart', async () => {
    const store = createMemoryStore()
    const { replica, witness } = open(store)
    const { granting, opening } = await funded()
    const grant = certificateOf(await witness.submit([granting.bytes]))
    expect(await verifyCertificate(verifier, grant, world.rules)).toBe(true)
    const first = certificateOf(await witness.submit([opening.bytes]))
    const paying = await next(world, ana, opening, [pay([ben, 300])])
    const second = certificateOf(await witness.submit([opening.bytes, paying.bytes]))
    expect(second).toMatchObject({ seq: 1, id: paying.id })
    expect(await replica.account(ana.device.publicKey)).toMatchObject({ seq: 1, claimed: 1000, paid: 300 })

    const again = open(createMemoryStore(store.snapshot())).witness
    expect(certificateOf(await again.submit([opening.bytes]))).toEqual(first)
    expect(certificateOf(await again.submit([opening.bytes, paying.bytes]))).toEqual(second)
  })

  it('signs the furthest of a valid run, and no further', async () => {
    const { witness } = open(createMemoryStore())
    const { granting, opening } = await funded()
    await witness.submit([granting.bytes])
    const good = await next(world, ana, opening, [pay([ben, 300])])
    const bad = await next(world, ana, good, [pay([ben, 1001])])
    expect(certificateOf(await witness.submit([opening.bytes, good.bytes, bad.bytes]))).toMatchObject({ seq: 1 })
    expect(refusal(await witness.submit([bad.bytes]))).toEqual({ reason: 'invalid', seq: 2, what: 'overdrawn' })
  })

  it('shows what it signed at a number that is taken', async () => {
    const { witness } = open(createMemoryStore())
    const { granting, opening } = await funded()
    await witness.submit([granting.bytes])
    await witness.submit([opening.bytes])
    const one = await next(world, ana, opening, [pay([ben, 300])])
    const other = await next(world, ana, opening, [pay([world.issuer, 1000])])
    const certificate = certificateOf(await witness.submit([one.bytes]))
    expect(refusal(await witness.submit([other.bytes]))).toEqual({ reason: 'taken', seq: 1, signed: { entries: [one.bytes], certificate } })
  })

  it('says what it lacks', async () => {
    const { witness } = open(createMemoryStore())
    const { granting, grant, opening } = await funded()
    expect(refusal(await witness.submit([opening.bytes]))).toEqual({
      reason: 'income-missing',
      payer: world.issuer.device.publicKey,
      seq: 0,
      id: grant.id,
    })
    await witness.submit([granting.bytes])
    const third = await next(world, ana, await next(world, ana, opening, [pay([ben, 1])]), [pay([ben, 2])])
    expect(refusal(await witness.submit([third.bytes]))).toEqual({ reason: 'gap', seq: 0 })
    const joining = await next(world, ben, undefined, [ben.join])
    expect(refusal(await witness.submit([joining.bytes]))).toEqual({ reason: 'not-opened', openingMicro: 100 })
    for (const entries of [
      [],
      [new Uint8Array(3)],
      [opening.bytes, granting.bytes],
      [third.bytes, opening.bytes],
      Array<Uint8Array>(65).fill(opening.bytes),
    ])
      expect(refusal(await witness.submit(entries))).toMatchObject({ reason: 'malformed' })
    const forged = await next(world, ana, undefined, [ana.join, claim(grant)], { signer: ben.device })
    expect(refusal(await witness.submit([forged.bytes]))).toEqual({ reason: 'invalid', seq: 0, what: 'signature' })
  })

  it('waits for entries from the future, and bears only so many bytes of an author an hour', async () => {
    const clock: ManualClock = createManualClock(startMs)
    const { witness } = open(createMemoryStore(), clock)
    const { granting, opening } = await funded()
    await witness.submit([granting.bytes])
    await witness.submit([opening.bytes])
    const ahead = await next(world, ana, opening, [{ op: 'stake', amount: 0 }], { time: startMs + timeAheadMsMax + 1 })
    expect(refusal(await witness.submit([ahead.bytes]))).toEqual({ reason: 'ahead', seq: 1 })
    await clock.advance(1)
    certificateOf(await witness.submit([ahead.bytes]))

    const stakes: Op[] = Array.from({ length: 256 }, () => ({ op: 'stake', amount: 1 }))
    let last = ahead
    let answer: WitnessAnswer
    do {
      const big = await next(world, ana, last, stakes)
      answer = await witness.submit([big.bytes])
      if (answer.ok) last = big
    } while (answer.ok && last.entry.seq < 100)
    expect(refusal(answer)).toEqual({ reason: 'rate', seq: last.entry.seq + 1 })
    await clock.advance(60 * 60_000)
    certificateOf(await witness.submit([(await next(world, ana, last, stakes)).bytes]))
  })

  it.each([1, 4])('of %i never signs two entries at one number, whatever forks it is shown and wherever it dies', async (witnesses) => {
    const of = await createWorld(witnesses)
    const { granting, grant, opening } = await funded(of)
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const random = createSeededRandom(seed)
        const signed: Certificate[] = []
        const disk = createMemoryStore()
        const dying: Store = {
          ...disk,
          // Dies before the commit or after it, so that nobody hears of it.
          commit: async (...args) => {
            const fate = randomBelow(random, 6)
            if (fate === 0) throw new Error('killed before')
            const done = await disk.commit(...args)
            if (fate === 1) throw new Error('killed after')
            return done
          },
        }
        const restart = () => open(dying, createManualClock(startMs), of).witness
        await open(disk, createManualClock(startMs), of).replica.ingest([granting.bytes], grant, 'peer')
        const tips: ParsedEntry[] = [opening]
        let witness = restart()
        for (let i = 0; i < 25; i++) {
          const from = tips[randomBelow(random, tips.length)]!
          const made = await next(of, ana, from, [{ op: 'stake', amount: randomBelow(random, 1200) }], { time: startMs - i })
          tips.push(made)
          const shown = i % 3 === 0 ? [opening, made] : [made]
          const run = shown.every((e, at) => e.entry.seq === shown[0]!.entry.seq + at) ? shown : [made]
          try {
            const answer = await Promise.all([
              witness.submit([tips[randomBelow(random, tips.length)]!.bytes]),
              witness.submit(run.map((e) => e.bytes)),
            ])
            for (const one of answer) {
              const certificate = one.ok ? one.value.certificate : one.error.reason === 'taken' ? one.error.signed.certificate : undefined
              if (certificate) signed.push(certificate)
            }
          } catch {
            witness = restart()
          }
        }
        // Killed at every step it signs nothing: no case.
        fc.pre(signed.length > 0)
        // All that left it lies on the one chain that the furthest of it ends.
        const furthest = signed.reduce((a, b) => (b.seq > a.seq ? b : a))
        const onChain = new Set<string>()
        for (let id = toHex(furthest.id), at = tips.find((t) => toHex(t.id) === id); at; at = tips.find((t) => toHex(t.id) === id)) {
          onChain.add(id)
          id = toHex(at.entry.prev)
        }
        for (const { id } of signed) expect(onChain).toContain(toHex(id))
      }),
      { numRuns: 15 },
    )
  })

  it('gives a crash between record and certificate the same certificate afterwards', async () => {
    const disk = createMemoryStore()
    const { granting, opening } = await funded()
    await open(disk).witness.submit([granting.bytes])
    let commits = 0
    const dying: Store = {
      ...disk,
      commit: async (...args) => {
        if (commits++ === 1) throw new Error('killed')
        return disk.commit(...args)
      },
    }
    await expect(open(dying).witness.submit([opening.bytes])).rejects.toThrow('killed')
    const { witness, replica } = open(disk)
    expect(await replica.account(ana.device.publicKey)).toBeUndefined()
    const other = await next(world, ana, undefined, opening.entry.ops, { time: startMs - 1 })
    expect(refusal(await witness.submit([other.bytes]))).toMatchObject({ reason: 'taken', seq: 0 })
    expect(certificateOf(await witness.submit([opening.bytes]))).toEqual(await certify(world, opening))
    expect(await replica.account(ana.device.publicKey)).toMatchObject({ claimed: 1000 })
  })
})

describe('four witnesses', () => {
  it('certify together; one who shows them two entries gets at most one certificate', async () => {
    const four = await createWorld(4)
    const { granting, opening } = await funded(four)
    const grant = await certify(four, granting)
    const [one, other] = [await next(four, ana, opening, [pay([ben, 900])]), await next(four, ana, opening, [pay([four.issuer, 900])])]
    const nodes = four.witnesses.map((_, i) => open(createMemoryStore(), createManualClock(startMs), four, i))
    for (const { replica } of nodes) await replica.ingest([granting.bytes], grant, 'peer')

    const openings = await Promise.all(nodes.map(({ witness }) => witness.submit([opening.bytes])))
    const merge = (answers: readonly WitnessAnswer[]): Certificate | undefined =>
      answers
        .filter((a) => a.ok)
        .map(certificateOf)
        .reduce<Certificate | undefined>((all, c) => (all ? mergeCertificates(all, c) : c), undefined)
    const full = merge(openings.slice(1))!
    expect(await verifyCertificate(verifier, full, four.rules)).toBe(true)
    for (const { replica } of nodes) await replica.ingest([opening.bytes], full, 'peer')

    for (const split of [1, 2, 3]) {
      const copies = await Promise.all(
        nodes.map(async (_, i) =>
          open(createMemoryStore(await snapshotOf(four, granting, grant, opening, full)), createManualClock(startMs), four, i),
        ),
      )
      const forOne = await Promise.all(copies.map(({ witness }, i) => witness.submit([(i < split ? one : other).bytes])))
      const forOther = await Promise.all(copies.map(({ witness }, i) => witness.submit([(i < split ? other : one).bytes])))
      for (const answer of forOther) expect(refusal(answer)).toMatchObject({ reason: 'taken', seq: 1 })
      const certificates = [merge(forOne.slice(0, split)), merge(forOne.slice(split))]
      const fullOnes = await Promise.all(
        certificates.map(async (c) => c !== undefined && (await verifyCertificate(verifier, c, four.rules))),
      )
      expect(fullOnes.filter(Boolean).length).toBe(split === 2 ? 0 : 1)
    }
  })

  it.each([
    ['entries', 1],
    ['bytes', 255],
  ])('each sign so many %s beyond the certificate, verify nothing beyond them, and go on once these are certified', async (_, stakes) => {
    const four = await createWorld(4)
    const { granting, opening } = await funded(four)
    let verified = 0
    const counting = { ...verifier, verify: (...args: Parameters<typeof verifier.verify>) => (verified++, verifier.verify(...args)) }
    const clock = createManualClock(startMs)
    const parts = { store: createMemoryStore(), verifier: counting, rules: four.rules, clock }
    const replica = createReplica(parts)
    const witness = createWitness({ ...parts, replica, signer: four.witnesses[0]! })
    await replica.ingest([granting.bytes], await certify(four, granting), 'peer')
    await replica.ingest([opening.bytes], await certify(four, opening), 'peer')

    const run: ParsedEntry[] = [opening]
    const ops: Op[] = Array.from({ length: stakes }, () => ({ op: 'stake', amount: 0 }))
    while (run.length <= 80) run.push(await next(four, ana, run.at(-1), ops))
    const tail: ParsedEntry[] = []
    let answer: WitnessAnswer
    do {
      const [from, to] = [1 + tail.length, 1 + tail.length + 6]
      answer = await witness.submit(run.slice(from, to).map(({ bytes }) => bytes))
      if (answer.ok) tail.push(...run.slice(from, certificateOf(answer).seq + 1))
      await clock.advance(60 * 60_000)
      verified = answer.ok ? 0 : verified
    } while (answer.ok)
    expect(refusal(answer)).toEqual({ reason: 'uncertified', seq: tail.length + 1 })
    expect(verified).toBe(0)
    const held = tail.reduce((sum, { bytes }) => sum + bytes.length, 0)
    expect(tail.length === uncertifiedEntriesMax || held >= uncertifiedBytesMax).toBe(true)
    expect(tail.length).toBeLessThanOrEqual(uncertifiedEntriesMax)

    const last = tail.at(-1)!
    expect(certificateOf(await witness.submit([last.bytes]))).toMatchObject({ seq: last.entry.seq, id: last.id })
    await replica.ingest(
      tail.map(({ bytes }) => bytes),
      await certify(four, last),
      'peer',
    )
    expect(certificateOf(await witness.submit([run[last.entry.seq + 1]!.bytes]))).toMatchObject({ seq: last.entry.seq + 1 })
  })

  it('each signs what is certified by an entry above it, for whom it pays, and nothing else', async () => {
    const four = await createWorld(4)
    const { granting, opening } = await funded(four)
    const paying = await next(four, ana, opening, [pay([ben, 1])])
    const above = await next(four, ana, paying, [pay([ben, 2])])
    const beyond = await next(four, ana, above, [pay([ben, 3])])
    const nodes = four.witnesses.map((_, i) => open(createMemoryStore(), createManualClock(startMs), four, i))
    const vouched = (seq: number) => Promise.all(nodes.map(({ witness }) => witness.vouch(ana.device.publicKey, seq)))
    for (const { replica, witness } of nodes) {
      await replica.ingest([granting.bytes], await certify(four, granting), 'peer')
      await replica.ingest(
        [opening, paying, above].map(({ bytes }) => bytes),
        await certify(four, above),
        'peer',
      )
      certificateOf(await witness.submit([beyond.bytes]))
    }
    const full = (await vouched(1)).reduce((all, one) => (all && one ? mergeCertificates(all, one) : all))!
    expect(full).toMatchObject({ seq: 1, id: paying.id })
    expect(await verifyCertificate(verifier, full, four.rules)).toBe(true)
    // Signed by each, and certified by nothing yet.
    expect(await vouched(3)).toEqual(nodes.map(() => undefined))
    expect(await nodes[0]!.witness.vouch(ben.device.publicKey, 0)).toBeUndefined()
  })

  it('what is being signed while another fork is certified is never signed on both sides', async () => {
    const four = await createWorld(4)
    const { granting, opening } = await funded(four)
    const [won, lost] = [await next(four, ana, opening, [pay([ben, 1])]), await next(four, ana, opening, [pay([ben, 2])])]
    const above = await next(four, ana, won, [pay([ben, 3])])
    const inner = createMemoryStore()
    let [release, reached] = [(): void => {}, (): void => {}]
    const [held, atCommit] = [new Promise<void>((done) => (release = done)), new Promise<void>((done) => (reached = done))]
    const store: Store = {
      ...inner,
      commit: async (writes, expects) => {
        if (writes.some(({ table }) => table === 'signed')) {
          reached()
          await held
        }
        return inner.commit(writes, expects)
      },
    }
    const { witness, replica } = open(store, createManualClock(startMs), four)
    await replica.ingest([granting.bytes], await certify(four, granting), 'peer')
    await replica.ingest([opening.bytes], await certify(four, opening), 'peer')
    const signing = witness.submit([lost.bytes])
    await atCommit
    await replica.ingest([won.bytes, above.bytes], await certify(four, above), 'peer')
    const vouching = witness.vouch(ana.device.publicKey, 1)
    for (let turn = 0; turn < 10; turn++) await new Promise((done) => setImmediate(done))
    release()
    const signed = [(await signing).ok, (await vouching) !== undefined]
    expect(signed.filter(Boolean)).toHaveLength(1)
  })

  it('one that signed a fork which lost signs no more of that author', async () => {
    const four = await createWorld(4)
    const { granting, opening } = await funded(four)
    const { witness, replica } = open(createMemoryStore(), createManualClock(startMs), four)
    await replica.ingest([granting.bytes], await certify(four, granting), 'peer')
    await replica.ingest([opening.bytes], await certify(four, opening), 'peer')
    const lost = await next(four, ana, opening, [pay([ben, 1])])
    const won = await next(four, ana, opening, [pay([ben, 2])])
    certificateOf(await witness.submit([lost.bytes]))
    await replica.ingest([won.bytes], await certify(four, won), 'peer')
    const onward = await next(four, ana, won, [pay([ben, 3])])
    expect(refusal(await witness.submit([onward.bytes]))).toEqual({ reason: 'forked' })
    // But where the two agree, for whom it pays.
    expect(await witness.vouch(ana.device.publicKey, 0)).toMatchObject({ seq: 0, id: opening.id })
    expect(await witness.vouch(ana.device.publicKey, 1)).toBeUndefined()
  })
})

const snapshotOf = async (of: World, granting: ParsedEntry, grant: Certificate, opening: ParsedEntry, full: Certificate) => {
  const store = createMemoryStore()
  const replica = createReplica({ store, verifier, rules: of.rules })
  await replica.ingest([granting.bytes], grant, 'peer')
  await replica.ingest([opening.bytes], full, 'peer')
  return store.snapshot()
}
