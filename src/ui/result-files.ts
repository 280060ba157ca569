/** The two forms in which results are saved: vectors alone as .npy (NumPy's format 1.0), or everything as JSONL. */

/** float32, C order, rows × dimension. The header is padded so that the data begins at a multiple of 64 bytes. */
export const toNpy = (vectors: Float32Array, dimension: number): Uint8Array<ArrayBuffer> => {
  const rows = dimension === 0 ? 0 : vectors.length / dimension
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dimension}), }`
  const prefixBytes = 10
  const headerBytes = Math.ceil((prefixBytes + dict.length + 1) / 64) * 64 - prefixBytes
  const file = new Uint8Array(prefixBytes + headerBytes + vectors.length * 4)
  const view = new DataView(file.buffer)
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
  view.setUint16(8, headerBytes, true)
  file.set(new TextEncoder().encode(dict.padEnd(headerBytes - 1) + '\n'), prefixBytes)
  vectors.forEach((x, i) => view.setFloat32(prefixBytes + headerBytes + i * 4, x, true))
  return file
}

export interface ResultRows {
  readonly ids: readonly string[]
  readonly texts: readonly string[]
  readonly vectors: Float32Array
  readonly dimension: number
}

/** One line `{"id", "text", "vector"}` per text, in input order. Nine digits name every float32 exactly. */
export const toJsonLines = ({ ids, texts, vectors, dimension }: ResultRows): string[] =>
  texts.map((text, row) => {
    const vector = Array.from(vectors.subarray(row * dimension, (row + 1) * dimension), (x) => Number(x.toPrecision(9)))
    return JSON.stringify({ id: ids[row], text, vector }) + '\n'
  })
