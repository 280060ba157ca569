import { expect, test } from 'vitest'
import { createSeededRandom, randomBelow } from '../../../src/lib/random.ts'
import { pickPlaces, wrongPlaces } from '../../../src/ui/recovery-check.ts'

test('three different places in order, and every place is asked for sooner or later', () => {
  const random = createSeededRandom('places')
  const seen = new Set<number>()
  for (let i = 0; i < 200; i++) {
    const places = pickPlaces(24, (n) => randomBelow(random, n))
    expect(places).toHaveLength(3)
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b))
    for (const place of places) seen.add(place)
  }
  expect(seen).toEqual(new Set(Array.from({ length: 24 }, (_, i) => i)))
})

test('case and spaces are forgiven, other words are not', () => {
  const words = ['apple', 'brick', 'cloud', 'dune']
  expect(wrongPlaces(words, [0, 2, 3], [' Apple', 'CLOUD ', 'dune'])).toEqual([])
  expect(wrongPlaces(words, [0, 2, 3], ['apple', 'dune', ''])).toEqual([2, 3])
})
