import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCredits } from '../../../src/ui/parse-credits.ts'

test.each([
  ['1', 1_000_000],
  [' 12.5 ', 12_500_000],
  ['12,5', 12_500_000],
  ['.000001', 1],
  ['0,1', 100_000],
  ['9007199254', 9_007_199_254_000_000],
])('%s is an amount', (typed, micro) => expect(parseCredits(typed)).toBe(micro))

test.each(['', ' ', '.', '0', '0.0', '-1', '+1', '1e3', '1.0000001', '1,000.5', '12 3', 'x', '9007199255', '99999999999', 'NaN', '１'])(
  '“%s” is none',
  (typed) => expect(parseCredits(typed)).toBeNull(),
)

test('whatever is written with six places comes back exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (micro) => {
      const text = String(micro).padStart(7, '0')
      expect(parseCredits(`${text.slice(0, -6)}.${text.slice(-6)}`)).toBe(micro)
    }),
  )
})
