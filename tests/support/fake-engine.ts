/** The `Engine` port without models: vectors are a pure function of the text, so that honest workers agree and liars do not. */
import { sha256, utf8 } from '../../src/lib/bytes.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { err, ok } from '../../src/lib/result.ts'
import type { Engine, Hit } from '../../src/tasks/engine.ts'

const dimension = 4
export const fakeClass = 'fake/q8/wasm/test'

export interface FakeEngineOptions {
  readonly clock: Clock
  /** Changes what it answers: a liar. */
  readonly lie?: string
  readonly msPerText?: number
  readonly models?: readonly string[]
}

export const fakeVector = (text: string, lie = ''): Float32Array => {
  const hash = sha256(utf8(lie + text))
  const raw = Array.from({ length: dimension }, (_, i) => hash[i]! - 127.5)
  const norm = Math.hypot(...raw)
  return Float32Array.from(raw, (x) => x / norm)
}

export const createFakeEngine = ({ clock, lie = '', msPerText = 10, models = ['mini'] }: FakeEngineOptions): Engine & { readonly texts: () => number } => {
  let texts = 0
  return {
    texts: () => texts,
    configure: () => {},
    classes: () => models.map((model) => ({ model, resultClass: fakeClass })),
    models: () => models.map((name) => ({ name, state: 'ready', loadedBytes: 1, totalBytes: 1 })),
    prepare: async (model) => (models.includes(model) ? ok(undefined) : err({ type: 'unknown-model', model })),
    countTokens: async (model, list) => (models.includes(model) ? ok(list.map((t) => t.split(' ').length + 2)) : err({ type: 'unknown-model', model })),
    embed: async ({ model, texts: list, signal, onProgress }) => {
      if (!models.includes(model)) return err({ type: 'unknown-model', model })
      for (const [i] of list.entries()) {
        await new Promise<void>((resolve) => void clock.after(msPerText, resolve))
        if (signal?.aborted) return err({ type: 'aborted' })
        texts++
        onProgress?.(i + 1)
      }
      const vectors = new Float32Array(list.length * dimension)
      list.forEach((text, i) => vectors.set(fakeVector(text, lie), i * dimension))
      return ok({ vectors, dimension, resultClass: fakeClass, busyMs: list.length * msPerText, truncated: [] })
    },
    search: async (vectors, d, queries, k) => {
      const rows = vectors.length / d
      const dot = (q: number, row: number): number => Array.from({ length: d }, (_, i) => queries[q * d + i]! * vectors[row * d + i]!).reduce((a, b) => a + b, 0)
      const hits = (q: number): readonly Hit[] =>
        Array.from({ length: rows }, (_, row) => ({ row, score: dot(q, row) }))
          .sort((a, b) => b.score - a.score || a.row - b.row)
          .slice(0, k)
      return ok(Array.from({ length: queries.length / d }, (_, q) => hits(q)))
    },
    setShare: () => {},
    onChange: () => () => {},
    close: () => {},
  }
}
