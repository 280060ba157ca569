/**
 * What every adapter of the `Store` port must do, as plain cases that throw on failure: they run under vitest (store.ts) and,
 * bundled, in real browser pages.
 */
import { type Store, type StoreValue, type Write, numberKey, sameValue } from '../../src/lib/store.ts'

export interface StoreHarness {
  /** Empty, nobody else's. */
  readonly store: Store
  /** Ends that store (as a process that dies would, if the adapter can) and opens the same data again. */
  readonly reopen: () => Promise<Store>
}

export interface StoreCase {
  readonly name: string
  readonly run: (harness: StoreHarness) => Promise<void>
}

/** One text for equal values, whatever the order of their fields. */
const show = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => {
    if (v instanceof Uint8Array) return `bytes(${[...v].join(' ')})`
    return typeof v === 'object' && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v
  }) ?? 'undefined'

const expectEqual = (actual: unknown, expected: unknown, what: string): void => {
  if (show(actual) !== show(expected)) throw new Error(`${what}: got ${show(actual)}, expected ${show(expected)}`)
}

const put = (table: string, key: string, value: StoreValue): Write => ({ table, key, value })
const remove = (table: string, key: string): Write => ({ table, key, remove: true })

const committed = async (store: Store, ...writes: readonly Write[]): Promise<void> => {
  expectEqual(await store.commit(writes), { ok: true }, 'commit')
}

const keys = (rows: readonly (readonly [string, StoreValue])[]): readonly string[] => rows.map(([key]) => key)

const everyKind: StoreValue = {
  whole: Number.MAX_SAFE_INTEGER,
  negative: -7,
  text: 'Grüße, 世界 🌾',
  empty: '',
  bytes: new Uint8Array([0, 255, 1]),
  noBytes: new Uint8Array(0),
  yes: true,
  nothing: null,
  list: [1, [2, [3]], { deep: new Uint8Array([9]) }],
  object: {},
}

