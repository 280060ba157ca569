/** Which quotes of a sow are kept: the best of all that came, in whatever order they came. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quotesPerBlockMax, quotesPerIdentityMax, quotesPerSowMax } from '../../../src/contract/limits.ts'
import { type Places, withQuote } from '../../../src/contract/quote-places.ts'
import type { Quote } from '../../../src/contract/requester.ts'
import { sha256, utf8 } from '../../../src/lib/bytes.ts'

const quoteOf = (worker: string, price: number, root = worker): Quote =>
  ({ id: sha256(utf8(worker)), worker, receivedMs: 0, body: { price, root: sha256(utf8(root)) } }) as unknown as Quote
const cheapest: Places['compare'] = (a, b) => a.body.price - b.body.price
const kept = (quotes: readonly Quote[], together: Places['together'] = () => false): readonly Quote[] =>
  quotes.reduce<readonly Quote[]>((all, quote) => withQuote(all, quote, { compare: cheapest, together }) ?? all, [])
const names = (quotes: readonly Quote[]): readonly string[] => quotes.map(({ worker }) => worker).sort()

test('the best, whenever they come', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 200 }), (prices) => {
      const best = [...prices].sort((a, b) => a - b).slice(0, quotesPerSowMax)
      expect(names(kept(prices.map((price) => quoteOf(`${price}`, price))))).toEqual(best.map(String).sort())
    }),
  )
})

test('one identity has its share and no more, by its best devices; its other quotes cost nobody else a place', () => {
  const others = Array.from({ length: quotesPerSowMax - quotesPerIdentityMax }, (_, n) => quoteOf(`other ${n}`, 500))
  const devices = Array.from({ length: 200 }, (_, n) => quoteOf(`device ${n}`, 200 - n, 'eve'))
  const all = kept([...others, ...devices])
  expect(names(all)).toEqual(names([...others, ...devices.slice(-quotesPerIdentityMax)]))
})

test('so has one block of addresses', () => {
  const inRack = (worker: string): boolean => worker.startsWith('rack')
  const rack = Array.from({ length: 200 }, (_, n) => quoteOf(`rack ${n}`, 1 + n))
  const others = Array.from({ length: 30 }, (_, n) => quoteOf(`other ${n}`, 500))
  const all = kept([...rack, ...others], (a, b) => inRack(a) && inRack(b))
  expect(names(all)).toEqual(names([...rack.slice(0, quotesPerBlockMax), ...others]))
})

test('what a worker quoted before goes, also where the new one is worse', () => {
  const full = Array.from({ length: quotesPerSowMax }, (_, n) => quoteOf(`${n}`, 10))
  const again = quoteOf('3', 99)
  expect(kept([...full, again]).filter(({ worker }) => worker === '3')).toEqual([again])
})
