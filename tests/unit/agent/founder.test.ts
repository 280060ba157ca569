/** A swarm that is made in the extension: its founder's browser is witness and issuer. Whole agents on virtual time. */
import { expect, test } from 'vitest'
import { toHex } from '../../../src/lib/bytes.ts'
import { decodeCanonical } from '../../../src/lib/cbor.ts'
import { grantMicro } from '../../support/memory-agents.ts'
import { createMemoryFriends, type Friend, type Friends } from '../../support/memory-friends.ts'

const perText = 50_000
const credits = (friend: Friend) => friend.agent().view().credits
const granted = (friends: Friends, all: readonly Friend[]): Promise<void> =>
  friends.until('all have their grant and are linked', () =>
    all.every((f) => credits(f).earnedMicro >= grantMicro && f.agent().view().peers.length >= all.length - 1),
  )
const submit = async (requester: Friend, n: number): Promise<string> => {
  const texts = Array.from({ length: n }, (_, i) => `text number ${i}`)
  const job = await requester.agent().jobs.submit({ texts, ids: texts, model: 'mini', redundancy: 1, title: 't', where: 'network' })
  if (!job.ok) throw new Error(JSON.stringify(job.error))
  return job.value
}
const done = (friends: Friends, requester: Friend, id: string): Promise<void> =>
  friends.until(
    'the job is done',
    () =>
      requester
        .agent()
        .jobs.list()
        .find((j) => j.id === id)!.state === 'done',
  )
const sum = (all: readonly Friend[], figure: 'earnedMicro' | 'spentMicro' | 'owedMicro' | 'pendingMicro'): number =>
  all.reduce((total, f) => total + credits(f)[figure], 0)

test('founder and three friends: grants, a job, payment; then away, then back', async () => {
  const friends = await createMemoryFriends('friends')
  const { founder } = friends
  const members = [await friends.join('a'), await friends.join('b'), await friends.join('c')]
  const [requester] = members as [Friend, Friend, Friend]
  const all = [founder, ...members]
  await granted(friends, all)
  await friends.until('uses are counted', () => founder.agent().view().founder?.invites[0]?.usesLeft === 7)
  expect(founder.agent().view().founder?.state).toBe('serving')

  await done(friends, requester, await submit(requester, 20))
  await friends.until('paid', () => sum(all, 'earnedMicro') === 4 * grantMicro + 20 * perText && sum(all, 'pendingMicro') === 0)

  founder.quit()
  await friends.until('the founder is missed', () => members.every((m) => m.agent().view().founderAway))
  await done(friends, requester, await submit(requester, 30))
  const newcomer = await friends.join('d')
  await friends.clock.advance(120_000)
  expect(credits(requester)).toMatchObject({ spentMicro: 20 * perText })
  expect(sum(members, 'pendingMicro')).toBe(30 * perText)
  expect(newcomer.agent().view()).toMatchObject({ founderAway: true, swarm: { name: 'friends' }, credits: { earnedMicro: 0 } })

  await founder.start()
  const everyone = [...all, newcomer]
  await friends.until(
    'all is certified',
    () =>
      sum(everyone, 'earnedMicro') === 5 * grantMicro + 50 * perText &&
      sum(everyone, 'owedMicro') === 0 &&
      sum(everyone, 'pendingMicro') === 0,
    300_000,
  )
  expect(sum(everyone, 'spentMicro')).toBe(50 * perText)
  expect(everyone.some((f) => f.agent().view().founderAway)).toBe(false)
})

/** What the founder's witness was asked to sign, and did: every certificate's message, by author and number. */
const watchWitness = (founder: Friend): (() => readonly string[]) => {
  const signed = new Map<string, Set<string>>()
  founder.onCall = (call, args) => {
    const { role, message } = args as { role?: string; message?: Uint8Array }
    if (call !== 'signFounding' || role !== 'witness' || !message) return
    const decoded = decodeCanonical(message.subarray('edge-net/cert/1'.length))
    if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length !== 4) return
    const [, author, seq, id] = decoded.value as [Uint8Array, Uint8Array, number, Uint8Array]
    const at = `${toHex(author)}/${seq}`
    signed.set(at, (signed.get(at) ?? new Set()).add(toHex(id)))
  }
  return () => [...signed].flatMap(([at, ids]) => (ids.size > 1 ? [at] : []))
}

test('a founder whose profile is an older copy learns from members what it signed, and signs nothing twice', async () => {
  const friends = await createMemoryFriends('older copy')
  const { founder } = friends
  const twice = watchWitness(founder)
  const first = await friends.join('a')
  await granted(friends, [founder, first])
  const older = founder.profile()
  const second = await friends.join('b')
  const third = await friends.join('c')
  await granted(friends, [founder, first, second, third])
  // The founder pays too, so that its own chain is ahead of the copy.
  await done(friends, founder, await submit(founder, 20))
  await friends.until('paid', () => credits(founder).spentMicro === 20 * perText && sum([first, second, third], 'pendingMicro') === 0)
  await friends.clock.advance(5_000)

  founder.quit()
  await friends.until('the founder is missed', () => [first, second, third].every((m) => m.agent().view().founderAway))
  await founder.start(older)
  const fourth = await friends.join('d')
  const everyone = [founder, first, second, third, fourth]
  await friends.until('a newcomer has its grant from the chain as it was', () => credits(fourth).earnedMicro === grantMicro, 300_000)
  await friends.until('the founder knows what it paid', () => credits(founder).spentMicro === 20 * perText, 300_000)
  await done(friends, founder, await submit(founder, 10))
  await friends.until('all is certified', () => sum(everyone, 'earnedMicro') === 5 * grantMicro + 30 * perText, 300_000)
  expect(twice()).toEqual([])
})

