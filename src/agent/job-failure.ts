/** Why a job is not taken, or came to nothing, or not to all of it. */
import type { TaskFailure } from '../contract/requester.ts'
import type { StoreError } from '../lib/store.ts'
import type { EngineError } from '../tasks/engine.ts'
import type { Job } from './jobs.ts'

export type SubmitError =
  | EngineError
  | StoreError
  | { readonly type: 'no-texts' | 'too-many-texts' | 'no-swarm' }
  | { readonly type: 'insufficient-credits'; readonly needMicro: number; readonly availableMicro: number }

/** price-changed: work costs more by now than what the person agreed to. */
export type JobFailure = TaskFailure | EngineError | StoreError | { readonly type: 'price-changed' }

export const describe = (failure: JobFailure): NonNullable<Job['failure']> => {
  const { type, ...rest } = failure
  return { type, detail: Object.keys(rest).length === 0 ? '' : JSON.stringify(rest) }
}
