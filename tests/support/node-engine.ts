/**
 * The engine's port in Node, in this thread: the same tokenizer, encoder and search as the browser's, without Workers, rests and
 * mirrors. Models are read from folders in hub layout. For tests and for the vectors that they compare with.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toEngineError } from '../../src/engine/engine-error.ts'
import { createSearcher } from '../../src/engine/search.ts'
import { err, ok, type Result } from '../../src/lib/result.ts'
import { createSerial } from '../../src/lib/serial.ts'
import { type LoadedModel, loadModel } from '../../src/node/load-model.ts'
import type { Engine, EngineError, ModelStatus } from '../../src/tasks/engine.ts'
import type { ModelCard } from '../../src/tasks/model-card.ts'
import { mini, miniF32, minilm } from '../../src/tasks/models.ts'

/** The project's own models, then those of a folder that the environment names. */
const modelFolders = (): readonly string[] => [
  'models',
  ...(process.env.EDGE_NET_MODELS === undefined ? [] : [process.env.EDGE_NET_MODELS]),
]
export const modelFolder = (repo: string): string | undefined =>
  modelFolders()
    .map((root) => join(root, repo))
    .find((path) => existsSync(path))

export const createNodeEngine = (known: readonly ModelCard[] = [mini, miniF32, minilm]): Engine => {
  let cards = known
  let share = 1
  const loaded = new Map<string, LoadedModel>()
  const failed = new Map<string, EngineError>()
  const listeners = new Set<() => void>()
  const waiting = new Set<() => void>()
  const closing = new AbortController()
  // Sessions are not re-entrant, and a model is loaded once.
  const serial = createSerial()
  const searcher = createSearcher(() => readFile('public/kernels/dot-topk.wasm'))
  const changed = (): void => listeners.forEach((listener) => listener())
  const wake = (): void => waiting.forEach((resume) => resume())

  const open = (model: string): Promise<Result<LoadedModel, EngineError>> =>
    serial(model, async () => {
      const card = cards.find(({ name }) => name === model)
      if (!card) return err({ type: 'unknown-model', model })
      const here = loaded.get(model)
      if (here?.card === card) return ok(here)
      const opened = await loadModel(card, modelFolders())
      if (opened.ok) loaded.set(model, opened.value)
      else failed.set(model, opened.error)
      changed()
      return opened
    })

  /** Until the share lets work run; false when it was told to stop instead. */
  const mayRun = async (signal: AbortSignal): Promise<boolean> => {
    while (share === 0 && !signal.aborted)
      await new Promise<void>((resolve) => {
        const resume = (): void => {
          waiting.delete(resume)
          signal.removeEventListener('abort', resume)
          resolve()
        }
        waiting.add(resume)
        signal.addEventListener('abort', resume)
      })
    return !signal.aborted
  }

  return {
    configure: (models) => {
      cards = models
      changed()
    },
    classes: () => [...loaded.values()].map(({ card, resultClass }) => ({ model: card.name, resultClass })),
    models: () =>
      cards.map((card): ModelStatus => {
        const totalBytes = card.files.reduce((sum, file) => sum + file.bytes, 0)
        const error = failed.get(card.name)
        if (loaded.has(card.name)) return { name: card.name, state: 'ready', loadedBytes: totalBytes, totalBytes }
        return { name: card.name, state: error ? 'failed' : 'absent', loadedBytes: 0, totalBytes, ...(error ? { error } : {}) }
      }),
    prepare: async (model) => {
      const opened = await open(model)
      return opened.ok ? ok(undefined) : opened
    },
    countTokens: async (model, texts) => {
      const opened = await open(model)
      return opened.ok ? ok(texts.map((text) => opened.value.tokenizer.encode(text).ids.length)) : opened
    },
    embed: async ({ model, texts, signal, onProgress }) => {
      const stop = AbortSignal.any([closing.signal, ...(signal ? [signal] : [])])
      const opened = await open(model)
      if (!opened.ok) return opened
      const { card, tokenizer, encoder, resultClass } = opened.value
      const vectors = new Float32Array(texts.length * card.dimension)
      const truncated: number[] = []
      let busyMs = 0
      try {
        for (const [i, text] of texts.entries()) {
          if (!(await mayRun(stop))) return err({ type: 'aborted' })
          const tokens = tokenizer.encode(text)
          if (tokens.truncated) truncated.push(i)
          const encoded = await serial(model, () => encoder.encode(tokens.ids))
          vectors.set(encoded.vector, i * card.dimension)
          busyMs += encoded.busyMs
          onProgress?.(i + 1)
        }
      } catch (error) {
        return err(toEngineError(error))
      }
      return ok({ vectors, dimension: card.dimension, resultClass, busyMs, truncated })
    },
    search: async (vectors, dimension, queries, k) => {
      try {
        return ok(await searcher.search(vectors, dimension, queries, k))
      } catch (error) {
        return err(toEngineError(error))
      }
    },
    setShare: (next) => {
      share = next
      wake()
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => closing.abort(),
  }
}
