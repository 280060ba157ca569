/** Certified runs of chains as messages, each with the payers' entries that it claims before it. */
import type { PublicKey } from '../identity/keys.ts'
import { parseEntry, type ParsedEntry } from '../ledger/entry.ts'
import type { Replica } from '../ledger/replica.ts'
import type { Certificate } from '../ledger/types.ts'
import type { Bytes } from '../lib/bytes.ts'
import type { WireBody, WireMessage } from '../network/wire.ts'
import { fitsOneFrame, segments } from './relay-segments.ts'

/** Of one answer to a range, tried from the largest: with payers' entries beside them they must fit a frame. */
const rangeBytes = [48, 24, 12, 6, 0].map((kib) => kib * 1024)

export interface Run {
  readonly parts: readonly WireBody<'entries'>[]
  /** Number of the entry that the certificate is on. */
  readonly last: number
}

export interface ChainTeller {
  /** From this number up to a certified entry, as far as a frame holds; undefined where nothing is certified from there on. */
  readonly from: (author: PublicKey, seq: number) => Promise<Run | undefined>
  /** The same for another replica, which gets the payers' chains themselves. */
  readonly bare: (author: PublicKey, seq: number) => Promise<Run | undefined>
  readonly shown: (entries: readonly Bytes[], certificate: Certificate | null) => Promise<readonly WireMessage[]>
}

export const createChainTeller = (replica: Pick<Replica, 'chainFrom' | 'evidenceFor'>): ChainTeller => {
  const withEvidence = async (entries: readonly ParsedEntry[]): Promise<readonly Bytes[]> =>
    [...(await replica.evidenceFor(entries)), ...entries].map(({ bytes }) => bytes)
  return {
    from: async (author, seq) => {
      for (const bytesMax of rangeBytes) {
        const { entries, certificate } = await replica.chainFrom(author, seq, bytesMax)
        if (entries.length === 0 || certificate === null) return undefined
        const all = await withEvidence(entries)
        if (bytesMax > 0 && !fitsOneFrame(all, certificate)) continue
        return { parts: segments(all, certificate), last: certificate.seq }
      }
      return undefined
    },
    bare: async (author, seq) => {
      const { entries, certificate } = await replica.chainFrom(author, seq, rangeBytes[0])
      if (certificate === null) return undefined
      return {
        parts: segments(
          entries.map(({ bytes }) => bytes),
          certificate,
        ),
        last: certificate.seq,
      }
    },
    shown: async (entries, certificate) => {
      const parsed = entries.flatMap((bytes) => {
        const one = parseEntry(bytes)
        return one.ok ? [one.value] : []
      })
      return segments(await withEvidence(parsed), certificate).map((body) => ['entries', body] as const)
    },
  }
}
