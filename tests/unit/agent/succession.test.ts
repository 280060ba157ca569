/** A swarm and its successor, whole agents in one process: members come over with what they had at the last checkpoint, once. */
import { expect, test } from 'vitest'
import { predecessorWrites } from '../../../src/agent/relay-succession.ts'
import { type Succession, successionFrom } from '../../../src/agent/succession.ts'
import { createNobleVerifier } from '../../../src/identity/noble.ts'
import { dayMs } from '../../../src/ledger/checkpoint.ts'
import { fromHex } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent, type MemorySwarm, type MemorySwarmOptions } from '../../support/memory-agents.ts'
import { createMemoryHub } from '../../support/memory-network.ts'

const minuteMs = 60_000
/** Less than the relays need to make a checkpoint of it. */
const evening = 20 * dayMs - 2 * minuteMs

const swarmBefore = (seed: string, witnesses = 1): Promise<MemorySwarm> => {
  const clock = createManualClock(evening)
  return createMemorySwarm(seed, { witnesses, beside: { clock, hub: createMemoryHub(clock, createSeededRandom(seed)) } })
}
const credits = (agent: MemoryAgent) => agent.agent().view().credits
const has = (swarm: MemorySwarm, agent: MemoryAgent, micro: number): Promise<void> =>
  swarm.until(`${agent.name} has ${micro}`, () => credits(agent).earnedMicro - credits(agent).spentMicro === micro)

/** Works until the first checkpoint of the next day, which knows all of this one. */
const lastCheckpoint = async (swarm: MemorySwarm): Promise<Succession> => {
  await swarm.clock.advance((swarm.policy.witnesses.length + 1) * 10 * minuteMs)
  const found = await successionFrom(swarm.relayStore, createNobleVerifier(), swarm.policy)
  if (found?.predecessor.day !== 20) throw new Error('no checkpoint of the day')
  return found
}
/** `known`: its relays have the state of the predecessor. */
const succeed = async (
  before: MemorySwarm,
  { predecessor, proofs }: Succession,
  { known = true, ...options }: { readonly known?: boolean } & MemorySwarmOptions = {},
): Promise<MemorySwarm> => {
  for (const index of before.relays.keys()) await before.stopRelay(index)
  const after = await createMemorySwarm('after', { beside: before, ...options, policy: { predecessor, ...options.policy } })
  if (known)
    for (const { store } of after.relays) await store.commit(proofs.flatMap(([account, proof]) => predecessorWrites(account, proof)))
  return after
}
const moveTo = async ({ link }: MemorySwarm, ...agents: readonly MemoryAgent[]): Promise<void> => {
  for (const { vault } of agents) {
    await vault.leaveSwarm()
    await vault.joinSwarm({ ...link, invite: null })
  }
}
const paidByIssuer = async (swarm: MemorySwarm): Promise<readonly (readonly [payee: string, total: number])[]> =>
  (await swarm.relay().ledger()).accounts.find(({ role }) => role === 'issuer')?.payees.map(({ payee, total }) => [payee, total]) ?? []

/** How its history names what it was paid. */
const gains = async (agent: MemoryAgent) => {
  const page = await agent.agent().history()!.page(null)
  return page.ok ? page.value.lines.flatMap(({ kind, micro }) => (micro > 0 ? [kind] : [])) : []
}

test('a member comes over with what it had, and a second time with nothing', async () => {
  const before = await swarmBefore('before')
  const ana = await before.join('ana')
  await has(before, ana, grantMicro)
  expect(await gains(ana)).toEqual(['granted'])
  const succession = await lastCheckpoint(before)
  expect(succession).toMatchObject({ owedMicro: BigInt(grantMicro), laterAccounts: 0 })
  const after = await succeed(before, succession)
  await moveTo(after, ana)
  await has(after, ana, grantMicro)
  expect(await paidByIssuer(after)).toEqual([[ana.id, grantMicro]])
  expect(await gains(ana)).toEqual(['carried'])
  // Asks again by itself, as after every start.
  await ana.restart()
  await after.clock.advance(3 * minuteMs)
  expect(await paidByIssuer(after)).toEqual([[ana.id, grantMicro]])
  expect(credits(ana).earnedMicro).toBe(grantMicro)
  expect(ana.agent().view().notCarried).toBeNull()
})

test('a member that kept its proof comes over where nobody knows the state of before; who came later has nothing there', async () => {
  const before = await swarmBefore('four before', 4)
  const [ana, ben] = [await before.join('ana'), await before.join('ben')]
  for (const member of [ana, ben]) await has(before, member, grantMicro)
  const succession = await lastCheckpoint(before)
  const cy = await before.join('cy')
  await has(before, cy, grantMicro)
  // Kept at the next question; ben does not live to ask it.
  await ana.restart()
  await before.clock.advance(minuteMs)
  const after = await succeed(before, succession, { witnesses: 4, known: false })
  await moveTo(after, ana, ben, cy)
  await has(after, ana, grantMicro)
  await after.clock.advance(minuteMs)
  expect(await paidByIssuer(after)).toEqual([[ana.id, grantMicro]])
  // His proof comes to light.
  for (const { store } of after.relays)
    await store.commit(succession.proofs.flatMap(([account, proof]) => predecessorWrites(account, proof)))
  await after.clock.advance(61 * minuteMs)
  await has(after, ben, grantMicro)
  expect(credits(cy).earnedMicro).toBe(0)
})

