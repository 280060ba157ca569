import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { contributionMultiplier } from '../../src/economy/multiplier.ts'
import { multiplierPpm } from '../../src/ledger/issuance.ts'
import { formatVectors, multipliersFile, multiplierVectors, type MultiplierVectors } from './multipliers.ts'

const text = readFileSync(multipliersFile, 'utf8')
const { valid, invalid } = JSON.parse(text) as MultiplierVectors

describe('multipliers.json', () => {
  it('is what this program writes', () => {
    expect(text, 'run npx tsx tests/vectors/multipliers.ts, if the change is meant').toBe(formatVectors(multiplierVectors()))
    expect([valid.length, invalid.length]).toEqual([23, 5])
  })

  test.each(valid)('x = $xCpuSeconds s at D = $decayCpuSeconds s is $ppm ppm', ({ hours, xCpuSeconds, decayCpuSeconds, ppm }) => {
    expect(multiplierPpm(BigInt(xCpuSeconds), BigInt(decayCpuSeconds))).toBe(BigInt(ppm))
    expect(Math.abs(Number(ppm) - 1e6 * (1 + 9 * Math.exp(-Number(xCpuSeconds) / Number(decayCpuSeconds))))).toBeLessThanOrEqual(1)
    if (hours === undefined) return
    const shown = contributionMultiplier(hours)
    expect(shown.ok && Math.abs(shown.value * 1e6 - Number(ppm))).toBeLessThanOrEqual(1)
  })

  test.each(invalid)('$hours hours are refused: $reason', ({ hours, reason }) => {
    expect(contributionMultiplier(Number(hours))).toEqual({ ok: false, error: { type: 'hours', reason } })
  })
})
