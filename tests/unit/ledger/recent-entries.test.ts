import { expect, test } from 'vitest'
import { createRecentEntries } from '../../../src/ledger/recent-entries.ts'
import { createPerson, createWorld, next, pay } from './fixtures.ts'

test('gives back what has the same bytes, and nothing else; the oldest go', async () => {
  const world = await createWorld()
  const ana = await createPerson('ana')
  const [one, other] = [
    await next(world, ana, undefined, [pay([world.issuer, 1])]),
    await next(world, ana, undefined, [pay([world.issuer, 2])]),
  ]
  const recent = createRecentEntries()
  recent.add('place', one)
  expect(recent.get('place', one.bytes.slice())).toBe(one)
  expect(recent.get('place', other.bytes)).toBeUndefined()
  expect(recent.get('elsewhere', one.bytes)).toBeUndefined()
  for (let i = 0; i < 511; i++) recent.add(`${i}`, other)
  expect(recent.get('place', one.bytes)).toBe(one)
  recent.add('one more', other)
  expect(recent.get('place', one.bytes)).toBeUndefined()
})
