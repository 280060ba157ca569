/** Collects the sealed chunks of one payload or result, in any order, within a size; a new `enc` begins anew. */
import { equalBytes, type Bytes } from '../lib/bytes.ts'

export interface Chunk {
  readonly index: number
  readonly last: boolean
  readonly enc: Bytes | null
  readonly data: Bytes
}

export interface Assembly {
  /** The whole once nothing is missing. */
  readonly add: (chunk: Chunk) => { readonly enc: Bytes; readonly chunks: readonly Bytes[] } | 'incomplete' | 'too-large'
  /** First index that is missing. */
  readonly missingFrom: () => number
}

/** Of the 48 KiB that a sender puts into one, this is far more than any payload or result has. */
const chunksMax = 1024

export const createAssembly = (bytesMax: number): Assembly => {
  let enc: Bytes | undefined
  let parts = new Map<number, Bytes>()
  let bytes = 0
  let count: number | undefined
  return {
    add: (chunk) => {
      if (chunk.enc !== null && enc !== undefined && !equalBytes(enc, chunk.enc)) [parts, bytes, count] = [new Map(), 0, undefined]
      if (chunk.enc !== null) enc = chunk.enc
      bytes += chunk.data.length - (parts.get(chunk.index)?.length ?? 0)
      // An empty chunk is only ever the whole of an empty text: many of them would be free otherwise.
      if (bytes > bytesMax || parts.size > chunksMax) return 'too-large'
      parts.set(chunk.index, chunk.data)
      if (chunk.last) count = chunk.index + 1
      if (enc === undefined || count === undefined || parts.size < count) return 'incomplete'
      return { enc, chunks: Array.from({ length: count }, (_, i) => parts.get(i)!) }
    },
    missingFrom: () => {
      let i = 0
      while (parts.has(i)) i++
      return enc === undefined ? 0 : i
    },
  }
}
