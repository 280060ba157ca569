import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSearcher } from '../../../src/engine/search.ts'
import type { Hit } from '../../../src/tasks/engine.ts'

const readKernel = () => readFile('public/kernels/dot-topk.wasm')
const { search } = createSearcher(readKernel)

const vectorsOf = (rows: readonly (readonly number[])[]): Float32Array => Float32Array.from(rows.flat())

const reference = (vectors: Float32Array, dimension: number, query: Float32Array): Hit[] =>
  Array.from({ length: vectors.length / dimension }, (_, row): Hit => {
    let score = 0
    for (let i = 0; i < dimension; i++) score += (vectors[row * dimension + i] ?? 0) * (query[i] ?? 0)
    return { row, score }
  }).sort((a, b) => b.score - a.score || a.row - b.row)

/** Scores may differ in their last bits, so rows whose scores are nearer than that may stand in either order. */
const expectSame = (hits: readonly Hit[], expected: readonly Hit[], k: number, within: number): void => {
  expect(hits.length).toBe(Math.min(k, expected.length))
  expect(new Set(hits.map((hit) => hit.row)).size).toBe(hits.length)
  hits.forEach((hit, rank) => {
    const exact = expected.find((other) => other.row === hit.row)
    expect(Math.abs(hit.score - (exact?.score ?? NaN))).toBeLessThan(within)
    const ranked = expected[rank]
    if (ranked?.row !== hit.row) expect(Math.abs((ranked?.score ?? NaN) - (exact?.score ?? NaN))).toBeLessThan(within)
  })
}

/** Unit vectors of a linear congruential sequence: quick for a million numbers, and the same for the same seed. */
const unitRows = (seed: number, count: number, dimension: number): Float32Array => {
  let state = seed >>> 0
  const rows = Float32Array.from(
    { length: count * dimension },
    () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1,
  )
  for (let row = 0; row < count; row++) {
    const view = rows.subarray(row * dimension, (row + 1) * dimension)
    const norm = Math.hypot(...view)
    view.forEach((x, i) => (view[i] = x / norm))
  }
  return rows
}

describe('search', () => {
  test('finds what a plain loop finds, for any shape', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 130 }),
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 130 }),
        fc.nat(),
        async (dimension, rows, queryCount, k, seed) => {
          const vectors = unitRows(seed, rows, dimension)
          const queries = unitRows(seed + 1, queryCount, dimension)
          const found = await search(vectors, dimension, queries, k)
          expect(found.length).toBe(queryCount)
          found.forEach((hits, q) => {
            expectSame(hits, reference(vectors, dimension, queries.subarray(q * dimension, (q + 1) * dimension)), k, 1e-6)
          })
        },
      ),
      { numRuns: 150 },
    )
  })

  test('equal rows: the lower number is first, and stays when k cuts between them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })), { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 90 }),
        async (rows, k) => {
          const vectors = vectorsOf(rows)
          const query = Float32Array.of(1, 2)
          // Small whole numbers are exact in both, so order is compared without a tolerance.
          const [hits] = await search(vectors, 2, query, k)
          expect(hits).toEqual(reference(vectors, 2, query).slice(0, k))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('rows beyond one memory block keep their numbers', async () => {
    const dimension = 384
    const rows = 3001
    const vectors = unitRows(1, rows, dimension)
    const queries = unitRows(2, 17, dimension)
    // The same row in the first block, across the blocks and at the end.
    const twin = vectors.slice(0, dimension)
    for (const row of [700, 1500, 3000]) vectors.set(twin, row * dimension)
    queries.set(twin, 16 * dimension)
    const found = await search(vectors, dimension, queries, 10)
    found.forEach((hits, q) => {
      expectSame(hits, reference(vectors, dimension, queries.subarray(q * dimension, (q + 1) * dimension)), 10, 1e-6)
    })
    expect(found[16]?.slice(0, 4).map((hit) => hit.row)).toEqual([0, 700, 1500, 3000])
  })

  test('a score that is no number is no hit, and hides none', async () => {
    const vectors = vectorsOf([
      [NaN, 0],
      [1, 0],
      [Infinity, -Infinity],
      [2, 0],
    ])
    const [hits, none] = await search(vectors, 2, Float32Array.of(1, 1, NaN, NaN), 10)
    expect(hits).toEqual([
      { row: 3, score: 2 },
      { row: 1, score: 1 },
    ])
    expect(none).toEqual([])
  })

  test('nothing to search in, nothing asked, nothing wanted', async () => {
    expect(await search(new Float32Array(), 4, Float32Array.of(1, 0, 0, 0), 3)).toEqual([[]])
    expect(await search(Float32Array.of(1, 0, 0, 0), 4, new Float32Array(), 3)).toEqual([])
    expect(await search(Float32Array.of(1, 0), 2, Float32Array.of(1, 0), 0)).toEqual([[]])
  })

  test('a small search after a large one and the other way round', async () => {
    const small = await search(vectorsOf([[1, 0, 2]]), 3, Float32Array.of(1, 1, 1), 1)
    await search(unitRows(3, 2000, 128), 128, unitRows(2, 3, 128), 2000)
    expect(await search(vectorsOf([[1, 0, 2]]), 3, Float32Array.of(1, 1, 1), 1)).toEqual(small)
  })

  test('a kernel that did not load is asked for again', async () => {
    let tries = 0
    const searcher = createSearcher(() => (++tries === 1 ? Promise.reject(new Error('offline')) : readKernel()))
    await expect(searcher.search(Float32Array.of(1), 1, Float32Array.of(1), 1)).rejects.toThrow('offline')
    expect(await searcher.search(Float32Array.of(1), 1, Float32Array.of(1), 1)).toEqual([[{ row: 0, score: 1 }]])
    await searcher.search(Float32Array.of(1), 1, Float32Array.of(1), 1)
    expect(tries).toBe(2)
  })
})
