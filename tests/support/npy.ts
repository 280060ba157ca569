/** NumPy's file of a two-dimensional float32 array, version 1.0: what the vectors are kept in. */

export interface Rows {
  readonly values: Float32Array<ArrayBuffer>
  readonly rows: number
  readonly columns: number
}

const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1')
/** Values begin at a multiple of it. */
const alignment = 64

export const encodeNpy = (values: Float32Array, columns: number): Buffer => {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${values.length / columns}, ${columns}), }`
  const start = magic.length + 2
  const padded = header.padEnd(Math.ceil((start + header.length + 1) / alignment) * alignment - start - 1) + '\n'
  const length = Buffer.alloc(2)
  length.writeUInt16LE(padded.length)
  return Buffer.concat([magic, length, Buffer.from(padded, 'latin1'), Buffer.from(values.buffer, values.byteOffset, values.byteLength)])
}

export const decodeNpy = (file: Buffer): Rows => {
  const start = magic.length + 2
  const valuesAt = start + file.readUInt16LE(magic.length)
  const header = file.toString('latin1', start, valuesAt)
  const shape = /'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\)/.exec(header)
  if (!file.subarray(0, magic.length).equals(magic) || !shape) throw new Error(`not a two-dimensional float32 .npy: ${header}`)
  const [rows, columns] = [Number(shape[1]), Number(shape[2])]
  // Copied: the values of a file need not begin at a multiple of four in Node's shared buffers.
  const values = new Float32Array(new Uint8Array(file.subarray(valuesAt)).buffer)
  if (values.length !== rows * columns) throw new Error(`${values.length} values for ${rows} × ${columns}`)
  return { values, rows, columns }
}
