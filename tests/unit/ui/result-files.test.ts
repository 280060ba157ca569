import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toJsonLines, toNpy } from '../../../src/ui/result-files.ts'

test('.npy: magic, version, aligned header that NumPy reads, float32 rows', () => {
  const file = toNpy(Float32Array.of(1, 2, 3, 4, 5, 6), 3)
  expect([...file.subarray(0, 8)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
  const headerBytes = new DataView(file.buffer).getUint16(8, true)
  expect((10 + headerBytes) % 64).toBe(0)
  const header = new TextDecoder().decode(file.subarray(10, 10 + headerBytes))
  expect(header).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 3\), \} *\n$/)
  expect([...new Float32Array(file.slice(10 + headerBytes).buffer)]).toEqual([1, 2, 3, 4, 5, 6])
})

test('.npy of nothing has no rows', () => {
  expect(new TextDecoder().decode(toNpy(new Float32Array(0), 96))).toContain("'shape': (0, 96)")
})

test('JSONL keeps order, ids, texts and every bit of the vectors', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.float({ noNaN: true, min: -1, max: 1 })), { maxLength: 20 }), (rows) => {
      const vectors = Float32Array.from(rows.flatMap(([, x]) => [x, x / 3]))
      const lines = toJsonLines({ ids: rows.map((_, i) => `id ${i}`), texts: rows.map(([text]) => text), vectors, dimension: 2 })
      const read = lines.map((line) => JSON.parse(line) as { id: string; text: string; vector: number[] })
      expect(read.map(({ text }) => text)).toEqual(rows.map(([text]) => text))
      expect(read.map(({ id }) => id)).toEqual(rows.map((_, i) => `id ${i}`))
      // A negative zero is the one value that JSON does not keep.
      expect([...Float32Array.from(read.flatMap(({ vector }) => vector))].map((x) => x + 0)).toEqual([...vectors].map((x) => x + 0))
      expect(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true)
    }),
  )
})
