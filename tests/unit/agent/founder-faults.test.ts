/** A founder's part whose neighbours or store fail it. Whole agents on virtual time. */
import { expect, test } from 'vitest'
import type { Network } from '../../../src/network/network.ts'
import { grantMicro } from '../../support/memory-agents.ts'
import { createMemoryFriends, type Friend } from '../../support/memory-friends.ts'

const hasGrant = (friend: Friend): boolean => friend.agent().view().credits.earnedMicro >= grantMicro
const serves = (friend: Friend): boolean => friend.agent().view().founder?.state === 'serving'
const keptBy = (friend: Friend): number => [...friend.profile()[1].keys()].filter((key) => key.startsWith('keepsakes\0')).length

test('a keeper that takes nothing does not stop the copies of the others', async () => {
  const friends = await createMemoryFriends('stuck', 5)
  const { founder } = friends
  const stuck = await friends.join('a')
  const keeper = await friends.join('b')
  await friends.until('both have their grant', () => hasGrant(stuck) && hasGrant(keeper))
  founder.quit()
  founder.network = (opened) => ({
    ...opened,
    send: (to, message) => (to === stuck.id() && message[0] === 'entries' ? new Promise(() => {}) : opened.send(to, message)),
  })
  await founder.start()
  await friends.until('it serves again', () => serves(founder), 300_000)
  await friends.clock.advance(5_000)
  const before = keptBy(keeper)
  const newcomer = await friends.join('c')
  await friends.until('the newcomer has its grant', () => hasGrant(newcomer))
  await friends.until('the keeper has a copy of the entry that gave it', () => keptBy(keeper) > before, 30_000)
})

test('a copy that a keeper was given before it knew whose it is, is given again', async () => {
  const friends = await createMemoryFriends('lost-copies', 3)
  const { founder } = friends
  const first = await friends.join('a')
  await friends.until('the first has its grant', () => hasGrant(first) && keptBy(first) > 0)
  const reached = new Set<string>()
  founder.quit()
  founder.network = (opened) => ({
    ...opened,
    // Nothing that it is given in its first seconds reaches it.
    send: async (to, message) => {
      if (to === first.id() || message[0] !== 'entries' || reached.has(to)) return opened.send(to, message)
      friends.clock.after(3_000, () => reached.add(to))
      return { ok: true, value: undefined }
    },
  })
  await founder.start()
  await friends.until('it serves again', () => serves(founder), 300_000)
  const keeper = await friends.join('b')
  await friends.until('the keeper has its grant', () => hasGrant(keeper), 60_000)
  await friends.until('and copies of the three grants, and of the founder’s own claim', () => keptBy(keeper) === 4, 60_000)
})

test('who made a swarm, and closed the browser before anybody came, serves the first who comes', async () => {
  const friends = await createMemoryFriends('nobody yet', 5)
  const { founder } = friends
  await friends.until('it serves', () => serves(founder))
  founder.quit()
  await founder.start()
  const first = await friends.join('a')
  await friends.until('the first has its grant', () => hasGrant(first), 300_000)
})

test('a beginning that fails leaves no second relay behind', async () => {
  const friends = await createMemoryFriends('begins twice', 5)
  const { founder } = friends
  const member = await friends.join('a')
  await friends.until('the member has its grant', () => hasGrant(member))
  /** Of the newest session: one that ended stops listening in its own time. */
  let listening = new Set<unknown>()
  founder.network = (opened: Network): Network => {
    const mine = (listening = new Set())
    return {
      ...opened,
      onMessage: (listener) => {
        const stop = opened.onMessage(listener)
        mine.add(stop)
        return () => {
          mine.delete(stop)
          stop()
        }
      },
    }
  }
  let failures = 0
  const listenersOf = async (failuresMax: number): Promise<number> => {
    founder.quit()
    failures = 0
    founder.store = (opened) => ({
      ...opened,
      get: async (table, key) => {
        if (table.endsWith('invites') && failures < failuresMax) {
          failures++
          throw new Error('the store cannot be read')
        }
        return opened.get(table, key)
      },
    })
    await founder.start()
    await friends.until('it serves', () => serves(founder) && failures === failuresMax, 300_000)
    await friends.clock.advance(10_000)
    return listening.size
  }
  const sound = await listenersOf(0)
  expect(sound).toBeGreaterThan(0)
  expect(await listenersOf(1)).toBe(sound)
})
