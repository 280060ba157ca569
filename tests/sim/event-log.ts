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

export const createEventLog = (clock: Clock): EventLog => {
  const hash = createHash('sha256')
  const notes: string[] = []
  const startMs = clock.now()
  let frames = 0
  let bytes = 0
  return {
    frame: (from, frame) => {
      frames++
      bytes += frame.length
      hash.update(`${clock.now()} ${from} ${frame.length} `).update(frame)
    },
    note: (text) => {
      hash.update(`${clock.now()} ${text}\n`)
      if (notes.length < notesMax) notes.push(`${((clock.now() - startMs) / 1000).toFixed(3)} s  ${text}`)
    },
    notes: () => notes,
    frames: () => frames,
    bytes: () => bytes,
    hash: () => hash.copy().digest('hex'),
  }
}
