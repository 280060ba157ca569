import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { compareDated, createFingerprintTree, type Dated } from '../../../src/ledger/fingerprint-tree.ts'

/** Few times, so that ids decide the order among many. */
const item = (n: number): Dated => ({ time: (n * 7919) % 5, id: sha256(utf8(`${n}`)) })
const show = (items: readonly Dated[]) => items.map(({ time, id }) => `${time}/${toHex(id).slice(0, 8)}`)

test('it holds what a sorted list holds, after any insertions and removals', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(400)), { maxLength: 1500, size: 'max' }), fc.nat(), fc.nat(), (steps, x, y) => {
      const tree = createFingerprintTree()
      const model = new Map<number, Dated>()
      for (const [remove, n] of steps) {
        expect(remove ? tree.remove(item(n)) : tree.insert(item(n))).toBe(remove === model.has(n))
        if (remove) model.delete(n)
        else model.set(n, item(n))
      }
      const sorted = [...model.values()].sort(compareDated)
      expect(tree.size()).toBe(sorted.length)
      expect(show(tree.slice(0, Infinity))).toEqual(show(sorted))
      const [from, to] = [x % (sorted.length + 1), y % (sorted.length + 1)].sort((a, b) => a - b) as [number, number]
      expect(show(tree.slice(from, to))).toEqual(show(sorted.slice(from, to)))
      for (const one of sorted.slice(from, to)) {
        expect(tree.rank(one)).toBe(sorted.indexOf(one))
        expect(tree.at(tree.rank(one))).toEqual(one)
        // A place before it: its id cut short.
        expect(tree.rank({ time: one.time, id: one.id.slice(0, 8) })).toBe(sorted.indexOf(one))
      }

      const fresh = createFingerprintTree()
      for (const one of sorted.slice(from, to).reverse()) fresh.insert(one)
      expect(toHex(tree.fingerprint(from, to))).toBe(toHex(fresh.fingerprint(0, fresh.size())))
    }),
    { numRuns: 60 },
  )
})

test('other items have another fingerprint, even where sums agree', () => {
  const id = (last: number) => new Uint8Array(32).fill(0, 0, 31).fill(last, 31)
  const treeOf = (...ids: readonly number[]) => {
    const tree = createFingerprintTree()
    for (const n of ids) tree.insert({ time: 0, id: id(n) })
    return toHex(tree.fingerprint(0, tree.size()))
  }
  expect(treeOf(1, 4)).toBe(treeOf(4, 1))
  expect(new Set([treeOf(), treeOf(0), treeOf(5), treeOf(0, 5), treeOf(6)]).size).toBe(5)
})

test('ten thousand times the newest takes the place of the oldest: it stays a list in order', () => {
  const tree = createFingerprintTree()
  const at = (n: number): Dated => ({ time: n, id: sha256(utf8(`${n}`)) })
  for (let n = 0; n < 10_000; n++) {
    tree.insert(at(n))
    if (n >= 100) tree.remove(at(n - 100))
  }
  expect(tree.slice(0, 200).map(({ time }) => time)).toEqual(Array.from({ length: 100 }, (_, i) => 9_900 + i))
})
