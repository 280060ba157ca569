/**
 * Keys in order, of which a range costs by what it gives and a change by a chunk, however many there are: a B-tree of two levels,
 * as deep as stores in memory need.
 */
export interface SortedKeys {
  readonly add: (key: string) => void
  readonly remove: (key: string) => void
  /** From the first that is not below `from` to the last below `to`, at most `limit`; backwards, the last ones first. */
  readonly range: (from: string, to: string, reverse: boolean, limit: number) => string[]
}

const chunkMax = 512

export const createSortedKeys = (): SortedKeys => {
  /** None is empty but an only one. */
  const chunks: string[][] = [[]]
  /** The place of the first key that is not below this one; in the last chunk past its end where there is none. */
  const placeOf = (key: string): { readonly at: number; readonly index: number } => {
    const at = Math.min(
      firstIndex(chunks.length, (i) => chunks[i]!.at(-1)! >= key),
      chunks.length - 1,
    )
    const chunk = chunks[at]!
    return { at, index: firstIndex(chunk.length, (i) => chunk[i]! >= key) }
  }
  return {
    add: (key) => {
      const { at, index } = placeOf(key)
      const chunk = chunks[at]!
      if (chunk[index] === key) return
      chunk.splice(index, 0, key)
      // What grows at its end is cut there, so that keys that come in order leave full chunks.
      if (chunk.length > chunkMax) chunks.splice(at + 1, 0, chunk.splice(index === chunk.length - 1 ? index : chunkMax >> 1))
    },
    remove: (key) => {
      const { at, index } = placeOf(key)
      const chunk = chunks[at]!
      if (chunk[index] !== key) return
      chunk.splice(index, 1)
      if (chunk.length === 0 && chunks.length > 1) chunks.splice(at, 1)
    },
    range: (from, to, reverse, limit) => {
      if (from >= to) return []
      const [first, end] = [placeOf(from), placeOf(to)]
      const found: string[] = []
      for (let n = 0; n <= end.at - first.at && found.length < limit; n++) {
        const at = reverse ? end.at - n : first.at + n
        const chunk = chunks[at]!
        const [start, stop] = [at === first.at ? first.index : 0, at === end.at ? end.index : chunk.length]
        const count = Math.min(stop - start, limit - found.length)
        for (let i = 0; i < count; i++) found.push(chunk[reverse ? stop - 1 - i : start + i]!)
      }
      return found
    },
  }
}

/** The first number below `count` that passes, where all after one that passes do; `count` where none does. */
const firstIndex = (count: number, passes: (i: number) => boolean): number => {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >> 1
    if (passes(middle)) high = middle
    else low = middle + 1
  }
  return low
}
