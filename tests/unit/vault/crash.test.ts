/** Killed before or after any commit, reopened, and asked everything again under the same ids: the end is the same. */
import { expect, test } from 'vitest'
import { createMemoryStore } from '../../../src/lib/store.ts'
import type { LocalVault } from '../../../src/vault/create-vault.ts'
import {
  agreementBody,
  createWorld,
  credit,
  type Income,
  line,
  linesOf,
  mortal,
  must,
  named,
  sowBody,
  type World,
} from '../../support/vault-world.ts'

const expires = 1_700_000_000_000 + 60_000

/** Everything a vault does in a life, as an agent that remembers only its request ids would ask it. Gives back the vouchers' totals. */
const live = async (
  world: World,
  vault: LocalVault,
  incomes: { readonly grant: Income; readonly wages: Income },
): Promise<readonly number[]> => {
  const done = async (result: Promise<{ readonly ok: boolean }>): Promise<void> => {
    if (!(await result).ok) throw new Error('killed')
  }
  const certifyPending = async (id: string): Promise<void> => {
    const { pending } = await must(vault, 'pending', 'pending', {})
    if (pending.length > 0) await must(vault, id, 'certified', { certificate: await world.certify(pending[0]!) })
  }
  await done(vault.changeSettings({ consented: true, preset: 'all', share: 1 }))
  await done(vault.joinSwarm(world.link))
  await must(vault, 'policy', 'policy', { signedPolicy: world.signedPolicy })
  await must(vault, 'head', 'adopt', { entries: [], certificate: null })
  await must(vault, 'grant', 'claim', { incomes: [incomes.grant] })
  await certifyPending('grant certified')

  const totals: number[] = []
  for (const task of ['one', 'two']) {
    const { id: sow } = await must(vault, `sow ${task}`, 'sign', {
      kind: 'sow',
      to: null,
      expires,
      body: sowBody(credit + 1, { maxPrice: 999_999 }),
    })
    for (const worker of ['ann', 'bob', 'liar']) {
      const payee = named(worker).publicKey
      const { id: agreement } = await must(vault, `agree ${task} ${worker}`, 'sign', {
        kind: 'agreement',
        to: payee,
        expires,
        body: agreementBody(sow, credit + 1, 999_999),
      })
      const reward = { sow, agreement, payee, accepted: worker !== 'liar', expires }
      totals.push((await must(vault, `reward ${task} ${worker}`, 'reward', reward)).total)
    }
    await must(vault, `release ${task}`, 'release', { sow })
    await must(vault, `settle ${task}`, 'settle', {})
    if (task === 'one') await must(vault, 'wages', 'claim', { incomes: [incomes.wages] })
    await certifyPending(`certified ${task}`)
    await certifyPending(`wages certified ${task}`)
  }
  await done(vault.confirmPhrase())
  return totals
}

test('a vault killed at any commit ends as if it never had been', { timeout: 300_000 }, async () => {
  const world = await createWorld('crash')
  const born = createMemoryStore()
  const { device } = (await (await world.open(born)).status()).device
  const incomes = {
    grant: await world.payer('issuer')([line(device, 50 * credit)]),
    wages: await world.payer('carl')([line(device, 2 * credit)]),
  }

  const whole = createMemoryStore(born.snapshot())
  const counted = mortal(whole, 0, 'before')
  const vault = await world.open(counted)
  const totals = await live(world, vault, incomes)
  const account = await must(vault, 'account', 'account', {})
  expect(account).toMatchObject({ earnedMicro: 52 * credit, reservedMicro: 0, tabsMicro: 0, summary: { seq: 3 } })
  // Twice (credit + 1) × 0.999999, rounded up once: 2 000 000 − 0.000002, not twice 1 000 000.
  expect(totals).toEqual([credit, credit, 0, 2 * credit, 2 * credit, 0])
  expect(counted.commits()).toBeGreaterThan(25)

  for (let at = 1; at <= counted.commits(); at++)
    for (const moment of ['before', 'after'] as const) {
      const disk = createMemoryStore(born.snapshot())
      const dying = mortal(disk, at, moment)
      await live(world, await world.open(dying), incomes).then(
        () => expect.fail('it outlived its death'),
        () => {},
      )
      expect(dying.dead()).toBe(true)
      const risen = await world.open(disk)
      expect(await live(world, risen, incomes), `${moment} ${at}`).toEqual(totals)
      expect(await must(risen, 'account', 'account', {}), `${moment} ${at}`).toEqual(account)
      expect(linesOf(disk.snapshot()), `${moment} ${at}`).toEqual(linesOf(whole.snapshot()))
    }
})
