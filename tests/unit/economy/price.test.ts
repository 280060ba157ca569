import fc from 'fast-check'
import { expect, test } from 'vitest'
import { privateDefaults } from '../../../src/economy/policy-codec.ts'
import { storageRentMicro } from '../../../src/economy/price.ts'

const dayMs = 24 * 60 * 60_000
const mb = 1_000_000
const { storageMicro } = privateDefaults

test('a megabyte for a day costs a hundredth of a credit, and more or less in proportion', () => {
  expect(storageMicro).toBe(10_000)
  expect(storageRentMicro(mb, dayMs, storageMicro)).toBe(10_000)
  expect(storageRentMicro(1_000 * mb, 30 * dayMs, storageMicro)).toBe(300_000_000)
  expect(storageRentMicro(mb / 2, dayMs / 2, storageMicro)).toBe(2_500)
  expect([storageRentMicro(0, dayMs, storageMicro), storageRentMicro(mb, 0, storageMicro), storageRentMicro(mb, dayMs, 0)]).toEqual([
    0, 0, 0,
  ])
})

test('is rounded up, and once: a byte for a moment costs one, a day of moments no more than the day', () => {
  expect(storageRentMicro(1, 1, storageMicro)).toBe(1)
  expect(storageRentMicro(mb, dayMs + 1, storageMicro)).toBe(10_001)
  // The naive rule, rounded a second, asks for more than eight times as much.
  expect(storageRentMicro(mb, 1_000, storageMicro) * 86_400).toBe(86_400)
})

test('is exact where a float is not, and ends at what a counter holds', () => {
  const [bytes, forMs] = [1_059_600, 3 * dayMs]
  expect(Math.ceil((bytes / mb) * (forMs / dayMs) * storageMicro)).toBe(31_789)
  expect(storageRentMicro(bytes, forMs, storageMicro)).toBe(31_788)
  expect(storageRentMicro(123_456_789_012_345, 987_654_321, storageMicro)).toBe(14_112_573_046_856)
  expect(storageRentMicro(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER)
  for (const wrong of [-1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1])
    expect(() => storageRentMicro(wrong, dayMs, storageMicro)).toThrow()
})

test('what is kept in parts costs as much as the whole, but for a micro-credit a part', () => {
  const size = fc.nat(2 ** 40)
  const ms = fc.nat(400 * dayMs)
  fc.assert(
    fc.property(size, size, ms, (a, b, forMs) => {
      const parts = storageRentMicro(a, forMs, storageMicro) + storageRentMicro(b, forMs, storageMicro)
      const whole = storageRentMicro(a + b, forMs, storageMicro)
      expect(parts - whole).toBeGreaterThanOrEqual(0)
      expect(parts - whole).toBeLessThanOrEqual(1)
    }),
  )
})
