/**
 * Which quotes to take (spec: tasks.md, *The contract*). A matcher sees the quotes that came in time and says which to hire.
 * All replicas of one task are of one result class where that is possible, and never two of one identity.
 */
import { toHex } from '../lib/bytes.ts'
import type { Quote } from './requester.ts'

export type Matcher = (quotes: readonly Quote[], count: number, context: MatcherContext) => readonly Quote[]

export interface MatcherContext {
  /** Results accepted and rejected from this worker by us, so far. */
  readonly record: (worker: string) => { readonly ok: number; readonly bad: number }
}

/** Local accuracy with the prior of economy.md's reputation: (ok + 4) / (ok + bad + 5). */
const accuracy = ({ ok, bad }: { readonly ok: number; readonly bad: number }): number => (ok + 4) / (ok + bad + 5)

/** Default: cheap, quick and reliable together; ties to the quote that came first. */
export const weighted: Matcher = (quotes, count, { record }) => {
  const cost = (q: Quote): number => (q.body.price * (1 + q.body.etaMs / 60_000)) / accuracy(record(q.worker)) ** 2
  return take([...quotes].sort((a, b) => cost(a) - cost(b)), count)
}

/** The first `count` of distinct identities; of one class first, if some class has enough. */
const take = (ordered: readonly Quote[], count: number): readonly Quote[] => {
  const roots = new Set<string>()
  const distinct = ordered.filter((q) => !roots.has(toHex(q.body.root)) && roots.add(toHex(q.body.root)))
  for (const resultClass of new Set(distinct.flatMap((q) => q.body.classes))) {
    const ofClass = distinct.filter((q) => q.body.classes.includes(resultClass))
    if (ofClass.length >= count) return ofClass.slice(0, count)
  }
  return distinct.slice(0, count)
}
