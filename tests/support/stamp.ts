/** A stamp made on this thread, a try at a time. */
import { findStamp, type MakeStamp } from '../../src/economy/stamp.ts'

export const makeStampHere: MakeStamp = async (wanted, { signal, onTries }) => {
  for await (const step of findStamp(wanted, { signal })) {
    if (step.type === 'found') return step.stamp
    onTries(step.tries)
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  return undefined
}
