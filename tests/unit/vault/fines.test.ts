/** Fines (ledger.md, *Verdicts*): what they burn is promised to nobody, and what was promised before them blocks nothing for ever. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rulesOf } from '../../../src/economy/policy-codec.ts'
import { parseEntry, payLines } from '../../../src/ledger/entry.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import { encodeVerdict, offenceOf, parseVerdict, type SlashReason, signVerdict } from '../../../src/ledger/verdict.ts'
import { createWitness } from '../../../src/ledger/witness.ts'
import { type Bytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import type { LocalVault } from '../../../src/vault/create-vault.ts'
import {
  agreementBody,
  createWorld,
  credit,
  enrol,
  line,
  linesOf,
  mortal,
  must,
  named,
  sowBody,
  type World,
} from '../../support/vault-world.ts'

const expires = 1_700_000_000_000 + 60_000
const fine = 100 * credit
const list = 1_000_000

const verdictOn = async (world: World, target: Bytes, seq: number, by = world.witness, reason: SlashReason = 'DoubleSpend') =>
  encodeVerdict(
    await signVerdict(by, world.swarm, {
      target,
      reason,
      offence: reason === 'DoubleSpend' ? offenceOf.doubleSpend(target, seq) : offenceOf.judgement(target),
    }),
  )
const account = (vault: LocalVault) => must(vault, 'account', 'account', {})
const deviceOf = async (vault: LocalVault): Promise<Bytes> => (await vault.status()).device.device
const setUp = async (granted: number, given?: World) => {
  const world = given ?? (await createWorld('fines'))
  const store = createMemoryStore()
  const vault = await world.open(store)
  await enrol(world, vault, granted)
  const device = await deviceOf(vault)
  let [asked, certified] = [0, 0]
  const fined = async (seq = 0) => must(vault, `verdict ${asked++}`, 'verdict', { bytes: await verdictOn(world, device, seq) })
  const sow = (units: number, redundancy = 1) =>
    vault.call(`sow ${asked++}`, 'sign', { kind: 'sow', to: null, expires, body: sowBody(units, { redundancy }) })
  /** Work of so much by each of these, as far as its agreement. */
  const hire = async (workers: readonly string[], units: number) => {
    const sown = await sow(units, workers.length)
    if (!sown.ok) throw new Error(sown.error.type)
    const { id } = sown.value
    return Promise.all(
      workers.map(async (worker) => {
        const payee = named(worker).publicKey
        const body = agreementBody(id, units, list, `${worker} ${asked++}`)
        const agreed = await must(vault, `agree ${asked++}`, 'sign', { kind: 'agreement', to: payee, expires, body })
        return { sow: id, agreement: agreed.id, payee, accepted: true, expires }
      }),
    )
  }
  type Hire = Awaited<ReturnType<typeof hire>>[number]
  const reward = (hired: Hire) => vault.call(`reward ${toHex(hired.agreement)}`, 'reward', hired)
  const owe = async (workers: readonly string[], units: number): Promise<void> => {
    for (const hired of await hire(workers, units)) expect((await reward(hired)).ok).toBe(true)
  }
  const settle = () => vault.call(`settle ${asked++}`, 'settle', {})
  const pending = async () => (await must(vault, 'pending', 'pending', {})).pending
  const certify = async (at = -1): Promise<void> => {
    const bytes = (await pending()).at(at)!
    await must(vault, `certified ${certified++}`, 'certified', { certificate: await world.certify(bytes) })
  }
  const earn = async (payer: string, micro: number) => {
    const income = await world.payer(payer)([line(device, micro)])
    return vault.call(`earn ${asked++}`, 'claim', { incomes: [income] })
  }
  return { world, store, vault, device, fined, sow, hire, reward, owe, settle, pending, certify, earn }
}
const opsOf = (bytes: Bytes) => {
  const parsed = parseEntry(bytes)
  if (!parsed.ok) throw new Error('malformed')
  return parsed.value.entry.ops
}
const paidIn = (bytes: Bytes): ReadonlyMap<string, readonly number[]> => {
  const parsed = parseEntry(bytes)
  if (!parsed.ok) throw new Error('malformed')
  return new Map(payLines(parsed.value.entry).map(([payee, ...figures]) => [toHex(payee), figures]))
}
const key = (worker: string): string => toHex(named(worker).publicKey)

