/** Starts the engine's Worker; the bundler makes a file of its own of it. */
import { portOf } from './worker-port.ts'
import type { WorkerPort } from './worker-protocol.ts'

/** `assetsBase`: URL under which ort/ and kernels/ lie, ending in a slash. The Worker gets it as its name. */
export const spawnWorker = (assetsBase: string): WorkerPort =>
  portOf(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: assetsBase }))
