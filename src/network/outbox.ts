/**
 * What waits to go out to one peer: control before ledger before bulk, and no more in the link's own buffer than keeps the
 * line busy, so that a small message never stands behind megabytes. A peer that does not take what it is sent is closed.
 */
import type { Bytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { SendError } from './network.ts'
import type { Link } from './ports.ts'
import type { WireType } from './wire.ts'

export const bufferedBytesMax = 1024 * 1024
/** Waiting in the outbox itself. Callers that await `send` never come near it. */
export const waitingBytesMax = 32 * 1024 * 1024
/** Links tell how full they are, not when they drain. */
const pollMs = 10

export type Priority = 0 | 1 | 2

const ledgerTypes: ReadonlySet<WireType> = new Set([
  ...['policy?', 'policy', 'notice?', 'notice', 'certify', 'entries', 'head?', 'head', 'range?'],
  ...['heads?', 'heads', 'ranges?', 'ranges', 'fork', 'propose', 'leaves?', 'leaves'],
] as readonly WireType[])
export const priorityOf = (type: WireType): Priority => (type === 'chunk' || type === 'evidence' ? 2 : ledgerTypes.has(type) ? 1 : 0)

export interface Outbox {
  /** Resolves when the frame is in the link. */
  readonly put: (frame: Bytes, priority: Priority) => Promise<Result<void, SendError>>
  /** The link has ended: what waits is told so. */
  readonly end: () => void
}

interface Waiting {
  readonly frame: Bytes
  readonly done: (result: Result<void, SendError>) => void
}

/** `link` is asked for each frame: it may be replaced by another to the same peer. */
export const createOutbox = (clock: Clock, link: () => Link, overflow: () => void): Outbox => {
  const queues: readonly [Waiting[], Waiting[], Waiting[]] = [[], [], []]
  let bytes = 0
  let ended = false
  let polling = false

  const pump = (): void => {
    while (!ended && link().bufferedBytes() < bufferedBytesMax) {
      const next = queues.find((q) => q.length > 0)?.shift()
      if (!next) return
      bytes -= next.frame.length
      link().send(next.frame)
      next.done(ok(undefined))
    }
    if (ended || polling || bytes === 0) return
    polling = true
    clock.after(pollMs, () => {
      polling = false
      pump()
    })
  }
  return {
    put: (frame, priority) => {
      if (ended) return Promise.resolve(err({ type: 'closed' }))
      return new Promise((done) => {
        queues[priority].push({ frame, done })
        bytes += frame.length
        pump()
        if (bytes > waitingBytesMax) overflow()
      })
    },
    end: () => {
      ended = true
      for (const queue of queues) for (const { done } of queue.splice(0)) done(err({ type: 'closed' }))
    },
  }
}
