/** What is read from and kept out of session descriptions (RFC 8866, RFC 8122). They are made by browsers and sent by anyone. */
import { type Bytes, fromHex } from '../lib/bytes.ts'

/** Descriptions of one data channel were seen at 0.5 to 2 KB; every further address adds about 100 bytes. */
export const sdpCharsMax = 12 * 1024

/** Any of the line ends that a browser's parser might see: to find a second fingerprint is safer than to miss one. */
const linesOf = (sdp: string): string[] => sdp.split(/\r\n|\r|\n/)

/** The one sha-256 fingerprint that a channel can be bound to. Undefined where there is none, another hash, or a second. */
export const sdpFingerprint = (sdp: string): Bytes | undefined => {
  const lines = linesOf(sdp).filter((line) => /^\s*a=fingerprint/i.test(line))
  const hex = lines.length === 1 ? /^a=fingerprint:sha-256 ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/i.exec(lines[0]!)?.[1] : undefined
  return hex === undefined ? undefined : fromHex(hex.replaceAll(':', '').toLowerCase())
}

export const sdpHasCandidates = (sdp: string): boolean => linesOf(sdp).some((line) => line.startsWith('a=candidate:'))

/** Without the machine's own addresses: what STUN and TURN servers see of it remains. */
export const withoutHostCandidates = (sdp: string): string =>
  linesOf(sdp)
    .filter((line) => !/^a=candidate:.* typ host\b/.test(line))
    .map((line) =>
      line
        .replace(/^(a=candidate:.*) raddr \S+ rport \d+/, '$1 raddr 0.0.0.0 rport 0')
        .replace(/^c=IN IP4 .*/, 'c=IN IP4 0.0.0.0')
        .replace(/^c=IN IP6 .*/, 'c=IN IP6 ::'),
    )
    .join('\r\n')
