import { describe, expect, test } from 'vitest'
import { emptyHead } from '../../../src/ledger/chain-state.ts'
import { parseEntry } from '../../../src/ledger/entry.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import type { LocalVault } from '../../../src/vault/create-vault.ts'
import { checkDeposit } from '../../../src/vault/deposit.ts'
import { noPenalties } from '../../../src/vault/payable.ts'
import { createWorld, credit, enrol, line, linesOf, mortal, must, sowBody, type World } from '../../support/vault-world.ts'

const hourMs = 60 * 60_000
const account = (vault: LocalVault) => must(vault, 'account', 'account', {})
const pendingOps = async (vault: LocalVault) => {
  const { pending } = await must(vault, 'pending', 'pending', {})
  return pending.flatMap((bytes) => {
    const parsed = parseEntry(bytes)
    return parsed.ok ? parsed.value.entry.ops.map((op) => (op.op === 'stake' ? op.amount : op.op)) : []
  })
}
/** The witness signs what waits. */
const certify = async (world: World, vault: LocalVault): Promise<void> => {
  const { pending } = await must(vault, 'pending', 'pending', {})
  await must(vault, `certified ${pending.length} ${Math.random()}`, 'certified', { certificate: await world.certify(pending[0]!) })
}
const opened = async (granted = 50 * credit) => {
  const world = await createWorld()
  const store = createMemoryStore()
  const vault = await world.open(store)
  await enrol(world, vault, granted)
  const set = (id: string, stakedMicro: number) => vault.call(id, 'deposit', { stakedMicro })
  return { world, store, vault, set }
}

describe('a deposit', () => {
  test('goes into an entry of its own, and cannot be spent', async () => {
    const { world, vault, set } = await opened()
    expect(await set('d', 37 * credit)).toMatchObject({ ok: true })
    expect(await set('d', 37 * credit), 'the same request').toMatchObject({ ok: true })
    expect(await pendingOps(vault)).toEqual([37 * credit])
    await certify(world, vault)
    expect(await account(vault)).toMatchObject({
      availableMicro: 13 * credit,
      summary: { staked: 37 * credit },
      deposit: { stakedMicro: 37 * credit, wantedMicro: null, unlocking: [] },
    })
    const sow = { kind: 'sow', to: null, expires: world.clock.now() + hourMs, body: sowBody(14 * credit, { redundancy: 1 }) } as const
    expect(await vault.call('sow', 'sign', sow)).toMatchObject({
      ok: false,
      error: { type: 'insufficient-credits', availableMicro: 13 * credit },
    })
  })

  test('of more than is free is refused with the figures, and before there is an account', async () => {
    const { vault, set } = await opened()
    expect(await set('d', 51 * credit)).toEqual({
      ok: false,
      error: { type: 'deposit', reason: 'too-much', needMicro: 51 * credit, availableMicro: 50 * credit },
    })
    expect(await pendingOps(vault)).toEqual([])
    const poor = await opened(0)
    expect(await poor.set('d', 1)).toEqual({ ok: false, error: { type: 'deposit', reason: 'no-account' } })
  })

  test('is never set below what is lent to others', () => {
    const head = { ...emptyHead(new Uint8Array(32)), staked: 50, lent: 30n }
    expect(checkDeposit(head, 29, 0, noPenalties)).toEqual({ ok: false, error: { type: 'deposit', reason: 'lent' } })
    expect(checkDeposit(head, 30, 0, noPenalties)).toEqual({ ok: true, value: undefined })
  })

  test('waits while another entry does, held back meanwhile; the newest word counts', async () => {
    const { world, vault, set } = await opened()
    const { device } = (await vault.status()).device
    await must(vault, 'wages', 'claim', { incomes: [await world.payer('carl')([line(device, 5 * credit)])] })
    expect(await pendingOps(vault)).toEqual(['claim'])
    for (const amount of [30, 20]) expect(await set(`d ${amount}`, amount * credit)).toMatchObject({ ok: true })
    expect(await pendingOps(vault)).toEqual(['claim'])
    expect(await account(vault)).toMatchObject({ availableMicro: 35 * credit, deposit: { stakedMicro: 0, wantedMicro: 20 * credit } })
    expect(await set('too much', 56 * credit)).toMatchObject({ ok: false, error: { availableMicro: 55 * credit } })
    await certify(world, vault)
    expect(await pendingOps(vault)).toEqual([20 * credit])
    expect(await account(vault)).toMatchObject({ availableMicro: 35 * credit, deposit: { stakedMicro: 20 * credit, wantedMicro: null } })
    // Back to what it is: nothing waits any more.
    await certify(world, vault)
    expect(await set('same', 20 * credit)).toMatchObject({ ok: true, value: { pending: [] } })
  })

  test('taken out is free the unlock time after its certificate came, and may go back in before', async () => {
    const { world, vault, set } = await opened()
    await set('in', 40 * credit)
    await certify(world, vault)
    await set('out', 10 * credit)
    await world.clock.advance(hourMs)
    await certify(world, vault)
    const freeMs = world.clock.now() + world.policy.unlockMs
    expect(await account(vault)).toMatchObject({
      availableMicro: 10 * credit,
      deposit: { stakedMicro: 10 * credit, unlocking: [{ micro: 30 * credit, freeMs }] },
    })
    expect(await set('more', 51 * credit)).toMatchObject({ ok: false, error: { needMicro: 41 * credit, availableMicro: 40 * credit } })
    await set('back', 15 * credit)
    await certify(world, vault)
    expect(await account(vault)).toMatchObject({ availableMicro: 10 * credit, deposit: { unlocking: [{ micro: 25 * credit, freeMs }] } })
    await world.clock.advance(world.policy.unlockMs - 1)
    expect(await account(vault)).toMatchObject({ availableMicro: 10 * credit })
    await world.clock.advance(1)
    expect(await account(vault)).toMatchObject({ availableMicro: 35 * credit, deposit: { unlocking: [] } })
  })

  test('a restored profile knows from its chain what is still unlocking', async () => {
    const { world, store, vault, set } = await opened()
    await set('in', 40 * credit)
    await certify(world, vault)
    const old = store.snapshot()
    await set('out', 10 * credit)
    await certify(world, vault)
    const proof = await must(vault, 'proof', 'entryProof', { seq: 2 })
    const restored = await world.open(createMemoryStore(old), 'another session')
    await must(restored, 'adopt', 'adopt', proof!)
    const { availableMicro, deposit } = await account(restored)
    expect({ availableMicro, deposit }).toEqual({ availableMicro: 10 * credit, deposit: (await account(vault)).deposit })
    expect(deposit.unlocking).toHaveLength(1)
  })
})

