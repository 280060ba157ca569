/** A channel in one process: what is posted on one end is heard by the others, at once. */
import type { Channel } from '../../../src/ui/channel.ts'

export const createFakeChannel = (): { readonly open: () => Channel } => {
  const ends = new Map<Channel, Set<(message: unknown) => void>>()
  return {
    open: () => {
      const own = new Set<(message: unknown) => void>()
      const end: Channel = {
        post: (message) => {
          for (const [other, listeners] of ends) if (other !== end) for (const listener of listeners) listener(structuredClone(message))
        },
        listen: (listener) => {
          own.add(listener)
          return () => void own.delete(listener)
        },
        close: () => void ends.delete(end),
      }
      ends.set(end, own)
      return end
    },
  }
}
