/** A device is lost with all it holds; its owner brings everything on to another one by the recovery phrase. */
import { describe, expect, test } from 'vitest'
import { parseEntry } from '../../../src/ledger/entry.ts'
import { slashRules } from '../../../src/ledger/verdict.ts'
import { fromHex, toHex } from '../../../src/lib/bytes.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'

const credit = 1_000_000
/** A day would be many ticks of many machines. */
const unlockMs = 60_000
const account = async (member: MemoryAgent) => {
  const read = await member.vault.call('account', 'account', {})
  if (!read.ok) throw new Error(read.error.type)
  return read.value
}
const lostOn = (member: MemoryAgent) => member.agent().view().lost?.devices[0]
const stakedBy = (member: MemoryAgent) => member.agent().view().deposit?.certifiedMicro ?? 0

/** One person with two devices in the swarm: the first has a grant and a deposit, the second came by the phrase. */
const twoDevices = async (swarm: MemorySwarm, stakedMicro: number) => {
  const first = await swarm.join('first')
  const words = (await first.vault.phraseWords())!.join(' ')
  await swarm.until('the grant is there', () => first.agent().view().credits.earnedMicro === grantMicro)
  if (stakedMicro > 0) {
    expect(await first.agent().deposit(stakedMicro)).toMatchObject({ ok: true })
    await swarm.until('the deposit is certified', () => stakedBy(first) === stakedMicro)
  }
  const second = await swarm.join('second')
  await second.vault.leaveSwarm()
  expect(await second.vault.restore(words)).toMatchObject({ ok: true })
  await second.vault.joinSwarm({ ...swarm.link, invite: null })
  await swarm.until('the second is in', () => second.agent().view().swarm !== null && second.agent().view().peers.length > 0)
  return { first, second, words }
}
const look = async (swarm: MemorySwarm, member: MemoryAgent): Promise<void> => {
  await member.agent().lookForDevices()
  await swarm.until('the other device is found', () => lostOn(member) !== undefined)
}

describe('a lost device', () => {
  test.each([1, 4])('with credits and a deposit is recovered to the micro-credit, with %i witnesses', { timeout: 120_000 }, async (witnesses) => {
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
    expect(lostOn(second)).toMatchObject({ freeMicro: 0, stakedMicro: 0, takeover: { state: 'done', movedMicro: grantMicro, restMicro: 0 } })
    expect((await account(second)).availableMicro).toBe(grantMicro)
    const { accounts, inFlight } = await swarm.relay().ledger()
    expect([accounts.find(({ author }) => author === first.id)?.balance, inFlight]).toEqual([0, 0])
  })

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
    expect(stolen).toMatchObject({ balance: 0, staked: 0, seq: 1 })
    expect(stolen?.payees.map(({ payee, total }) => [payee, total])).toEqual([[toHex((await second.vault.status()).device.device), grantMicro]])
  })

  test('a thief who was faster is told, and what is left comes with another try', async () => {
    const swarm = await createMemorySwarm('thief first')
    const { first, second, words } = await twoDevices(swarm, 0)
    await look(swarm, second)
    // The thief's entry is certified between the look and the phrase.
    await first.agent().deposit(10 * credit)
    await swarm.until('the thief was certified', () => stakedBy(first) === 10 * credit)
    first.kill()
    expect(await second.vault.takeOver(fromHex(first.id)!, words)).toMatchObject({ ok: true })
    await swarm.until('the owner is told', () => lostOn(second)?.takeover?.state === 'outrun')
    expect(second.agent().view().credits.earnedMicro).toBe(0)
    expect(await second.vault.takeOver(fromHex(first.id)!, words)).toMatchObject({ ok: true })
    // Two entries at one number were signed: the fine for that is burned, of the deposit first. The rest comes.
    const fineMicro = slashRules.DoubleSpend.costMicro
    await swarm.until('what the fine leaves has come', () => second.agent().view().credits.earnedMicro === grantMicro - fineMicro)
  })

  test('is nobody else’s to take, and the phrase is in no entry', async () => {
    const swarm = await createMemorySwarm('not yours')
    const { first, second, words } = await twoDevices(swarm, 0)
    const other = await swarm.join('other')
    await swarm.until('the other has its grant', () => other.agent().view().credits.earnedMicro === grantMicro)
    await other.agent().lookForDevices()
    await swarm.until('the relay has answered', () => other.agent().view().lost?.answered === true)
    expect(other.agent().view().lost?.devices).toEqual([])
    expect(await other.vault.takeOver(fromHex(first.id)!, words)).toEqual({ ok: false, error: { type: 'lost-device', reason: 'other-identity' } })
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
  expect(read.ok && read.value.devices[0]?.takeover).toMatchObject({ done: 0, of: 3, outrun: false })
})