test('killed at any commit a deposit ends as if the vault never had been', async () => {
  const world = await createWorld('deposit')
  const born = createMemoryStore()
  const first = await world.open(born)
  const { device } = (await first.status()).device
  const [grant, wages] = [await world.payer('issuer')([line(device, 50 * credit)]), await world.payer('carl')([line(device, 2 * credit)])]
  await enrol(world, first)
  const live = async (vault: LocalVault): Promise<void> => {
    const certifyPending = async (id: string): Promise<void> => {
      const { pending } = await must(vault, 'pending', 'pending', {})
      if (pending.length > 0) await must(vault, id, 'certified', { certificate: await world.certify(pending[0]!) })
    }
    await must(vault, 'grant', 'claim', { incomes: [grant] })
    await must(vault, 'in', 'deposit', { stakedMicro: 40 * credit })
    await certifyPending('one')
    await must(vault, 'wages', 'claim', { incomes: [wages] })
    await certifyPending('two')
    await must(vault, 'out', 'deposit', { stakedMicro: 15 * credit })
    for (const id of ['three', 'four', 'five']) await certifyPending(id)
  }
  const whole = createMemoryStore(born.snapshot())
  const counted = mortal(whole, 0, 'before')
  const vault = await world.open(counted)
  await live(vault)
  const end = await account(vault)
  expect(end).toMatchObject({ earnedMicro: 52 * credit, deposit: { stakedMicro: 15 * credit, wantedMicro: null } })
  for (let at = 1; at <= counted.commits(); at++)
    for (const moment of ['before', 'after'] as const) {
      const disk = createMemoryStore(born.snapshot())
      await live(await world.open(mortal(disk, at, moment))).then(
        () => expect.fail('it outlived its death'),
        () => {},
      )
      const risen = await world.open(disk)
      await live(risen)
      expect(await account(risen), `${moment} ${at}`).toEqual(end)
      const chain = (lines: readonly string[]) => lines.filter((text) => !text.includes('answers') && !text.includes('certifiedHead'))
      expect(chain(linesOf(disk.snapshot())), `${moment} ${at}`).toEqual(chain(linesOf(whole.snapshot())))
    }
})

