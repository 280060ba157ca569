import { describe, expect, it } from 'vitest'
import { findStamp, stampBytes, type StampFor, type StampStep, verifyStamp } from '../../../src/economy/stamp.ts'
import { toHex } from '../../../src/lib/bytes.ts'

const key = (n: number) => new Uint8Array(32).fill(n)
const wanted = (bits: number, changes: Partial<StampFor> = {}): StampFor => ({ device: key(1), swarm: key(2), bits, ...changes })
const stepsOf = async (...of: Parameters<typeof findStamp>): Promise<StampStep[]> => {
  const steps: StampStep[] = []
  for await (const step of findStamp(...of)) steps.push(step)
  return steps
}
const make = async (of: StampFor): Promise<{ readonly steps: readonly StampStep[]; readonly stamp: Uint8Array }> => {
  const steps = await stepsOf(of)
  const last = steps.at(-1)!
  if (last.type !== 'found') throw new Error(last.type)
  return { steps, stamp: last.stamp }
}
const reasonOf = async (stamp: Uint8Array, of: StampFor) => {
  const checked = await verifyStamp(stamp, of)
  return checked.ok ? 'good' : checked.error.reason
}

describe('a stamp', () => {
  it('is found with a step a try, and good for its device, swarm and difficulty only', async () => {
    const { steps, stamp } = await make(wanted(2))
    expect(stamp).toHaveLength(stampBytes)
    expect(steps.slice(0, -1)).toEqual(steps.slice(0, -1).map((_, i) => ({ type: 'trying', tries: i + 1, triesExpected: 4 })))
    expect(steps.at(-1)).toMatchObject({ tries: steps.length })
    expect(await reasonOf(stamp, wanted(2))).toBe('good')
    expect(await reasonOf(stamp, wanted(1))).toBe('good')
    expect(await reasonOf(stamp, wanted(40))).toBe('difficulty')
    // A stamp for another passes by luck only: of eight others at eight bits, none does here.
    for (let n = 3; n < 7; n++) {
      expect(await reasonOf(stamp, wanted(8, { device: key(n) }))).toBe('difficulty')
      expect(await reasonOf(stamp, wanted(8, { swarm: key(n) }))).toBe('difficulty')
    }
  })

  it('has one digest for all time', async () => {
    // Found once and kept: another implementation, or another version of this one, must take and find the same.
    const found = await Promise.all([1, 5, 6].map((n) => make(wanted(2, { device: key(n) }))))
    expect(found.map(({ stamp }) => toHex(stamp))).toEqual(['0000000000000001', '0000000000000000', '0000000000000003'])
  })

  it('is empty where none is asked for', async () => {
    expect(await make(wanted(0))).toEqual({ steps: [{ type: 'found', tries: 0, stamp: new Uint8Array(0) }], stamp: new Uint8Array(0) })
    expect(await reasonOf(new Uint8Array(0), wanted(0))).toBe('good')
    expect(await reasonOf(new Uint8Array(8), wanted(0))).toBe('good')
    expect(await reasonOf(new Uint8Array(9), wanted(0))).toBe('length')
    expect(await reasonOf(new Uint8Array(0), wanted(1))).toBe('length')
    expect(await reasonOf(new Uint8Array(64), wanted(1))).toBe('length')
  })

  it('can be called off between two tries', async () => {
    const cancel = new AbortController()
    const steps: StampStep[] = []
    for await (const step of findStamp(wanted(200), { signal: cancel.signal })) {
      steps.push(step)
      if (steps.length === 2) cancel.abort()
    }
    expect(steps.map((s) => [s.type, s.tries])).toEqual([
      ['trying', 1],
      ['trying', 2],
      ['aborted', 2],
    ])
  })

  it('can be gone on with where a Worker was stopped', async () => {
    const { steps, stamp } = await make(wanted(2))
    const rest = await stepsOf(wanted(2), { firstNonce: steps.length - 1 })
    expect(rest).toEqual([{ type: 'found', tries: 1, stamp }])
  })
})
