/** A chain in as many `entries` messages as it needs: each fits a frame, the certificate stands on the last entry of the last. */
import type { Certificate } from '../ledger/types.ts'
import type { Bytes } from '../lib/bytes.ts'
import type { WireBody } from '../network/wire.ts'

/** Leaves room in a frame for CBOR heads and a certificate of a hundred witnesses. */
const segmentBytesMax = 50 * 1024
const segmentEntriesMax = 64
const messageBytesMax = 60 * 1024
/** What CBOR and a certificate's head take, rounded up; a signature with its witness; the head of an entry. */
const partBytes = 160
const signatureBytes = 102
const entryHeadBytes = 3

export const fitsOneFrame = (entries: readonly Bytes[], certificate: Certificate | null): boolean =>
  segments(entries, certificate).length === 1

/** Whether so many parts of chains go into one message together; one alone always does. */
export const fitsOneMessage = (parts: readonly WireBody<'entries'>[]): boolean =>
  parts.reduce((sum, part) => sum + bytesMaxOf(part), 0) <= messageBytesMax
const bytesMaxOf = ({ entries, certificate }: WireBody<'entries'>): number =>
  partBytes + entries.reduce((sum, { length }) => sum + entryHeadBytes + length, 0) + (certificate?.signatures.length ?? 0) * signatureBytes

export const segments = (entries: readonly Bytes[], certificate: Certificate | null): WireBody<'entries'>[] => {
  const parts: Bytes[][] = [[]]
  let bytes = 0
  for (const entry of entries) {
    const part = parts.at(-1)!
    if (part.length > 0 && (part.length === segmentEntriesMax || bytes + entry.length > segmentBytesMax)) {
      parts.push([entry])
      bytes = entry.length
    } else {
      part.push(entry)
      bytes += entry.length
    }
  }
  return parts.map((part, i) => ({ entries: part, certificate: i === parts.length - 1 ? onWire(certificate) : null }))
}

/** The wire's type is the schema's, which knows no `readonly`. */
export const onWire = (certificate: Certificate | null): WireBody<'entries'>['certificate'] =>
  certificate && { ...certificate, signatures: certificate.signatures.map(([witness, signature]): [Bytes, Bytes] => [witness, signature]) }
