/** What onnxruntime and browsers throw, as the port's errors. */
import type { EngineError } from '../tasks/engine.ts'

/** They say it in many words. */
const memoryWords = /out of memory|bad_alloc|memory\.grow|failed to allocate|allocation failed|could not allocate|cannot enlarge memory/i

/** Longer texts are of no use to people, and errors cross message ports. */
const messageLengthMax = 500

export const toEngineError = (error: unknown): EngineError => {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, messageLengthMax)
  return memoryWords.test(message) ? { type: 'out-of-memory' } : { type: 'failed', message }
}
