import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Bytes, equalBytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import {
  emptyHash,
  leafHash,
  pathTo,
  rootOfPath,
  setLeaf,
  type Sparse,
  type SparseLeaf,
  sparseRoot,
} from '../../../src/ledger/state-tree-sparse.ts'

const leaf = (key: string, value = key): SparseLeaf => ({ key: sha256(utf8(key)), digest: sha256(utf8(value)) })
const treeOf = (leaves: readonly SparseLeaf[]): Sparse => leaves.reduce<Sparse>((tree, one) => setLeaf(tree, one), null)

/** Keys that share long beginnings, as keys made to be deep in the tree do. */
const closeKeys = fc.uniqueArray(fc.tuple(fc.nat(3), fc.nat(255)), { maxLength: 20, selector: String }).map((pairs) =>
  pairs.map(([where, last]): SparseLeaf => {
    const key = new Uint8Array(32)
    key[where * 10] = last
    return { key, digest: sha256(key) }
  }),
)
const names = fc.uniqueArray(fc.string(), { maxLength: 40 }).map((list) => list.map((name) => leaf(name)))

/** The same tree from its definition, with no history: what it must be. */
const byDefinition = (leaves: readonly SparseLeaf[], depth = 0): Bytes => {
  if (leaves.length === 0) return emptyHash
  if (leaves.length === 1) return leafHash(leaves[0]!)
  const right = ({ key }: SparseLeaf) => ((key[depth >> 3]! >> (7 - (depth & 7))) & 1) === 1
  const tag = utf8('edge-net/state-fork/1')
  const parts = [false, true].map((side) =>
    byDefinition(
      leaves.filter((l) => right(l) === side),
      depth + 1,
    ),
  )
  return sha256(new Uint8Array([...tag, ...parts[0]!, ...parts[1]!]))
}

test('the root is that of the definition, in any order of arrival and with any repetition', () => {
  fc.assert(
    fc.property(
      fc.oneof(names, closeKeys).chain((leaves) =>
        fc.record({
          leaves: fc.constant(leaves),
          order: fc.shuffledSubarray([...leaves, ...leaves], { minLength: 2 * leaves.length }),
        }),
      ),
      ({ leaves, order }) => {
        const unique = [...new Map(leaves.map((l) => [toHex(l.key), l])).values()]
        expect(toHex(sparseRoot(treeOf(order)))).toBe(toHex(byDefinition(unique)))
      },
    ),
  )
})

test('what was set before does not show: the last value alone counts', () => {
  const [a, b] = [leaf('a', 'old'), leaf('b')]
  expect(sparseRoot(setLeaf(treeOf([a, b]), leaf('a', 'new')))).toEqual(sparseRoot(treeOf([leaf('b'), leaf('a', 'new')])))
})

test('a tree that was handed out does not change', () => {
  const before = treeOf([leaf('a'), leaf('b')])
  const root = toHex(sparseRoot(before))
  const after = setLeaf(before, leaf('c'))
  expect(toHex(sparseRoot(after))).not.toBe(root)
  expect(toHex(sparseRoot(before))).toBe(root)
})

test('every path leads to the root, from a leaf and from where one would be', () => {
  fc.assert(
    fc.property(fc.oneof(names, closeKeys), fc.string(), (leaves, absent) => {
      const tree = treeOf(leaves)
      for (const key of [...leaves.map((l) => l.key), sha256(utf8(`absent ${absent}`))]) {
        const { siblings, met } = pathTo(tree, key)
        expect(rootOfPath(key, siblings, met === null ? emptyHash : leafHash(met))).toEqual(sparseRoot(tree))
      }
    }),
  )
})

test('the path of one of 4 096 is short', () => {
  const leaves = Array.from({ length: 4096 }, (_, i) => leaf(`${i}`))
  const tree = treeOf(leaves)
  const longest = Math.max(...leaves.map(({ key }) => pathTo(tree, key).siblings.length))
  expect(longest).toBeLessThan(40)
  expect(pathTo(tree, leaves[7]!.key).met?.digest).toSatisfy((digest: Bytes) => equalBytes(digest, leaves[7]!.digest))
})