describe('a fine', () => {
  test('counts by a full verdict alone, each offence once, and for good', async () => {
    const { world, store, vault, device, fined } = await setUp(500 * credit)
    const stranger = await verdictOn(world, device, 0, named('stranger'))
    const signed = parseVerdict(await verdictOn(world, device, 0))
    if (!signed.ok) throw new Error('malformed')
    for (const bytes of [stranger, encodeVerdict({ ...signed.value, signatures: [] }), sha256(utf8('nothing'))])
      expect(await vault.call('forged', 'verdict', { bytes })).toMatchObject({ ok: false, error: { type: 'refused' } })
    expect(await account(vault)).toMatchObject({ availableMicro: 500 * credit, penalties: { finesMicro: 0 } })
    for (const seq of [0, 0, 1]) await fined(seq)
    await must(vault, 'other', 'verdict', { bytes: await verdictOn(world, named('other').publicKey, 0) })
    expect(await account(vault)).toMatchObject({
      chainMicro: 500 * credit,
      availableMicro: 300 * credit,
      penalties: { finesMicro: 2 * fine },
    })
    expect(await account(await world.open(createMemoryStore(store.snapshot())))).toMatchObject({ availableMicro: 300 * credit })
  })

  test('takes from the deposit first: only what that does not cover is missing', async () => {
    const { vault, fined, certify } = await setUp(500 * credit)
    await must(vault, 'in', 'deposit', { stakedMicro: 60 * credit })
    await certify()
    await fined()
    expect(await account(vault)).toMatchObject({ chainMicro: 440 * credit, availableMicro: 400 * credit })
    // Put in or taken out, nothing of the fine comes back.
    await must(vault, 'more', 'deposit', { stakedMicro: 150 * credit })
    await certify()
    expect(await account(vault)).toMatchObject({ availableMicro: 350 * credit })
    await must(vault, 'out', 'deposit', { stakedMicro: 0 })
    await certify()
    expect(await account(vault)).toMatchObject({ availableMicro: 350 * credit, deposit: { unlocking: [{ micro: 150 * credit }] } })
  })

  test('lets no sow, deposit or agreement promise what it burned', async () => {
    const { vault, fined, sow, hire } = await setUp(150 * credit)
    await fined()
    expect(await sow(50 * credit + 1)).toEqual({
      ok: false,
      error: { type: 'insufficient-credits', needMicro: 50 * credit + 1, availableMicro: 50 * credit },
    })
    await hire(['ann'], 50 * credit)
    await fined(1)
    expect(await account(vault)).toMatchObject({ payableMicro: -50 * credit, reservedMicro: 50 * credit, availableMicro: -100 * credit })
    await expect(hire(['bob'], 1)).rejects.toThrow('insufficient-credits')
    expect(await vault.call('in', 'deposit', { stakedMicro: 1 })).toMatchObject({
      ok: false,
      error: { type: 'deposit', availableMicro: 0 },
    })
  })

  test('closed, an account promises nothing', async () => {
    const { world, vault, device, hire, reward, settle, owe } = await setUp(150 * credit)
    await owe(['ann'], 10 * credit)
    const [hired] = await hire(['bob'], 10 * credit)
    await must(vault, 'closing', 'verdict', { bytes: await verdictOn(world, device, 0, world.witness, 'Malicious') })
    for (const refused of [await reward(hired!), await settle(), await vault.call('in', 'deposit', { stakedMicro: 1 })])
      expect(refused).toMatchObject({ ok: false, error: { availableMicro: 0 } })
  })

  test('that burns what was set aside: rewards and steps wait, in the order in which they come, until it is earned', async () => {
    const world = await createWorld('fines', credit, { prepayMicro: 20 * credit })
    const { vault, fined, hire, reward, earn, certify } = await setUp(150 * credit, world)
    const [ann, bob, cid] = await hire(['ann', 'bob', 'cid'], 20 * credit)
    await fined()
    const step = ({ agreement, payee }: NonNullable<typeof cid>) =>
      vault.call(`step ${toHex(agreement)}`, 'prepay', { agreement, payee, total: 20 * credit })
    expect((await reward(ann!)).ok).toBe(true)
    expect((await step(bob!)).ok).toBe(true)
    const short = { ok: false, error: { type: 'insufficient-credits', needMicro: 20 * credit, availableMicro: 10 * credit } }
    expect(await step(cid!)).toEqual(short)
    expect(await reward(cid!)).toEqual(short)
    expect(await account(vault)).toMatchObject({ payableMicro: 50 * credit, tabsMicro: 40 * credit, reservedMicro: 20 * credit })
    await earn('carl', 10 * credit)
    await certify()
    expect((await reward(cid!)).ok).toBe(true)
    expect(await account(vault)).toMatchObject({ payableMicro: 60 * credit, tabsMicro: 60 * credit, availableMicro: 0 })
  })

  test('larger than what is owed leaves: what can be paid is paid, whole lines first, and the rest as it is earned', async () => {
    const { vault, fined, owe, settle, pending, certify, earn } = await setUp(150 * credit)
    const [small, large] = [key('ann'), key('bob')].sort((a, b) => (a < b ? 1 : -1)).map((k) => (k === key('ann') ? 'ann' : 'bob')) as [
      string,
      string,
    ]
    await owe([large], 60 * credit)
    await owe([small], 20 * credit)
    await fined()
    expect((await settle()).ok).toBe(true)
    expect(paidIn((await pending())[0]!)).toEqual(
      new Map([
        [key(small), [20 * credit, 20 * credit, 1, 0]],
        [key(large), [30 * credit, 30 * credit, 0, 0]],
      ]),
    )
    await certify()
    expect(await settle()).toEqual({ ok: false, error: { type: 'insufficient-credits', needMicro: 30 * credit, availableMicro: 0 } })
    // Less than a credit is not worth an entry.
    await earn('carl', credit - 1)
    await certify()
    expect(await settle()).toMatchObject({ ok: false, error: { type: 'insufficient-credits' } })
    await earn('dan', 30 * credit)
    await certify()
    await settle()
    expect(paidIn((await pending())[0]!)).toEqual(new Map([[key(large), [60 * credit, 60 * credit, 1, 0]]]))
    await certify()
    expect(await account(vault)).toMatchObject({ tabsMicro: 0, availableMicro: credit - 1 })
  })
})

