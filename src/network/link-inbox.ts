/** The receiving half of a `Link` for adapters: what comes before `open` waits, within a limit; the end is told once. */
import type { Bytes } from '../lib/bytes.ts'
import type { Link } from './ports.ts'

/** Frames for a link that nobody has opened yet; more is flooding. */
export const earlyFramesMax = 256

export interface LinkInbox {
  readonly open: Link['open']
  /** False: too many wait, the adapter closes the channel. */
  readonly frame: (frame: Bytes) => boolean
  readonly end: (reason: string) => void
  readonly ended: () => boolean
}

export const createLinkInbox = (): LinkInbox => {
  const early: Bytes[] = []
  let handlers: Parameters<Link['open']>[0] | undefined
  let reason: string | undefined
  return {
    open: (given) => {
      handlers = given
      for (const frame of early.splice(0)) given.onFrame(frame)
      if (reason !== undefined) given.onClose(reason)
    },
    frame: (frame) => {
      if (reason !== undefined) return true
      if (handlers) handlers.onFrame(frame)
      else early.push(frame)
      return early.length <= earlyFramesMax
    },
    end: (why) => {
      if (reason !== undefined) return
      reason = why
      handlers?.onClose(why)
    },
    ended: () => reason !== undefined,
  }
}
