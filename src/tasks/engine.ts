/** The port behind which models run. Adapter: src/engine (Workers, onnxruntime-web); tests put a pure one here. */
import type { Result } from '../lib/result.ts'
import type { ModelCard } from './model-card.ts'

/**
 * What must be equal for results to be comparable: `<16 hex of the model card's digest>/<dtype>/<backend>/<runtime>`, as
 * `3d7a7eec550e8039/q8/wasm/ort-1.30.0`. Bit by bit they are where the backend is `wasm`: who names it has given the known answers.
 */
export type ResultClass = string

export type EngineError =
  | { readonly type: 'aborted' }
  | { readonly type: 'unknown-model'; readonly model: string }
  /** No mirror had it; `tried` are the addresses and what each answered. */
  | {
      readonly type: 'model-unreachable'
      readonly model: string
      readonly tried: readonly { readonly url: string; readonly why: string }[]
    }
  | { readonly type: 'wrong-hash'; readonly file: string; readonly expected: string; readonly actual: string }
  | { readonly type: 'out-of-memory' }
  | { readonly type: 'failed'; readonly message: string }

export interface EmbedRequest {
  readonly model: string
  readonly texts: readonly string[]
  readonly signal?: AbortSignal
  /** Called as texts are finished; a throttle pause lies between two texts, never inside one. */
  readonly onProgress?: (doneTexts: number) => void
  /** How much of the share it gets beside others: one of 2 gets twice what one of 1 gets. Left out: 1. */
  readonly weight?: number
}

export interface Embeddings {
  /** n × dimension, row-major, L2-normalised. */
  readonly vectors: Float32Array<ArrayBuffer>
  readonly dimension: number
  readonly resultClass: ResultClass
  /** Wall time inside the model's run(), summed, in ms. */
  readonly busyMs: number
  /** Indices of texts that were cut at the model's limit. */
  readonly truncated: readonly number[]
}

export interface Hit {
  /** Row number, from 0. */
  readonly row: number
  /** Cosine (dot product of unit vectors). */
  readonly score: number
}

export interface ModelStatus {
  readonly name: string
  readonly state: 'absent' | 'loading' | 'ready' | 'failed'
  readonly loadedBytes: number
  readonly totalBytes: number
  readonly error?: EngineError
}

export interface Engine {
  /** Tells the engine the cards of the policy in force and where else than the hub files may be fetched (relay mirrors, tried first). */
  readonly configure: (models: readonly ModelCard[], mirrors: readonly string[]) => void
  /** Models whose files are here and verified, with the class in which this machine computes them. */
  readonly classes: () => readonly { readonly model: string; readonly resultClass: ResultClass }[]
  readonly models: () => readonly ModelStatus[]
  /** Fetches and verifies a model's files; resolves when `classes` has it. */
  readonly prepare: (model: string, signal?: AbortSignal) => Promise<Result<void, EngineError>>
  /** Tokens of each text with [CLS] and [SEP], truncated at the model's limit. Needs the tokenizer's files only. */
  readonly countTokens: (model: string, texts: readonly string[]) => Promise<Result<readonly number[], EngineError>>
  readonly embed: (request: EmbedRequest) => Promise<Result<Embeddings, EngineError>>
  /** Exact top-k by dot product: for each query (rows of `queries`, q × dimension) the k best rows of `vectors`, ties to the lower row. */
  readonly search: (
    vectors: Float32Array<ArrayBuffer>,
    dimension: number,
    queries: Float32Array<ArrayBuffer>,
    k: number,
  ) => Promise<Result<readonly (readonly Hit[])[], EngineError>>
  /** Share of all logical cores that work may use, 0 … 1. 0 stops between two texts, until it rises. */
  readonly setShare: (share: number) => void
  /** Called whenever `models()` or `classes()` would answer anew. The returned function ends it. */
  readonly onChange: (listener: () => void) => () => void
  readonly close: () => void
}
