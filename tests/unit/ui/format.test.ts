import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as format from '../../../src/ui/format.ts'

test.each([
  [12_350_000, '12.35'],
  [12_359_999, '12.35'],
  [0, '0.00'],
  [-0, '0.00'],
  [1, '<0.01'],
  [-1, '0.00'],
  [-2_500_000, '-2.50'],
  [1_234_567_890_000, '1,234,567.89'],
  [NaN, '–'],
  [Infinity, '–'],
])('%d µcr are %s credits', (micro, text) => {
  expect(format.formatCredits(micro)).toBe(text)
})

test.each([
  [24 * 60, '24 hr'],
  [23 * 60 + 40, '23 hr 40 min'],
  [1, '1 min'],
  [0, '0 min'],
  [-5, '0 min'],
])('%d minutes are waited as %s', (minutes, text) => {
  expect(format.formatWait(minutes * 60_000)).toBe(text)
  expect(format.formatWait(minutes * 60_000 - 1)).toBe(text)
  expect(format.formatWait(NaN)).toBe('–')
})

test('amounts that people chose show no empty cents', () => {
  expect([37_000_000, 12_500_000, 0, 1_234_000_000, 1].map(format.formatAmount)).toEqual(['37', '12.50', '0', '1,234', '<0.01'])
})

test('a price is rounded up, a balance down: what is shown as affordable is', () => {
  expect(format.formatPrice(150_001)).toBe('0.16')
  expect(format.formatCredits(159_999)).toBe('0.15')
  expect(format.formatPrice(150_000)).toBe('0.15')
  expect([80_000, 1, 12_500_000].map(format.formatExact)).toEqual(['0.08', '0.000001', '12.5'])
})

test('changes carry their sign', () => {
  expect([1_200_000, -1_200_000, 0, 5].map(format.formatChange)).toEqual(['+1.20', '-1.20', '0.00', '+0.01'])
})

test('ages, durations, sizes', () => {
  expect([0, 59_000, 61_000, 7_200_000, 90_000_000, -5_000].map((age) => format.formatAgo(1e12 - age, 1e12))).toEqual([
    'now',
    'now',
    '1 minute ago',
    '2 hours ago',
    'yesterday',
    'now',
  ])
  expect([0.4, 340, 4_240, 61_000].map(format.formatDuration)).toEqual(['0 ms', '340 ms', '4.2 sec', '1 min'])
  expect([0, 999, 1_040_000, 23_700_000].map(format.formatBytes)).toEqual(['0 byte', '999 byte', '1 MB', '24 MB'])
})

test('nothing ever shows NaN, Infinity or a negative zero', () => {
  const all = [
    format.formatCredits,
    format.formatPrice,
    format.formatExact,
    format.formatChange,
    format.formatCount,
    format.formatPercent,
    format.formatBytes,
    format.formatDuration,
    (x: number) => format.formatAgo(x, 0),
    (x: number) => format.formatCores(x, 4),
  ]
  fc.assert(
    fc.property(fc.double(), (x) => {
      for (const show of all) expect(show(x)).not.toMatch(/NaN|Infinity|∞|^-0([.,]0*)?%?$/)
    }),
  )
})

test('long ids are short, short ones whole', () => {
  expect(format.shortId('0123456789abcdef')).toBe('01234567')
  expect(format.shortId('job-12')).toBe('job-12')
})
