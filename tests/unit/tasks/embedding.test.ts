import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { embedding, type EmbeddingOutput, embeddingUnits } from '../../../src/tasks/embedding/embedding.ts'

const unit = (...xs: number[]): Float32Array<ArrayBuffer> => {
  const norm = Math.hypot(...xs)
  return Float32Array.from(xs, (x) => x / norm)
}
const output = (vectors: Float32Array<ArrayBuffer>, dimension = 3): EmbeddingOutput => ({ dimension, vectors, truncated: [] })
const wasm = 'aaaa/q8/wasm/ort-1'
const gpu = 'aaaa/f32/webgpu/x'
const agree = (a: EmbeddingOutput, b: EmbeddingOutput, classA: string, classB = classA): boolean => embedding.agree({ output: a, resultClass: classA }, { output: b, resultClass: classB })

describe('units', () => {
  test('50 000 per text of up to 128 tokens, again per started 128', () => {
    expect(embeddingUnits([2, 128, 129, 256, 257], 50_000)).toBe((1 + 1 + 2 + 2 + 3) * 50_000)
  })
})

describe('encoding', () => {
  test('outputs come back bit by bit', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 4, maxLength: 4 }), (xs) => {
        const vectors = Float32Array.from(xs)
        const parsed = embedding.parseOutput(embedding.encodeOutput({ dimension: 2, vectors, truncated: [1] }), { model: 'm', texts: ['a', 'b'] })
        expect(parsed).toEqual({ ok: true, value: { dimension: 2, vectors, truncated: [1] } })
      }),
    )
  })

  test('a result of another shape, or with a number that is none, is refused', () => {
    const bytes = embedding.encodeOutput(output(unit(1, 2, 3)))
    expect(embedding.parseOutput(bytes, { model: 'm', texts: ['a', 'b'] }).ok).toBe(false)
    expect(embedding.parseOutput(embedding.encodeOutput(output(Float32Array.of(NaN, 0, 0))), { model: 'm', texts: ['a'] }).ok).toBe(false)
    expect(embedding.parseOutput(embedding.encodeOutput(output(new Float32Array(0), 0)), { model: 'm', texts: ['a'] }).ok).toBe(false)
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => void expect(embedding.parseOutput(noise, { model: 'm', texts: ['a'] }).ok).toBe(false)))
  })

  test('payloads are read back; without texts there is none', () => {
    const payload = { model: 'mini', texts: ['grüße', '', 'x'] }
    expect(embedding.parsePayload(embedding.encodePayload(payload))).toEqual({ ok: true, value: payload })
    expect(embedding.parsePayload(embedding.encodePayload({ model: 'mini', texts: [] })).ok).toBe(false)
  })
})

describe('comparator', () => {
  const a = unit(1, 2, 3)
  const nudged = a.slice()
  nudged[0]! += 2 ** -24
  test('where the class is bit-stable one differing bit is another answer', () => {
    expect(agree(output(a), output(a.slice()), wasm)).toBe(true)
    expect(agree(output(a), output(nudged), wasm)).toBe(false)
    expect([wasm, gpu, 'wasm', ''].map(embedding.exactIn)).toEqual([true, false, false, false])
  })
  test('elsewhere a cosine decides, and the length must be 1', () => {
    expect(agree(output(a), output(nudged), gpu)).toBe(true)
    expect(agree(output(a), output(unit(1, 2, 3.1)), gpu)).toBe(true)
    expect(agree(output(a), output(unit(1, 2, 4)), gpu)).toBe(false)
    expect(agree(output(a), output(a.map((x) => 2 * x)), gpu)).toBe(false)
  })
  test('one wrong text among many is enough to disagree', () => {
    const many = Float32Array.from([...a, ...a, ...a])
    const wrong = Float32Array.from([...a, ...unit(3, 2, 1), ...a])
    expect(agree(output(many), output(wrong), gpu)).toBe(false)
    expect(agree(output(many), output(many.slice(0, 6)), gpu)).toBe(false)
  })
  test('across classes the tolerance is wider', () => {
    const apart = unit(1, 2, 3.4)
    expect(agree(output(a), output(apart), gpu)).toBe(false)
    expect(agree(output(a), output(apart), wasm, gpu)).toBe(true)
    expect(agree(output(a), output(unit(1, 2, 5)), wasm, gpu)).toBe(false)
  })
})
