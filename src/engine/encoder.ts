/**
 * A BERT encoder's run: token ids → one unit vector. The same code runs in the Workers and, for tests, in Node; the ONNX
 * session comes from outside.
 *
 * One text a run, unpadded: a vector must be a function of text and model file alone, and dynamic int8 models scale their
 * activations over the whole tensor, so that batch mates and padding would change it (spec: tasks.md).
 */
import type { InferenceSession, Tensor } from 'onnxruntime-web'

/** What is used of onnxruntime, whichever of its builds provides it. */
export interface Ort {
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => Tensor
}

export interface Encoder {
  /** Unit vector of length `dimension`. `onBusy` is told the milliseconds spent inside the model's run(). */
  readonly encode: (ids: ArrayLike<number>) => Promise<{ readonly vector: Float32Array<ArrayBuffer>; readonly busyMs: number }>
}

export const createEncoder = (ort: Ort, session: InferenceSession, pooling: 'mean' | 'cls', nowMs: () => number): Encoder => ({
  encode: async (ids) => {
    const dims = [1, ids.length]
    const tensor = (value: (i: number) => bigint): Tensor =>
      new ort.Tensor(
        'int64',
        BigInt64Array.from({ length: ids.length }, (_, i) => value(i)),
        dims,
      )
    const feeds: Record<string, Tensor> = { input_ids: tensor((i) => BigInt(ids[i]!)), attention_mask: tensor(() => 1n) }
    if (session.inputNames.includes('token_type_ids')) feeds.token_type_ids = tensor(() => 0n)
    const startedMs = nowMs()
    const results = await session.run(feeds)
    const busyMs = nowMs() - startedMs
    const hidden = results.last_hidden_state ?? results[session.outputNames[0]!]!
    const data = (await hidden.getData()) as Float32Array
    const dimension = hidden.dims[2]!
    const vector = normalized(pooling === 'cls' ? Float64Array.from(data.subarray(0, dimension)) : mean(data, ids.length, dimension))
    for (const name of Object.keys(results)) results[name]!.dispose()
    return { vector, busyMs }
  },
})

/** Mean over the tokens, in double precision and in one fixed order. */
const mean = (data: Float32Array, tokens: number, dimension: number): Float64Array => {
  const sums = new Float64Array(dimension)
  for (let t = 0; t < tokens; t++) for (let d = 0; d < dimension; d++) sums[d]! += data[t * dimension + d]!
  return sums.map((sum) => sum / tokens)
}

const normalized = (vector: Float64Array): Float32Array<ArrayBuffer> => {
  let squares = 0
  for (const x of vector) squares += x * x
  const norm = Math.sqrt(squares)
  return Float32Array.from(vector, (x) => x / norm)
}
