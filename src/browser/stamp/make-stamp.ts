/** Makes a stamp in a Worker of its own, so that nothing waits for it; the bundler makes a file of its own of that. */
import type { MakeStamp, StampFor } from '../../economy/stamp.ts'
import type { Bytes } from '../../lib/bytes.ts'
import type { Random } from '../../lib/random.ts'

export type StampJob = StampFor & { readonly firstNonce: number }
/** `stamp` is null until it is found. */
export interface StampNews {
  readonly tries: number
  readonly stamp: Bytes | null
}

export const createStampMaker =
  (random: Random): MakeStamp =>
  (wanted, { signal, onTries }) =>
    new Promise((resolve) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
      const end = (stamp: Bytes | undefined): void => {
        worker.terminate()
        resolve(stamp)
      }
      worker.onmessage = ({ data: { tries, stamp } }: MessageEvent<StampNews>) => (stamp ? end(stamp) : onTries(tries))
      worker.onerror = () => end(undefined)
      signal.addEventListener('abort', () => end(undefined), { once: true })
      if (signal.aborted) return end(undefined)
      // Begun elsewhere each time: a Worker that was ended has tried what it tried.
      const firstNonce = new DataView(random.bytes(4).buffer).getUint32(0)
      worker.postMessage({ ...wanted, firstNonce } satisfies StampJob)
    })
