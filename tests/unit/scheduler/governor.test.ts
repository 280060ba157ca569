import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pauseMaxMs, pauseMs, planOf } from '../../../src/scheduler/governor.ts'

describe('planOf', () => {
  test.each([
    { share: 0, cores: 8, plan: { workers: 0, duty: 0 } },
    { share: 1, cores: 8, plan: { workers: 8, duty: 1 } },
    { share: 0.5, cores: 8, plan: { workers: 4, duty: 1 } },
    { share: 0.05, cores: 2, plan: { workers: 1, duty: 0.1 } },
    { share: 0.3, cores: 4, plan: { workers: 2, duty: 0.6 } },
    // What a machine or a setting may say, and what then holds.
    { share: 2, cores: 2, plan: { workers: 2, duty: 1 } },
    { share: -1, cores: 2, plan: { workers: 0, duty: 0 } },
    { share: NaN, cores: 2, plan: { workers: 0, duty: 0 } },
    { share: 0.5, cores: 0, plan: { workers: 1, duty: 0.5 } },
  ])('share $share of $cores cores', ({ share, cores, plan }) => {
    const made = planOf(share, cores)
    expect(made.workers).toBe(plan.workers)
    expect(made.duty).toBeCloseTo(plan.duty, 9)
  })

  test('workers × duty is the share of the cores, with as few workers as can carry it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1, noNaN: true }), fc.integer({ min: 1, max: 256 }), (share, cores) => {
        const { workers, duty } = planOf(share, cores)
        expect(workers * duty).toBeCloseTo(share * cores, 6)
        expect(workers).toBeGreaterThanOrEqual(1)
        expect(workers).toBeLessThanOrEqual(cores)
        expect(duty).toBeLessThanOrEqual(1)
        expect(workers - 1).toBeLessThan(share * cores)
      }),
    )
  })

  test('a share in whole percent of ten cores never asks for a core more by rounding', () => {
    for (let tenths = 1; tenths <= 10; tenths++) expect(planOf(tenths / 10, 10).workers).toBe(tenths)
    expect(planOf(0.07 * 10, 10).workers).toBe(7)
  })
})

describe('pauseMs', () => {
  test('holds the duty cycle', () => {
    expect(pauseMs(100, 1)).toBe(0)
    expect(pauseMs(100, 0.5)).toBe(100)
    expect(pauseMs(30, 0.1)).toBeCloseTo(270, 9)
    expect(pauseMs(0, 0.1)).toBe(0)
  })

  test('is bounded, whatever it is asked', () => {
    expect(pauseMs(10_000, 0.001)).toBe(pauseMaxMs)
    expect(pauseMs(10, 0)).toBe(pauseMaxMs)
    expect(pauseMs(10, NaN)).toBe(pauseMaxMs)
    expect(pauseMs(-5, 0.5)).toBe(0)
  })
})
