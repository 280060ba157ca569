/** transformers.js as its documentation has it: a feature-extraction pipeline, int8, all threads. */
import { env, type FeatureExtractionPipeline, pipeline } from '@huggingface/transformers'
import type { ModelCard } from '../../../src/tasks/model-card.ts'

export interface TheirsRequest {
  readonly hub: string
  readonly ort: string
  readonly card: ModelCard
  readonly texts: readonly string[]
  readonly batch: number
  readonly threads: number
}

let extractor: Promise<FeatureExtractionPipeline> | undefined

self.onmessage = async ({ data }: MessageEvent<TheirsRequest>) => {
  try {
    const { card, texts, batch } = data
    env.allowLocalModels = false
    env.remoteHost = data.hub
    env.remotePathTemplate = '{model}/resolve/{revision}/'
    const { wasm } = env.backends.onnx
    if (wasm) {
      wasm.wasmPaths = data.ort
      wasm.numThreads = data.threads
    }
    extractor ??= pipeline('feature-extraction', card.repo, { revision: card.revision, dtype: 'q8', device: 'wasm' })
    const extract = await extractor
    const start = performance.now()
    // Its runs pad to the longest text: sorted, they pad least.
    const sorted = [...texts].sort((a, b) => a.length - b.length)
    for (let i = 0; i < sorted.length; i += batch) await extract(sorted.slice(i, i + batch), { pooling: 'mean', normalize: true })
    self.postMessage(performance.now() - start)
  } catch (error) {
    self.postMessage(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
}