export const storeCases: readonly StoreCase[] = [
  {
    name: 'an empty store has nothing',
    run: async ({ store }) => {
      expectEqual(await store.get('t', 'k'), undefined, 'get')
      expectEqual(await store.list('t'), [], 'list')
    },
  },
  {
    name: 'gives back every kind of value as it was, also after reopening',
    run: async ({ store, reopen }) => {
      await committed(store, put('t', 'k', everyKind))
      if (!sameValue(await store.get('t', 'k'), everyKind)) throw new Error('differs')
      const again = await reopen()
      if (!sameValue(await again.get('t', 'k'), everyKind)) throw new Error('differs after reopening')
      for (const value of [0, '', false, null] as const) {
        await committed(again, put('t', 'k', value))
        expectEqual(await again.get('t', 'k'), value, 'a falsy value')
      }
    },
  },
  {
    name: 'keeps what a caller’s byte string said when it was written',
    run: async ({ store, reopen }) => {
      const whole = new Uint8Array([1, 2, 3, 4])
      await committed(store, put('t', 'k', whole.subarray(1, 3)))
      const again = await reopen()
      expectEqual(await again.get('t', 'k'), new Uint8Array([2, 3]), 'part of a buffer')
    },
  },
  {
    name: 'replaces and removes; removing nothing is no error',
    run: async ({ store, reopen }) => {
      await committed(store, put('t', 'a', 1), put('t', 'b', 2))
      await committed(store, put('t', 'a', 3), remove('t', 'b'), remove('t', 'c'))
      const again = await reopen()
      expectEqual(await again.list('t'), [['a', 3]], 'list')
    },
  },
  {
    name: 'the last write to a key in one batch stands',
    run: async ({ store }) => {
      await committed(store, put('t', 'a', 1), put('t', 'a', 2), put('t', 'b', 1), remove('t', 'b'), remove('t', 'c'), put('t', 'c', 5))
      expectEqual(
        await store.list('t'),
        [
          ['a', 2],
          ['c', 5],
        ],
        'list',
      )
    },
  },
  {
    name: 'tables do not see each other',
    run: async ({ store }) => {
      await committed(store, put('t', 'k', 1), put('tt', 'k', 2), put('t2', 'k', 3), put('s', 'k', 4))
      expectEqual(await store.list('t'), [['k', 1]], 'list')
      expectEqual(await store.get('tt', 'k'), 2, 'get')
      await committed(store, remove('t', 'k'))
      expectEqual(await store.list('t'), [], 'list')
      expectEqual(await store.list('t2'), [['k', 3]], 'list')
    },
  },
  {
    name: 'lists in order of key, by prefix, from, reverse and limit',
    run: async ({ store }) => {
      const names = ['b/2', 'a/10', 'b/1', 'B/1', 'a/2', 'b', 'b/', 'c', 'b0', 'é']
      await committed(store, ...names.map((name) => put('t', name, name)))
      const sorted = ['B/1', 'a/10', 'a/2', 'b', 'b/', 'b/1', 'b/2', 'b0', 'c', 'é']
      expectEqual(keys(await store.list('t')), sorted, 'all')
      expectEqual(keys(await store.list('t', { prefix: 'b/' })), ['b/', 'b/1', 'b/2'], 'prefix')
      expectEqual(keys(await store.list('t', { prefix: 'b/', from: 'b/1' })), ['b/1', 'b/2'], 'prefix and from')
      expectEqual(keys(await store.list('t', { prefix: 'b/', from: 'c' })), [], 'from beyond the prefix')
      expectEqual(keys(await store.list('t', { prefix: 'b/', from: 'a' })), ['b/', 'b/1', 'b/2'], 'from before the prefix')
      expectEqual(keys(await store.list('t', { from: 'b/' })), sorted.slice(4), 'from')
      expectEqual(keys(await store.list('t', { from: 'b/', limit: 2 })), ['b/', 'b/1'], 'from and limit')
      expectEqual(keys(await store.list('t', { reverse: true })), [...sorted].reverse(), 'reverse')
      expectEqual(keys(await store.list('t', { reverse: true, limit: 1 })), ['é'], 'reverse and limit')
      expectEqual(keys(await store.list('t', { prefix: 'b/', reverse: true, limit: 2 })), ['b/2', 'b/1'], 'prefix, reverse and limit')
      expectEqual(keys(await store.list('t', { prefix: 'b/', from: 'b/1', reverse: true })), ['b/2', 'b/1'], 'prefix, from and reverse')
      expectEqual(keys(await store.list('t', { limit: 0 })), [], 'limit 0')
      expectEqual(keys(await store.list('t', { prefix: 'zz' })), [], 'no such prefix')
    },
  },
  {
    name: 'numbers as keys sort as numbers',
    run: async ({ store }) => {
      const numbers = [10, 9, 0, 123_456, Number.MAX_SAFE_INTEGER, 99]
      await committed(store, ...numbers.map((n) => put('t', `x/${numberKey(n)}`, n)))
      expectEqual(
        (await store.list('t', { prefix: 'x/' })).map(([, n]) => n),
        [0, 9, 10, 99, 123_456, Number.MAX_SAFE_INTEGER],
        'order',
      )
    },
  },
  {
    name: 'writes only while every expectation holds, and says which did not',
    run: async ({ store, reopen }) => {
      await committed(store, put('t', 'a', [1, new Uint8Array([2])]))
      const expects = [
        { table: 't', key: 'a', equals: [1, new Uint8Array([2])] },
        { table: 't', key: 'b', equals: undefined },
      ]
      expectEqual(await store.commit([put('t', 'b', 1)], expects), { ok: true }, 'both hold')
      expectEqual(
        await store.commit([put('t', 'b', 2), put('t', 'c', 2), remove('t', 'a')], expects),
        { ok: false, error: { type: 'conflict', table: 't', key: 'b' } },
        'the second fails',
      )
      const again = await reopen()
      expectEqual(keys(await again.list('t')), ['a', 'b'], 'nothing of a refused batch')
      expectEqual(await again.get('t', 'b'), 1, 'nothing of a refused batch')
      const other = await again.commit([], [{ table: 't', key: 'a', equals: [1, new Uint8Array([3])] }])
      expectEqual(other, { ok: false, error: { type: 'conflict', table: 't', key: 'a' } }, 'another value')
      expectEqual(
        await again.commit([], [{ table: 't', key: 'a', equals: undefined }]),
        { ok: false, error: { type: 'conflict', table: 't', key: 'a' } },
        'expected none',
      )
    },
  },
  {
    name: 'expectations see what is stored, not what the same batch writes',
    run: async ({ store }) => {
      expectEqual(await store.commit([put('t', 'a', 1)], [{ table: 't', key: 'a', equals: undefined }]), { ok: true }, 'commit')
    },
  },
  {
    name: 'of many that compare and set at once one wins',
    run: async ({ store }) => {
      await committed(store, put('t', 'head', 0))
      const tries = await Promise.all(
        [1, 2, 3, 4, 5, 6, 7, 8].map((n) =>
          store.commit([put('t', 'head', n), put('t', `by/${n}`, n)], [{ table: 't', key: 'head', equals: 0 }]),
        ),
      )
      expectEqual(tries.filter((r) => r.ok).length, 1, 'winners')
      const written = await store.list('t', { prefix: 'by/' })
      expectEqual(written.length, 1, 'batches written')
      expectEqual(await store.get('t', 'head'), written[0]?.[1], 'head')
    },
  },
  {
    name: 'commits take effect in the order in which they were asked for',
    run: async ({ store }) => {
      await Promise.all([1, 2, 3, 4, 5].map((n) => committed(store, put('t', 'k', n))))
      expectEqual(await store.get('t', 'k'), 5, 'last')
    },
  },
  {
    name: 'a read asked for after a commit resolved sees it',
    run: async ({ store }) => {
      for (let n = 0; n < 20; n++) {
        await committed(store, put('t', `k${n}`, n))
        expectEqual((await store.list('t')).length, n + 1, 'records')
      }
    },
  },
  {
    name: 'large values and batches survive reopening',
    run: async ({ store, reopen }) => {
      const large = new Uint8Array(3 << 20).map((_, i) => i % 251)
      await committed(store, put('large', 'k', large), ...Array.from({ length: 1000 }, (_, i) => put('many', numberKey(i), i)))
      const again = await reopen()
      if (!sameValue(await again.get('large', 'k'), large)) throw new Error('large value differs')
      expectEqual(
        (await again.list('many')).map(([, i]) => i),
        Array.from({ length: 1000 }, (_, i) => i),
        'many',
      )
    },
  },
]
