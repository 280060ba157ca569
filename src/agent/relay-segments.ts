/** A chain in as many `entries` messages as it needs: each fits a frame, the certificate stands on the last entry of the last. */
import type { Certificate } from '../ledger/types.ts'
import type { Bytes } from '../lib/bytes.ts'
import type { WireBody } from '../network/wire.ts'

/** Leaves room in a frame for CBOR heads and a certificate of a hundred witnesses. */
const segmentBytesMax = 50 * 1024
const segmentEntriesMax = 64

export const fitsOneFrame = (entries: readonly Bytes[], certificate: Certificate | null): boolean =>
  segments(entries, certificate).length === 1

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
  return parts.map((part, i) => ({ entries: part, certificate: i === parts.length - 1 ? mutable(certificate) : null }))
}

/** The wire's type is the schema's, which knows no `readonly`. */
const mutable = (certificate: Certificate | null): WireBody<'entries'>['certificate'] =>
  certificate && { ...certificate, signatures: certificate.signatures.map(([witness, signature]): [Bytes, Bytes] => [witness, signature]) }
