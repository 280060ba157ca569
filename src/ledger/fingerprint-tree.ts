/**
 * A set of items ordered by (time, id) that tells the fingerprint of any range of it in O(log n) (spec: ledger.md,
 * *Checkpoints, keeping, sync*; the way of negentropy).
 *
 * A B+ tree: every node knows how many items lie below it and the sum of their ids modulo 2^256. The fingerprint of a range is a
 * hash of that sum and count; ids are hashes, so sums of different sets differ unless somebody worked hard to make them agree,
 * and who did so hides entries of his own at most until state roots are compared. Nodes split when they are full and go when they
 * are empty; they are not joined, since depth is bounded by the logarithm of all insertions either way.
 */
import { type Bytes, compareBytes, concat, sha256, utf8 } from '../lib/bytes.ts'

export interface Dated {
  /** ms since the epoch, by whoever made the item. */
  readonly time: number
  /** 32 bytes, a hash. */
  readonly id: Bytes
}
/** A place between items: before the first whose (time, id) is not below it. An id may be cut short. */
export interface Bound {
  readonly time: number
  readonly id: Bytes
}

export interface FingerprintTree<T extends Dated> {
  readonly size: () => number
  /** False: it is there already. */
  readonly insert: (item: T) => boolean
  /** False: it was not there. */
  readonly remove: (item: Dated) => boolean
  /** How many lie below this place. */
  readonly rank: (bound: Bound) => number
  /** The item with this many before it. */
  readonly at: (rank: number) => T | undefined
  /** From the item of the one rank up to the one before the other. */
  readonly slice: (from: number, to: number) => readonly T[]
  /** Of the same items. */
  readonly fingerprint: (from: number, to: number) => Bytes
}

export const fingerprintBytes = 16
const fanoutMax = 64
const tag = utf8('edge-net/fingerprint/1')

/** A sum modulo 2^256 in words of 32 bits, the lowest first. */
type Sum = Uint32Array
interface Leaf<T> {
  readonly items: T[]
  readonly sum: Sum
}
interface Branch<T> {
  readonly children: Node<T>[]
  readonly sum: Sum
  count: number
}
type Node<T> = Leaf<T> | Branch<T>

export const createFingerprintTree = <T extends Dated>(): FingerprintTree<T> => {
  let root: Node<T> = { items: [], sum: new Uint32Array(8) }

  const sumOf = (from: number, to: number): Sum => {
    const sum = new Uint32Array(8)
    addRange(root, from, to, sum)
    return sum
  }
  return {
    size: () => countOf(root),
    insert: (item) => {
      const added = insertInto(root, item)
      if (!added) return false
      if (isFull(root)) root = parentOf(split(root))
      return true
    },
    remove: (item) => {
      if (!removeFrom(root, item)) return false
      while ('children' in root && root.children.length === 1) root = root.children[0]!
      if (countOf(root) === 0) root = { items: [], sum: new Uint32Array(8) }
      return true
    },
    rank: (bound) => rankOf(root, bound),
    at: (rank) => collect(root, rank, rank + 1, [])[0],
    slice: (from, to) => collect(root, from, to, []),
    fingerprint: (from, to) =>
      sha256(concat(tag, bytesOfWords(sumOf(from, to)), bytesOfWords([Math.max(0, to - from)]))).slice(0, fingerprintBytes),
  }
}

/** Of items and places. */
export const compareDated = (a: Bound, b: Bound): number => a.time - b.time || compareBytes(a.id, b.id)

const countOf = <T>(node: Node<T>): number => ('items' in node ? node.items.length : node.count)
const isFull = <T>(node: Node<T>): boolean => ('items' in node ? node.items.length : node.children.length) > fanoutMax

const firstOf = <T extends Dated>(node: Node<T>): T => {
  let at = node
  while ('children' in at) at = at.children[0]!
  return at.items[0]!
}

/** How many of these lie at or below, by bisection. */
const notAbove = <X>(list: readonly X[], dated: (x: X) => Dated, bound: Bound): number => {
  let [low, high] = [0, list.length]
  while (low < high) {
    const mid = (low + high) >> 1
    if (compareDated(dated(list[mid]!), bound) <= 0) low = mid + 1
    else high = mid
  }
  return low
}
const itself = <T extends Dated>(item: T): Dated => item
const childFor = <T extends Dated>(node: Branch<T>, bound: Bound): number => Math.max(0, notAbove(node.children, firstOf<T>, bound) - 1)

const insertInto = <T extends Dated>(node: Node<T>, item: T): boolean => {
  if ('items' in node) {
    const at = notAbove(node.items, itself<T>, item)
    if (at > 0 && compareDated(node.items[at - 1]!, item) === 0) return false
    node.items.splice(at, 0, item)
  } else {
    const at = childFor(node, item)
    const child = node.children[at]!
    if (!insertInto(child, item)) return false
    if (isFull(child)) node.children.splice(at, 1, ...split(child))
    node.count++
  }
  addId(node.sum, item.id)
  return true
}

