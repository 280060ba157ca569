/**
 * A sparse Merkle tree over 32-byte keys, its shape a function of what it holds and of nothing else (after Dahlberg et al.,
 * *Efficient Sparse Merkle Trees*, NordSec 2016, with subtrees of one leaf drawn together as in Diem's Jellyfish tree).
 *
 * An empty subtree is 32 zero bytes; a subtree that holds one leaf is that leaf; any other is a fork on the key's next bit, most
 * significant first. Leaves and forks are hashed under tags of their own, so that neither can be shown for the other, and a leaf
 * binds its whole key, so that where it stands cannot be lied about. Trees are immutable and share what did not change: setting a
 * leaf copies its path. Hashes are made when they are asked for and kept.
 */
import { type Bytes, concat, equalBytes, sha256, utf8 } from '../lib/bytes.ts'

export interface SparseLeaf {
  readonly key: Bytes
  /** sha-256 of what the leaf stands for. */
  readonly digest: Bytes
}
interface Leaf extends SparseLeaf {
  hash: Bytes | undefined
}
interface Fork {
  readonly left: Sparse
  readonly right: Sparse
  hash: Bytes | undefined
}
export type Sparse = Leaf | Fork | null

/** Forks above the deepest leaf: a key's bits. */
export const sparseDepthMax = 256
export const emptyHash: Bytes = new Uint8Array(32)
const leafTag = utf8('edge-net/state-leaf/1')
const forkTag = utf8('edge-net/state-fork/1')

export const leafHash = ({ key, digest }: SparseLeaf): Bytes => sha256(concat(leafTag, key, digest))
export const forkHash = (left: Bytes, right: Bytes): Bytes => sha256(concat(forkTag, left, right))

export const sparseRoot = (tree: Sparse): Bytes => {
  if (tree === null) return emptyHash
  return (tree.hash ??= 'key' in tree ? leafHash(tree) : forkHash(sparseRoot(tree.left), sparseRoot(tree.right)))
}

export const setLeaf = (tree: Sparse, leaf: SparseLeaf): Sparse => setAt(tree, leaf, 0)

/** What leads from the root to where this key is, or would be: siblings from the root down, and the leaf met there. */
export const pathTo = (tree: Sparse, key: Bytes): { readonly siblings: readonly Bytes[]; readonly met: SparseLeaf | null } => {
  const siblings: Bytes[] = []
  let at = tree
  while (at !== null && !('key' in at)) {
    const right = bitOf(key, siblings.length)
    siblings.push(sparseRoot(right ? at.left : at.right))
    at = right ? at.right : at.left
  }
  return { siblings, met: at === null ? null : { key: at.key, digest: at.digest } }
}

/** The root that these siblings of the key's path make, where the path ends in `end`. At most `sparseDepthMax` siblings. */
export const rootOfPath = (key: Bytes, siblings: readonly Bytes[], end: Bytes): Bytes =>
  siblings.reduceRight((hash, sibling, depth) => (bitOf(key, depth) ? forkHash(sibling, hash) : forkHash(hash, sibling)), end)

/** The first `depth` bits agree. */
export const sharePath = (a: Bytes, b: Bytes, depth: number): boolean => {
  for (let i = 0; i < depth; i++) if (bitOf(a, i) !== bitOf(b, i)) return false
  return true
}

const setAt = (tree: Sparse, leaf: SparseLeaf, depth: number): Sparse => {
  if (tree === null) return { key: leaf.key, digest: leaf.digest, hash: undefined }
  if ('key' in tree) {
    if (!equalBytes(tree.key, leaf.key)) return fork(tree, leaf, depth)
    return equalBytes(tree.digest, leaf.digest) ? tree : { key: leaf.key, digest: leaf.digest, hash: undefined }
  }
  const { left, right } = tree
  return bitOf(leaf.key, depth)
    ? { left, right: setAt(right, leaf, depth + 1), hash: undefined }
    : { left: setAt(left, leaf, depth + 1), right, hash: undefined }
}

/** Two leaves of different keys, below all that the keys have in common. */
const fork = (old: Leaf, leaf: SparseLeaf, depth: number): Fork => {
  const right = bitOf(old.key, depth)
  const child = setAt(right === bitOf(leaf.key, depth) ? old : null, leaf, depth + 1)
  if (right === bitOf(leaf.key, depth))
    return right ? { left: null, right: child, hash: undefined } : { left: child, right: null, hash: undefined }
  return right ? { left: child, right: old, hash: undefined } : { left: old, right: child, hash: undefined }
}

const bitOf = (key: Bytes, depth: number): boolean => ((key[depth >> 3]! >> (7 - (depth & 7))) & 1) === 1
