/** Our side and the other side of each comparison behind one shape, for the bench to drive from outside. */
import { systemClock } from '../../../src/crypto/clock.ts'
import { privateDefaults } from '../../../src/economy/policy-codec.ts'
import { browserEngineDeps } from '../../../src/engine/browser-engine.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { Result } from '../../../src/lib/result.ts'
import { embeddingUnits } from '../../../src/tasks/embedding/embedding.ts'
import type { EngineError } from '../../../src/tasks/engine.ts'
import type { ModelCard } from '../../../src/tasks/model-card.ts'
import { plainTopK } from './plain-search.ts'
import type { TheirsRequest } from './theirs.worker.ts'

export interface BenchPage {
  readonly cores: number
  readonly ours: (card: ModelCard, texts: readonly string[]) => Promise<number>
  /** `batch` texts a run, sorted by length. */
  readonly theirs: (card: ModelCard, texts: readonly string[], batch: number) => Promise<number>
  /** What the texts cost at the list price, in µcr. */
  readonly units: (card: ModelCard, texts: readonly string[]) => Promise<number>
  /** Fills the vectors that are searched, and gives them to the Worker. */
  readonly fill: (rows: number, dimension: number) => Promise<void>
  /** One search of `queries` rows together, by both sides; throws where they find different rows. */
  readonly search: (queries: number, k: number) => Promise<{ readonly oursMs: number; readonly plainMs: number }>
}

const engine = createEngine({ ...browserEngineDeps(`${location.origin}/`, systemClock, () => `${location.origin}/hub`), assetsBase: null })
engine.setShare(1)
const must = <T>(result: Result<T, EngineError>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}
let configured: string | undefined
const use = (card: ModelCard): void => {
  if (configured !== card.name) engine.configure([card], [])
  configured = card.name
}

const worker = new Worker(new URL('./theirs.worker.ts', import.meta.url), { type: 'module' })
const ask = (request: TheirsRequest): Promise<number> =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<number | string>) => (typeof data === 'number' ? resolve(data) : reject(new Error(data)))
    worker.onerror = (event) => reject(new Error(event.message))
    worker.postMessage(request)
  })

let searched = { vectors: new Float32Array(0), dimension: 1 }
/** Unit rows as embeddings are; which ones does not matter. */
const randomRows = (rows: number, dimension: number): Float32Array<ArrayBuffer> => {
  const vectors = Float32Array.from({ length: rows * dimension }, () => Math.random() - 0.5)
  for (let from = 0; from < vectors.length; from += dimension) {
    const row = vectors.subarray(from, from + dimension)
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0))
    row.forEach((x, i) => (row[i] = x / length))
  }
  return vectors
}
const timed = async <T>(action: () => T | Promise<T>): Promise<{ readonly value: T; readonly ms: number }> => {
  const start = performance.now()
  const value = await action()
  return { value, ms: performance.now() - start }
}

const page: BenchPage = {
  cores: navigator.hardwareConcurrency,
  ours: async (card, texts) => {
    use(card)
    return (await timed(async () => must(await engine.embed({ model: card.name, texts })))).ms
  },
  theirs: (card, texts, batch) =>
    ask({
      hub: `${location.origin}/hub/`,
      ort: `${location.origin}/their-ort/`,
      card,
      texts,
      batch,
      threads: navigator.hardwareConcurrency,
    }),
  units: async (card, texts) => {
    use(card)
    return embeddingUnits(must(await engine.countTokens(card.name, texts)), privateDefaults.prices.embedding)
  },
  fill: async (rows, dimension) => {
    searched = { vectors: randomRows(rows, dimension), dimension }
    must(await engine.search(searched.vectors, dimension, searched.vectors.slice(0, dimension), 1))
  },
  search: async (queries, k) => {
    const { vectors, dimension } = searched
    const wanted = randomRows(queries, dimension)
    const ours = await timed(async () => must(await engine.search(vectors, dimension, wanted, k)))
    const plain = await timed(() => plainTopK(vectors, dimension, wanted, k))
    // Sums in another order differ in their last bits: rows at the end of the list may change places with the next.
    plain.value.forEach((rows, q) => {
      const same = rows.filter((row) => ours.value[q]!.some((hit) => hit.row === row)).length
      if (same < k - 1) throw new Error(`only ${same} of ${k} rows are the same`)
    })
    return { oursMs: ours.ms, plainMs: plain.ms }
  },
}
Object.assign(globalThis, { bench: page })
