/**
 * Which quotes of a sow are kept (spec: tasks.md, *The contract*; economy.md, *Limits*): the best, not the first. Anyone may answer a
 * sow, under ever new names, and quickly; so a better quote takes the place of the worst one, and no identity and no block of addresses
 * gets more than its share of the places.
 */
import type { NodeId } from '../identity/keys.ts'
import { equalBytes } from '../lib/bytes.ts'
import { quotesPerBlockMax, quotesPerIdentityMax, quotesPerSowMax } from './limits.ts'
import type { Quote } from './requester.ts'

export interface Places {
  /** Below 0: the first is the better one to keep. */
  readonly compare: (a: Quote, b: Quote) => number
  /** Both are seen, and not known to be in different blocks of addresses; never where the policy does not ask. */
  readonly together: (a: NodeId, b: NodeId) => boolean
}

/** Undefined: there is no place for it. In place of what the same worker quoted before. */
export const withQuote = (quotes: readonly Quote[], quote: Quote, { compare, together }: Places): readonly Quote[] | undefined => {
  const shares: readonly (readonly [of: (other: Quote) => boolean, most: number])[] = [
    [({ body }) => equalBytes(body.root, quote.body.root), quotesPerIdentityMax],
    [({ worker }) => together(worker, quote.worker), quotesPerBlockMax],
    [() => true, quotesPerSowMax],
  ]
  let kept = quotes.filter(({ worker }) => worker !== quote.worker)
  for (const [of, most] of shares) {
    const shared = kept.filter(of)
    if (shared.length < most) continue
    const worst = shared.reduce((a, b) => (compare(a, b) > 0 ? a : b))
    if (compare(quote, worst) >= 0) return undefined
    kept = kept.filter((other) => other !== worst)
  }
  return [...kept, quote]
}
