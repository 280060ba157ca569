/** The inside of a Worker: holds models and the rows that are searched, does one request after the other. */
import type { InferenceSession } from 'onnxruntime-web'
import type { Bytes } from '../lib/bytes.ts'
import { err, ok } from '../lib/result.ts'
import { createEncoder, type Encoder, type Ort } from './encoder.ts'
import { toEngineError } from './engine-error.ts'
import { createSearcher } from './search.ts'
import type {
  Backend,
  EncodeAnswer,
  EncodeRequest,
  LoadRequest,
  SearchRequest,
  WorkerAnswer,
  WorkerReply,
  WorkerRequest,
} from './worker-protocol.ts'

export interface WorkerHostDeps {
  readonly ort: Ort
  readonly openSession: (onnx: Bytes, backend: Backend) => Promise<InferenceSession>
  readonly loadKernel: () => Promise<BufferSource>
  /** Milliseconds, monotonic. */
  readonly nowMs: () => number
  readonly gpuVendor: () => Promise<string | null>
}

interface Loaded {
  readonly dimension: number
  readonly encoder: Encoder
  readonly release: () => Promise<void>
}

export const createWorkerHost = (deps: WorkerHostDeps): ((request: WorkerRequest) => Promise<WorkerReply>) => {
  const models = new Map<string, Loaded>()
  const searcher = createSearcher(deps.loadKernel)
  let rows: Float32Array = new Float32Array(0)

  const load = async ({ key, onnx, backend, pooling, dimension, drop }: LoadRequest): Promise<null> => {
    if (drop !== null) {
      await models.get(drop)?.release()
      models.delete(drop)
    }
    const session = await deps.openSession(onnx, backend)
    models.set(key, { dimension, encoder: createEncoder(deps.ort, session, pooling, deps.nowMs), release: () => session.release() })
    return null
  }

  const encode = async ({ key, texts, budgetMs }: EncodeRequest): Promise<EncodeAnswer> => {
    const model = models.get(key)
    if (!model) throw new Error(`model ${key} is not loaded`)
    const vectors = new Float32Array(texts.length * model.dimension)
    let done = 0
    let spentMs = 0
    while (done < texts.length && (done === 0 || spentMs < budgetMs)) {
      const { vector, busyMs } = await model.encoder.encode(texts[done]!)
      if (vector.length !== model.dimension)
        throw new Error(`the model gives ${vector.length} dimensions, its card says ${model.dimension}`)
      vectors.set(vector, done * model.dimension)
      spentMs += busyMs
      done++
    }
    return { vectors: vectors.slice(0, done * model.dimension), done, busyMs: spentMs }
  }

  const answer = async (request: WorkerRequest): Promise<WorkerAnswer> => {
    switch (request.do) {
      case 'load':
        return load(request)
      case 'encode':
        return encode(request)
      case 'search':
        return search(request)
      case 'gpu':
        return deps.gpuVendor()
    }
  }
  const search = (request: SearchRequest): Promise<WorkerAnswer> => {
    rows = request.rows ?? rows
    return searcher.search(rows, request.dimension, request.queries, request.k)
  }

  // One after the other, as they came: sessions are not re-entrant.
  let last: Promise<unknown> = Promise.resolve()
  return (request) => {
    const reply = last.then(() => answer(request)).then(ok, (error: unknown) => err(toEngineError(error)))
    last = reply
    return reply
  }
}
