/** Uptime as the network tells it: what counts as silence, over lives of a link, and for how many. */
import { expect, test } from 'vitest'
import { followUptime, quietMsMax } from '../../../src/agent/presence.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import type { Network, Peer } from '../../../src/network/network.ts'

const minuteMs = 60_000

const setUp = () => {
  const clock = createManualClock(1_700_000_000_000)
  const linked = new Map<string, Peer>()
  let tell: Parameters<Network['onPeer']>[0] = () => {}
  const uptimeOf = followUptime(clock, {
    peer: (id) => linked.get(id),
    peers: () => [...linked.values()],
    onPeer: (listener) => {
      tell = listener
      return () => {}
    },
  })
  const hear = (id: string): void => void linked.set(id, { ...linked.get(id)!, heardMs: clock.now() })
  return {
    clock,
    uptimeOf,
    hear,
    join: (id: string) => {
      linked.set(id, { id, sinceMs: clock.now(), heardMs: clock.now() } as Peer)
      tell(linked.get(id)!, 'joined')
    },
    leave: (id: string) => {
      const peer = linked.get(id)!
      linked.delete(id)
      tell(peer, 'left')
    },
  }
}

test('who answers has it all, also where it said nothing for as long as it takes to be asked', async () => {
  const { clock, uptimeOf, hear, join, leave } = setUp()
  expect(uptimeOf('ana')).toBe(1)
  join('ana')
  for (let i = 0; i < 9; i++) {
    await clock.advance(quietMsMax)
    hear('ana')
  }
  await clock.advance(quietMsMax)
  expect(uptimeOf('ana')).toBe(1)
  leave('ana')
  await clock.advance(60 * minuteMs)
  expect(uptimeOf('ana')).toBe(1)
})

test('silence while linked counts, absence does not, and one link adds to the other', async () => {
  const { clock, uptimeOf, hear, join, leave } = setUp()
  join('ana')
  await clock.advance(3 * minuteMs)
  hear('ana')
  await clock.advance(minuteMs)
  expect(uptimeOf('ana')).toBe(0.75)
  leave('ana')
  await clock.advance(10 * minuteMs)
  expect(uptimeOf('ana')).toBe(0.75)
  join('ana')
  await clock.advance(4 * minuteMs)
  hear('ana')
  expect(uptimeOf('ana')).toBe(7 / 8)
  leave('ana')
  expect(uptimeOf('ana')).toBe(7 / 8)
})

test('of very many the longest unseen is forgotten', async () => {
  const { clock, uptimeOf, join, leave } = setUp()
  join('ana')
  await clock.advance(minuteMs)
  leave('ana')
  expect(uptimeOf('ana')).toBe(0)
  for (let i = 0; i < 1_023; i++) {
    join(`${i}`)
    leave(`${i}`)
  }
  expect(uptimeOf('ana')).toBe(0)
  join('one more')
  expect(uptimeOf('ana')).toBe(1)
})