/** A real witness with the world's key, that knows the verdicts, and has what everyone was paid. */
const witnessOf = async (world: World, incomes: Store, verdicts: readonly Bytes[]) => {
  const rules = rulesOf(world.policy)
  const replica = createReplica({ store: incomes, verifier: world.verifier, rules })
  for (const bytes of verdicts) {
    const verdict = parseVerdict(bytes)
    if (verdict.ok) await replica.verdicts.take(verdict.value)
  }
  return {
    replica,
    witness: createWitness({ store: incomes, replica, signer: world.witness, verifier: world.verifier, rules, clock: world.clock }),
  }
}

test('what a fined vault promises, a witness that knows the fines signs', { timeout: 120_000 }, async () => {
  const amounts = fc.record({
    granted: fc.integer({ min: 1, max: 400 }),
    staked: fc.integer({ min: 0, max: 400 }),
    lowered: fc.integer({ min: 0, max: 400 }),
    fines: fc.integer({ min: 0, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(amounts, async ({ granted, staked, lowered, fines }) => {
      const world = await createWorld('fined')
      const vault = await world.open(createMemoryStore())
      await enrol(world, vault)
      const device = await deviceOf(vault)
      const grant = await world.payer('issuer')([line(device, granted * credit)])
      const { replica, witness } = await witnessOf(world, createMemoryStore(), [])
      await replica.ingest([grant.entry], grant.certificate, 'test')
      let asked = 0
      const sign = async (entries: readonly Bytes[]) => {
        const signed = await witness.submit(entries)
        if (signed.ok) await must(vault, `certified ${asked++}`, 'certified', { certificate: signed.value.certificate })
        return signed.ok
      }
      const appended = async (pending: readonly Bytes[]): Promise<void> => expect(pending.length === 0 || (await sign(pending))).toBe(true)
      await appended((await must(vault, 'grant', 'claim', { incomes: [grant] })).pending)
      for (const stake of [staked, lowered]) {
        const set = await vault.call(`set ${asked++}`, 'deposit', { stakedMicro: stake * credit })
        if (set.ok) await appended(set.value.pending)
      }
      for (let seq = 0; seq < fines; seq++) {
        const bytes = await verdictOn(world, device, seq)
        await must(vault, `fine ${seq}`, 'verdict', { bytes })
        const verdict = parseVerdict(bytes)
        if (verdict.ok) await replica.verdicts.take(verdict.value)
      }
      const { availableMicro } = await account(vault)
      const ask = async (units: number) =>
        vault.call(`sow ${units}`, 'sign', { kind: 'sow', to: null, expires, body: sowBody(units, { redundancy: 1 }) })
      expect((await ask(Math.max(0, availableMicro) + 1)).ok).toBe(false)
      if (availableMicro <= 0) return
      const sown = await ask(availableMicro)
      if (!sown.ok) throw new Error(sown.error.type)
      const [sow, payee] = [sown.value.id, named('ann').publicKey]
      const agreed = await must(vault, 'agree', 'sign', {
        kind: 'agreement',
        to: payee,
        expires,
        body: agreementBody(sow, availableMicro, list),
      })
      await must(vault, 'reward', 'reward', { sow, agreement: agreed.id, payee, accepted: true, expires })
      await appended((await must(vault, 'settle', 'settle', {})).pending)
      expect((await vault.call('one more', 'sign', { kind: 'sow', to: null, expires, body: sowBody(1, { redundancy: 1 }) })).ok).toBe(false)
    }),
    { numRuns: 30 },
  )
})

describe('an entry that was signed before the fine', () => {
  const life = async (world: World, disk: Store, incomes: Awaited<ReturnType<typeof incomesOf>>) => {
    const vault = await world.open(disk)
    await must(vault, 'head', 'adopt', { entries: [], certificate: null })
    const device = await deviceOf(vault)
    const { replica, witness } = await witnessOf(world, createMemoryStore(), [await verdictOn(world, device, 0)])
    for (const { entry, certificate } of [incomes.grant, ...incomes.wages]) await replica.ingest([entry], certificate, 'test')
    await witness.submit((await must(vault, 'proof', 'entryProof', { seq: 0 }))!.entries)
    /** What becomes of what waits. */
    const show = async (): Promise<string> => {
      const { pending } = await must(vault, 'pending', 'pending', {})
      const signed = await witness.submit(pending)
      if (!signed.ok) return signed.error.reason
      await must(vault, `certified ${signed.value.certificate.seq}`, 'certified', { certificate: signed.value.certificate })
      return `signed ${signed.value.certificate.seq}`
    }
    const sow = await must(vault, 'sow', 'sign', { kind: 'sow', to: null, expires, body: sowBody(40 * credit, { redundancy: 2 }) })
    for (const worker of ['ann', 'bob']) {
      const payee = named(worker).publicKey
      const body = agreementBody(sow.id, 40 * credit, list, worker)
      const { id } = await must(vault, `agree ${worker}`, 'sign', { kind: 'agreement', to: payee, expires, body })
      await must(vault, `reward ${worker}`, 'reward', { sow: sow.id, agreement: id, payee, accepted: true, expires })
    }
    await must(vault, 'settle', 'settle', {})
    await must(vault, 'fine', 'verdict', { bytes: await verdictOn(world, device, 0) })
    return { vault, show, vouch: (seq: number) => witness.vouch(device, seq) }
  }
  const incomesOf = async (world: World, device: Bytes) => {
    const pay = world.payer('issuer')
    const [grant, ...wages] = [
      await pay([line(device, 150 * credit)]),
      await pay([line(device, 170 * credit)]),
      await pay([line(device, 190 * credit)]),
    ]
    return { grant: grant!, wages }
  }
  const born = async (seed: string) => {
    const world = await createWorld(seed)
    const disk = createMemoryStore()
    const vault = await world.open(disk)
    await enrol(world, vault)
    const incomes = await incomesOf(world, await deviceOf(vault))
    const { pending } = await must(vault, 'grant', 'claim', { incomes: [incomes.grant] })
    await must(vault, 'granted', 'certified', { certificate: await world.certify(pending[0]!) })
    return { world, disk, incomes }
  }

  test('waits until what came in covers it; those it pays claim by what the witness signs of it', async () => {
    const { world, disk, incomes } = await born('stuck')
    const { vault, show, vouch } = await life(world, disk, incomes)
    expect(await show()).toBe('slashed')
    const [first, second] = incomes.wages
    // 150 less the fine of 100 and the 80 that it pays: 30 are missing, and 20 do not help yet.
    await must(vault, 'first', 'claim', { incomes: [first!] })
    expect((await must(vault, 'pending', 'pending', {})).pending.map(opsOf).map((ops) => ops.map(({ op }) => op))).toEqual([['pay']])
    expect(await account(vault)).toMatchObject({ payableMicro: -30 * credit, summary: { seq: 0 } })
    await must(vault, 'second', 'claim', { incomes: [second!] })
    const { pending } = await must(vault, 'pending', 'pending', {})
    expect(pending.map(opsOf).map((ops) => ops.map(({ op }) => op))).toEqual([['pay'], ['claim']])
    expect(await account(vault)).toMatchObject({ payableMicro: 10 * credit, summary: { seq: 0 } })
    expect(await show()).toBe('signed 2')
    expect(await must(vault, 'paid', 'paidTo', { payee: named('ann').publicKey })).toBe(null)
    const paying = parseEntry(pending[0]!)
    expect(paying.ok && (await vouch(1))).toMatchObject({ seq: 1, id: paying.ok && paying.value.id })
    expect(await account(vault)).toMatchObject({ tabsMicro: 0, availableMicro: 10 * credit, summary: { seq: 2 } })
    expect(await must(vault, 'at last', 'settle', {})).toEqual({ pending: [] })
  })

  test('where the word of that certificate was lost and comes as our own head, it is the same', async () => {
    const { world, disk, incomes } = await born('stuck')
    const { vault, show } = await life(world, disk, incomes)
    expect(await show()).toBe('slashed')
    for (const [i, income] of incomes.wages.entries()) await must(vault, `wages ${i}`, 'claim', { incomes: [income] })
    const { pending } = await must(vault, 'pending', 'pending', {})
    const certificate = await world.certify(pending.at(-1)!)
    const keptIncomes = () => linesOf(disk.snapshot()).filter((text) => text.includes('incomes'))
    expect(keptIncomes()).toHaveLength(1)

    const later = await world.open(disk, 'after the browser was killed')
    await must(later, 'head', 'adopt', { entries: pending, certificate })
    expect(await account(later)).toMatchObject({ tabsMicro: 0, availableMicro: 10 * credit, summary: { seq: 2 } })
    expect(keptIncomes()).toEqual([])
    expect(await must(later, 'told again', 'adopt', { entries: pending, certificate })).toEqual({})
    expect(await must(later, 'at last', 'settle', {})).toEqual({ pending: [] })
  })

  test('killed at any commit it ends the same', { timeout: 120_000 }, async () => {
    const { world, disk, incomes } = await born('stuck')
    const live = async (store: Store) => {
      const { vault } = await life(world, store, incomes)
      for (const [i, income] of incomes.wages.entries()) await must(vault, `wages ${i}`, 'claim', { incomes: [income] })
      const certifyLast = async (): Promise<void> => {
        const { pending } = await must(vault, 'pending', 'pending', {})
        const last = pending.at(-1)
        if (last) await must(vault, `certified ${toHex(sha256(last))}`, 'certified', { certificate: await world.certify(last) })
      }
      await certifyLast()
      await must(vault, 'again', 'settle', {})
      return account(vault)
    }
    const whole = createMemoryStore(disk.snapshot())
    const counted = mortal(whole, 0, 'before')
    const end = await live(counted)
    expect(end).toMatchObject({ tabsMicro: 0, summary: { seq: 2 } })
    const kept = (store: ReturnType<typeof createMemoryStore>) => linesOf(store.snapshot()).filter((text) => !text.includes('answers'))
    for (let at = 1; at <= counted.commits(); at++)
      for (const moment of ['before', 'after'] as const) {
        const copy = createMemoryStore(disk.snapshot())
        await live(mortal(copy, at, moment)).then(
          () => expect.fail('it outlived its death'),
          () => {},
        )
        expect(await live(copy), `${moment} ${at}`).toEqual(end)
        expect(kept(copy), `${moment} ${at}`).toEqual(kept(whole))
      }
  })
})
