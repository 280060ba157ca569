/** A replica's chains in parts, as they are told to others. */
import type { PublicKey } from '../identity/keys.ts'
import { claimLines, type ParsedEntry } from './entry.ts'
import type { ReplicaRecords } from './replica-records.ts'
import type { Certificate } from './types.ts'

/** Of one answer to a range; whoever wants more asks on from there. */
export const segmentBytesMax = 256 * 1024
export const segmentEntriesMax = 1024

export interface Segment {
  /** Oldest first. */
  readonly entries: readonly ParsedEntry[]
  /** On the last of them. */
  readonly certificate: Certificate | null
}

export interface Segments {
  /** Certified entries from this number on: up to the furthest certified one within `bytesMax`, at least up to the next. */
  readonly chainFrom: (author: PublicKey, seq: number, bytesMax?: number) => Promise<Segment>
  /** Payers' entries that these entries claim: what a node that lost them needs beside its own chain. */
  readonly evidenceFor: (entries: readonly ParsedEntry[]) => Promise<readonly ParsedEntry[]>
}

export const createSegments = (records: Pick<ReplicaRecords, 'entriesFrom' | 'certificates' | 'entryById'>): Segments => ({
  chainFrom: async (author, seq, bytesMax = segmentBytesMax) => {
    const listed = await records.entriesFrom(author, seq, segmentEntriesMax)
    // Up to where one was dropped, or has not come yet.
    const gap = listed.findIndex(({ entry }, i) => entry.seq !== seq + i)
    const entries = gap < 0 ? listed : listed.slice(0, gap)
    let bytes = 0
    const fits = entries.findIndex((entry) => (bytes += entry.bytes.length) > bytesMax)
    const certificates = await records.certificates(author, seq, segmentEntriesMax)
    const within = certificates.filter((certificate) => certificate.seq < seq + (fits < 0 ? entries.length : fits))
    const certificate = within.at(-1) ?? certificates[0] ?? null
    const whole = certificate !== null && certificate.seq < seq + entries.length
    return { entries: whole ? entries.slice(0, certificate.seq - seq + 1) : [], certificate }
  },

  evidenceFor: async (entries) => {
    const found: ParsedEntry[] = []
    for (const { entry } of entries)
      for (const [, id] of claimLines(entry)) {
        const paying = await records.entryById(id)
        if (paying) found.push(paying)
      }
    return found
  },
})
