import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCredits, typedCredits } from '../../../src/ui/parse-credits.ts'

test.each([
  ['1', 1_000_000],
  [' 12.5 ', 12_500_000],
  ['12,5', 12_500_000],
  ['.000001', 1],
  ['0,1', 100_000],
  // No thousand begins with a zero, and no group has four digits or comes after four.
  ['0.125', 125_000],
  ['.125', 125_000],
  ['1.2500', 1_250_000],
  ['1000,125', 1_000_125_000],
  ['1000', 1_000_000_000],
  ['9007199254', 9_007_199_254_000_000],
])('%s is an amount', (typed, micro) => expect(parseCredits(typed)).toEqual({ ok: true, value: micro }))

test.each(['', ' ', '.', '0', '0.0', '-1', '+1', '1e3', '1.0000001', '12 3', 'x', '9007199255', '99999999999', 'NaN', '１'])(
  '“%s” is none',
  (typed) => expect(parseCredits(typed)).toEqual({ ok: false, error: 'amount' }),
)

test.each(['1,000', '1.000', '1,234', ' 12,500 ', '12.500', '999,999', '1,000,000', '1.000.000', '1,000.5', '1.000,50'])(
  '“%s” may be thousands, and is not guessed',
  (typed) => expect(parseCredits(typed)).toEqual({ ok: false, error: 'grouped' }),
)

test('whatever is written with six places, or as it may be typed, comes back exactly', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        fc.integer({ min: 1, max: 5_000_000 }).map((n) => n * 1_000),
      ),
      (micro) => {
        const text = String(micro).padStart(7, '0')
        for (const typed of [`${text.slice(0, -6)}.${text.slice(-6)}`, typedCredits(micro)])
          expect(parseCredits(typed)).toEqual({ ok: true, value: micro })
      },
    ),
  )
  expect([1_000_000_000, 12_500_000, 1_125_000, 1].map(typedCredits)).toEqual(['1000', '12.5', '1.1250', '0.000001'])
})
