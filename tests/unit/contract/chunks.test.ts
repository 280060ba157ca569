import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAssembly } from '../../../src/contract/chunks.ts'
import type { Bytes } from '../../../src/lib/bytes.ts'

const enc = new Uint8Array(32).fill(1)
const part = (index: number, count: number, first: Bytes = enc) => ({ index, last: index === count - 1, enc: index === 0 ? first : null, data: new Uint8Array([index]) })

test('chunks come together in any order, also twice', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }).chain((n) => fc.tuple(fc.constant(n), fc.shuffledSubarray([...Array(n).keys(), ...Array(n).keys()].map((x) => x), { minLength: 2 * n, maxLength: 2 * n }))), ([n, order]) => {
      const assembly = createAssembly(100)
      const whole = order.map((i) => assembly.add(part(i, n))).find((r) => typeof r === 'object')
      expect(whole).toEqual({ enc, chunks: [...Array(n).keys()].map((i) => new Uint8Array([i])) })
    }),
  )
})

test('it tells the first that is missing', () => {
  const assembly = createAssembly(100)
  expect(assembly.missingFrom()).toBe(0)
  for (const i of [0, 1, 3]) assembly.add(part(i, 5))
  expect(assembly.missingFrom()).toBe(2)
})

test('a sender that began anew (another encapsulated key) replaces what was there', () => {
  const assembly = createAssembly(100)
  assembly.add(part(0, 2))
  const other = new Uint8Array(32).fill(2)
  expect(assembly.add(part(0, 2, other))).toBe('incomplete')
  expect(assembly.add(part(1, 2))).toMatchObject({ enc: other })
})

test('more than was allowed is refused', () => {
  const assembly = createAssembly(2)
  assembly.add(part(0, 4))
  assembly.add(part(1, 4))
  expect(assembly.add(part(2, 4))).toBe('too-large')
})
