/** A device is lost with all it holds; its owner brings everything on to another one by the recovery phrase. */
import { describe, expect, test } from 'vitest'
import { parseEntry } from '../../../src/ledger/entry.ts'
import { slashRules } from '../../../src/ledger/verdict.ts'
import { createNobleSigner, createNobleVerifier } from '../../../src/identity/noble.ts'
import { rootSecretFromPhrase } from '../../../src/identity/recovery.ts'
import { fromHex, toHex } from '../../../src/lib/bytes.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import { createLostDevices } from '../../../src/vault/lost-devices.ts'
import { scopedStore } from '../../../src/vault/scoped-store.ts'
import type { VaultCalls } from '../../../src/vault/vault.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'
import { paidBelow } from './raw-member.ts'

const credit = 1_000_000
/** A day would be many ticks of many machines. */
const unlockMs = 60_000
const account = async (member: MemoryAgent) => {
  const read = await member.vault.call('account', 'account', {})
  if (!read.ok) throw new Error(read.error.type)
  return read.value
}
/** How its history names what came in, and how much it was. */
const gains = async (member: MemoryAgent) => {
  const page = await member.agent().history()!.page(null)
  const lines = page.ok ? page.value.lines.filter(({ micro }) => micro > 0) : []
  return { kinds: [...new Set(lines.map(({ kind }) => kind))], micro: lines.reduce((sum, { micro }) => sum + micro, 0) }
}
const lostOn = (member: MemoryAgent) => member.agent().view().lost?.devices[0]
const stakedBy = (member: MemoryAgent) => member.agent().view().deposit?.certifiedMicro ?? 0

/** The same person on one more device. */
const restored = async (swarm: MemorySwarm, name: string, words: string): Promise<MemoryAgent> => {
  const member = await swarm.join(name)
  await member.vault.leaveSwarm()
  expect(await member.vault.restore(words)).toMatchObject({ ok: true })
  await member.vault.joinSwarm({ ...swarm.link, invite: null })
  await swarm.until(`the ${name} is in`, () => member.agent().view().swarm !== null && member.agent().view().peers.length > 0)
  return member
}
const pass = async (swarm: MemorySwarm, ms: number): Promise<void> => {
  const end = swarm.clock.now() + ms
  await swarm.until('time passes', () => swarm.clock.now() >= end, ms + 60_000)
}

/** One person with two devices in the swarm: the first has a grant and a deposit, the second came by the phrase. */
const twoDevices = async (swarm: MemorySwarm, stakedMicro: number) => {
  const first = await swarm.join('first')
  const words = (await first.vault.phraseWords())!.join(' ')
  await swarm.until('the grant is there', () => first.agent().view().credits.earnedMicro === grantMicro)
  if (stakedMicro > 0) {
    expect(await first.agent().deposit(stakedMicro)).toMatchObject({ ok: true })
    await swarm.until('the deposit is certified', () => stakedBy(first) === stakedMicro)
  }
  const second = await restored(swarm, 'second', words)
  return { first, second, words }
}
const look = async (swarm: MemorySwarm, member: MemoryAgent): Promise<void> => {
  await member.agent().lookForDevices()
  await swarm.until('the other device is found', () => lostOn(member) !== undefined)
}

