/** A job that this machine does alone, free: text by text from where it stands, each step stored before the next. */
import { numberKey, type Write } from '../lib/store.ts'
import { embedding } from '../tasks/embedding/embedding.ts'
import type { Engine, EngineError } from '../tasks/engine.ts'
import type { Job } from './jobs.ts'

/** Texts per step: progress and cancelling are this fine. */
const stepTexts = 25

/** `stopped`: aborted, over for other reasons, or a step could not be stored; what is left is done after the next start. */
export const runLocally = async (
  engine: Engine,
  texts: readonly string[],
  kept: {
    /** Undefined once it is over. */
    readonly job: () => Job | undefined
    readonly update: (fields: (job: Job) => Partial<Job>, writes: readonly Write[]) => Promise<boolean>
  },
  signal: AbortSignal,
): Promise<'done' | 'stopped' | EngineError> => {
  for (let job = kept.job(); job; job = kept.job()) {
    const first = job.localDone
    if (first >= job.texts) return 'done'
    const step = texts.slice(first, first + stepTexts)
    const done = await engine.embed({ model: job.model, texts: step, signal })
    if (!done.ok) return done.error.type === 'aborted' ? 'stopped' : done.error
    const { vectors, dimension, truncated } = done.value
    const bytes = embedding.encodeOutput({ vectors, dimension, truncated })
    const saved = await kept.update(
      (now) => ({ localDone: first + step.length, dimension, truncated: now.truncated + truncated.length }),
      [{ table: 'vectors', key: `${job.id}/${numberKey(first)}`, value: { bytes, texts: step.length } }],
    )
    if (!saved) return 'stopped'
  }
  return 'stopped'
}
