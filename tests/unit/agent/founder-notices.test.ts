/** What the founder of a swarm made in the extension changes: price, members, invites. Whole agents on virtual time. */
import { expect, test } from 'vitest'
import { toHex } from '../../../src/lib/bytes.ts'
import { grantMicro } from '../../support/memory-agents.ts'
import { createMemoryFriends, type Friend, type Friends } from '../../support/memory-friends.ts'

const granted = (friends: Friends, all: readonly Friend[]): Promise<void> =>
  friends.until('all have their grant and are linked', () =>
    all.every((f) => f.agent().view().credits.earnedMicro >= grantMicro && f.agent().view().peers.length >= all.length - 1),
  )
const founderView = (friends: Friends) => friends.founder.agent().view().founder!
const rootOf = async (f: Friend) => (await f.vault().status()).device.root
const done = (result: { readonly ok: boolean }): void => expect(result).toMatchObject({ ok: true })

test('the founder raises the price, and everyone goes by it, also after it has restarted', async () => {
  const friends = await createMemoryFriends('terms price')
  const member = await friends.join('a')
  await granted(friends, [friends.founder, member])
  done(await friends.founder.vault().changeTerms({ stepMicro: 80_000 }))
  const priced = (f: Friend): boolean => f.agent().view().notice?.stepMicro === 80_000
  await friends.until('both know', () => [friends.founder, member].every(priced))
  friends.founder.quit()
  await friends.founder.start()
  await friends.until('it serves again', () => founderView(friends)?.state === 'serving')
  expect(priced(friends.founder)).toBe(true)
  done(await friends.founder.vault().changeTerms({ stepMicro: 60_000 }))
  await friends.until('version 2', () => member.agent().view().notice?.version === 2)
  expect(member.agent().view().notice).toMatchObject({ stepMicro: 60_000, contradicted: false })
})

test('a member is revoked: it is out, keeps its credits, and comes back when that is taken back', async () => {
  const friends = await createMemoryFriends('terms members')
  const { founder } = friends
  const [ana, eve] = [await friends.join('ana'), await friends.join('eve')]
  await granted(friends, [founder, ana, eve])
  const identity = await rootOf(eve)
  const listed = () => founderView(friends).members.find((m) => m.identity === toHex(identity))
  const allListed = () => founderView(friends).members.length === 2 && listed()?.accounts[0]?.micro === grantMicro
  await friends.until('all are listed, with what they have', allListed)
  expect(listed()).toMatchObject({ accounts: [{ id: eve.id(), micro: grantMicro, closing: null }], here: true, blocked: false })

  done(await founder.vault().changeTerms({ block: [identity] }))
  await friends.until('she is told', () => eve.agent().view().activity.idleReason === 'blocked')
  await friends.until('and listed so', () => listed()?.blocked === true && !listed()?.here)
  expect(
    ana
      .agent()
      .view()
      .peers.map(({ id }) => id),
  ).not.toContain(eve.id())
  expect(eve.agent().view().credits.availableMicro).toBe(grantMicro)

  done(await founder.vault().changeTerms({ unblock: [identity] }))
  await friends.until('she is in again', () => eve.agent().view().peers.length === 2 && listed()?.here === true, 300_000)
})

test('an invite is revoked: who came by it stays, nobody else comes', async () => {
  const friends = await createMemoryFriends('terms invite')
  const { founder } = friends
  const first = await friends.join('first')
  await granted(friends, [founder, first])
  done(await founder.vault().revokeInvite(friends.link.invite!))
  await friends.clock.advance(1_000)
  const late = await friends.join('late')
  await friends.until('the late one is told', () => late.agent().view().activity.idleReason === 'no-grant')
  expect(late.agent().view().credits.earnedMicro).toBe(0)
  expect(founderView(friends).invites[0]!.usesLeft).toBe(9)

  // Revoked while the issuer does not run: before it answers anybody.
  done(await founder.vault().addInvite(3))
  const { link, founded } = (await founder.vault().status()).swarm!
  const second = founded!.invites.at(-1)!.token
  await friends.until('it is there', () => founderView(friends).invites.length === 2)
  founder.quit()
  done(await founder.vault().revokeInvite(second))
  await founder.start()
  await friends.until('it serves again', () => founderView(friends)?.state === 'serving')
  const later = await friends.join('later', { ...link, invite: second })
  await friends.until('the later one is told', () => later.agent().view().activity.idleReason === 'no-grant')
})

test('on an older copy of its profile the founder learns of its notices before it signs another', async () => {
  const friends = await createMemoryFriends('terms older copy')
  const { founder } = friends
  const member = await friends.join('a')
  await granted(friends, [founder, member])
  await friends.clock.advance(5_000)
  const older = founder.profile()
  done(await founder.vault().changeTerms({ stepMicro: 80_000 }))
  await friends.until('it has spread', () => member.agent().view().notice?.version === 1)
  founder.quit()
  await founder.start(older)
  expect(await founder.vault().changeTerms({ stepMicro: 70_000 })).toMatchObject({ error: { type: 'founding', reason: 'recalling' } })
  await friends.until('it serves again', () => founderView(friends)?.state === 'serving')
  done(await founder.vault().changeTerms({ stepMicro: 70_000 }))
  await friends.until('the next version', () => member.agent().view().notice?.version === 2)
  expect(member.agent().view().notice).toMatchObject({ stepMicro: 70_000, contradicted: false })
})