describe('a lost device', () => {
  test.each([1, 4])(
    'with credits and a deposit is recovered to the micro-credit, with %i witnesses',
    { timeout: 120_000 },
    async (witnesses) => {
      const swarm = await createMemorySwarm(`lost ${witnesses}`, { witnesses, policy: { unlockMs } })
      const { first, second, words } = await twoDevices(swarm, 37 * credit)
      first.kill()
      await look(swarm, second)
      expect(lostOn(second)).toMatchObject({ id: first.id, freeMicro: grantMicro - 37 * credit, stakedMicro: 37 * credit, takeover: null })

      const wrong = words.split(' ').toReversed().join(' ')
      expect(await second.vault.takeOver(fromHex(first.id)!, wrong)).toMatchObject({ ok: false, error: { type: 'phrase' } })
      expect(await second.vault.takeOver(fromHex(first.id)!, words)).toEqual({ ok: true, value: undefined })
      await swarm.until('what was free has come', () => second.agent().view().credits.earnedMicro === grantMicro - 37 * credit)
      await swarm.until('the deposit is being let go', () => lostOn(second)?.takeover?.state === 'unlocking')
      expect(lostOn(second)?.takeover).toMatchObject({ movedMicro: grantMicro - 37 * credit, restMicro: 37 * credit })

      await swarm.until('all of it has come', () => second.agent().view().credits.earnedMicro === grantMicro)
      expect(lostOn(second)).toMatchObject({
        freeMicro: 0,
        stakedMicro: 0,
        takeover: { state: 'done', movedMicro: grantMicro, restMicro: 0 },
      })
      expect((await account(second)).availableMicro).toBe(grantMicro)
      // Not as if it had been earned, also once the agent has started anew.
      expect(await gains(second)).toEqual({ kinds: ['moved'], micro: grantMicro })
      await second.restart()
      await swarm.until('it is back', () => second.agent().view().credits.earnedMicro === grantMicro)
      expect(await gains(second)).toEqual({ kinds: ['moved'], micro: grantMicro })
      const { accounts, inFlight } = await swarm.relay().ledger()
      expect([accounts.find(({ author }) => author === first.id)?.balance, inFlight]).toEqual([0, 0])
    },
  )

  test('what a thief does with it afterwards is refused', async () => {
    const swarm = await createMemorySwarm('thief late')
    const { first, second, words } = await twoDevices(swarm, 0)
    await look(swarm, second)
    expect(await second.vault.takeOver(fromHex(first.id)!, words)).toMatchObject({ ok: true })
    await swarm.until('all of it has come', () => lostOn(second)?.takeover?.state === 'done')
    // The device itself, in a thief's hands, still holds the chain as it was.
    await first.agent().deposit(5 * credit)
    await swarm.until('the device is shown what stands there', () => first.agent().view().credits.spentMicro === grantMicro)
    const { accounts } = await swarm.relay().ledger()
    const stolen = accounts.find(({ author }) => author === first.id)
    expect(stolen).toMatchObject({ balance: 0, staked: 0, seq: 3 })
    expect(stolen?.payees.map(({ payee, total }) => [payee, total])).toEqual([
      [toHex((await second.vault.status()).device.device), grantMicro],
    ])
  })

  test('a thief who was faster is told, and what is left comes with another try', async () => {
    const swarm = await createMemorySwarm('thief first')
    const { first, second, words } = await twoDevices(swarm, 0)
    await look(swarm, second)
    // The thief's entry is certified between the look and the phrase.
    await first.agent().deposit(10 * credit)
    await swarm.until('the thief was certified', () => stakedBy(first) === 10 * credit)
    first.kill()
    // By this the agent, behind a port that passes on what differs only, hears of each.
    const takeovers = async () => (await second.vault.status()).swarm?.takeovers
    expect(await takeovers()).toBe(0)
    expect(await second.vault.takeOver(fromHex(first.id)!, words)).toMatchObject({ ok: true })
    expect(await takeovers()).toBe(1)
    await swarm.until('the owner is told', () => lostOn(second)?.takeover?.state === 'outrun')
    expect(second.agent().view().credits.earnedMicro).toBe(0)
    expect(await second.vault.takeOver(fromHex(first.id)!, words)).toMatchObject({ ok: true })
    expect(await takeovers()).toBe(2)
    // Two entries at one number were signed: the fine for that is burned, of the deposit first. The rest comes.
    const fineMicro = slashRules.DoubleSpend.costMicro
    await swarm.until('what the fine leaves has come', () => second.agent().view().credits.earnedMicro === grantMicro - fineMicro)
  })

  test('is stopped at once, also where the witnesses saw its deposit fall later than it says', async () => {
    const swarm = await createMemorySwarm('unstaked unseen', { policy: { unlockMs: 10 * 60_000 } })
    const { first, second, words } = await twoDevices(swarm, 10 * credit)
    await swarm.stopRelay()
    const unstakedMs = swarm.clock.now()
    await first.agent().deposit(0)
    await pass(swarm, 8 * 60_000)
    await swarm.startRelay()
    await swarm.until('the witness has seen it', () => stakedBy(first) === 0, 300_000)
    await pass(swarm, unstakedMs + 10 * 60_000 + 5_000 - swarm.clock.now())
    await look(swarm, second)
    expect(lostOn(second)).toMatchObject({ freeMicro: grantMicro, stakedMicro: 0, lockedMicro: 0 })
    expect(await second.vault.takeOver(fromHex(first.id)!, words)).toMatchObject({ ok: true })
    await swarm.until('the witness waits', () => lostOn(second)?.takeover?.state === 'unlocking')
    expect(lostOn(second)!.takeover!.freeMs).toBeGreaterThan(swarm.clock.now())

    await first.agent().deposit(3 * credit)
    await pass(swarm, 30_000)
    expect(stakedBy(first)).toBe(0)
    // The thief's entry beside the owner's is a double spend: the fine for it stays there.
    const fineMicro = slashRules.DoubleSpend.costMicro
    await swarm.until('the rest has come', () => second.agent().view().credits.earnedMicro === grantMicro - fineMicro, 30 * 60_000)
    await swarm.until('the fine is told', () => lostOn(second)?.takeover?.state === 'fined', 30 * 60_000)
    expect(lostOn(second)?.takeover).toMatchObject({ movedMicro: grantMicro - fineMicro, restMicro: fineMicro })
  })

  test('with fines that this computer was never told of gives up all that they leave', { timeout: 120_000 }, async () => {
    const swarm = await createMemorySwarm('fined unknown')
    const { first, second, words } = await twoDevices(swarm, 0)
    await look(swarm, second)
    // The thief is faster twice: two double spends.
    for (const [before, staked] of [10, 20].entries()) {
      await first.agent().deposit(staked * credit)
      await swarm.until('the thief was certified', () => stakedBy(first) === staked * credit)
      await second.vault.takeOver(fromHex(first.id)!, words)
      while ((await swarm.relay().ledger()).verdicts.length === before) await pass(swarm, 1_000)
    }
    first.kill()
    second.kill()
    const fineMicro = slashRules.DoubleSpend.costMicro
    const third = await restored(swarm, 'third', words)
    const found = () =>
      third
        .agent()
        .view()
        .lost?.devices.find(({ id }) => id === first.id)
    await third.agent().lookForDevices()
    await swarm.until('it is found, with what the fines leave', () => found()?.freeMicro === grantMicro - 2 * fineMicro)
    expect(await third.vault.takeOver(fromHex(first.id)!, words)).toMatchObject({ ok: true })
    await swarm.until('all of it has come', () => found()?.takeover?.state === 'done', 26 * 60 * 60_000)
    expect(found()?.takeover).toMatchObject({ movedMicro: grantMicro - 2 * fineMicro, restMicro: 0 })
    await swarm.until('it is here', () => third.agent().view().credits.earnedMicro === grantMicro - 2 * fineMicro)
  })

  test('that something comes in for afterwards is taken over again', async () => {
    const swarm = await createMemorySwarm('again')
    const { first, second, words } = await twoDevices(swarm, 0)
    await look(swarm, second)
    for (const _ of [1, 2]) {
      expect(await second.vault.takeOver(fromHex(first.id)!, words)).toMatchObject({ ok: true })
      await swarm.until('it is done', () => lostOn(second)?.takeover?.state === 'done')
      await swarm.until('it is here', () => second.agent().view().credits.earnedMicro === grantMicro)
    }
  })

  test.each([1, 2])('is followed by whoever types the phrase again where the first try was killed at its write %i', async (write) => {
    const swarm = await createMemorySwarm(`killed ${write}`)
    const { first, second, words } = await twoDevices(swarm, 0)
    const learned: VaultCalls['lostDevice']['args'][] = []
    second.before = async (call, _, args) => void (call === 'lostDevice' && learned.push(args as VaultCalls['lostDevice']['args']))
    await look(swarm, second)

    const base = createMemoryStore()
    let writes = Infinity
    const mortal: Store = {
      ...base,
      commit: async (...args) => {
        writes--
        if (writes === 0) throw new Error('killed')
        return base.commit(...args)
      },
    }
    const open = () =>
      createLostDevices({
        store: mortal,
        own: scopedStore(mortal, 'own'),
        policy: swarm.policy,
        verifier: createNobleVerifier(),
        clock: swarm.clock,
        self: { root: signer.publicKey, device: fromHex(second.id)! },
        swarm: swarm.link.swarm,
        verdicts: { verdicts: async () => [] },
      })
    const secret = rootSecretFromPhrase(words)
    if (!secret.ok) throw new Error('its own phrase')
    const signer = createNobleSigner(secret.value)
    const device = fromHex(first.id)!
    expect(await open().learn(learned[0]!)).toMatchObject({ ok: true })
    writes = write
    await expect(open().takeOver(device, signer)).rejects.toThrow('killed')
    expect(await open().takeOver(device, signer)).toMatchObject({ ok: true, value: { takeover: { done: 0 } } })
    expect((await open().list()).map(({ takeover }) => takeover?.next?.length)).toEqual([expect.any(Number)])
  })

  test.each([1, 4])(
    'that somebody paid and never told brings that on as well, with %i witnesses',
    { timeout: 120_000 },
    async (witnesses) => {
      const swarm = await createMemorySwarm(`unclaimed and lost ${witnesses}`, { witnesses, policy: { unlockMs } })
      const { first, second, words } = await twoDevices(swarm, 0)
      first.kill()
      await paidBelow(swarm, fromHex(first.id)!, 7 * credit)
      await look(swarm, second)
      await second.vault.takeOver(fromHex(first.id)!, words)
      await swarm.until(
        'all of it is claimed',
        () => second.agent().view().credits.availableMicro === grantMicro + 7 * credit,
        unlockMs + 10 * 60_000,
      )
    },
  )

  test('is nobody else’s to take, and the phrase is in no entry', async () => {
    const swarm = await createMemorySwarm('not yours')
    const { first, second, words } = await twoDevices(swarm, 0)
    const other = await swarm.join('other')
    await swarm.until('the other has its grant', () => other.agent().view().credits.earnedMicro === grantMicro)
    await other.agent().lookForDevices()
    await swarm.until('the relay has answered', () => other.agent().view().lost?.answered === true)
    expect(other.agent().view().lost?.devices).toEqual([])
    expect(await other.vault.takeOver(fromHex(first.id)!, words)).toEqual({
      ok: false,
      error: { type: 'lost-device', reason: 'other-identity' },
    })
    expect(await second.vault.takeOver(fromHex(other.id)!, words)).toEqual({ ok: false, error: { type: 'lost-device', reason: 'unknown' } })
  })
})

test('entries that a takeover signs are the root key’s', async () => {
  const swarm = await createMemorySwarm('root signed')
  const { first, second, words } = await twoDevices(swarm, 2 * credit)
  await look(swarm, second)
  await second.vault.takeOver(fromHex(first.id)!, words)
  const read = await second.vault.call('l', 'lostDevices', {})
  const next = read.ok ? read.value.devices[0]?.takeover?.next : undefined
  const parsed = next && parseEntry(next)
  expect(parsed && parsed.ok && toHex(parsed.value.entry.author)).toBe(first.id)
  expect(read.ok && read.value.devices[0]?.takeover).toMatchObject({ done: 0, of: 4, outrun: false })
})
