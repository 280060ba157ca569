import { describe, expect, it } from 'vitest'
import { createStamping } from '../../../src/agent/stamping.ts'
import type { MakeStamp } from '../../../src/economy/stamp.ts'
import type { Bytes } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import type { AgentDeps, Membership } from '../../../src/agent/deps.ts'

const device = { device: new Uint8Array(32) }
const stamp: Bytes = new Uint8Array(8)

/** A vault that keeps a stamp, and makers that the test ends. */
const create = (bits: number, kept: Bytes | null = null) => {
  const clock = createManualClock()
  const state = { kept, asked: 0, changes: 0 }
  const making: { readonly signal: AbortSignal; readonly onTries: (tries: number) => void; readonly end: (made?: Bytes) => void }[] = []
  const makeStamp: MakeStamp = (_, { signal, onTries }) =>
    new Promise((resolve) => {
      making.push({ signal, onTries, end: resolve })
      signal.addEventListener('abort', () => resolve(undefined))
    })
  const call = async (_id: string, _call: string, args: { stamp: Bytes | null }) => {
    state.asked++
    state.kept = args.stamp ?? state.kept
    return { ok: true, value: { stamp: state.kept } }
  }
  const stamping = createStamping(
    { clock, makeStamp, vault: { call } as unknown as AgentDeps['vault'] },
    { device, link: { swarm: new Uint8Array(32) }, policy: { stampBits: bits } } as unknown as Membership,
    () => state.changes++,
  )
  const step = async (wanted: boolean, afterMs = 1_000): Promise<void> => {
    stamping.tick({ wanted })
    await clock.advance(afterMs)
  }
  return { stamping, state, making, step }
}

describe('a stamp', () => {
  it('is made when it is wanted, shown while it is, and kept: once', async () => {
    const { stamping, state, making, step } = create(3)
    await step(false)
    expect([state.asked, making.length]).toEqual([0, 0])
    await step(true)
    await step(true)
    expect(making).toHaveLength(1)
    making[0]!.onTries(5)
    expect(stamping.progress()).toEqual({ tries: 5, triesExpected: 8 })
    making[0]!.end(stamp)
    await step(true)
    expect([state.kept, stamping.progress()]).toEqual([stamp, null])
    expect(state.changes).toBeGreaterThan(2)
    await step(true)
    expect(making).toHaveLength(1)
  })

  it('is not made where one is kept, or none is asked for', async () => {
    const known = create(3, stamp)
    await known.step(true)
    await known.step(true)
    expect([known.making.length, known.state.asked]).toEqual([0, 1])
    const free = create(0)
    await free.step(true)
    expect(free.state.asked).toBe(0)
  })

  it('is called off when work is paused, and begun anew; a Worker that fails is tried again later', async () => {
    const { stamping, making, step } = create(3)
    await step(true)
    await step(false)
    expect([making[0]!.signal.aborted, stamping.progress()]).toEqual([true, null])
    await step(true)
    expect(making).toHaveLength(2)
    making[1]!.end(undefined)
    await step(true)
    await step(true)
    expect(making).toHaveLength(2)
    await step(true, 30_000)
    await step(true)
    expect(making).toHaveLength(3)
    stamping.stop()
    expect(making[2]!.signal.aborted).toBe(true)
  })
})
