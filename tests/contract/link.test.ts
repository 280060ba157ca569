import { describe, it } from 'vitest'
import { createManualClock } from '../../src/lib/clock.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import type { Link } from '../../src/network/ports.ts'
import { createMemoryHub } from '../support/memory-network.ts'
import { linkCases } from './link.ts'

describe('link: memory, over a relay', () => {
  for (const { name, run } of linkCases)
    it(name, async () => {
      const clock = createManualClock()
      const hub = createMemoryHub(clock, createSeededRandom(name))
      let far: Link | undefined
      hub.listen('ws://127.0.0.1:1', (link) => (far = link))
      const dialled = hub.dialer('ann').dial('ws://127.0.0.1:1')
      await clock.advance(1_000)
      const near = await dialled
      if (!near.ok || !far) throw new Error('no link')
      await Promise.all([run({ near: near.value, far }), clock.advance(1_000)])
    })
})

describe('link: memory, by offer and answer', () => {
  for (const { name, run } of linkCases)
    it(name, async () => {
      const clock = createManualClock()
      const hub = createMemoryHub(clock, createSeededRandom(name))
      const offer = await hub.rtc('ann').offer()
      if (!offer.ok) throw new Error('no offer')
      const answer = await hub.rtc('bob').answer(offer.value.sdp)
      if (!answer.ok) throw new Error('no answer')
      const accepted = offer.value.accept(answer.value.sdp)
      await clock.advance(1_000)
      const [near, far] = [await accepted, await answer.value.link]
      if (!near.ok || !far.ok) throw new Error('no link')
      await Promise.all([run({ near: near.value, far: far.value }), clock.advance(1_000)])
    })
})
