/**
 * Which quotes to take (spec: tasks.md, *The contract*; economy.md, *Stake, newcomers*). A matcher sees the quotes that came in
 * time and says which to hire. All replicas of one task are of one result class where that is possible, never two of one identity
 * nor, where the policy has it, two that are not known to be in different blocks of addresses, and never two of workers on probation
 * while others are open.
 */
import { accuracyOf } from '../economy/standing.ts'
import type { NodeId } from '../identity/keys.ts'
import { compareBytes, equalBytes } from '../lib/bytes.ts'
import type { Quote } from './requester.ts'

export type Matcher = (quotes: readonly Quote[], count: number, context: MatcherContext) => readonly Quote[]

export interface MatcherContext {
  /** Results accepted and rejected by us so far, from all devices of the identity; `prior`: what to expect before that, 0 … 1. */
  readonly record: (quote: Quote) => { readonly ok: number; readonly bad: number; readonly prior?: number }
  /** It has been paid ahead for work that never came: the next goes to it first. */
  readonly paidAhead: (worker: NodeId) => boolean
  /** Absent where another identity is independence enough. */
  readonly apart?: Apart
  /** Absent where the swarm asks for no stake. */
  readonly probation?: Probation
}

/** Known to be in different blocks of addresses (blocks.ts). */
export type Apart = (a: NodeId, b: NodeId) => boolean

export interface Probation {
  /** Its stake is below the policy's, or nobody could tell. */
  readonly of: (worker: NodeId) => boolean
  readonly vouchedFor: (quote: Quote) => boolean
  /** Who is taken now: one vouched for, if there is one, or one of all, drawn evenly. By turns. */
  readonly turn: 'vouched' | 'drawn'
  /** The lowest is drawn, first of the blocks by one of each, then in the block: by chance, and the same for one task whenever it is asked. */
  readonly lot: (quote: Quote) => string
  /** Probationers that the task holds already, and how many replicas it is to have. */
  readonly held: number
  readonly redundancy: number
}

/** With fewer replicas a probationer would decide alone, or be half of the vote. */
const redundancyOfProbation = 3

/** What it costs, with what waiting for it and its failing cost. */
export const costOf = (record: MatcherContext['record'], q: Quote): number => {
  const so = record(q)
  return (q.body.price * (1 + q.body.etaMs / 60_000)) / accuracyOf(so, so.prior) ** 2
}

/** Default: cheap, quick and reliable together; ties to the quote that came first. */
export const weighted: Matcher = (quotes, count, { record, paidAhead, apart, probation }) => {
  const ahead = (q: Quote): number => (paidAhead(q.worker) ? 0 : 1)
  const ordered = [...quotes].sort((a, b) => ahead(a) - ahead(b) || costOf(record, a) - costOf(record, b))
  return take(probation ? admit(ordered, count, probation, apart) : independent(ordered, apart), count)
}

/** One probationer at most, unless the others are too few: then as many as are lacking. */
const admit = (ordered: readonly Quote[], count: number, probation: Probation, apart: Apart | undefined): readonly Quote[] => {
  // Of one identity's devices the one with the stake: the other would stand in its way.
  const isProven = (q: Quote): boolean => !probation.of(q.worker)
  const proven = independent(ordered.filter(isProven), apart)
  const newcomers = independent([...ordered.filter(isProven), ...ordered]).filter((q) => !isProven(q))
  const lots = drawn(newcomers, probation, apart)
  const beside = (q: Quote): readonly Quote[] => independent([q, ...proven], apart)
  // It must not keep out, by its place, a proven one that would be taken.
  const fitting = lots.filter((q) => beside(q).length > Math.min(count - 1, proven.length))
  const vouched = probation.turn === 'vouched' ? fitting.find((q) => probation.vouchedFor(q)) : undefined
  const first = vouched ?? fitting[0]
  const chosen = first && probation.held === 0 && probation.redundancy >= redundancyOfProbation ? beside(first) : proven
  return independent([...chosen, ...lots], apart).slice(0, Math.max(count, chosen.length))
}

/** In the order in which they are drawn: the blocks evenly, however many are in each, and one of a block evenly among those in it. */
const drawn = (newcomers: readonly Quote[], { lot }: Probation, apart: Apart = () => true): readonly Quote[] => {
  const blocks: Quote[][] = []
  for (const q of [...newcomers].sort((a, b) => compareBytes(a.body.root, b.body.root))) {
    const block = blocks.find(([first]) => !apart(first!.worker, q.worker))
    if (block) block.push(q)
    else blocks.push([q])
  }
  const lotted = (quotes: readonly Quote[]) => quotes.map((quote) => ({ quote, lot: lot(quote) })).sort((a, b) => (a.lot < b.lot ? -1 : 1))
  // A block's lot is that of one of it: the lowest of all would be lower where there are more.
  return lotted(blocks.map(([first]) => first!)).flatMap(({ quote }) =>
    lotted(blocks.find(([first]) => first === quote)!).map((one) => one.quote),
  )
}

/** The first of each identity, and of those only such as are apart from all before. */
const independent = (ordered: readonly Quote[], apart: Apart = () => true): readonly Quote[] =>
  ordered.reduce<readonly Quote[]>((taken, q) => {
    const clashes = taken.some((other) => equalBytes(other.body.root, q.body.root) || !apart(other.worker, q.worker))
    return clashes ? taken : [...taken, q]
  }, [])

/** The first `count`; of one class, if some class has enough. */
const take = (quotes: readonly Quote[], count: number): readonly Quote[] => {
  for (const resultClass of new Set(quotes.flatMap((q) => q.body.classes))) {
    const ofClass = quotes.filter((q) => q.body.classes.includes(resultClass))
    if (ofClass.length >= count) return ofClass.slice(0, count)
  }
  return quotes.slice(0, count)
}
