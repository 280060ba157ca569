/** What witnesses' owners find by their own judgement: it closes an account when 2f+1 of them have, and not before. */
import { expect, test } from 'vitest'
import { fromHex } from '../../../src/lib/bytes.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'
import { createMemoryFriends } from '../../support/memory-friends.ts'

const verdictsAt = async (swarm: MemorySwarm, index: number) => (await swarm.relays[index]!.node()!.ledger()).verdicts
const credits = (agent: Pick<MemoryAgent, 'agent'>) => agent.agent().view().credits
const submit = async (agent: Pick<MemoryAgent, 'agent'>): Promise<void> => {
  const job = await agent.agent().jobs.submit({ texts: ['one'], ids: ['one'], model: 'mini', redundancy: 1, title: 't', where: 'network' })
  expect(job.ok).toBe(true)
}

test('two of four owners close nothing; with the third the account is closed everywhere, told, and certified no more', async () => {
  const swarm = await createMemorySwarm('judged', { witnesses: 4 })
  const [accused, other] = [await swarm.join('accused'), await swarm.join('other')]
  await swarm.until('both have their grant', () => [accused, other].every((agent) => credits(agent).earnedMicro >= grantMicro))
  const target = fromHex(accused.id)!
  const judge = (index: number, reason: 'Malicious' | 'SybilAttack' = 'Malicious') => swarm.relays[index]!.node()!.judge(target, reason)
  expect([await judge(0), await judge(1), await judge(1), await judge(2, 'SybilAttack')]).toEqual([true, true, true, true])
  await swarm.clock.advance(180_000)
  for (const index of [0, 1, 2, 3]) expect(await verdictsAt(swarm, index)).toEqual([])
  // Each owner is told how many have signed the same; another reason is another finding.
  const signedAt = async (index: number) =>
    (await swarm.relays[index]!.node()!.judgements()).map(({ reason, signed, full }) => [reason, signed, full])
  expect([await signedAt(0), await signedAt(2), await signedAt(3)]).toEqual([[['Malicious', 2, false]], [['SybilAttack', 1, false]], []])
  expect(accused.agent().view().trouble).toBeNull()

  // All stop, and forget what others said; what a relay's own owner found it finds again when it starts.
  for (const index of [0, 1, 2, 3]) await swarm.stopRelay(index)
  for (const index of [0, 2, 3]) await swarm.startRelay(index)
  await swarm.clock.advance(30_000)
  expect(await judge(2)).toBe(true)
  await swarm.clock.advance(90_000)
  expect(await verdictsAt(swarm, 3)).toEqual([])
  await swarm.startRelay(1)
  await swarm.clock.advance(90_000)
  const closed = [{ target: accused.id, reason: 'Malicious', costMicro: 0 }]
  for (const index of [0, 1, 2, 3]) expect(await verdictsAt(swarm, index)).toEqual(closed)
  expect(accused.agent().view()).toMatchObject({ trouble: 'closed', closedFor: 'Malicious' })
  expect(await signedAt(0)).toEqual([['Malicious', 3, true]])
  expect(new Set(await Promise.all(swarm.relays.map(async (relay) => (await relay.node()!.ledger()).stateRoot))).size).toBe(1)

  const spent = async (): Promise<number> => {
    const { accounts } = await swarm.relays[3]!.node()!.ledger()
    return accounts.find(({ author }) => author === accused.id)!.paid
  }
  // Its own vault promises nothing any more either.
  const texts = ['one']
  const asked = await accused.agent().jobs.submit({ texts, ids: texts, model: 'mini', redundancy: 1, title: 't', where: 'network' })
  expect(asked).toMatchObject({ ok: false })
  await swarm.clock.advance(120_000)
  expect(await spent()).toBe(0)
  expect(other.agent().view().trouble).toBeNull()
})

test('a founder closes a member’s account in the browser; nobody else can', async () => {
  const friends = await createMemoryFriends('founder judges')
  const { founder } = friends
  const [member, other] = [await friends.join('a'), await friends.join('b')]
  await friends.until('all have their grant', () => [founder, member, other].every((f) => credits(f).earnedMicro >= grantMicro))
  const target = fromHex(member.id())!
  const accountOf = (id: string) =>
    founder
      .agent()
      .view()
      .founder?.members.flatMap(({ accounts }) => accounts)
      .find((account) => account.id === id)
  const refusedFor = (reason: string) => ({ ok: false, error: { type: 'judge', reason } })
  expect(await other.agent().judge(target, 'Malicious')).toEqual(refusedFor('not-founder'))
  expect(await founder.agent().judge(fromHex(founder.id())!, 'Malicious')).toEqual(refusedFor('own'))
  const { issuer } = (await founder.vault().status()).swarm!.founded!
  expect(await founder.agent().judge(issuer.device, 'Malicious')).toEqual(refusedFor('own'))
  await friends.until('the founder knows it', () => accountOf(member.id())?.micro === grantMicro)
  expect(accountOf(member.id())?.closing).toBeNull()
  expect(await founder.agent().judge(target, 'Malicious')).toEqual({ ok: true, value: undefined })
  expect(accountOf(member.id())?.closing).toEqual({ reason: 'Malicious', signed: 1, needed: 1 })
  expect(accountOf(other.id())?.closing).toBeNull()
  await friends.until('it is told', () => member.agent().view().trouble === 'closed')
  expect(member.agent().view().closedFor).toBe('Malicious')
  expect(other.agent().view()).toMatchObject({ trouble: null, closedFor: null })
  // What was stored stands in another session.
  founder.quit()
  await founder.start()
  await friends.until('the founder serves again', () => founder.agent().view().founder?.state === 'serving', 120_000)
  await submit(other)
  await friends.until('the other is certified all the same', () => credits(other).spentMicro > 0, 300_000)
  expect(accountOf(member.id())?.closing).toEqual({ reason: 'Malicious', signed: 1, needed: 1 })
})

test('where the key is not at hand the judgement waits for it, is told so, and is signed by itself; a member that left is known by when it was here', async () => {
  const friends = await createMemoryFriends('founder judges later')
  const { founder } = friends
  const member = await friends.join('a')
  await friends.until('it has its grant', () => credits(member).earnedMicro >= grantMicro)
  const shown = () => founder.agent().view().founder!.members[0]!
  await friends.until('the founder knows it', () => shown()?.here)
  member.quit()
  await friends.until('it is missed', () => !shown().here)
  const leftMs = friends.clock.now()
  expect(leftMs - shown().seenMs!).toBeLessThan(60_000)

  // The vault goes away in the middle of it.
  let dies = true
  founder.onCall = (call) => {
    if (dies && call === 'signFounding') throw new Error('the background is gone')
  }
  expect(await founder.agent().judge(fromHex(member.id())!, 'SybilAttack')).toEqual({ ok: true, value: undefined })
  expect(shown().accounts[0]!.closing).toEqual({ reason: 'SybilAttack', signed: 0, needed: 1 })
  dies = false
  await friends.until('it is signed', () => shown().accounts[0]!.closing?.signed === 1)
  expect(shown().seenMs).toBeLessThanOrEqual(leftMs)
  await member.start()
  await friends.until('who comes back is told', () => member.agent().view().closedFor === 'SybilAttack')
})
