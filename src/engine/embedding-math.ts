/** From a model's last hidden state to a unit vector. Sums in double precision, in token order: one result on every machine. */

/** `hidden` is tokens × dimension of one text without padding. Writes `dimension` values to `out` at `at`. */
export const pool = (hidden: Float32Array, dimension: number, pooling: 'mean' | 'cls', out: Float32Array, at: number): void => {
  const tokens = hidden.length / dimension
  const sum = new Float64Array(dimension)
  for (let i = 0, end = pooling === 'cls' ? dimension : hidden.length; i < end; ) for (let d = 0; d < dimension; d++) sum[d]! += hidden[i++]!
  let squares = 0
  for (let d = 0; d < dimension; d++) {
    if (pooling === 'mean') sum[d]! /= tokens
    squares += sum[d]! * sum[d]!
  }
  const norm = Math.max(Math.sqrt(squares), normMin)
  for (let d = 0; d < dimension; d++) out[at + d] = sum[d]! / norm
}

/** Keeps a vector of zeros one. */
const normMin = 1e-12
