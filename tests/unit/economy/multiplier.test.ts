import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calculateReward, contributionMultiplier, tierName, tiers, tiersJson } from '../../../src/economy/multiplier.ts'

const valueOf = <T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

describe('the contribution multiplier', () => {
  it('is the formula, not the rounded table', () => {
    const at = (hours: number) => valueOf(contributionMultiplier(hours))
    expect(at(0)).toBe(10)
    expect(at(100_000)).toBeCloseTo(9.1435, 4)
    expect(at(500_000)).toBeCloseTo(6.4588, 4)
    expect(at(1_000_000)).toBeCloseTo(4.3109, 4)
    expect(at(5_000_000)).toBeCloseTo(1.0606, 4)
  })

  it('refuses hours that cannot be, with the reason, wherever they go in', () => {
    for (const ask of [contributionMultiplier, tierName, (hours: number) => calculateReward(1n, hours)]) {
      expect(ask(-1)).toEqual({ ok: false, error: { type: 'hours', reason: 'negative' } })
      for (const hours of [NaN, Infinity, -Infinity])
        expect(ask(hours)).toEqual({ ok: false, error: { type: 'hours', reason: 'not-finite' } })
    }
    expect(calculateReward(-1n, 0)).toEqual({ ok: false, error: { type: 'base', reason: 'negative' } })
  })

  it('names the times at their bounds', () => {
    expect(
      [0, 99_999.9, 100_000, 499_999, 500_000, 999_999, 1_000_000, 4_999_999, 5_000_000, 1e300].map((h) => valueOf(tierName(h))),
    ).toEqual([
      'Genesis',
      'Genesis',
      'Pioneer',
      'Pioneer',
      'Early Adopter',
      'Early Adopter',
      'Established',
      'Established',
      'Baseline',
      'Baseline',
    ])
  })

  it('has a public table of the formula’s values', () => {
    expect(tiers().map((t) => [t.hours, t.name])).toEqual([
      [0, 'Genesis'],
      [100_000, 'Pioneer'],
      [500_000, 'Early Adopter'],
      [1_000_000, 'Established'],
      [2_000_000, 'Established'],
      [5_000_000, 'Baseline'],
      [10_000_000, 'Baseline'],
    ])
    for (const t of tiers()) expect(t.multiplier).toBe(valueOf(contributionMultiplier(t.hours)))
    expect(JSON.parse(tiersJson())).toEqual(tiers())
  })
})

describe('a reward', () => {
  it('is exact in micro-credits, rounded down, at any size', () => {
    expect(valueOf(calculateReward(1_000_000n, 0))).toBe(10_000_000n)
    expect(valueOf(calculateReward(1n, 1_000_000))).toBe(4n)
    expect(valueOf(calculateReward(10n ** 30n, 1_000_000))).toBe(4_310_914n * 10n ** 24n)
    expect(valueOf(calculateReward(7n, Number.MAX_VALUE))).toBe(7n)
  })

  it('is between once and ten times the base, and never rises with the hours', () => {
    const hours = fc.double({ min: 0, max: 2e7, noNaN: true })
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 80n), hours, hours, (base, a, b) => {
        const [early, late] = [valueOf(calculateReward(base, Math.min(a, b))), valueOf(calculateReward(base, Math.max(a, b)))]
        expect(early <= 10n * base && late >= base && early >= late).toBe(true)
      }),
    )
  })

  it('agrees with the displayed multiplier within one part per million', () => {
    fc.assert(
      fc.property(fc.nat(20_000_000), (hours) => {
        const ppm = Number(valueOf(calculateReward(1_000_000n, hours)))
        expect(Math.abs(ppm - valueOf(contributionMultiplier(hours)) * 1e6)).toBeLessThanOrEqual(1)
      }),
    )
  })
})
