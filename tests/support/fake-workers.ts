/** Workers played by a function: each answers when it is told to, crashes when it is told to. */
import { ok } from '../../src/lib/result.ts'
import type { EncodeRequest, WorkerPort, WorkerReply, WorkerRequest } from '../../src/engine/worker-protocol.ts'

export interface FakeWorker {
  readonly requests: WorkerRequest[]
  readonly reply: (reply: WorkerReply) => void
  readonly crash: () => void
  readonly terminated: () => boolean
}

/** `answer` undefined: the worker waits for `reply` or `crash`. */
export const createFakeWorkers = (answer: (request: WorkerRequest, worker: number) => WorkerReply | 'crash' | undefined) => {
  const workers: FakeWorker[] = []
  const spawn = (): WorkerPort => {
    const number = workers.length
    const requests: WorkerRequest[] = []
    let onReply: (reply: WorkerReply) => void = () => {}
    let onCrash: (why: string) => void = () => {}
    let terminated = false
    const crash = (): void => onCrash('killed')
    workers.push({ requests, reply: (reply) => onReply(reply), crash, terminated: () => terminated })
    return {
      post: (request) => {
        requests.push(request)
        const given = answer(request, number)
        if (given !== undefined) queueMicrotask(() => (given === 'crash' ? onCrash('killed') : onReply(given)))
      },
      listen: (reply, crashed) => {
        onReply = reply
        onCrash = crashed
      },
      terminate: () => (terminated = true),
    }
  }
  return { workers, spawn }
}

/** Two dimensions a text: its first token and its length. `perPiece` texts are done at once, `busyMs` each. */
export const encodeAnswer = ({ texts }: EncodeRequest, perPiece = 4, busyMs = 10): WorkerReply => {
  const taken = texts.slice(0, perPiece)
  return ok({
    vectors: Float32Array.from(taken.flatMap((text) => [text[0] ?? 0, text.length])),
    done: taken.length,
    busyMs: taken.length * busyMs,
  })
}
export const answerAll = (request: WorkerRequest): WorkerReply => (request.do === 'encode' ? encodeAnswer(request) : ok(null))
