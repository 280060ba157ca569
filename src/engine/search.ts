/**
 * Exact top-k over row-major float32 vectors with our SIMD kernel. Rows pass through the kernel's memory in blocks that stay in
 * the processor's cache while every query of a group reads them, so the vectors are read from main memory once a group.
 * A search computes without a pause: browsers call it in a Worker.
 */
import { assert } from '../lib/assert.ts'
import type { Hit } from '../tasks/engine.ts'

export interface Searcher {
  /** For each query (rows of `queries`) the k best rows of `vectors`, best first, ties to the lower row. A score that is no number is no hit. */
  readonly search: (vectors: Float32Array, dimension: number, queries: Float32Array, k: number) => Promise<readonly (readonly Hit[])[]>
}

/** What src/kernels/dot-topk.ts exports. */
interface Kernel {
  readonly memory: WebAssembly.Memory
  readonly heapBase: () => number
  readonly scan: (
    query: number,
    dimension: number,
    rows: number,
    rowCount: number,
    firstRow: number,
    scores: number,
    ids: number,
    k: number,
    held: number,
  ) => number
}

/** Rows in the kernel's memory at once: half of what a core's own cache commonly holds. */
const blockBytesMax = 512 * 1024
/** Queries that share one pass over the rows. */
const groupMax = 16
const pageBytes = 64 * 1024

export const createSearcher = (loadKernel: () => Promise<BufferSource>): Searcher => {
  let kernel: Promise<Kernel> | undefined
  const load = (): Promise<Kernel> => {
    kernel ??= instantiate(loadKernel).catch((error: unknown) => {
      kernel = undefined
      throw error
    })
    return kernel
  }
  return {
    search: async (vectors, dimension, queries, k) => {
      assert(Number.isInteger(dimension) && dimension > 0, 'a dimension is a positive whole number')
      assert(Number.isInteger(k) && k >= 0, 'k is a whole number')
      assert(vectors.length % dimension === 0 && queries.length % dimension === 0, 'vectors and queries are whole rows')
      const loaded = await load()
      const hits: (readonly Hit[])[] = []
      for (let from = 0; from < queries.length; from += groupMax * dimension) {
        hits.push(...searchGroup(loaded, vectors, dimension, queries.subarray(from, from + groupMax * dimension), k))
      }
      return hits
    },
  }
}

const instantiate = async (loadKernel: () => Promise<BufferSource>): Promise<Kernel> => {
  const { instance } = await WebAssembly.instantiate(await loadKernel(), {})
  return instance.exports as unknown as Kernel
}

/** Memory: queries, then for each query k scores and k row numbers, then one block of rows. */
const searchGroup = (kernel: Kernel, vectors: Float32Array, dimension: number, queries: Float32Array, k: number): (readonly Hit[])[] => {
  const rowCount = vectors.length / dimension
  const queryCount = queries.length / dimension
  const kept = Math.min(k, rowCount)
  if (kept === 0) return Array.from({ length: queryCount }, () => [])

  const rowBytes = dimension * 4
  const blockRows = Math.min(rowCount, Math.max(1, Math.floor(blockBytesMax / rowBytes)))
  const queryAt = align16(kernel.heapBase())
  const heapsAt = align16(queryAt + queries.byteLength)
  const rowsAt = align16(heapsAt + queryCount * kept * 8)
  grow(kernel.memory, rowsAt + blockRows * rowBytes)

  const { buffer } = kernel.memory
  const scoresAt = (query: number): number => heapsAt + query * kept * 8
  const idsAt = (query: number): number => scoresAt(query) + kept * 4
  new Float32Array(buffer, queryAt, queries.length).set(queries)
  const block = new Float32Array(buffer, rowsAt, blockRows * dimension)
  const held = new Int32Array(queryCount)
  for (let first = 0; first < rowCount; first += blockRows) {
    const count = Math.min(blockRows, rowCount - first)
    block.set(vectors.subarray(first * dimension, (first + count) * dimension))
    held.forEach((holds, query) => {
      held[query] = kernel.scan(queryAt + query * rowBytes, dimension, rowsAt, count, first, scoresAt(query), idsAt(query), kept, holds)
    })
  }
  return Array.from(held, (count, query) =>
    bestFirst(new Float32Array(buffer, scoresAt(query), count), new Uint32Array(buffer, idsAt(query), count)),
  )
}

const bestFirst = (scores: Float32Array, rows: Uint32Array): readonly Hit[] =>
  Array.from(scores, (score, i): Hit => ({ row: rows[i] ?? 0, score })).sort((a, b) => b.score - a.score || a.row - b.row)

const align16 = (offset: number): number => Math.ceil(offset / 16) * 16

const grow = (memory: WebAssembly.Memory, bytes: number): void => {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes))
}