test('where the grants do not reach, it is said, and nothing is paid in part', async () => {
  const before = await swarmBefore('scarce')
  const ana = await before.join('ana')
  await has(before, ana, grantMicro)
  const after = await succeed(before, await lastCheckpoint(before), { policy: { grantsMicro: grantMicro - 1 } })
  await moveTo(after, ana)
  await after.until('it is said', () => ana.agent().view().notCarried === 'exhausted')
  expect(await paidByIssuer(after)).toEqual([])
})

/** Whose device it was, on another one in the successor, by the phrase. */
const restored = async (after: MemorySwarm, name: string, words: string): Promise<MemoryAgent> => {
  const device = await after.join(name)
  await device.vault.leaveSwarm()
  expect(await device.vault.restore(words)).toMatchObject({ ok: true })
  await device.vault.joinSwarm({ ...after.link, invite: null })
  await after.until(`${name} is in`, () => device.agent().view().swarm !== null && device.agent().view().peers.length > 0)
  return device
}
const lostBefore = (agent: MemoryAgent) => agent.agent().view().lost?.before
const idOf = async (agent: MemoryAgent): Promise<string> => agent.agent().view().self

test.each([1, 4])(
  'what a device that is lost had before comes to another one by the phrase, once, with %i witnesses',
  async (witnesses) => {
    const before = await swarmBefore(`lost before ${witnesses}`, witnesses)
    const [ana, ben] = [await before.join('ana'), await before.join('ben')]
    for (const member of [ana, ben]) await has(before, member, grantMicro)
    const [words, others] = await Promise.all([ana, ben].map(async ({ vault }) => (await vault.phraseWords())!.join(' ')))
    const after = await succeed(before, await lastCheckpoint(before), { witnesses })
    ana.kill()
    const account = fromHex(ana.id)!
    const heir = await restored(after, 'heir', words!)
    await heir.agent().lookForDevices()
    await after.until('it is found', () => lostBefore(heir)?.length === 1)
    expect(lostBefore(heir)).toEqual([{ id: ana.id, micro: grantMicro, state: null }])

    expect(await heir.vault.carryOver(account, others!)).toEqual({ ok: false, error: { type: 'lost-device', reason: 'other-identity' } })
    expect(await heir.vault.carryOver(account, 'apple')).toMatchObject({ ok: false, error: { type: 'phrase' } })
    await after.clock.advance(60_000)
    expect([lostBefore(heir)?.[0]?.state, credits(heir).earnedMicro]).toEqual([null, 0])

    expect(await heir.vault.carryOver(account, words!)).toEqual({ ok: true, value: undefined })
    await after.until('it has come', () => lostBefore(heir)?.[0]?.state === 'came')
    await has(after, heir, grantMicro)
    await heir.restart()
    await after.clock.advance(3 * minuteMs)
    expect(lostBefore(heir)).toEqual([{ id: ana.id, micro: grantMicro, state: 'came' }])
    expect(await paidByIssuer(after)).toEqual([[await idOf(heir), grantMicro]])
    expect(heir.agent().view().notCarried).toBeNull()
  },
)

test('where the device was faster, it is said, and its account here is offered instead; what the grants do not reach waits', async () => {
  const before = await swarmBefore('thief before')
  const [ana, ben] = [await before.join('ana'), await before.join('ben')]
  for (const member of [ana, ben]) await has(before, member, grantMicro)
  const [words, others] = await Promise.all([ana, ben].map(async ({ vault }) => (await vault.phraseWords())!.join(' ')))
  const after = await succeed(before, await lastCheckpoint(before), { policy: { grantsMicro: 2 * grantMicro - 1 } })
  await moveTo(after, ana)
  await has(after, ana, grantMicro)
  for (const member of [ana, ben]) member.kill()
  const heir = await restored(after, 'heir', words!)
  await heir.agent().lookForDevices()
  await after.until('it is found', () => lostBefore(heir)?.length === 1 && heir.agent().view().lost?.devices.length === 1)
  await heir.vault.carryOver(fromHex(ana.id)!, words!)
  await after.until('it is said', () => lostBefore(heir)?.[0]?.state === 'paid')
  expect(heir.agent().view().lost?.devices[0]).toMatchObject({ id: ana.id, freeMicro: grantMicro })

  const other = await restored(after, 'other', others!)
  await other.agent().lookForDevices()
  await after.until('it is found', () => lostBefore(other)?.length === 1)
  await other.vault.carryOver(fromHex(ben.id)!, others!)
  await after.until('it is said', () => lostBefore(other)?.[0]?.state === 'exhausted')
  expect(await paidByIssuer(after)).toEqual([[ana.id, grantMicro]])
})

test('a device that is killed between the question and the payment knows afterwards that it came', async () => {
  const before = await swarmBefore('killed before')
  const ana = await before.join('ana')
  await has(before, ana, grantMicro)
  const words = (await ana.vault.phraseWords())!.join(' ')
  const after = await succeed(before, await lastCheckpoint(before))
  ana.kill()
  const heir = await restored(after, 'heir', words)
  await heir.agent().lookForDevices()
  await after.until('it is found', () => lostBefore(heir)?.length === 1)
  expect(await heir.vault.carryOver(fromHex(ana.id)!, words)).toEqual({ ok: true, value: undefined })
  for (let waitedMs = 0; waitedMs < 40_000 && (await paidByIssuer(after)).length === 0; waitedMs++) await after.clock.advance(1)
  expect([(await paidByIssuer(after)).length, lostBefore(heir)?.[0]?.state]).toEqual([1, 'asking'])
  await heir.restart()
  await after.until('it has come', () => lostBefore(heir)?.[0]?.state === 'came')
  await has(after, heir, grantMicro)
  expect(lostBefore(heir)).toEqual([{ id: ana.id, micro: grantMicro, state: 'came' }])
})
