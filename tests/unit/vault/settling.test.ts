import { describe, expect, test } from 'vitest'
import { parseEntry, payLines } from '../../../src/ledger/entry.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import type { LocalVault } from '../../../src/vault/create-vault.ts'
import { agreementBody, createWorld, credit, enrol, line, must, named, sowBody, type World } from '../../support/vault-world.ts'

const expires = 1_700_000_000_000 + 60_000

/** One accepted task for this worker, promised and rewarded. */
const owe = async (vault: LocalVault, name: string, worker: string, units: number): Promise<void> => {
  const payee = named(worker).publicKey
  const { id: sow } = await must(vault, `sow ${name}`, 'sign', { kind: 'sow', to: null, expires, body: sowBody(units, { redundancy: 1 }) })
  const { id: agreement } = await must(vault, `agree ${name}`, 'sign', {
    kind: 'agreement',
    to: payee,
    expires,
    body: agreementBody(sow, units, 1_000_000),
  })
  await must(vault, `reward ${name}`, 'reward', { sow, agreement, payee, accepted: true, expires })
  await must(vault, `release ${name}`, 'release', { sow })
}
const linesOf = (bytes: Uint8Array) => {
  const parsed = parseEntry(bytes)
  if (!parsed.ok) throw new Error('no entry')
  return payLines(parsed.value.entry).map(([payee, ...figures]) => [payee, figures])
}
const account = (vault: LocalVault) => must(vault, 'account', 'account', {})
const certify = async (world: World, vault: LocalVault, id: string) => {
  const { pending } = await must(vault, 'pending', 'pending', {})
  return must(vault, id, 'certified', { certificate: await world.certify(pending[0]!) })
}