const removeFrom = <T extends Dated>(node: Node<T>, item: Dated): boolean => {
  if ('items' in node) {
    const at = notAbove(node.items, itself<T>, item) - 1
    if (at < 0 || compareDated(node.items[at]!, item) !== 0) return false
    subtractId(node.sum, node.items[at]!.id)
    node.items.splice(at, 1)
    return true
  }
  const at = childFor(node, item)
  const child = node.children[at]!
  if (!removeFrom(child, item)) return false
  if (countOf(child) === 0) node.children.splice(at, 1)
  node.count--
  subtractId(node.sum, item.id)
  return true
}

const split = <T>(node: Node<T>): [Node<T>, Node<T>] => {
  if ('items' in node) {
    const half = node.items.length >> 1
    return [leafOf(node.items.slice(0, half) as (T & Dated)[]), leafOf(node.items.slice(half) as (T & Dated)[])]
  }
  const half = node.children.length >> 1
  return [parentOf(node.children.slice(0, half)), parentOf(node.children.slice(half))]
}
const leafOf = <T extends Dated>(items: T[]): Leaf<T> => {
  const sum = new Uint32Array(8)
  for (const { id } of items) addId(sum, id)
  return { items, sum }
}
const parentOf = <T>(children: Node<T>[]): Branch<T> => {
  const sum = new Uint32Array(8)
  for (const child of children) addSum(sum, child.sum)
  return { children, sum, count: children.reduce((count, child) => count + countOf(child), 0) }
}

const rankOf = <T extends Dated>(node: Node<T>, bound: Bound): number => {
  if ('items' in node) {
    const upTo = notAbove(node.items, itself<T>, bound)
    return upTo > 0 && compareDated(node.items[upTo - 1]!, bound) === 0 ? upTo - 1 : upTo
  }
  const at = node.children.length === 0 ? 0 : childFor(node, bound)
  let rank = 0
  for (let i = 0; i < at; i++) rank += countOf(node.children[i]!)
  return rank + rankOf(node.children[at]!, bound)
}

const collect = <T>(node: Node<T>, from: number, to: number, found: T[]): T[] => {
  if ('items' in node) {
    for (let i = Math.max(0, from); i < Math.min(to, node.items.length); i++) found.push(node.items[i]!)
    return found
  }
  let before = 0
  for (const child of node.children) {
    if (before >= to) break
    const count = countOf(child)
    if (before + count > from) collect(child, from - before, to - before, found)
    before += count
  }
  return found
}

const addRange = <T extends Dated>(node: Node<T>, from: number, to: number, sum: Sum): void => {
  if (from <= 0 && to >= countOf(node)) return addSum(sum, node.sum)
  if ('items' in node) {
    for (let i = Math.max(0, from); i < Math.min(to, node.items.length); i++) addId(sum, node.items[i]!.id)
    return
  }
  let before = 0
  for (const child of node.children) {
    if (before >= to) break
    const count = countOf(child)
    if (before + count > from) addRange(child, from - before, to - before, sum)
    before += count
  }
}

const wordAt = (id: Bytes, i: number): number =>
  (id[4 * i]! | (id[4 * i + 1]! << 8) | (id[4 * i + 2]! << 16) | (id[4 * i + 3]! << 24)) >>> 0

const addId = (sum: Sum, id: Bytes): void => {
  let carry = 0
  for (let i = 0; i < 8; i++) {
    const word = sum[i]! + wordAt(id, i) + carry
    sum[i] = word
    carry = word > 0xffffffff ? 1 : 0
  }
}
const addSum = (sum: Sum, other: Sum): void => {
  let carry = 0
  for (let i = 0; i < 8; i++) {
    const word = sum[i]! + other[i]! + carry
    sum[i] = word
    carry = word > 0xffffffff ? 1 : 0
  }
}
const subtractId = (sum: Sum, id: Bytes): void => {
  let borrow = 0
  for (let i = 0; i < 8; i++) {
    const word = sum[i]! - wordAt(id, i) - borrow
    sum[i] = word
    borrow = word < 0 ? 1 : 0
  }
}

/** Little-endian, so that the fingerprint is the same on every machine. */
const bytesOfWords = (words: ArrayLike<number>): Bytes => {
  const bytes = new Uint8Array(4 * words.length)
  for (let i = 0; i < words.length; i++) for (let b = 0; b < 4; b++) bytes[4 * i + b] = (words[i]! >>> (8 * b)) & 255
  return bytes
}
