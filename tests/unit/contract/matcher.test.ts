import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type MatcherContext, type Probation, weighted } from '../../../src/contract/matcher.ts'
import type { Quote } from '../../../src/contract/requester.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'

const quoteOf = (worker: string, { price = 1_000_000, classes = ['x'], root = worker } = {}): Quote => ({
  id: sha256(utf8(worker)),
  worker,
  receivedMs: 0,
  body: {
    sow: sha256(utf8('sow')),
    price,
    stepMicro: 50_000,
    etaMs: 10,
    classes,
    kem: sha256(utf8(worker)),
    root: sha256(utf8(root)),
    certificate: new Uint8Array(64),
  },
})
const context = (probation?: Partial<Probation>, paidAhead: readonly string[] = []): MatcherContext => ({
  record: () => ({ ok: 0, bad: 0 }),
  paidAhead: (worker) => paidAhead.includes(worker),
  ...(probation && {
    probation: {
      of: (worker) => worker.startsWith('new'),
      vouchedFor: () => false,
      turn: 'drawn',
      lot: ({ worker }) => toHex(sha256(utf8(worker))),
      held: 0,
      redundancy: 3,
      ...probation,
    },
  }),
})
const workers = (quotes: readonly Quote[]): readonly string[] => quotes.map((q) => q.worker)
const names = (prefix: string, n: number): readonly string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`)
const quotesOf = (names: readonly string[]): readonly Quote[] => names.map((name) => quoteOf(name))

/** Workers with and without a stake, of few classes, prices and identities, in any order. */
const field = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom(...names('old', 6), ...names('new', 6)),
      price: fc.constantFrom(500_000, 1_000_000),
      classes: fc.subarray(['x', 'y'], { minLength: 1 }),
      root: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
    }),
    { selector: ({ name }) => name },
  )
  .map((all) => all.map(({ name, root, ...rest }) => quoteOf(name, { ...rest, root: root ?? name })))
const probationOf = fc.record({
  held: fc.constantFrom(0, 1),
  redundancy: fc.constantFrom(1, 2, 3, 5),
  turn: fc.constantFrom<Probation['turn']>('vouched', 'drawn'),
  vouched: fc.subarray([...names('new', 6)]),
})

describe('matcher', () => {
  test('never two on probation while others are open, as many as are wanted where there are, none twice', () => {
    fc.assert(
      fc.property(field, fc.integer({ min: 1, max: 5 }), probationOf, (quotes, count, { vouched, ...rest }) => {
        const picked = weighted(quotes, count, context({ ...rest, vouchedFor: ({ worker }) => vouched.includes(worker) }))
        const roots = new Set(quotes.map((q) => toHex(q.body.root)))
        expect(new Set(picked.map((q) => toHex(q.body.root))).size).toBe(picked.length)
        expect(picked.length).toBe(Math.min(count, roots.size))
        const onProbation = picked.filter((q) => q.worker.startsWith('new')).length
        const taken = new Set(picked.map((q) => toHex(q.body.root)))
        const provenOpen = quotes.some((q) => q.worker.startsWith('old') && !taken.has(toHex(q.body.root)))
        const allowed = rest.held === 0 && rest.redundancy >= 3 ? 1 : 0
        if (provenOpen) expect(onProbation).toBeLessThanOrEqual(allowed)
      }),
      { numRuns: 2_000 },
    )
  })

  test('one of three goes to a newcomer, and is drawn evenly', () => {
    const counts = new Map<string, number>()
    const quotes = quotesOf([...names('old', 5), ...names('new', 8)])
    for (let task = 0; task < 4_000; task++) {
      const picked = workers(weighted(quotes, 3, context({ lot: ({ worker }) => toHex(sha256(utf8(`${task}/${worker}`))) })))
      const drawn = picked.filter((worker) => worker.startsWith('new'))
      expect(drawn).toHaveLength(1)
      counts.set(drawn[0]!, (counts.get(drawn[0]!) ?? 0) + 1)
    }
    // 500 each; five standard deviations of 21 either way.
    expect(counts.size).toBe(8)
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(105)
  })

  test('by turns one that is vouched for, where there is one', () => {
    const quotes = quotesOf([...names('old', 3), ...names('new', 4)])
    const lot = ({ worker }: Quote): string => worker
    const take = (turn: Probation['turn'], vouched: readonly string[]): readonly string[] =>
      workers(weighted(quotes, 3, context({ turn, lot, vouchedFor: ({ worker }) => vouched.includes(worker) })))
    expect(take('vouched', ['new2'])).toContain('new2')
    expect(take('drawn', ['new2'])).toContain('new0')
    expect(take('vouched', [])).toContain('new0')
  })

  test('a single replica, and one whose task has its probationer, go to others as long as there are any', () => {
    const quotes = quotesOf(['new0', 'old0', 'new1'])
    expect(workers(weighted(quotes, 1, context({ redundancy: 1 })))).toEqual(['old0'])
    expect(workers(weighted(quotes, 1, context({ held: 1 })))).toEqual(['old0'])
    expect(workers(weighted(quotesOf(['new0', 'new1']), 1, context({ redundancy: 1 })))).toHaveLength(1)
  })

  test('who was paid ahead for work that never came has the next, at any price', () => {
    const quotes = [quoteOf('cheap', { price: 1 }), quoteOf('back', { price: 1_000_000 })]
    expect(workers(weighted(quotes, 1, context(undefined, ['back'])))).toEqual(['back'])
    expect(workers(weighted(quotes, 1, context()))).toEqual(['cheap'])
  })
})
