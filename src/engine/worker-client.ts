/** One Worker: starts when first asked, answers in order, is started anew after it crashed or hung. */
import { assert } from '../lib/assert.ts'
import type { Clock } from '../lib/clock.ts'
import { err, type Result } from '../lib/result.ts'
import type { EngineError } from '../tasks/engine.ts'
import type { AnswerTo, WorkerPort, WorkerReply, WorkerRequest } from './worker-protocol.ts'

export type ClientError = EngineError | { readonly type: 'crashed'; readonly why: string }

export interface WorkerClient {
  /** One at a time. After `crashed` the next call finds a fresh Worker that holds nothing. */
  readonly call: <R extends WorkerRequest>(request: R) => Promise<Result<AnswerTo<R>, ClientError>>
  /** Ends the Worker; a call under way ends as crashed. */
  readonly stop: () => void
}

/** A Worker that says nothing for this long will not: the longest single request is a model's load on a slow machine. */
const silenceMsMax = 120_000

export const createWorkerClient = (spawn: () => WorkerPort, clock: Clock, onGone: () => void): WorkerClient => {
  let port: WorkerPort | undefined
  let pending: ((reply: Result<never, ClientError> | WorkerReply) => void) | undefined

  const settle = (reply: Result<never, ClientError> | WorkerReply): void => {
    const resolve = pending
    pending = undefined
    resolve?.(reply)
  }
  const gone = (why: string): void => {
    const old = port
    port = undefined
    if (old) {
      old.terminate()
      onGone()
    }
    settle(err({ type: 'crashed', why }))
  }
  const start = (): WorkerPort => {
    const fresh = spawn()
    fresh.listen(
      (reply) => port === fresh && settle(reply),
      (why) => port === fresh && gone(why),
    )
    return fresh
  }

  return {
    call: async <R extends WorkerRequest>(request: R) => {
      assert(pending === undefined, 'a Worker does one request at a time')
      const reply = new Promise<Result<never, ClientError> | WorkerReply>((resolve) => (pending = resolve))
      const watch = clock.after(silenceMsMax, () => gone(`no answer for ${silenceMsMax / 1000} s`))
      try {
        port ??= start()
        port.post(request)
      } catch (error) {
        gone(error instanceof Error ? error.message : String(error))
      }
      const answer = await reply
      watch()
      // What it answers is what its host gives to this request: both are ours.
      return answer as Result<AnswerTo<R>, ClientError>
    },
    stop: () => gone('stopped'),
  }
}
