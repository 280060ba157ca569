/**
 * WebAssembly or WebGPU: float models go to the GPU where there is an adapter, its vectors are right and it is faster here.
 * Int8 models stay on WebAssembly, whose bits are equal on every machine.
 */
import type { Bytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { ResultClass } from '../tasks/engine.ts'
import type { ModelCard } from '../tasks/model-card.ts'
import { resultClassOf } from './result-class.ts'
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
}

const selfTestTexts = [
  'A loaf of bread keeps longest in a wooden box.',
  'The river rises in spring, when the snow on the hills melts; then the old bridge is closed and everybody walks round by the mill.',
]
/** Float models agree within 1e-6 between backends: less is a broken driver. */
const cosineMin = 0.9999
/** The first run compiles shaders and is not counted. */
const timedRuns = 2

export const chooseBackend = async (card: ModelCard, onnx: Bytes, tokenizer: Tokenizer, deps: BackendDeps): Promise<BackendChoice> => {
  const wasm: BackendChoice = { backend: 'wasm', resultClass: resultClassOf(card, null) }
  if (card.dtype !== 'f32' || deps.gpu === 'never') return wasm
  const client = createWorkerClient(deps.spawn, deps.clock, () => {})
  try {
    const vendor = await client.call({ do: 'gpu' })
    if (!vendor.ok || vendor.value === null) return wasm
    const texts = selfTestTexts.map((text) => tokenizer.encode(text).ids)
    const measure = async (backend: Backend) => {
      const { dimension, pooling } = card
      const loaded = await client.call({ do: 'load', key: backend, backend, dimension, pooling, onnx, drop: null })
      if (!loaded.ok) return undefined
      let best: { readonly vectors: Float32Array; readonly busyMs: number } | undefined
      for (let run = 0; run <= (deps.gpu === 'faster' ? timedRuns : 0); run++) {
        const encoded = await client.call({ do: 'encode', key: backend, texts, budgetMs: Infinity })
        if (!encoded.ok) return undefined
        if (run <= 1 || (best && encoded.value.busyMs < best.busyMs)) best = encoded.value
      }
      return best
    }
    const [ours, theirs] = [await measure('wasm'), await measure('webgpu')]
    if (!ours || !theirs || !agree(ours.vectors, theirs.vectors, card.dimension)) return wasm
    if (deps.gpu === 'faster' && theirs.busyMs >= ours.busyMs) return wasm
    return { backend: 'webgpu', resultClass: resultClassOf(card, vendor.value) }
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