describe('settling', () => {
  test('a grant becomes credits when the claim is certified', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    await enrol(world, vault)
    expect(await account(vault)).toEqual({
      summary: null,
      ahead: [],
      awaited: false,
      chainMicro: 0,
      tabsMicro: 0,
      reservedMicro: 0,
      deposit: { stakedMicro: 0, wantedMicro: null, unlocking: [] },
      penalties: { finesMicro: 0, closed: false },
      payableMicro: 0,
      availableMicro: 0,
      earnedMicro: 0,
      spentMicro: 0,
    })
    const { device } = (await vault.status()).device
    const grant = await world.payer('issuer')([line(device, 5 * credit)])
    const { pending } = await must(vault, 'claim', 'claim', { incomes: [grant] })
    expect(pending).toHaveLength(1)
    expect(await must(vault, 'claim', 'claim', { incomes: [grant] })).toEqual({ pending })
    expect(await account(vault)).toMatchObject({ chainMicro: 5 * credit, earnedMicro: 0, summary: null })
    const certificate = await world.certify(pending[0]!)
    expect(await must(vault, 'certified', 'certified', { certificate })).toEqual({ entry: pending[0], payees: [] })
    expect(await account(vault)).toMatchObject({
      availableMicro: 5 * credit,
      earnedMicro: 5 * credit,
      summary: { seq: 0, claimed: 5 * credit },
    })
    expect(await must(vault, 'claim', 'claim', { incomes: [grant] })).toEqual({ pending: [] })
    const again = await vault.call('claim again', 'claim', { incomes: [grant] })
    expect(again).toEqual({ ok: false, error: { type: 'refused', what: 'claimed before' } })
  })

  test('tabs become one entry; payees are named when it is certified, and its proof can be had again', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    await enrol(world, vault, 50 * credit)
    await owe(vault, '1', 'ann', 2 * credit)
    await owe(vault, '2', 'bob', 3 * credit)
    await owe(vault, '3', 'ann', credit)
    const { pending } = await must(vault, 'settle', 'settle', {})
    expect(pending).toHaveLength(1)
    expect(new Map(linesOf(pending[0]!).map(([payee, figures]) => [String(payee), figures]))).toEqual(
      new Map([
        [String(named('ann').publicKey), [3 * credit, 3 * credit, 2, 0]],
        [String(named('bob').publicKey), [3 * credit, 3 * credit, 1, 0]],
      ]),
    )
    await owe(vault, '4', 'bob', credit)
    expect(await must(vault, 'settle', 'settle', {})).toEqual({ pending })
    expect(await must(vault, 'settle more', 'settle', {})).toEqual({ pending })
    expect(await must(vault, 'paidTo', 'paidTo', { payee: named('ann').publicKey })).toBeNull()
    const { entry, payees } = await certify(world, vault, 'certified')
    expect(entry).toEqual(pending[0])
    expect(payees).toHaveLength(2)
    expect(await must(vault, 'paidTo', 'paidTo', { payee: named('ann').publicKey })).toMatchObject({ entry, certificate: { seq: 1 } })
    expect(await account(vault)).toMatchObject({ spentMicro: 6 * credit, tabsMicro: credit, chainMicro: 44 * credit })
    const next = await must(vault, 'settle more', 'settle', {})
    expect(linesOf(next.pending[0]!)).toEqual([[named('bob').publicKey, [4 * credit, 4 * credit, 2, 0]]])
    expect(await must(vault, 'paidTo', 'paidTo', { payee: named('bob').publicKey })).toMatchObject({ entry })
  })

  test('what comes while an entry waits is claimed after it', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    await enrol(world, vault, 50 * credit)
    const { device } = (await vault.status()).device
    await owe(vault, '1', 'ann', credit)
    const { pending } = await must(vault, 'settle', 'settle', {})
    const [ann, bob] = [world.payer('ann'), world.payer('bob')]
    const early = await ann([line(device, credit)])
    const later = await ann([line(device, 3 * credit)])
    expect(await must(vault, 'c1', 'claim', { incomes: [later, early, await bob([line(device, credit)])] })).toEqual({ pending })
    await certify(world, vault, 'paid')
    const next = await must(vault, 'pending', 'pending', {})
    expect(next.pending).toHaveLength(1)
    await certify(world, vault, 'claimed')
    expect(await account(vault)).toMatchObject({ earnedMicro: 54 * credit, spentMicro: credit })
  })

  test('a newcomer waits for an income that opens an account', async () => {
    const world = await createWorld('opening', 2 * credit)
    const vault = await world.open(createMemoryStore())
    await enrol(world, vault)
    const { device } = (await vault.status()).device
    const ann = world.payer('ann')
    expect(await must(vault, 'c1', 'claim', { incomes: [await ann([line(device, credit)])] })).toEqual({ pending: [] })
    const { pending } = await must(vault, 'c2', 'claim', { incomes: [await ann([line(device, 2 * credit)])] })
    expect(pending).toHaveLength(1)
  })

  test('what is no income of ours is refused and nothing is appended', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    await enrol(world, vault)
    const { device } = (await vault.status()).device
    const ann = world.payer('ann')
    const [good, foreign] = [await ann([line(device, credit)]), await ann([line(named('bob').publicKey, credit)])]
    const bad = [
      foreign,
      { ...good, certificate: foreign.certificate },
      { ...good, certificate: { ...good.certificate, signatures: [] } },
      { ...good, entry: new Uint8Array([1]) },
    ]
    for (const [i, income] of bad.entries())
      expect(await vault.call(`bad ${i}`, 'claim', { incomes: [income] })).toMatchObject({ ok: false, error: { type: 'refused' } })
    expect((await must(vault, 'mixed', 'claim', { incomes: [...bad, good] })).pending).toHaveLength(1)
  })

  test('a profile rolled back appends nothing before it has taken the witness’s word, and loses nothing', async () => {
    const world = await createWorld()
    const store = createMemoryStore()
    const vault = await world.open(store)
    await enrol(world, vault, 50 * credit)
    await owe(vault, '1', 'ann', credit)
    const old = store.snapshot()
    await owe(vault, '2', 'ann', 2 * credit)
    const { pending } = await must(vault, 'settle', 'settle', {})
    const certificate = await world.certify(pending[0]!)
    await must(vault, 'certified', 'certified', { certificate })

    const back = await world.open(createMemoryStore(old), 'another session')
    expect((await back.status()).swarm?.headChecked).toBe(false)
    await owe(back, '3', 'bob', credit)
    expect(await back.call('settle 2', 'settle', {})).toEqual({ ok: false, error: { type: 'head-unchecked' } })
    expect(await back.call('claim 2', 'claim', { incomes: [] })).toEqual({ ok: false, error: { type: 'head-unchecked' } })
    await must(back, 'head', 'adopt', { entries: pending, certificate })
    expect((await back.status()).swarm?.headChecked).toBe(true)
    expect(await account(back)).toMatchObject({ spentMicro: 3 * credit, tabsMicro: credit, availableMicro: 46 * credit })
    // The tab that the old copy had forgotten goes on from what the chain has paid.
    await owe(back, '4', 'ann', credit)
    const settled = await must(back, 'settle 2', 'settle', {})
    expect(linesOf(settled.pending[0]!)).toContainEqual([named('ann').publicKey, [4 * credit, 4 * credit, 3, 0]])
  })

  test('a claim that the witness’s chain contradicts is made anew', async () => {
    const world = await createWorld()
    const store = createMemoryStore()
    const vault = await world.open(store)
    await enrol(world, vault, 50 * credit)
    const { device } = (await vault.status()).device
    await owe(vault, '1', 'ann', credit)
    const old = store.snapshot()
    const { pending } = await must(vault, 'settle', 'settle', {})
    const certificate = await world.certify(pending[0]!)

    // Rolled back within one session, so that the check does not stop it: it forks, and the certified chain wins.
    const forked = await world.open(createMemoryStore(old))
    const income = await world.payer('bob')([line(device, 7 * credit)])
    const lost = await must(forked, 'claim', 'claim', { incomes: [income] })
    expect(lost.pending).toHaveLength(1)
    await must(forked, 'head', 'adopt', { entries: pending, certificate })
    const again = await must(forked, 'claim 2', 'claim', { incomes: [] })
    expect(again.pending).toHaveLength(1)
    expect(again.pending[0]).not.toEqual(lost.pending[0])
    await certify(world, forked, 'certified')
    expect(await account(forked)).toMatchObject({ earnedMicro: 57 * credit, spentMicro: credit, tabsMicro: 0 })
  })
})
