/**
 * What the engine says to its Workers, one request at a time each, and what they answer.
 *
 * | do     | answer                                                                      |
 * | ------ | --------------------------------------------------------------------------- |
 * | gpu    | the adapter's vendor; null where there is none                              |
 * | load   | nothing: the model is ready (and `drop` is gone)                            |
 * | encode | vectors of the first `done` texts: it stops between two once the time is up |
 * | search | the k best rows for each query                                              |
 */
import type { Bytes } from '../lib/bytes.ts'
import type { Result } from '../lib/result.ts'
import type { EngineError, Hit } from '../tasks/engine.ts'

export type Backend = 'wasm' | 'webgpu'

export interface LoadRequest {
  readonly do: 'load'
  readonly key: string
  readonly onnx: Bytes
  readonly backend: Backend
  readonly dimension: number
  readonly pooling: 'mean' | 'cls'
  /** A model that this worker holds and will not be asked for again. */
  readonly drop: string | null
}
export interface EncodeRequest {
  readonly do: 'encode'
  readonly key: string
  readonly texts: readonly Int32Array<ArrayBuffer>[]
  readonly budgetMs: number
}
export interface EncodeAnswer {
  readonly vectors: Float32Array<ArrayBuffer>
  readonly done: number
  readonly busyMs: number
}
export interface SearchRequest {
  readonly do: 'search'
  /** Null: those of the last search. */
  readonly rows: Float32Array<ArrayBuffer> | null
  readonly dimension: number
  readonly queries: Float32Array<ArrayBuffer>
  readonly k: number
}
export interface GpuRequest {
  readonly do: 'gpu'
}

export type WorkerRequest = LoadRequest | EncodeRequest | SearchRequest | GpuRequest
export type AnswerTo<R extends WorkerRequest> = R extends EncodeRequest
  ? EncodeAnswer
  : R extends SearchRequest
    ? readonly (readonly Hit[])[]
    : R extends GpuRequest
      ? string | null
      : null
export type WorkerAnswer = EncodeAnswer | readonly (readonly Hit[])[] | string | null
export type WorkerReply = Result<WorkerAnswer, EngineError>

/** A Worker as the engine sees it: a real one, or in Node the same code in this thread. */
export interface WorkerPort {
  readonly post: (request: WorkerRequest) => void
  /** Called once, before the first `post`. `onCrash`: it will answer nothing more. */
  readonly listen: (onReply: (reply: WorkerReply) => void, onCrash: (why: string) => void) => void
  readonly terminate: () => void
}
