/** Replicas of different blocks of addresses, newcomers drawn evenly over blocks: with the naive rules beside them, that fail. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { areApart, type Blocks, isPlaced } from '../../../src/contract/blocks.ts'
import { type MatcherContext, weighted } from '../../../src/contract/matcher.ts'
import type { Quote } from '../../../src/contract/requester.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'

/** What each of these witnesses' relays sees, or nothing. */
const seen = (labels: Readonly<Record<string, string>>, salt = 'today'): Blocks =>
  new Map(Object.entries(labels).map(([witness, label]) => [witness, { salt, labels: label.split(' ') }]))

describe('two workers are apart', () => {
  test('if more witnesses than may lie see them in different blocks', () => {
    const [a, b] = [seen({ w1: 'x', w2: 'x' }), seen({ w1: 'y', w2: 'y' })]
    expect(areApart(a, b, 1)).toBe(true)
    expect(areApart(a, a, 1)).toBe(false)
    // One of four lies: the naive rule, that any difference is one, believes it.
    const lied = seen({ w1: 'elsewhere', w2: 'x' })
    expect([...a].some(([witness, { labels }]) => lied.get(witness)?.labels[0] !== labels[0])).toBe(true)
    expect(areApart(a, lied, 1)).toBe(false)
  })

  test('not if one relay saw them in one block, whatever else it saw them in', () => {
    const [a, b] = [seen({ w: 'v4 v6' }), seen({ w: 'v6' })]
    expect(areApart(a, b, 0)).toBe(false)
    expect(areApart(seen({ w: 'v4' }), b, 0)).toBe(true)
  })

  test('nor if more witnesses than may lie see them together, though as many see them by other addresses', () => {
    // An address of each family, and two relays for each.
    const [a, b] = [seen({ w1: 'v4', w2: 'v4', w3: 'v6', w4: 'v6' }), seen({ w1: 'v4', w2: 'v4', w3: 'v4', w4: 'v4' })]
    expect(areApart(a, b, 1)).toBe(false)
    // One liar keeps nobody from work.
    const far = seen({ w1: 'v4', w2: 'x', w3: 'y', w4: 'z' })
    expect(areApart(a, far, 1)).toBe(true)
  })

  test('never by labels that cannot be compared, and never who is not seen', () => {
    const here = seen({ w1: 'x', w2: 'x' })
    expect(areApart(here, seen({ w1: 'y', w2: 'y' }, 'tomorrow'), 1)).toBe(false)
    expect(areApart(here, seen({ w3: 'y', w4: 'y' }), 1)).toBe(false)
    // The naive rule, that somebody unknown is somewhere else, is what a farm hides for.
    for (const hidden of [seen({}), seen({ w1: 'y' })]) {
      expect(areApart(here, hidden, 1)).toBe(false)
      expect(areApart(hidden, hidden, 1)).toBe(false)
      expect(isPlaced(hidden, 1)).toBe(false)
    }
    expect(isPlaced(here, 1)).toBe(true)
  })
})

/** The block is what stands before the dash. */
const blockOf = (worker: string): string => worker.split('-')[0]!
const quoteOf = (worker: string, price = 1_000_000): Quote => ({
  id: sha256(utf8(worker)),
  worker,
  receivedMs: 0,
  body: {
    ...{ sow: sha256(utf8('sow')), price, stepMicro: 50_000, etaMs: 10, classes: ['x'], kem: sha256(utf8(worker)) },
    ...{ root: sha256(utf8(`root of ${worker}`)), certificate: new Uint8Array(64) },
  },
})
const apart = (a: string, b: string): boolean => blockOf(a) !== blockOf(b)
const context = (draw: (worker: string) => string, byAddress = true): MatcherContext => ({
  record: () => ({ ok: 0, bad: 0 }),
  paidAhead: () => false,
  ...(byAddress && { apart }),
  probation: {
    of: (worker) => worker.includes('new'),
    vouchedFor: () => false,
    turn: 'drawn',
    lot: ({ worker }) => draw(worker),
    held: 0,
    redundancy: 3,
  },
})
const lotOf = (task: number) => (worker: string) => toHex(sha256(utf8(`${task}/${worker}`)))

describe('the matcher', () => {
  const workers = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('old', 'new'), fc.nat(5))
      .map(([block, kind, n]) => `${block}-${kind}${n}`),
    { minLength: 1, maxLength: 14 },
  )

  test('never takes two of one block, and as many as there are blocks', () => {
    fc.assert(
      fc.property(workers, fc.integer({ min: 1, max: 4 }), fc.nat(), (names, count, task) => {
        const quotes = names.map((name) => quoteOf(name))
        const picked = weighted(quotes, count, context(lotOf(task))).map(({ worker }) => worker)
        const blocks = new Set(names.map(blockOf)).size
        expect(new Set(picked.map(blockOf)).size).toBe(picked.length)
        expect(picked.length).toBe(Math.min(count, blocks))
      }),
      { numRuns: 2_000 },
    )
  })

  test('draws no newcomer that would keep out, by its place, a worker with a stake', () => {
    const quotes = ['a-new', 'a-old', 'b-new'].map((name) => quoteOf(name))
    for (let task = 0; task < 20; task++)
      expect(new Set(weighted(quotes, 2, context(lotOf(task))).map(({ worker }) => worker))).toEqual(new Set(['a-old', 'b-new']))
  })

  test('where another identity is enough, one rack does all three', () => {
    const quotes = ['a-old1', 'a-old2', 'a-old3', 'b-old'].map((name, i) => quoteOf(name, i + 1))
    expect(new Set(weighted(quotes, 3, context(lotOf(0), false)).map(({ worker }) => blockOf(worker))).size).toBe(1)
    expect(new Set(weighted(quotes, 3, context(lotOf(0))).map(({ worker }) => blockOf(worker))).size).toBe(2)
  })

  test('draws newcomers evenly over blocks: a rack full of them has the share of one', () => {
    const farm = Array.from({ length: 20 }, (_, i) => `farm-new${i}`)
    const quotes = ['a-old', 'b-old', 'c-old', 'd-new', 'e-new', 'f-new', ...farm].map((name) => quoteOf(name))
    const share = (byAddress: boolean): number => {
      let farmed = 0
      for (let task = 0; task < 2_000; task++) {
        const picked = weighted(quotes, 3, context(lotOf(task), byAddress)).map(({ worker }) => worker)
        expect(picked.filter((worker) => worker.includes('new'))).toHaveLength(1)
        if (picked.some((worker) => blockOf(worker) === 'farm')) farmed++
      }
      return farmed / 2_000
    }
    // A quarter; five standard deviations of 0.0097. The naive draw, a lot a worker, gives it 20 of 23.
    expect(Math.abs(share(true) - 1 / 4)).toBeLessThan(0.05)
    expect(share(false)).toBeGreaterThan(0.8)
  })
})
