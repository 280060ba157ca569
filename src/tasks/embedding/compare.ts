/**
 * Whether two replicas gave the same embeddings. Where the class is bit-stable (measured: see tasks/README.md) that means equal
 * bits; elsewhere a cosine per text, nearer within one class than across two, and unit length.
 */
import type { Classed } from '../task-type.ts'
import type { EmbeddingOutput } from './embedding.ts'

export const cosineWithinClassMin = 0.999
export const cosineAcrossClassesMin = 0.99
/** Vectors are L2-normalised in f32: rounding leaves the norm this near 1. */
export const normErrorMax = 1e-3

/** Only who gives the known answers (known-answers.ts) is of this backend's class; whose WebAssembly differs is of `wasm-unproven`. */
export const bitStable = (resultClass: string): boolean => resultClass.split('/')[2] === 'wasm'

export const sameAnswer = (a: Classed<EmbeddingOutput>, b: Classed<EmbeddingOutput>): boolean => {
  const n = a.output.vectors.length
  if (a.output.dimension !== b.output.dimension || n !== b.output.vectors.length) return false
  const sameClass = a.resultClass === b.resultClass
  if (sameClass && bitStable(a.resultClass)) return a.output.vectors.every((x, i) => Object.is(x, b.output.vectors[i]))
  const least = sameClass ? cosineWithinClassMin : cosineAcrossClassesMin
  for (let at = 0; at < n; at += a.output.dimension) {
    const [dot, normA, normB] = products(a.output.vectors, b.output.vectors, at, a.output.dimension)
    if (Math.abs(normA - 1) > normErrorMax || Math.abs(normB - 1) > normErrorMax || dot / (normA * normB) < least) return false
  }
  return true
}

const products = (a: Float32Array, b: Float32Array, at: number, dimension: number): [dot: number, normA: number, normB: number] => {
  let dot = 0
  let squaresA = 0
  let squaresB = 0
  for (let i = at; i < at + dimension; i++) {
    dot += a[i]! * b[i]!
    squaresA += a[i]! * a[i]!
    squaresB += b[i]! * b[i]!
  }
  return [dot, Math.sqrt(squaresA), Math.sqrt(squaresB)]
}
