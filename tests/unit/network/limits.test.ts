import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createBackOff } from '../../../src/network/back-off.ts'
import { createDials, firstRetryMs, retryMsMax } from '../../../src/network/dials.ts'
import { bufferedBytesMax, createOutbox, priorityOf, waitingBytesMax } from '../../../src/network/outbox.ts'
import type { Link } from '../../../src/network/ports.ts'
import { createKeyedRate, createRate } from '../../../src/network/rate.ts'
import { backOffMsMax, createScores, faultsMax, firstBackOffMs } from '../../../src/network/scores.ts'

describe('rate', () => {
  it('lets a minute’s worth through at once, then as much as time brings', async () => {
    const clock = createManualClock()
    const rate = createRate(clock, 10)
    const taken = (): number => Array.from({ length: 100 }, () => rate.take()).filter(Boolean).length
    expect(taken()).toBe(10)
    await clock.advance(6_000)
    expect(taken()).toBe(1)
    await clock.advance(3_600_000)
    expect(taken()).toBe(10)
  })

  it('may have another burst than a minute’s worth', async () => {
    const clock = createManualClock()
    const rate = createRate(clock, 1, 60)
    const taken = (): number => Array.from({ length: 100 }, () => rate.take()).filter(Boolean).length
    expect(taken()).toBe(60)
    await clock.advance(120_000)
    expect(taken()).toBe(2)
    await clock.advance(24 * 3_600_000)
    expect(taken()).toBe(60)
  })

  it('keeps keys apart and forgets the longest unused', () => {
    const rate = createKeyedRate(createManualClock(), 1, 2)
    expect([rate.take('a'), rate.take('a'), rate.take('b')]).toEqual([true, false, true])
    rate.take('a')
    rate.take('c')
    expect([rate.take('a'), rate.take('b')]).toEqual([false, true])
  })
})

describe('scores', () => {
  it('faults add up, fade, and a drop doubles the time out up to an hour', async () => {
    const clock = createManualClock()
    const scores = createScores(clock)
    expect(scores.fault('a', faultsMax - 1)).toBe(false)
    await clock.advance(600_000)
    expect(scores.fault('a', faultsMax - 1)).toBe(false)
    expect(scores.backedOff('a')).toBe(false)
    expect(scores.fault('a', 1)).toBe(true)
    for (const outMs of [firstBackOffMs, 2 * firstBackOffMs, 4 * firstBackOffMs]) {
      await clock.advance(outMs - 1)
      expect(scores.backedOff('a')).toBe(true)
      await clock.advance(1)
      expect(scores.backedOff('a')).toBe(false)
      expect(scores.fault('a', faultsMax)).toBe(true)
    }
    for (let i = 0; i < 20; i++) scores.fault('a', faultsMax)
    await clock.advance(backOffMsMax)
    expect(scores.backedOff('a')).toBe(false)
    expect(scores.backedOff('b')).toBe(false)
  })
})

describe('back-off', () => {
  it('doubles with jitter up to its most, and starts again', () => {
    const backOff = createBackOff(createSeededRandom(1), 1_000, 8_000)
    for (const span of [1_000, 2_000, 4_000, 8_000, 8_000]) {
      const wait = backOff.nextMs()
      expect(wait).toBeGreaterThanOrEqual(span / 2)
      expect(wait).toBeLessThanOrEqual(span)
    }
    backOff.reset()
    expect(backOff.nextMs()).toBeLessThanOrEqual(1_000)
  })

  it('dials: who failed is left alone for longer each time', async () => {
    const clock = createManualClock()
    const dials = createDials(clock)
    for (let spanMs = firstRetryMs; spanMs < retryMsMax; spanMs *= 2) {
      dials.failed('a')
      await clock.advance(spanMs - 1)
      expect(dials.mayTry('a')).toBe(false)
      await clock.advance(1)
      expect(dials.mayTry('a')).toBe(true)
    }
    dials.failed('a')
    expect([dials.mayTry('a'), dials.mayTry('b')]).toEqual([false, true])
    dials.succeeded('a')
    expect(dials.mayTry('a')).toBe(true)
  })
})

describe('outbox', () => {
  const setUp = () => {
    const clock = createManualClock()
    const sent: number[] = []
    const state = { buffered: 0, overflows: 0 }
    const link = {
      send: (frame: Uint8Array) => (sent.push(frame[0]!), (state.buffered += frame.length)),
      bufferedBytes: () => state.buffered,
    } as unknown as Link
    const outbox = createOutbox(
      clock,
      () => link,
      () => state.overflows++,
    )
    const frame = (tag: number, size = 1) => new Uint8Array(size).fill(tag)
    return { clock, sent, state, outbox, frame }
  }

  it('waits while the link is full, and lets small things of weight overtake bulk', async () => {
    const { clock, sent, state, outbox, frame } = setUp()
    await outbox.put(frame(1, bufferedBytesMax), priorityOf('chunk'))
    const done: number[] = []
    for (const [tag, type] of [
      [2, 'chunk'],
      [3, 'entries'],
      [4, 'signed'],
    ] as const)
      void outbox.put(frame(tag), priorityOf(type)).then(() => done.push(tag))
    await clock.advance(1_000)
    expect(sent).toEqual([1])
    expect(done).toEqual([])
    state.buffered = 0
    await clock.advance(1_000)
    expect(sent).toEqual([1, 4, 3, 2])
    expect(done).toEqual([4, 3, 2])
  })

  it('tells who waits that the link has ended, and who comes later', async () => {
    const { outbox, state, frame } = setUp()
    state.buffered = bufferedBytesMax
    const waiting = outbox.put(frame(1), 0)
    outbox.end()
    expect(await waiting).toEqual({ ok: false, error: { type: 'closed' } })
    expect(await outbox.put(frame(1), 0)).toEqual({ ok: false, error: { type: 'closed' } })
  })

  it('does not grow without end for a peer that takes nothing', () => {
    const { outbox, state, frame } = setUp()
    state.buffered = bufferedBytesMax
    void outbox.put(frame(1, waitingBytesMax), 2)
    expect(state.overflows).toBe(0)
    void outbox.put(frame(1), 2)
    expect(state.overflows).toBe(1)
  })
})
