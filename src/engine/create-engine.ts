/**
 * The engine: models from mirrors, texts to vectors on a pool of Workers, exact search in a Worker of its own.
 *
 * It runs in an offscreen document, a background page or Node alike: Workers, storage and network come from outside
 * (browser-engine.ts has the browser's).
 */
import { assert } from '../lib/assert.ts'
import type { Bytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { planOf } from '../scheduler/governor.ts'
import type { Embeddings, Engine, EngineError, ResultClass } from '../tasks/engine.ts'
import type { ModelCard, ModelFile } from '../tasks/model-card.ts'
import { type BackendChoice, chooseBackend, type GpuUse } from './choose-backend.ts'
import type { ModelCache } from './model-cache.ts'
import { createShelfModel, type ShelfModel } from './model-shelf.ts'
import { createModelStore, type Fetch, type Source } from './model-store.ts'
import { createPool, type PoolModel } from './pool.ts'
import { createSearchWorker } from './search-worker.ts'
import type { WorkerPort } from './worker-protocol.ts'
import type { Tokenizer } from './wordpiece.ts'

export interface EngineDeps {
  readonly spawn: () => WorkerPort
  /** URL under which the files of the extension lie (`models/` among them), ending in a slash; null where there are none. */
  readonly assetsBase: string | null
  readonly cache: ModelCache
  readonly fetch: Fetch
  readonly clock: Clock
  /** Logical cores of this machine. */
  readonly cores: number
  /** Asked at every download, so that a change of the setting holds at once. */
  readonly hubUrl: () => string
  readonly gpu: GpuUse
  /** In place of those that come with the program. */
  readonly knownAnswers?: Readonly<Record<ResultClass, string>>
}

interface Entry {
  readonly model: ShelfModel
  /** Where it computes; undefined until it is ready. */
  backend: BackendChoice | undefined
  /** One at a time for all who ask: each takes a Worker of its own and the whole model. */
  choosing: Promise<Result<void, EngineError>> | undefined
}

/** Where no Worker could try the model, none is started for it sooner. */
const chooseAgainMs = 10_000

/** Lies in the packages (scripts/prepare.mjs). */
const bundledRepo = 'edge-net/mini'
const bundledOnnx = 'onnx/model_quantized.onnx'
/** Tokenizing pauses this often, so that the page stays responsive. */
const sliceMs = 20

export const createEngine = (deps: EngineDeps): Engine => {
  const { clock } = deps
  const store = createModelStore(deps)
  const pool = createPool(deps.spawn, clock)
  const searching = createSearchWorker(deps.spawn, clock)
  const listeners = new Set<() => void>()
  let entries = new Map<string, Entry>()
  let mirrors: readonly string[] = []
  let closed = false

  const changed = (): void => listeners.forEach((listener) => listener())

  const sourcesOf = (card: ModelCard, file: ModelFile): readonly Source[] => {
    const bundled = deps.assetsBase !== null && card.repo === bundledRepo && (!file.path.startsWith('onnx/') || file.path === bundledOnnx)
    const bases = [...mirrors, deps.hubUrl()].map((base) => base.replace(/\/+$/, ''))
    return [
      ...(bundled ? [{ url: `${deps.assetsBase}models/${card.repo}/${file.path}`, keep: false }] : []),
      ...[...new Set(bases)].map((base) => ({ url: `${base}/${card.repo}/resolve/${card.revision}/${file.path}`, keep: true })),
    ]
  }
  const enter = (card: ModelCard): Entry => ({
    model: createShelfModel(card, store, (file) => sourcesOf(card, file), changed),
    backend: undefined,
    choosing: undefined,
  })

  const poolModel = (entry: Entry, backend: BackendChoice): PoolModel => {
    const { card } = entry.model
    return {
      key: backend.resultClass,
      backend: backend.backend,
      dimension: card.dimension,
      pooling: card.pooling,
      onnx: () => entry.model.onnx(),
    }
  }

  const prepareEntry = async (entry: Entry, signal?: AbortSignal): Promise<Result<void, EngineError>> => {
    const tokenizer = await entry.model.tokenizer(signal)
    if (!tokenizer.ok) return tokenizer
    const onnx = await entry.model.onnx(signal)
    if (!onnx.ok) return onnx
    if (entry.backend) return ok(undefined)
    return (entry.choosing ??= choose(entry, onnx.value, tokenizer.value))
  }
  const choose = async (entry: Entry, onnx: Bytes, tokenizer: Tokenizer): Promise<Result<void, EngineError>> => {
    const chosen = await chooseBackend(entry.model.card, onnx, tokenizer, deps)
    if (!chosen.ok) {
      clock.after(chooseAgainMs, () => void (entry.choosing = undefined))
      entry.model.setFailed(chosen.error)
      return chosen
    }
    entry.backend = chosen.value
    entry.model.setReady()
    return ok(undefined)
  }

  const find = (model: string): Result<Entry, EngineError> => {
    const entry = entries.get(model)
    return entry ? ok(entry) : err({ type: 'unknown-model', model })
  }

  /** In slices, between which the page's other work has its turn. */
  const tokenize = async (tokenizer: Tokenizer, texts: readonly string[], signal?: AbortSignal) => {
    const encoded = []
    let sliceEnd = clock.now() + sliceMs
    for (const text of texts) {
      if (clock.now() >= sliceEnd) {
        await new Promise<void>((resolve) => void clock.after(0, resolve))
        sliceEnd = clock.now() + sliceMs
      }
      if (signal?.aborted) break
      encoded.push(tokenizer.encode(text))
    }
    return encoded
  }

  /** Files that are here from an earlier start are taken up by themselves: that needs no network. */
  const takeUpKept = async (entry: Entry): Promise<void> => {
    if ((await entry.model.kept()) && !closed) await prepareEntry(entry)
  }

  return {
    configure: (models, nextMirrors) => {
      mirrors = nextMirrors
      const next = new Map<string, Entry>()
      for (const card of models) {
        const known = entries.get(card.name)
        const same = known && JSON.stringify(known.model.card) === JSON.stringify(card)
        const entry = same ? known : enter(card)
        next.set(card.name, entry)
        if (!same) void takeUpKept(entry)
      }
      entries = next
      changed()
    },
    classes: () =>
      [...entries.values()].flatMap(({ model, backend }): { model: string; resultClass: ResultClass }[] =>
        backend ? [{ model: model.card.name, resultClass: backend.resultClass }] : [],
      ),
    models: () => [...entries.values()].map(({ model }) => model.status()),
    prepare: async (name, signal) => {
      const entry = find(name)
      return entry.ok ? prepareEntry(entry.value, signal) : entry
    },
    countTokens: async (name, texts) => {
      const entry = find(name)
      if (!entry.ok) return entry
      const tokenizer = await entry.value.model.tokenizer()
      if (!tokenizer.ok) return tokenizer
      return ok((await tokenize(tokenizer.value, texts)).map(({ ids }) => ids.length))
    },
    embed: async ({ model: name, texts, signal, onProgress, weight }): Promise<Result<Embeddings, EngineError>> => {
      const found = find(name)
      if (!found.ok) return found
      const entry = found.value
      const prepared = await prepareEntry(entry, signal)
      if (!prepared.ok) return prepared
      const tokenizer = await entry.model.tokenizer(signal)
      if (!tokenizer.ok) return tokenizer
      const encoded = await tokenize(tokenizer.value, texts, signal)
      if (signal?.aborted) return err({ type: 'aborted' })
      assert(entry.backend, 'a prepared model has a backend')
      const { resultClass } = entry.backend
      const done = await pool.encode(
        poolModel(entry, entry.backend),
        encoded.map(({ ids }) => ids),
        signal,
        onProgress,
        weight,
      )
      if (!done.ok) return done
      const truncated = encoded.flatMap((text, i) => (text.truncated ? [i] : []))
      return ok({ ...done.value, dimension: entry.model.card.dimension, resultClass, truncated })
    },
    search: searching.search,
    setShare: (share) => pool.setPlan(planOf(share, deps.cores)),
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: () => {
      closed = true
      pool.close()
      searching.close()
    },
  }
}
