/** Paying ahead (economy.md, the table): at most a step beyond what accepted work comes to, out of what was set aside for it, and never twice. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseMessage } from '../../../src/contract/signed.ts'
import { parseEntry, payLines } from '../../../src/ledger/entry.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import { toHex } from '../../../src/lib/bytes.ts'
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
const step = 5 * credit
const list = 1_000_000

const inPublic = () => createWorld('prepay', credit, { prepayMicro: step })
const setUp = async (granted = 100 * credit, world?: World) => {
  const there = world ?? (await inPublic())
  const vault = await there.open(createMemoryStore())
  await enrol(there, vault, granted)
  return { world: there, vault, ...asks(vault, there) }
}
const asks = (vault: LocalVault, world: World) => {
  const sow = async (id: string, units: number, redundancy = 3) =>
    (await must(vault, id, 'sign', { kind: 'sow', to: null, expires, body: sowBody(units, { redundancy }) })).id
  const agree = async (sowId: Uint8Array<ArrayBuffer>, worker: string, units: number, price = list) =>
    (
      await must(vault, `agree ${toHex(sowId)} ${worker}`, 'sign', {
        kind: 'agreement',
        to: named(worker).publicKey,
        expires,
        body: agreementBody(sowId, units, price, worker),
      })
    ).id
  const prepay = (agreement: Uint8Array<ArrayBuffer>, worker: string, total: number) =>
    vault.call(`prepay/${toHex(agreement)}/${total}`, 'prepay', { agreement, payee: named(worker).publicKey, total })
  const reward = (sowId: Uint8Array<ArrayBuffer>, agreement: Uint8Array<ArrayBuffer>, worker: string, accepted = true) =>
    vault.call(`reward/${toHex(agreement)}`, 'reward', { sow: sowId, agreement, payee: named(worker).publicKey, accepted, expires })
  let settled = 0
  /** What the certified entry says: payee's name → [total, units]. */
  const settle = async (): Promise<ReadonlyMap<string, readonly [number, number]>> => {
    const { pending } = await must(vault, `settle ${settled++}`, 'settle', {})
    if (pending.length === 0) return new Map()
    const { entry } = await must(vault, `certified ${settled}`, 'certified', { certificate: await world.certify(pending[0]!) })
    const parsed = parseEntry(entry)
    if (!parsed.ok) throw new Error('malformed')
    return new Map(payLines(parsed.value.entry).map(([payee, total, units]) => [toHex(payee), [total, units]]))
  }
  const account = () => must(vault, 'account', 'account', {})
  const cancel = (agreement: Uint8Array<ArrayBuffer>, worker: string) =>
    must(vault, `cancel/${toHex(agreement)}`, 'sign', {
      kind: 'cancel',
      to: named(worker).publicKey,
      expires,
      body: { agreement, reason: 'cancelled' },
    })
  const release = (sowId: Uint8Array<ArrayBuffer>) => must(vault, `release/${toHex(sowId)}`, 'release', { sow: sowId })
  return { sow, agree, prepay, reward, settle, account, cancel, release }
}
const key = (worker: string): string => toHex(named(worker).publicKey)

