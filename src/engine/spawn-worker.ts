/** A real Worker behind `WorkerPort`. */
import type { WorkerPort, WorkerReply } from './worker-protocol.ts'

/** `assetsBase`: URL under which ort/, kernels/ and models/ lie, ending in a slash. */
export const spawnWorker = (assetsBase: string): WorkerPort => {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: assetsBase })
  return {
    post: (request) => worker.postMessage(request),
    listen: (onReply, onCrash) => {
      worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => onReply(data)
      worker.onerror = (event) => onCrash(event.message || 'the Worker did not start')
      worker.onmessageerror = () => onCrash('an unreadable answer')
    },
    terminate: () => worker.terminate(),
  }
}
