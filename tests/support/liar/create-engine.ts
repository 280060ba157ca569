/**
 * The dishonest worker of demo and tests, built by `wxt build --mode liar` in place of the real factory: it does the work and
 * then hands in vectors that look right (unit length, right shape, right class) and are not.
 */
import { createEngine as createHonestEngine, type EngineDeps } from '../../../src/engine/create-engine.ts'
import { ok } from '../../../src/lib/result.ts'
import type { Embeddings, Engine } from '../../../src/tasks/engine.ts'

export type { EngineDeps }

export const createEngine = (deps: EngineDeps): Engine => {
  const engine = createHonestEngine(deps)
  // Searched for in the packages, so that a test can tell this build from those that ship.
  Object.assign(globalThis, { 'edge-net dishonest worker': true })
  return {
    ...engine,
    embed: async (request) => {
      const honest = await engine.embed(request)
      return honest.ok ? ok(lie(honest.value)) : honest
    },
  }
}

/** Each vector's components, one place on. */
const lie = (embeddings: Embeddings): Embeddings => {
  const { vectors, dimension } = embeddings
  const rotated = new Float32Array(vectors.length)
  for (let i = 0; i < vectors.length; i++) rotated[i] = vectors[i % dimension === 0 ? i + dimension - 1 : i - 1]!
  return { ...embeddings, vectors: rotated }
}