describe('paying ahead', () => {
  test('a step comes out of what is set aside for the work, is settled before it, and the reward uses it up', async () => {
    const { sow, agree, prepay, reward, settle, account } = await setUp(15 * credit)
    const id = await sow('s', step)
    const agreements = new Map<string, Uint8Array<ArrayBuffer>>()
    for (const worker of ['ann', 'bob', 'cid']) {
      const agreement = await agree(id, worker, step)
      agreements.set(worker, agreement)
      expect((await prepay(agreement, worker, step)).ok).toBe(true)
    }
    // All that it has: nothing but the reservation could pay these.
    expect(await account()).toMatchObject({ tabsMicro: 15 * credit, reservedMicro: 0, availableMicro: 0, awaited: true })
    expect([...(await settle()).values()]).toEqual([
      [step, 0],
      [step, 0],
      [step, 0],
    ])
    expect(await account()).toMatchObject({ chainMicro: 0, tabsMicro: 0, awaited: false })
    const said = await reward(id, agreements.get('ann')!, 'ann')
    const voucher = said.ok ? parseMessage(said.value.message) : undefined
    // The voucher speaks of work: ahead of it the worker would take its credit for used up.
    expect(voucher).toMatchObject({ ok: true, value: { message: { body: { total: step, units: step, ok: 1 } } } })
    const { ahead } = await account()
    expect(new Map(ahead)).toEqual(
      new Map([
        [key('bob'), step],
        [key('cid'), step],
      ]),
    )
    // The counters follow the work; the amount was paid before.
    expect(await settle()).toEqual(new Map([[key('ann'), [step, step]]]))
    expect(await account()).toMatchObject({ chainMicro: 0, spentMicro: 15 * credit })
  })

  test('never in a swarm that pays nobody ahead, never more than a step, only for an open agreement of ours', async () => {
    const inPrivate = await setUp(100 * credit, await createWorld())
    const first = await inPrivate.sow('s', step)
    expect(await inPrivate.prepay(await inPrivate.agree(first, 'ann', step), 'ann', 1)).toMatchObject({
      ok: false,
      error: { type: 'refused' },
    })

    const { sow, agree, prepay, reward, settle, account } = await setUp()
    const id = await sow('s', step)
    const [a, b] = [await agree(id, 'ann', step), await agree(id, 'bob', step)]
    expect(await prepay(a, 'ann', step + 1)).toMatchObject({ ok: false, error: { type: 'refused' } })
    expect(await prepay(a, 'bob', step)).toMatchObject({ ok: false, error: { type: 'refused' } })
    expect((await prepay(a, 'ann', step)).ok).toBe(true)
    // A second agreement with the same worker does not raise what it may have.
    const other = await sow('s2', step)
    expect(await prepay(await agree(other, 'ann', step), 'ann', 2 * step)).toMatchObject({ ok: false, error: { type: 'refused' } })
    expect((await reward(id, b, 'bob')).ok).toBe(true)
    expect(await prepay(b, 'bob', 2 * step)).toMatchObject({ ok: false, error: { type: 'refused' } })
    await settle()
    expect((await account()).ahead).toEqual([[key('ann'), step]])
    // Its work done, the next step may be paid.
    await reward(id, a, 'ann')
    expect((await prepay(await agree(other, 'ann', step), 'ann', 2 * step)).ok).toBe(true)
  })

  test('never more than the work itself can cost: what was shown before the yes holds whatever is asked', async () => {
    const { sow, agree, prepay, account } = await setUp()
    const units = 50_000
    const id = await sow('s', units)
    const workers = ['ann', 'bob', 'cid', 'dan', 'eve']
    for (const worker of workers) {
      const agreement = await agree(id, worker, units)
      expect(await prepay(agreement, worker, step)).toMatchObject({ ok: false, error: { type: 'refused' } })
      expect(await prepay(agreement, worker, units + 1)).toMatchObject({ ok: false, error: { type: 'refused' } })
      expect((await prepay(agreement, worker, units)).ok).toBe(true)
    }
    expect(await account()).toMatchObject({ tabsMicro: 5 * units, ahead: workers.map(() => [expect.any(String), units]) })
  })

  test('a worker rounds each contract up, the tab only once: a µcr for each is no reason to refuse', async () => {
    const { sow, agree, prepay, reward } = await setUp()
    for (const name of ['one', 'two']) {
      const id = await sow(name, 1)
      expect((await reward(id, await agree(id, 'ann', 1, list / 2), 'ann')).ok).toBe(true)
    }
    // Two halves are one µcr here and two there.
    const next = await sow('three', 10)
    const agreement = await agree(next, 'ann', 10)
    expect((await prepay(agreement, 'ann', 2 + 10)).ok).toBe(true)
    expect((await prepay(agreement, 'ann', 1 + 10 + 2 + 1)).ok).toBe(false)
  })

  test('what was paid ahead to one who vanished is a step, and the first of its next work is paid with it', async () => {
    const { sow, agree, prepay, reward, settle, account } = await setUp(100 * credit)
    const first = await sow('s', step, 1)
    await prepay(await agree(first, 'ann', step), 'ann', step)
    await settle()
    expect(await account()).toMatchObject({ chainMicro: 95 * credit, ahead: [[key('ann'), step]] })
    // Another takes the place: the reservation has been drawn on, what is free covers it.
    expect((await reward(first, await agree(first, 'bob', step), 'bob')).ok).toBe(true)
    expect(await account()).toMatchObject({ tabsMicro: step, reservedMicro: 0, availableMicro: 90 * credit })
    // No third, though: that was never set aside.
    expect(await reward(first, await agree(first, 'cid', step), 'cid')).toMatchObject({ ok: false, error: { type: 'refused' } })
    const next = await sow('s2', step, 1)
    expect((await reward(next, await agree(next, 'ann', step), 'ann')).ok).toBe(true)
    expect(await account()).toMatchObject({ tabsMicro: step, reservedMicro: step, ahead: [] })
  })

  test('where nothing is left for whoever took the place, its reward waits until there is something', async () => {
    const { world, vault, sow, agree, prepay, reward, account } = await setUp(step)
    const id = await sow('s', step, 1)
    await prepay(await agree(id, 'ann', step), 'ann', step)
    const taken = await agree(id, 'bob', step)
    expect(await reward(id, taken, 'bob')).toEqual({
      ok: false,
      error: { type: 'insufficient-credits', needMicro: step, availableMicro: 0 },
    })
    const { device } = (await vault.status()).device
    const { pending } = await must(vault, 'more', 'claim', { incomes: [await world.payer('carl')([line(device, step)])] })
    await must(vault, 'certified more', 'certified', { certificate: await world.certify(pending[0]!) })
    expect((await reward(id, taken, 'bob')).ok).toBe(true)
    expect(await account()).toMatchObject({ availableMicro: 0, tabsMicro: 2 * step })
  })

  test('a step that no entry says ends with its agreement: what it had drawn is there for whoever takes the place', async () => {
    const { sow, agree, prepay, reward, settle, account, cancel, release } = await setUp(15 * credit)
    const id = await sow('s', step)
    const [a, b] = [await agree(id, 'ann', step), await agree(id, 'bob', step)]
    await prepay(a, 'ann', step)
    await prepay(b, 'bob', step)
    await cancel(a, 'ann')
    await cancel(a, 'ann')
    expect(await account()).toMatchObject({ tabsMicro: step, reservedMicro: 10 * credit, availableMicro: 0, ahead: [[key('bob'), step]] })
    // All that it has is still enough for three, and what was promised to the one is not paid with the others.
    expect(await prepay(a, 'ann', step - 1)).toMatchObject({ ok: false, error: { type: 'refused' } })
    const c = await agree(id, 'cid', step)
    await prepay(c, 'cid', step)
    expect([...(await settle()).keys()]).toEqual([key('bob'), key('cid')].sort())
    for (const [worker, agreement] of [['bob', b] as const, ['cid', c] as const]) await reward(id, agreement, worker)
    expect((await reward(id, await agree(id, 'dan', step), 'dan')).ok).toBe(true)
    await release(id)
    await settle()
    expect(await account()).toMatchObject({ chainMicro: 0, tabsMicro: 0, spentMicro: 15 * credit, ahead: [] })
  })

  test('a step ends with a rejection and with the release of its sow as well, and another agreement’s stays', async () => {
    const { sow, agree, prepay, reward, account, release } = await setUp()
    const [one, two] = [await sow('one', step, 1), await sow('two', 2 * credit, 1)]
    const [a, b] = [await agree(one, 'ann', step), await agree(two, 'ann', 2 * credit)]
    await prepay(a, 'ann', step)
    await prepay(b, 'ann', 2 * credit)
    expect(await account()).toMatchObject({ tabsMicro: step, reservedMicro: 2 * credit, ahead: [[key('ann'), step]] })
    await reward(one, a, 'ann', false)
    expect(await account()).toMatchObject({ tabsMicro: 2 * credit, reservedMicro: 5 * credit, ahead: [[key('ann'), 2 * credit]] })
    for (const id of [two, one]) await release(id)
    expect(await account()).toMatchObject({ tabsMicro: 0, reservedMicro: 0, availableMicro: 100 * credit, ahead: [], awaited: false })
    expect(await prepay(await agree(await sow('three', step), 'ann', step), 'ann', step)).toMatchObject({ ok: true })
  })

  test('a step that an entry says, certified or not, stays credit, and the next work there uses it up first', async () => {
    const { vault, world, sow, agree, prepay, reward, settle, account, cancel, release } = await setUp()
    const first = await sow('s', step, 1)
    const a = await agree(first, 'ann', step)
    await prepay(a, 'ann', step)
    const { pending } = await must(vault, 'signed', 'settle', {})
    await cancel(a, 'ann')
    await release(first)
    expect(await account()).toMatchObject({ chainMicro: 95 * credit, tabsMicro: 0, ahead: [[key('ann'), step]] })
    await must(vault, 'certified', 'certified', { certificate: await world.certify(pending[0]!) })
    const next = await sow('next', 7 * credit, 1)
    const b = await agree(next, 'ann', 7 * credit)
    expect((await reward(next, b, 'ann')).ok).toBe(true)
    expect(await account()).toMatchObject({ tabsMicro: 2 * credit, reservedMicro: 5 * credit, ahead: [] })
    await release(next)
    expect(await settle()).toEqual(new Map([[key('ann'), [7 * credit, 7 * credit]]]))
  })

  test(
    'whatever is asked in whatever order: all that is promised is covered, and nobody is paid more than a step ahead',
    { timeout: 120_000 },
    async () => {
      const act = fc.record({
        what: fc.constantFrom('sow', 'hire', 'hire', 'prepay', 'prepay', 'reward', 'reward', 'reject', 'cancel', 'release', 'settle'),
        which: fc.nat(20),
        worker: fc.constantFrom('ann', 'bob', 'cid'),
        units: fc.integer({ min: 1, max: step }),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 25 }), async (acts) => {
          const { prepay, reward, settle, account, cancel, vault } = await setUp(20 * credit)
          const sows: { id: Uint8Array<ArrayBuffer>; units: number }[] = []
          const hired: { sow: Uint8Array<ArrayBuffer>; id: Uint8Array<ArrayBuffer>; worker: string; units: number; decided: boolean }[] = []
          const worked = new Map<string, number>()
          const paid = new Map<string, number>()
          for (const [n, { what, which, worker, units }] of acts.entries()) {
            const of = sows[which % Math.max(1, sows.length)]
            const hire = hired[which % Math.max(1, hired.length)]
            if (what === 'sow') {
              const signed = await vault.call(`s${n}`, 'sign', { kind: 'sow', to: null, expires, body: sowBody(units, { redundancy: 2 }) })
              if (signed.ok) sows.push({ id: signed.value.id, units })
            } else if (what === 'hire' && of) {
              const body = agreementBody(of.id, of.units, list, `${n}`)
              const signed = await vault.call(`h${n}`, 'sign', { kind: 'agreement', to: named(worker).publicKey, expires, body })
              if (signed.ok) hired.push({ sow: of.id, id: signed.value.id, worker, units: of.units, decided: false })
            } else if (what === 'prepay' && hire) {
              const promised = await prepay(hire.id, hire.worker, (worked.get(hire.worker) ?? 0) + units)
              const accepted = hired.filter((one) => one.decided && one.worker === hire.worker).length
              if (promised.ok) expect(units).toBeLessThanOrEqual(hire.units + accepted)
            } else if ((what === 'reward' || what === 'reject') && hire && !hire.decided) {
              const done = await reward(hire.sow, hire.id, hire.worker, what === 'reward')
              if (!done.ok) continue
              hire.decided = true
              if (what === 'reward') worked.set(hire.worker, (worked.get(hire.worker) ?? 0) + hire.units)
              expect(done.value.total).toBe(worked.get(hire.worker) ?? 0)
            } else if (what === 'cancel' && hire) await cancel(hire.id, hire.worker)
            else if (what === 'release' && of) await must(vault, `f${n}`, 'release', { sow: of.id })
            else if (what === 'settle')
              for (const [payee, [total]] of await settle()) {
                expect(total).toBeGreaterThanOrEqual(paid.get(payee) ?? 0)
                paid.set(payee, total)
              }
            const { chainMicro, tabsMicro, reservedMicro, availableMicro, ahead } = await account()
            expect(availableMicro).toBe(chainMicro - tabsMicro - reservedMicro)
            expect(availableMicro).toBeGreaterThanOrEqual(0)
            for (const [, micro] of ahead) expect(micro).toBeLessThanOrEqual(step)
            for (const name of ['ann', 'bob', 'cid']) expect(paid.get(key(name)) ?? 0).toBeLessThanOrEqual((worked.get(name) ?? 0) + step)
          }
          // Nothing is under way any more: nobody is paid for what was only promised.
          for (const hire of hired) await cancel(hire.id, hire.worker)
          for (const [payee, [total]] of await settle())
            for (const name of ['ann', 'bob', 'cid'])
              if (payee === key(name)) expect(total).toBe(Math.max(paid.get(payee) ?? 0, worked.get(name) ?? 0))
          expect((await account()).tabsMicro).toBe(0)
        }),
        { numRuns: 25 },
      )
    },
  )

  test('killed at any commit and asked again, it ends as if it never had been', { timeout: 120_000 }, async () => {
    const world = await inPublic()
    const born = createMemoryStore()
    await enrol(world, await world.open(born), 40 * credit)
    const live = async (disk: Store): Promise<unknown> => {
      const vault = await world.open(disk)
      await must(vault, 'head', 'adopt', { entries: [], certificate: null })
      const { sow, agree, prepay, reward, settle, account, cancel, release } = asks(vault, world)
      const totals: number[] = []
      // Promised and called off: nobody is paid for it.
      const off = await sow('sow off', step, 2)
      const cid = await agree(off, 'cid', step)
      if (!(await prepay(cid, 'cid', step)).ok) throw new Error('killed')
      await cancel(cid, 'cid')
      await release(off)
      for (const task of ['one', 'two']) {
        const id = await sow(`sow ${task}`, step, 2)
        const hired = [await agree(id, 'ann', step), await agree(id, 'bob', step)]
        const wanted = task === 'one' ? step : 2 * step
        for (const [i, worker] of ['ann', 'bob'].entries()) if (!(await prepay(hired[i]!, worker, wanted)).ok) throw new Error('killed')
        // Of a death between the two, the pending entry is certified here again.
        const { pending } = await must(vault, 'pending', 'pending', {})
        if (pending.length > 0) await must(vault, `late ${task}`, 'certified', { certificate: await world.certify(pending[0]!) })
        await settle()
        for (const [i, worker] of ['ann', 'bob'].entries()) {
          const done = await reward(id, hired[i]!, worker)
          if (!done.ok) throw new Error('killed')
          totals.push(done.value.total)
        }
        await must(vault, `release ${task}`, 'release', { sow: id })
      }
      const { pending } = await must(vault, 'pending at last', 'pending', {})
      if (pending.length > 0) await must(vault, 'last certified', 'certified', { certificate: await world.certify(pending[0]!) })
      await settle()
      const { chainMicro, tabsMicro, reservedMicro, ahead } = await account()
      return { totals, chainMicro, tabsMicro, reservedMicro, ahead }
    }
    const whole = createMemoryStore(born.snapshot())
    const counted = mortal(whole, 0, 'before')
    const end = await live(counted)
    expect(end).toEqual({ totals: [step, step, 2 * step, 2 * step], chainMicro: 20 * credit, tabsMicro: 0, reservedMicro: 0, ahead: [] })
    const tabsOf = (store: ReturnType<typeof createMemoryStore>) =>
      linesOf(store.snapshot()).filter((l) => /(tabs|reservations|sows|agreements)/.test(l))
    for (let at = 1; at <= counted.commits(); at++)
      for (const moment of ['before', 'after'] as const) {
        const disk = createMemoryStore(born.snapshot())
        await live(mortal(disk, at, moment)).then(
          () => expect.fail('it outlived its death'),
          () => {},
        )
        expect(await live(disk), `${moment} ${at}`).toEqual(end)
        expect(tabsOf(disk), `${moment} ${at}`).toEqual(tabsOf(whole))
      }
  })
})