test('alone with an older copy the founder signs nothing: it waits for a member', async () => {
  const friends = await createMemoryFriends('alone')
  const { founder } = friends
  const member = await friends.join('a')
  await granted(friends, [founder, member])
  member.quit()
  founder.quit()
  const calls: string[] = []
  founder.onCall = (call, args) => {
    if (call === 'signFounding') calls.push((args as { role: string }).role)
  }
  await founder.start()
  await friends.clock.advance(60_000)
  expect(founder.agent().view().founder?.state).toBe('missing')
  // Once: that this device is the witness's.
  expect(calls).toEqual(['witness'])
  await member.start()
  await friends.until('it serves again', () => founder.agent().view().founder?.state === 'serving')
})

test('among newcomers only, an older copy signs nothing, however long; by its founder’s word it goes on, and a keeper is there for the next time', async () => {
  const friends = await createMemoryFriends('newcomers')
  const { founder } = friends
  const twice = watchWitness(founder)
  const keeper = await friends.join('a')
  await granted(friends, [founder, keeper])
  await friends.clock.advance(2_000)
  const older = founder.profile()
  await done(friends, founder, await submit(founder, 20))
  await friends.until('paid', () => credits(founder).spentMicro === 20 * perText && credits(keeper).pendingMicro === 0)
  keeper.quit()
  founder.quit()
  // It has the rules from the link's place to meet, and was never told anything by this founder.
  const state = () => founder.agent().view().founder?.state
  await founder.start(older)
  const newcomer = await friends.join('b')
  await friends.until('it misses its keepers', () => state() === 'missing')
  await friends.clock.advance(30 * 60_000)
  expect([state(), credits(newcomer).earnedMicro]).toEqual(['missing', 0])

  // Would it have gone on, this payment would now stand at a number that the copy thinks is free.
  await keeper.start()
  await friends.until('it serves', () => state() === 'serving', 300_000)
  await friends.until('the newcomer has its grant', () => credits(newcomer).earnedMicro === grantMicro, 300_000)
  await friends.until('the founder knows what it paid', () => credits(founder).spentMicro === 20 * perText, 300_000)
  expect(twice()).toEqual([])

  for (const member of [keeper, newcomer]) member.quit()
  founder.quit()
  await founder.start()
  await friends.until('it misses its keepers', () => state() === 'missing')
  founder.agent().goOnAlone()
  await friends.until('it serves', () => state() === 'serving')
  const last = await friends.join('c')
  await friends.until('another has its grant', () => credits(last).earnedMicro === grantMicro, 300_000)
})

test('a founder that left takes its swarm up again, and signs nothing before a member has told what was signed', async () => {
  const friends = await createMemoryFriends('left')
  const { founder, link } = friends
  const twice = watchWitness(founder)
  const member = await friends.join('a')
  await granted(friends, [founder, member])
  await founder.vault().leaveSwarm()
  await friends.until('the founder is missed', () => member.agent().view().founderAway)
  founder.quit()
  await founder.start()
  expect(founder.agent().view().swarm).toBeNull()
  expect(await founder.vault().left()).toMatchObject([{ name: 'friends' }])
  member.quit()
  await founder.vault().takeUp(link.swarm)
  await friends.until('it waits for a member', () => founder.agent().view().founder?.state === 'missing')
  await member.start()
  await friends.until('it serves', () => founder.agent().view().founder?.state === 'serving')
  await done(friends, member, await submit(member, 10))
  await friends.until('its work is paid', () => credits(founder).earnedMicro === grantMicro + 10 * perText, 300_000)
  expect(twice()).toEqual([])
})

test('a founder that worked and died before it could claim is paid after all', async () => {
  const friends = await createMemoryFriends('worked')
  const { founder } = friends
  const member = await friends.join('a')
  await granted(friends, [founder, member])
  await done(friends, member, await submit(member, 20))
  // Certified here, and not yet known here as one's own income.
  founder.onCall = (call) => call === 'claim' && founder.quit()
  await friends.until('the payment is certified', () => credits(member).spentMicro === 20 * perText)
  founder.quit()
  founder.onCall = () => {}
  await founder.start()
  await friends.until('paid', () => credits(founder).earnedMicro === grantMicro + 20 * perText && credits(founder).pendingMicro === 0)
})

/** The vault is asked for these in the course of one grant: the issuer's entry, the witness's certificate on it, that on the claim. */
const signaturesOfAGrant = 3

test.each(['before', 'after'] as const)('killed %s any signature of a grant, the founder gives it once when it is back', async (moment) => {
  for (let at = 1; at <= signaturesOfAGrant; at++) {
    const friends = await createMemoryFriends(`killed ${moment} ${at}`, 5)
    const { founder } = friends
    const twice = watchWitness(founder)
    const first = await friends.join('a')
    await granted(friends, [founder, first])
    const watched = founder.onCall
    let count = 0
    founder.onCall = (call, args) => {
      watched(call, args)
      if (call !== 'signFounding' || ++count !== at) return
      if (moment === 'before') founder.quit()
      else queueMicrotask(founder.quit)
    }
    const second = await friends.join('b')
    await friends.until('killed', () => count >= at)
    await friends.clock.advance(1_000)
    founder.onCall = watched
    await founder.start()
    await friends.until('the grant is there', () => credits(second).earnedMicro === grantMicro, 300_000)
    await friends.until('one use is gone', () => founder.agent().view().founder?.invites[0]?.usesLeft === 3)
    expect(twice()).toEqual([])
  }
})
