import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseMessage, verifyMessage } from '../../../src/contract/signed.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { agreementBody, createWorld, credit, enrol, must, named, sowBody } from '../../support/vault-world.ts'

const expires = 1_700_000_000_000 + 60_000

const setUp = async (granted = 100 * credit) => {
  const world = await createWorld()
  const vault = await world.open(createMemoryStore())
  await enrol(world, vault, granted)
  const account = () => must(vault, 'account', 'account', {})
  const sow = (id: string, units: number, options = {}) =>
    must(vault, id, 'sign', { kind: 'sow', to: null, expires, body: sowBody(units, options) })
  const agree = (id: string, sowId: Uint8Array<ArrayBuffer>, worker: string, units: number, price: number) =>
    must(vault, id, 'sign', { kind: 'agreement', to: named(worker).publicKey, expires, body: agreementBody(sowId, units, price, id) })
  return { world, vault, account, sow, agree }
}

describe('spending', () => {
  test('a sow reserves the most that it can cost, a release frees what is left', async () => {
    const { vault, account, sow, world } = await setUp()
    const signed = await sow('s', 10 * credit)
    expect(await account()).toMatchObject({ chainMicro: 100 * credit, reservedMicro: 30 * credit, availableMicro: 70 * credit })
    const parsed = parseMessage(signed.message)
    if (!parsed.ok) throw new Error('malformed')
    expect(parsed.value.id).toEqual(signed.id)
    expect(
      await verifyMessage(parsed.value, {
        verifier: world.verifier,
        swarm: world.swarm,
        self: named('anyone').publicKey,
        now: world.clock.now(),
      }),
    ).toEqual({ ok: true, value: undefined })
    await must(vault, 'r', 'release', { sow: signed.id })
    await must(vault, 'r again', 'release', { sow: signed.id })
    expect(await account()).toMatchObject({ reservedMicro: 0, availableMicro: 100 * credit })
  })

  test('the same request has the same answer and no second effect, also after its release', async () => {
    const { vault, account, sow } = await setUp()
    const first = await sow('s', credit)
    expect(await sow('s', credit)).toEqual(first)
    expect((await account()).reservedMicro).toBe(3 * credit)
    await must(vault, 'r', 'release', { sow: first.id })
    expect(await sow('s', credit)).toEqual(first)
    expect((await account()).reservedMicro).toBe(0)
    expect(await vault.call('s', 'reward', { sow: first.id, agreement: first.id, payee: first.id, accepted: true, expires })).toMatchObject(
      { ok: false, error: { type: 'refused' } },
    )
  })

  test('sows that differ in nothing have ids and reservations of their own', async () => {
    const { account, sow } = await setUp()
    const [a, b] = [await sow('a', credit), await sow('b', credit)]
    expect(a.id).not.toEqual(b.id)
    expect((await account()).reservedMicro).toBe(6 * credit)
  })

  test('no more is reserved than there is', async () => {
    const { vault, sow } = await setUp(10 * credit)
    await sow('a', 3 * credit)
    expect(await vault.call('b', 'sign', { kind: 'sow', to: null, expires, body: sowBody(credit) })).toEqual({
      ok: false,
      error: { type: 'insufficient-credits', needMicro: 3 * credit, availableMicro: credit },
    })
    const huge = sowBody(1e10, { maxPrice: 1e9, redundancy: 9 })
    expect(await vault.call('c', 'sign', { kind: 'sow', to: null, expires, body: huge })).toMatchObject({
      ok: false,
      error: { type: 'insufficient-credits' },
    })
  })

  test('an agreement keeps within a reserved sow of ours', async () => {
    const { vault, sow, agree } = await setUp()
    const { id } = await sow('s', credit, { maxPrice: 2_000_000 })
    await agree('a', id, 'w', credit, 2_000_000)
    const sign = (body: ReturnType<typeof agreementBody>) =>
      vault.call(`x${body.price}`, 'sign', { kind: 'agreement', to: named('w').publicKey, expires, body })
    for (const body of [agreementBody(id, credit, 2_000_001), agreementBody(id, credit + 1, 1), agreementBody(named('no').publicKey, 1, 2)])
      expect(await sign(body)).toMatchObject({ ok: false, error: { type: 'refused' } })
    await must(vault, 'r', 'release', { sow: id })
    expect(await sign(agreementBody(id, credit, 3))).toMatchObject({ ok: false, error: { type: 'refused' } })
  })

  test('a reward raises the tab once per agreement, whatever the request id', async () => {
    const { vault, account, sow, agree } = await setUp()
    const { id } = await sow('s', credit)
    const { id: agreement } = await agree('a', id, 'w', credit, 900_000)
    const args = { sow: id, agreement, payee: named('w').publicKey, accepted: true, expires }
    const first = await must(vault, 'pay', 'reward', args)
    expect(first.total).toBe(900_000)
    expect(await must(vault, 'pay', 'reward', args)).toEqual(first)
    const later = await must(vault, 'pay anew', 'reward', { ...args, expires: expires + 5 })
    expect(later.total).toBe(900_000)
    const voucher = parseMessage(later.message)
    expect(voucher).toMatchObject({
      ok: true,
      value: { message: { kind: 'reward', expires: expires + 5, body: { total: 900_000, units: credit, ok: 1, bad: 0, accepted: true } } },
    })
    expect(await vault.call('reject', 'reward', { ...args, accepted: false })).toMatchObject({ ok: false, error: { type: 'refused' } })
    expect(await account()).toMatchObject({ tabsMicro: 900_000, reservedMicro: 2_100_000, availableMicro: 97 * credit })
  })

  test('a rejected result is counted and costs nothing; a stranger’s agreement is refused', async () => {
    const { vault, account, sow, agree } = await setUp()
    const { id } = await sow('s', credit)
    const { id: agreement } = await agree('a', id, 'liar', credit, 1_000_000)
    const args = { sow: id, agreement, payee: named('liar').publicKey, accepted: false, expires }
    expect((await must(vault, 'r', 'reward', args)).total).toBe(0)
    expect(await account()).toMatchObject({ tabsMicro: 0, reservedMicro: 3 * credit })
    for (const wrong of [{ payee: named('other').publicKey }, { agreement: id }, { sow: agreement }])
      expect(await vault.call(`w ${Object.keys(wrong).join()}`, 'reward', { ...args, ...wrong })).toMatchObject({
        ok: false,
        error: { type: 'refused' },
      })
  })

  test('no more replicas are paid than were reserved, and none after the release', async () => {
    const { vault, account, sow, agree } = await setUp()
    const { id } = await sow('s', credit, { redundancy: 1 })
    const rewards = async (worker: string) => {
      const { id: agreement } = await agree(worker, id, worker, credit, 1_000_000)
      return () => vault.call(`pay ${worker}`, 'reward', { sow: id, agreement, payee: named(worker).publicKey, accepted: true, expires })
    }
    const [one, two] = [await rewards('one'), await rewards('two')]
    expect((await one()).ok).toBe(true)
    expect(await two()).toMatchObject({ ok: false, error: { type: 'refused' } })
    const { id: other } = await sow('s2', credit)
    const { id: agreement } = await agree('three', other, 'three', credit, 1_000_000)
    await must(vault, 'free', 'release', { sow: other })
    expect(
      await vault.call('late', 'reward', { sow: other, agreement, payee: named('three').publicKey, accepted: true, expires }),
    ).toMatchObject({ ok: false })
    expect(await account()).toMatchObject({ tabsMicro: credit, reservedMicro: 0 })
  })

  test('whatever is asked: what is promised is covered, and a tab rounds once', { timeout: 120_000 }, async () => {
    const step = fc.record({
      units: fc.integer({ min: 1, max: 9_999_999 }),
      price: fc.integer({ min: 1, max: 1_000_000 }),
      redundancy: fc.integer({ min: 1, max: 3 }),
      workers: fc.integer({ min: 1, max: 4 }),
      accepted: fc.boolean(),
      released: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        const { vault, account } = await setUp(20 * credit)
        const shares = new Map<string, bigint>()
        let n = 0
        for (const { units, price, redundancy, workers, accepted, released } of steps) {
          const sown = await vault.call(`s${n++}`, 'sign', {
            kind: 'sow',
            to: null,
            expires,
            body: sowBody(units, { maxPrice: price, redundancy }),
          })
          if (!sown.ok) {
            expect(sown.error.type).toBe('insufficient-credits')
            continue
          }
          for (let w = 0; w < workers; w++) {
            const worker = named(`w${w}`).publicKey
            const agreement = await must(vault, `a${n}/${w}`, 'sign', {
              kind: 'agreement',
              to: worker,
              expires,
              body: agreementBody(sown.value.id, units, price),
            })
            const paid = await vault.call(`r${n}/${w}`, 'reward', {
              sow: sown.value.id,
              agreement: agreement.id,
              payee: worker,
              accepted,
              expires,
            })
            expect(paid.ok).toBe(!accepted || w < redundancy)
            if (paid.ok && accepted) shares.set(`w${w}`, (shares.get(`w${w}`) ?? 0n) + BigInt(units) * BigInt(price))
          }
          if (released) await must(vault, `f${n}`, 'release', { sow: sown.value.id })
          const { chainMicro, tabsMicro, reservedMicro, availableMicro } = await account()
          expect(availableMicro).toBeGreaterThanOrEqual(0)
          expect(chainMicro - tabsMicro - reservedMicro).toBe(availableMicro)
          expect(BigInt(tabsMicro)).toBe([...shares.values()].reduce((total, share) => total + (share + 999_999n) / 1_000_000n, 0n))
        }
      }),
      { numRuns: 15 },
    )
  })
})
