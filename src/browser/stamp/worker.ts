/** The Worker that makes a stamp: tries until it is found, and says now and then how far it is. Called off by being ended. */
import { findStamp } from '../../economy/stamp.ts'
import type { StampJob, StampNews } from './make-stamp.ts'

/** News are for a person's eye. */
const newsEveryMs = 200

const make = async (data: StampJob): Promise<void> => {
  let saidMs = 0
  for await (const step of findStamp(data, { firstNonce: data.firstNonce })) {
    const found = step.type === 'found'
    if (!found && performance.now() - saidMs < newsEveryMs) continue
    saidMs = performance.now()
    postMessage({ tries: step.tries, stamp: found ? step.stamp : null } satisfies StampNews)
  }
}
addEventListener('message', ({ data }: MessageEvent<StampJob>) => void make(data))
