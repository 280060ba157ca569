/**
 * WebAssembly or WebGPU: float models go to the GPU where there is an adapter, its vectors are right and it is faster here.
 * Int8 models stay on WebAssembly. Its bits are equal on every machine that gives the known answers, and only in such a class are
 * results compared bit by bit.
 */
import type { Bytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { EngineError, ResultClass } from '../tasks/engine.ts'
import { knownTexts } from '../tasks/known-answers.ts'
import type { ModelCard } from '../tasks/model-card.ts'
import { gpuClassOf, wasmClassOf } from './result-class.ts'
import { createWorkerClient } from './worker-client.ts'
import type { Backend, WorkerPort } from './worker-protocol.ts'
import type { Tokenizer } from './wordpiece.ts'

export interface BackendChoice {
  readonly backend: Backend
  readonly resultClass: ResultClass
}

/** `always`: also where it is slower than WebAssembly. */
export type GpuUse = 'faster' | 'always' | 'never'

export interface BackendDeps {
  readonly spawn: () => WorkerPort
  readonly clock: Clock
  readonly gpu: GpuUse
  /** In place of those that come with the program. */
  readonly knownAnswers?: Readonly<Record<ResultClass, string>>
}

/** Float models agree within 1e-6 between backends: less is a broken driver. */
const cosineMin = 0.9999
/** The first run compiles shaders and is not counted. */
const timedRuns = 2

/** An error where no Worker could try it: nothing is said of its bits then. */
export const chooseBackend = async (
  card: ModelCard,
  onnx: Bytes,
  tokenizer: Tokenizer,
  deps: BackendDeps,
): Promise<Result<BackendChoice, EngineError>> => {
  const client = createWorkerClient(deps.spawn, deps.clock, () => {})
  const texts = knownTexts.map((text) => tokenizer.encode(text).ids)
  const measure = async (backend: Backend, runs: number) => {
    const { dimension, pooling } = card
    const loaded = await client.call({ do: 'load', key: backend, backend, dimension, pooling, onnx, drop: null })
    if (!loaded.ok) return loaded
    let best = await client.call({ do: 'encode', key: backend, texts, budgetMs: Infinity })
    for (let run = 1; run <= runs && best.ok; run++) {
      const encoded = await client.call({ do: 'encode', key: backend, texts, budgetMs: Infinity })
      if (!encoded.ok || run === 1 || encoded.value.busyMs < best.value.busyMs) best = encoded
    }
    return best
  }
  try {
    const vendor = card.dtype === 'f32' && deps.gpu !== 'never' ? await client.call({ do: 'gpu' }) : undefined
    const gpu = vendor?.ok ? vendor.value : null
    const runs = gpu !== null && deps.gpu === 'faster' ? timedRuns : 0
    const ours = await measure('wasm', runs)
    if (!ours.ok) return err(ours.error.type === 'crashed' ? { type: 'failed', message: ours.error.why } : ours.error)
    const wasm: BackendChoice = { backend: 'wasm', resultClass: wasmClassOf(card, ours.value.vectors, deps.knownAnswers) }
    const theirs = gpu === null ? undefined : await measure('webgpu', runs)
    if (gpu === null || !theirs?.ok || !agree(ours.value.vectors, theirs.value.vectors, card.dimension)) return ok(wasm)
    if (deps.gpu === 'faster' && theirs.value.busyMs >= ours.value.busyMs) return ok(wasm)
    return ok({ backend: 'webgpu', resultClass: gpuClassOf(card, gpu) })
  } finally {
    client.stop()
  }
}

const agree = (a: Float32Array, b: Float32Array, dimension: number): boolean => {
  for (let at = 0; at < a.length; at += dimension) {
    let dot = 0
    for (let d = at; d < at + dimension; d++) dot += a[d]! * b[d]!
    if (!(dot >= cosineMin)) return false
  }
  return true
}