describe('what is earned', () => {
  const needed = 100 * credit
  const swarm = async (parts = {}) => {
    const world = await createWorld('earned', credit, { stakeMicro: needed, grantMicro: 0, ...parts })
    const store = createMemoryStore()
    const vault = await world.open(store)
    await enrol(world, vault)
    const { device } = (await vault.status()).device
    const pay = world.payer('issuer')
    let [total, earned] = [0, 0]
    /** Earns so much; all that this leads to is certified. What the entries said. */
    const earn = async (micro: number) => {
      total += micro
      await must(vault, `earn ${earned++}`, 'claim', { incomes: [await pay([line(device, total)])] })
      return settle()
    }
    const settle = async () => {
      const ops = []
      for (;;) {
        const now = await pendingOps(vault)
        if (now.length === 0) return ops
        ops.push(...now)
        await certify(world, vault)
      }
    }
    const sow = (id: string, units: number) =>
      vault.call(id, 'sign', { kind: 'sow', to: null, expires: world.clock.now() + hourMs, body: sowBody(units, { redundancy: 1 }) })
    return { world, store, vault, earn, settle, sow }
  }

  test('goes into the deposit until it is full, a credit or more at a time', async () => {
    const { vault, earn } = await swarm()
    expect(await earn(37 * credit)).toEqual(['join', 'claim', 37 * credit])
    expect(await account(vault)).toMatchObject({ availableMicro: 0, deposit: { stakedMicro: 37 * credit } })
    for (let i = 0; i < 9; i++) expect(await earn(credit / 10)).toEqual(['claim'])
    expect(await earn(credit / 10)).toEqual(['claim', 38 * credit])
    expect(await earn(61_500_000)).toEqual(['claim', 99_500_000])
    // What fills it goes in however little it is, and no more than that.
    expect(await earn(credit)).toEqual(['claim', needed])
    expect(await earn(20 * credit)).toEqual(['claim'])
    expect(await account(vault)).toMatchObject({ availableMicro: 20_500_000, deposit: { stakedMicro: needed } })
  })

  test('stays out of it where the swarm asks for none, and where the user says so', async () => {
    const none = await swarm({ stakeMicro: 0 })
    expect(await none.earn(10 * credit)).toEqual(['join', 'claim'])
    const { vault, earn, settle } = await swarm()
    await vault.changeSettings({ depositEarnings: false })
    expect(await earn(10 * credit)).toEqual(['join', 'claim'])
    await vault.changeSettings({ depositEarnings: true })
    expect(await settle()).toEqual([10 * credit])
  })

  test('is not what a grant brought: that is there to be spent', async () => {
    const { vault, earn } = await swarm({ grantMicro: 30 * credit })
    expect(await earn(30 * credit)).toEqual(['join', 'claim'])
    expect(await earn(2 * credit)).toEqual(['claim', 2 * credit])
    expect(await account(vault)).toMatchObject({ availableMicro: 30 * credit, deposit: { stakedMicro: 2 * credit } })
  })

  test('is kept back as far as it is promised, and goes in when it is free again', async () => {
    const { vault, earn, sow } = await swarm()
    await vault.changeSettings({ depositEarnings: false })
    await earn(30 * credit)
    const sown = await sow('s', 20 * credit)
    await vault.changeSettings({ depositEarnings: true })
    expect(await account(vault)).toMatchObject({ availableMicro: 0, reservedMicro: 20 * credit, deposit: { stakedMicro: 10 * credit } })
    expect(await pendingOps(vault)).toEqual([10 * credit])
    if (sown.ok) await must(vault, 'release', 'release', { sow: sown.value.id })
    expect(await earn(5 * credit)).toEqual([10 * credit, 'claim', 35 * credit])
  })

  test('leaves out what the user took out: only what comes after that goes in', async () => {
    const { world, vault, earn, settle } = await swarm()
    await earn(50 * credit)
    await must(vault, 'out', 'deposit', { stakedMicro: 5 * credit })
    expect(await settle()).toEqual([5 * credit])
    await world.clock.advance(world.policy.unlockMs)
    expect(await earn(3 * credit)).toEqual(['claim', 8 * credit])
    expect(await account(vault)).toMatchObject({ availableMicro: 45 * credit, deposit: { stakedMicro: 8 * credit } })
    // Nor is anything added where the user has put in more than was earned since.
    await must(vault, 'in', 'deposit', { stakedMicro: 20 * credit })
    await settle()
    expect(await earn(2 * credit)).toEqual(['claim', 22 * credit])
  })

  test('killed at any commit, it is deposited once', async () => {
    const { world, store, vault, earn } = await swarm()
    await earn(10 * credit)
    const { device } = (await vault.status()).device
    const pay = world.payer('carl')
    const wages = [await pay([line(device, 4 * credit)]), await pay([line(device, 9 * credit)])]
    const live = async (disk: ReturnType<typeof mortal> | ReturnType<typeof createMemoryStore>): Promise<LocalVault> => {
      const risen = await world.open(disk)
      await must(risen, 'head', 'adopt', { entries: [], certificate: null })
      for (const [i, income] of wages.entries()) {
        await must(risen, `wages ${i}`, 'claim', { incomes: [income] }).catch((error: unknown) => {
          if (!String(error).includes('claimed before')) throw error
        })
        for (;;) {
          const { pending } = await must(risen, 'pending', 'pending', {})
          if (pending.length === 0) break
          await must(risen, `certified ${i}`, 'certified', { certificate: await world.certify(pending[0]!) })
        }
      }
      return risen
    }
    const counted = mortal(createMemoryStore(store.snapshot()), 0, 'before')
    const end = await account(await live(counted))
    expect(end).toMatchObject({ availableMicro: 0, deposit: { stakedMicro: 19 * credit } })
    for (let at = 1; at <= counted.commits(); at++)
      for (const moment of ['before', 'after'] as const) {
        const disk = createMemoryStore(store.snapshot())
        await live(mortal(disk, at, moment)).then(
          () => expect.fail('it outlived its death'),
          () => {},
        )
        expect((await account(await live(disk))).deposit, `${moment} ${at}`).toEqual(end.deposit)
      }
  })
})
