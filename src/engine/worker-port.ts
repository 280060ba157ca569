/** A real Worker behind `WorkerPort`. */
import type { WorkerPort, WorkerReply } from './worker-protocol.ts'

export const portOf = (worker: Worker): WorkerPort => ({
  post: (request) => worker.postMessage(request),
  listen: (onReply, onCrash) => {
    worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => onReply(data)
    worker.onerror = (event) => onCrash(event.message || 'the Worker did not start')
    worker.onmessageerror = () => onCrash('an unreadable answer')
  },
  terminate: () => worker.terminate(),
})
