/** What happened in a run, as one hash: two runs of a seed are the same if and only if it is. Kept as text where it is told. */
import { createHash } from 'node:crypto'
import type { Clock } from '../../src/lib/clock.ts'

export interface EventLog {
  readonly frame: (from: string, bytes: Uint8Array) => void
  /** Something worth telling: a crash, a cut, an attack. */
  readonly note: (text: string) => void
  readonly notes: () => readonly string[]
  readonly frames: () => number
  readonly bytes: () => number
  /** Of all so far, hex. */
  readonly hash: () => string
}

const notesMax = 5_000
const waitingBytes = 256 * 1024

export const createEventLog = (clock: Clock): EventLog => {
  const hash = createHash('sha256')
  const notes: string[] = []
  const startMs = clock.now()
  let frames = 0
  let bytes = 0
  /** What the hash has not taken in yet: many frames go to it at once. */
  const waiting = Buffer.alloc(waitingBytes)
  let filled = 0
  const flush = (): void => {
    hash.update(waiting.subarray(0, filled))
    filled = 0
  }
  const add = (text: string): void => {
    if (waiting.length - filled < Buffer.byteLength(text)) flush()
    filled += waiting.write(text, filled)
  }
  return {
    frame: (from, frame) => {
      frames++
      bytes += frame.length
      add(`${clock.now()} ${from} ${frame.length} `)
      if (waiting.length - filled < frame.length) flush()
      if (waiting.length < frame.length) return void hash.update(frame)
      waiting.set(frame, filled)
      filled += frame.length
    },
    note: (text) => {
      add(`${clock.now()} ${text}\n`)
      if (notes.length < notesMax) notes.push(`${((clock.now() - startMs) / 1000).toFixed(3)} s  ${text}`)
    },
    notes: () => notes,
    frames: () => frames,
    bytes: () => bytes,
    hash: () => {
      flush()
      return hash.copy().digest('hex')
    },
  }
}
