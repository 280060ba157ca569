/**
 * How much a witness judges of what others show it (spec: ledger.md, *Verdicts*). A judgement may fold a whole chain, and whoever
 * has an account can sign two entries of which one is not valid: so a judgement that said no is remembered, and one author gets
 * only so many. What is not judged now is shown again.
 *
 * Who shows forks is told apart, so that a stranger at the witness's door cannot keep out what the other witnesses found.
 */
import type { PublicKey } from '../identity/keys.ts'
import type { Pair } from '../ledger/fork-proof.ts'
import type { JudgeRefusal } from '../ledger/witness.ts'
import { toHex } from '../lib/bytes.ts'
import type { Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'

/** Judgements waiting, of different authors. */
const waitingMax = 64
/** Of forks that one author signed, from one minute's tick to the next. */
export const judgedPerMinuteMax = 4
/** Pairs of entries that are no fork of valid ones. */
const refusedMax = 1_024

/** Who shows it: anybody, the other relays. */
export type Shown = 'submitted' | 'told'

export interface Judging {
  /** One at a time; of one name one at most waits, a second is not done. */
  readonly later: (name: string, job: () => Promise<void>) => void
  /** The author has had its judgements for this minute. */
  readonly spent: (by: Shown, author: PublicKey) => boolean
  /** What came of one. A pair whose signatures are false says nothing of the author, whose minute it is not. */
  readonly judged: (by: Shown | 'held', pair: Pair, answer: Result<unknown, JudgeRefusal>) => void
  /** These two were judged, and one of them is not valid. */
  readonly refused: (pair: Pair) => boolean
  /** Once a minute. */
  readonly tick: () => void
}

export const createJudging = (): Judging => {
  const serial = createSerial()
  const waiting = new Set<string>()
  /** No more than the judgements of a minute. */
  const counts = new Map<string, number>()
  const refused = new Set<string>()
  const keyOf = (by: string, author: PublicKey): string => `${by}/${toHex(author)}`

  return {
    later: (name, job) => {
      if (waiting.has(name) || waiting.size >= waitingMax) return
      waiting.add(name)
      const run = (): Promise<void> => {
        waiting.delete(name)
        return job()
      }
      // A store that cannot be read: the fork is shown again.
      void serial('judge', run).catch(() => {})
    },
    spent: (by, author) => (counts.get(keyOf(by, author)) ?? 0) >= judgedPerMinuteMax,
    judged: (by, pair, answer) => {
      const key = keyOf(by, pair[0].entry.author)
      if (by !== 'held' && (answer.ok || answer.error.reason !== 'proof')) counts.set(key, (counts.get(key) ?? 0) + 1)
      if (answer.ok || answer.error.reason !== 'invalid') return
      refused.add(nameOf(pair))
      if (refused.size > refusedMax) refused.delete(refused.values().next().value!)
    },
    refused: (pair) => refused.has(nameOf(pair)),
    tick: () => counts.clear(),
  }
}

/** With the signatures: an id says nothing of them, and a false one must not stand for the right one. */
const nameOf = (pair: Pair): string => pair.map(({ id, entry }) => toHex(id) + toHex(entry.sig)).join('/')
