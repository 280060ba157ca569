/**
 * What the ledger says of other accounts, asked of the relays: whether a requester can pay, whether a worker has its stake.
 * Of n = 3f+1 witnesses f may lie: of each figure the most is taken that f+1 of them support, so that one of these is honest. A
 * relay's word is its witness's: one that answers from two devices has one voice, and a relay of no witness has none.
 */
import type { NodeId } from '../identity/keys.ts'
import type { BlockLabels, Blocks } from '../contract/blocks.ts'
import { type Bytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { createRate } from '../network/rate.ts'
import type { WireBody } from '../network/wire.ts'
import type { WitnessBook } from './witness-book.ts'

/** A balance is asked again after this long; a requester spends at most a few tasks meanwhile, which its tab bounds. */
const keptMs = 30_000
const waitMsMax = 2_000
const standingsMax = 1_000
/** Accounts asked about at once, and in a minute: below what a relay takes from one peer. */
const asksMax = 12
const asksPerMinute = 90
/** Of these the most that sows of strangers get, whose keys cost nothing: the rest is left for whom one hires oneself. */
const strangersAsksMax = 4
const strangersPerMinute = 30

/** In µcr, as certified and under the verdicts that the relays know. */
export interface Standing {
  /** What it may spend; below 0 where fines are more. */
  readonly balanceMicro: number
  readonly stakedMicro: number
  /** Where witnesses' relays see it (contract/blocks.ts). */
  readonly blocks: Blocks
}

export interface Standings {
  /** Undefined: too few answered in time. */
  readonly of: (author: NodeId) => Promise<Standing | undefined>
  /** A relay's answer. */
  readonly heard: (from: NodeId, author: NodeId, told: Pick<WireBody<'head'>, 'summary' | 'penalties' | 'block'>) => void
}

interface Question {
  readonly askedMs: number
  /** So many witnesses' answers are waited for. */
  readonly enough: number
  /** By relay, the newest last. */
  readonly answers: Map<NodeId, Answer>
}

type Answer = Omit<Standing, 'blocks'> & { readonly block: BlockLabels | undefined }

/** `faulty`: how many witnesses may lie. `ask`: sends the question to the relays, and says of how many witnesses they may be. */
export const createStandings = (
  clock: Clock,
  faulty: number,
  { ask, witnessOf }: { readonly ask: (author: Bytes) => number; readonly witnessOf: WitnessBook['witnessOf'] },
): Standings => {
  const questions = new Map<NodeId, Question>()
  const askers = new Map<NodeId, readonly ((standing: Standing | undefined) => void)[]>()
  const rate = createRate(clock, asksPerMinute)
  /** One a witness: of its devices the last that answered. */
  const voices = (author: NodeId): readonly (readonly [witness: string, answer: Answer])[] => {
    const answers = [...(questions.get(author)?.answers ?? [])]
    const byWitness = answers.flatMap(([relay, answer]) => {
      const witness = witnessOf(relay)
      return witness === undefined ? [] : [[witness, answer] as const]
    })
    return [...new Map(byWitness)]
  }
  const supported = (author: NodeId): Standing | undefined => {
    const told = voices(author)
    const answers = told.map(([, answer]) => answer)
    if (answers.length <= faulty) return undefined
    const most = (figures: readonly number[]): number => [...figures].sort((a, b) => b - a)[faulty]!
    return {
      balanceMicro: most(answers.map((a) => a.balanceMicro)),
      stakedMicro: most(answers.map((a) => a.stakedMicro)),
      blocks: new Map(told.flatMap(([witness, { block }]) => (block ? [[witness, block] as const] : []))),
    }
  }
  const answer = (author: NodeId): void => {
    const waiting = askers.get(author) ?? []
    askers.delete(author)
    for (const done of waiting) done(supported(author))
  }
  return {
    of: (author) => {
      const waiting = askers.get(author)
      if (waiting) return new Promise((resolve) => void askers.set(author, [...waiting, resolve]))
      const last = questions.get(author)
      const known = last && clock.now() - last.askedMs < keptMs ? supported(author) : undefined
      if (known) return Promise.resolve(known)
      return new Promise((resolve) => {
        if (askers.size >= asksMax || !rate.take()) return resolve(undefined)
        const cancel = clock.after(waitMsMax, () => answer(author))
        const first = (standing: Standing | undefined): void => {
          cancel()
          resolve(standing)
        }
        askers.set(author, [first])
        const asked = ask(fromHex(author)!)
        questions.delete(author)
        questions.set(author, { askedMs: clock.now(), enough: Math.min(asked, 2 * faulty + 1), answers: new Map() })
        if (questions.size > standingsMax) questions.delete(questions.keys().next().value!)
        if (asked <= faulty) answer(author)
      })
    },
    heard: (from, author, { summary, penalties, block }) => {
      // Late answers count as well: the next who asks need not wait.
      const question = questions.get(author)
      if (!question) return
      const { claimed, paid, staked } = summary ?? { claimed: 0, paid: 0, staked: 0 }
      question.answers.delete(from)
      const { slashed, closed } = penalties ?? { slashed: 0, closed: false }
      question.answers.set(from, {
        // Verdicts burn the stake first, then what is free; of a closed account nothing is ever certified again.
        balanceMicro: closed ? 0 : claimed - paid - Math.max(staked, slashed),
        stakedMicro: closed ? 0 : Math.max(0, staked - slashed),
        block: block && { salt: toHex(block.salt), labels: block.labels.map(toHex) },
      })
      if (voices(author).length >= question.enough) answer(author)
    },
  }
}

/** Whether a balance covers this. Yes where nobody can tell (the tab bounds the loss), and where nothing is to be covered: it is paid ahead. */
export const coversOf =
  (of: Standings['of']) =>
  async (author: NodeId, micro: number): Promise<boolean> =>
    micro <= 0 || ((await of(author))?.balanceMicro ?? micro) >= micro

/** For whoever comes by itself: `of` within the strangers' share of it. What it said is kept, so that asking again takes no more. */
export const forStrangers = (clock: Clock, of: Standings['of']): Standings['of'] => {
  const rate = createRate(clock, strangersPerMinute)
  const asked = new Map<NodeId, { readonly askedMs: number; readonly standing: ReturnType<Standings['of']> }>()
  let open = 0
  return async (author) => {
    const now = clock.now()
    for (const [key, { askedMs }] of asked) if (now - askedMs >= keptMs) asked.delete(key)
    const last = asked.get(author)
    if (last) return last.standing
    if (open >= strangersAsksMax || !rate.take()) return undefined
    open++
    const standing = of(author).finally(() => void open--)
    asked.set(author, { askedMs: now, standing })
    return standing
  }
}
