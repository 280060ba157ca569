/** What is too large for one frame, in pieces that come in order: a checkpoint's proposal, accounts as of one. */
import type { NodeId } from '../identity/keys.ts'
import { type Bytes, concat } from '../lib/bytes.ts'
import type { WireBody } from '../network/wire.ts'
import { pieceBytesMax } from '../network/wire-relays.ts'

type Piece = WireBody<'propose'>

export const piecesOf = (day: number, bytes: Bytes): readonly Piece[] => {
  const count = Math.max(1, Math.ceil(bytes.length / pieceBytesMax))
  return Array.from({ length: count }, (_, part) => ({
    day,
    part,
    last: part === count - 1,
    bytes: bytes.slice(part * pieceBytesMax, (part + 1) * pieceBytesMax) as Bytes,
  }))
}

export interface Pieces {
  /** All of it with its last piece; 'too-large': more than anybody says. */
  readonly take: (from: NodeId, piece: Piece) => Bytes | 'too-large' | undefined
}

/** One thing of one day at a time from each peer; a piece out of order ends it. */
export const createPieces = (bytesMax: number): Pieces => {
  const begun = new Map<NodeId, { readonly day: number; readonly parts: readonly Bytes[]; readonly bytes: number }>()
  return {
    take: (from, { day, part, last, bytes }) => {
      const before = part === 0 ? { day, parts: [], bytes: 0 } : begun.get(from)
      begun.delete(from)
      if (!before || before.day !== day || before.parts.length !== part) return undefined
      const now = { day, parts: [...before.parts, bytes], bytes: before.bytes + bytes.length }
      if (now.bytes > bytesMax) return 'too-large'
      if (last) return concat(...now.parts)
      begun.set(from, now)
      return undefined
    },
  }
}
