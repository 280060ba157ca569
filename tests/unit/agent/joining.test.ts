/** What stands between a newcomer and the swarm is said, and ends by itself where it can. */
import { expect, test } from 'vitest'
import type { Store } from '../../../src/lib/store.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent } from '../../support/memory-agents.ts'

const reasonOf = (agent: MemoryAgent): string | null => agent.agent().view().activity.idleReason
const relayOf = (agent: MemoryAgent) => agent.agent().view().relays[0]

test('the secret of another swarm: refused, with the reason, however often it is tried', async () => {
  const swarm = await createMemorySwarm('secret')
  const stranger = await swarm.join('stranger', { by: { ...swarm.link, secret: new Uint8Array(32) } })
  await swarm.until('it is refused', () => reasonOf(stranger) === 'swarm-refused')
  expect(relayOf(stranger)).toMatchObject({ state: 'refused', why: 'wrong-secret' })
  await swarm.clock.advance(10 * 60_000)
  expect(reasonOf(stranger)).toBe('swarm-refused')
  expect(stranger.agent().view()).toMatchObject({ swarm: null, peers: [] })
})

test('another swarm behind the same relay: refused', async () => {
  const swarm = await createMemorySwarm('other')
  const stranger = await swarm.join('stranger', { by: { ...swarm.link, swarm: new Uint8Array(32) } })
  await swarm.until('it is refused', () => reasonOf(stranger) === 'swarm-refused')
  expect(relayOf(stranger)).toMatchObject({ state: 'refused', why: 'wrong-swarm' })
})

test('no relay: said so, and all is well once it comes', async () => {
  const swarm = await createMemorySwarm('unreachable')
  await swarm.stopRelay()
  const newcomer = await swarm.join('newcomer')
  await swarm.until('it is said', () => reasonOf(newcomer) === 'relay-unreachable')
  const early = await newcomer.agent().jobs.submit({ texts: ['a'], ids: ['a'], model: 'mini', redundancy: 1, title: 't', where: 'network' })
  expect(early).toEqual({ ok: false, error: { type: 'no-swarm' } })
  await swarm.clock.advance(10 * 60_000)
  await swarm.startRelay()
  await swarm.until('it has its grant', () => newcomer.agent().view().credits.availableMicro === grantMicro)
  expect(reasonOf(newcomer)).toBe('no-peers')
})

test('no tracker, where that is all one knows: said so, and they meet once it comes', async () => {
  const swarm = await createMemorySwarm('no tracker')
  const tracker = 'ws://127.0.0.1:9000'
  const by = { ...swarm.link, relays: [], trackers: [tracker] }
  const [a, b] = [await swarm.join('a', { by }), await swarm.join('b', { by })]
  await swarm.until('both say it', () => [a, b].every((agent) => reasonOf(agent) === 'tracker-unreachable'))
  swarm.hub.startTracker(tracker)
  await swarm.until('they have met', () => [a, b].every((agent) => agent.agent().view().peers.length === 1))
})

test('an invite that nobody knows: no grant, and the reason in words; others’ work can be done all the same', async () => {
  const swarm = await createMemorySwarm('invite')
  const newcomer = await swarm.join('newcomer', { by: { ...swarm.link, invite: new Uint8Array(16) } })
  const requester = await swarm.join('requester')
  await swarm.until('it is said', () => reasonOf(newcomer) === 'no-grant')
  expect(relayOf(newcomer)).toMatchObject({ state: 'open', why: 'This invite is not known here.' })
  // An account is opened by an income of one credit: twenty texts.
  const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`)
  const job = await requester.agent().jobs.submit({ texts, ids: texts, model: 'mini', redundancy: 1, title: 't', where: 'network' })
  expect(job.ok).toBe(true)
  await swarm.until('it has earned', () => newcomer.agent().view().credits.earnedMicro === 1_000_000)
  expect(reasonOf(newcomer)).toBe('no-requesters')
})

test('a swarm joined while the agent starts is opened once', async () => {
  const swarm = await createMemorySwarm('two')
  const [ana] = [await swarm.join('ana'), await swarm.join('ben')]
  await swarm.clock.advance(20_000)
  await ana.vault.leaveSwarm()
  await swarm.clock.advance(1_000)
  const store = ana.store() as { -readonly [K in keyof Store]: Store[K] }
  const { list } = store
  let goOn = (): void => {}
  store.list = async (table, options) => {
    if (table === 'jobs') await new Promise<void>((resolve) => (goOn = resolve))
    return list(table, options)
  }
  const restarted = ana.restart()
  await swarm.clock.advance(200)
  await ana.vault.joinSwarm(swarm.link)
  await swarm.clock.advance(200)
  goOn()
  await restarted
  let hellos = 0
  ana.onCall = (call) => void (call === 'hello' && hellos++)
  // Two networks of one key would drive each other out again and again.
  await swarm.clock.advance(10 * 60_000)
  expect(hellos).toBeLessThan(10)
})
