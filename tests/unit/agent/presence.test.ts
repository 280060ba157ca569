/** Uptime as links tell it: silence while linked counts, absence does not, and what a machine itself sleeps through is nobody's. */
import { expect, test } from 'vitest'
import { followUptime, judgedMsMin } from '../../../src/agent/presence.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import type { Network, Peer } from '../../../src/network/network.ts'
import { pingEveryMs, quietMsMax, silentMsMax } from '../../../src/network/session.ts'
import { createTestSwarm, relayUrl, testLink } from '../../support/memory-nodes.ts'

const hourMs = 60 * 60_000

const setUp = () => {
  const clock = createManualClock(1_700_000_000_000)
  const linked = new Map<string, Peer>()
  let tell: Parameters<Network['onPeer']>[0] = () => {}
  const uptimeOf = followUptime(clock, {
    peer: (id) => linked.get(id),
    onPeer: (listener) => {
      tell = listener
      return () => {}
    },
  })
  const silent = (id: string, silentMs: number): void => void linked.set(id, { ...linked.get(id)!, silentMs })
  const join = (id: string): void => {
    linked.set(id, { id, sinceMs: clock.now(), silentMs: 0, sleptMs: 0 } as Peer)
    tell(linked.get(id)!, 'joined')
  }
  const leave = (id: string): void => {
    const peer = linked.get(id)!
    linked.delete(id)
    tell(peer, 'left')
  }
  const slept = (id: string, sleptMs: number): void => void linked.set(id, { ...linked.get(id)!, sleptMs })
  return { clock, uptimeOf, silent, slept, join, leave }
}

test('one link adds to the other, absence costs nothing, and of minutes nothing is said', async () => {
  const { clock, uptimeOf, silent, join, leave } = setUp()
  expect(uptimeOf('ana')).toBeUndefined()
  join('ana')
  await clock.advance(judgedMsMin - 1)
  expect(uptimeOf('ana')).toBeUndefined()
  await clock.advance(1)
  expect(uptimeOf('ana')).toBe(1)
  silent('ana', judgedMsMin / 4)
  expect(uptimeOf('ana')).toBe(0.75)
  leave('ana')
  await clock.advance(24 * hourMs)
  expect(uptimeOf('ana')).toBe(0.75)
  join('ana')
  await clock.advance(judgedMsMin)
  expect(uptimeOf('ana')).toBe(0.875)
  leave('ana')
  expect(uptimeOf('ana')).toBe(0.875)
})

test('of very many it is forgotten who has been away for longest', async () => {
  const { clock, uptimeOf, silent, join, leave } = setUp()
  for (const id of ['ana', 'ben']) {
    join(id)
    await clock.advance(judgedMsMin)
    silent(id, judgedMsMin / 2)
    leave(id)
  }
  join('ana')
  for (let i = 0; i < 1_023; i++) {
    join(`${i}`)
    leave(`${i}`)
    if (i === 500) leave('ana')
  }
  expect(uptimeOf('ben')).toBeUndefined()
  expect(uptimeOf('ana')).toBe(0.5)
})

test('over a real session who answers is never silent, and who is cut off is, until the link is given up', async () => {
  const swarm = createTestSwarm('uptime', testLink({ relays: [relayUrl] }))
  const relay = await swarm.relay()
  const ann = await swarm.node('ann')
  for (let second = 0; second < 600; second++) await swarm.clock.advance(1_000)
  expect(ann.network.peer(relay.id)!.silentMs).toBe(0)
  const left: number[] = []
  ann.network.onPeer(({ silentMs }, change) => change === 'left' && left.push(silentMs))
  swarm.hub.silence('ann', relayUrl)
  for (let second = 0; second < 120; second++) await swarm.clock.advance(1_000)
  expect(left[0]).toBeGreaterThan(0)
  expect(left[0]).toBeLessThanOrEqual(silentMsMax + pingEveryMs - quietMsMax)
})

test.each(['the link ends', 'the clock ticks'])('a machine that slept blames nobody, whichever is noticed first: %s', async (first) => {
  const swarm = createTestSwarm(3, testLink({ relays: [relayUrl] }))
  const relay = await swarm.relay()
  let aheadMs = 0
  const clock = { ...swarm.clock, now: () => swarm.clock.now() + aheadMs }
  const ann = await swarm.node('ann', { clock })
  const uptimeOf = followUptime(clock, ann.network)
  await swarm.clock.advance(hourMs)
  aheadMs = 8 * hourMs
  if (first === 'the clock ticks') await swarm.clock.advance(3_000)
  swarm.hub.cut('ann', relayUrl)
  await swarm.clock.advance(100)
  swarm.hub.heal('ann', relayUrl)
  await swarm.clock.advance(60_000)
  expect(ann.network.peer(relay.id)).toBeDefined()
  expect(uptimeOf(relay.id)).toBe(1)
})

test('what was slept through is in no sum', async () => {
  const { clock, uptimeOf, silent, join, slept } = setUp()
  join('ana')
  await clock.advance(8 * hourMs + judgedMsMin)
  slept('ana', 8 * hourMs)
  silent('ana', judgedMsMin / 2)
  expect(uptimeOf('ana')).toBe(0.5)
})
