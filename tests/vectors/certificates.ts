/** Certificates, full and not, with the reason. Writes `certificates.json` (format: README.md here). */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { encodeCertificate } from '../../src/ledger/certificate.ts'
import type { Certificate } from '../../src/ledger/types.ts'
import { type Bytes, compareBytes, concat, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { type Cbor, encode } from '../../src/lib/cbor.ts'
import { certify, createPerson, next, signerOf } from '../unit/ledger/fixtures.ts'
import { rulesToVector, type RulesVector, vectorWorld } from './ledger-world.ts'

export const certificatesFile = 'tests/vectors/certificates.json'

/** few: below 2f+1. witness: by a key that is none. signature: one that is not over this entry in this swarm. */
export type CertificateReason = 'malformed' | 'few' | 'witness' | 'signature'

export interface CertificateVectors {
  readonly rules: Pick<RulesVector, 'swarm' | 'witnesses'>
  readonly valid: readonly {
    readonly what: string
    readonly author: string
    readonly seq: number
    readonly id: string
    readonly certificate: string
  }[]
  readonly invalid: readonly { readonly what: string; readonly certificate: string; readonly reason: CertificateReason }[]
}

export const certificateVectors = async (): Promise<CertificateVectors> => {
  const world = await vectorWorld()
  const [ana, ben] = await Promise.all([createPerson('ana'), createPerson('ben')])
  const entry = await next(world, ana, undefined, [ana.join])
  const other = await next(world, ben, undefined, [ben.join])
  const full = await certify(world, entry)
  const [first, second, third, fourth] = full.signatures
  const by = (...signatures: readonly (Certificate['signatures'][number] | undefined)[]): Certificate => ({
    ...full,
    signatures: signatures.flatMap((one) => (one ? [one] : [])),
  })
  const high = await certify(world, { ...entry, entry: { ...entry.entry, seq: Number.MAX_SAFE_INTEGER } })
  const valid: readonly (readonly [what: string, certificate: Certificate])[] = [
    ['all four witnesses', full],
    ['2f + 1 of them', by(first, second, third)],
    ['another 2f + 1', by(second, third, fourth)],
    ['the highest number there is', high],
  ]

  const stranger = signerOf('stranger')
  const [, strangers] = (await certify(world, entry, [stranger])).signatures[0]!
  const withStranger = [...full.signatures, [stranger.publicKey, strangers] as const].toSorted(([a], [b]) => compareBytes(a, b))
  const flipped = first![1].map((byte, i) => (i === 0 ? byte ^ 1 : byte))
  const swarmed = await certify({ ...world, rules: { ...world.rules, swarm: sha256(utf8('another swarm')) } }, entry)
  const invalid: readonly (readonly [what: string, certificate: Certificate | Bytes, reason: CertificateReason])[] = [
    ['one witness too few', by(first, second), 'few'],
    ['no signature', by(), 'few'],
    ['a key that is no witness beside all four', { ...full, signatures: withStranger }, 'witness'],
    ['a flipped bit in one signature, with 2f + 1 good ones beside it', by([first![0], flipped], second, third, fourth), 'signature'],
    ['two witnesses’ signatures swapped', by([first![0], second![1]], [second![0], first![1]], third), 'signature'],
    ['another number', { ...full, seq: 1 }, 'signature'],
    ['another entry', { ...full, id: other.id }, 'signature'],
    ['another author', { ...full, author: ben.device.publicKey }, 'signature'],
    ['made for another swarm', swarmed, 'signature'],
    ['a witness twice', by(first, first, second), 'malformed'],
    ['witnesses not sorted', by(second, first, third), 'malformed'],
    ['a field more', encode({ ...full, time: 0 } as unknown as Cbor), 'malformed'],
    ['a key of 31 bytes', { ...full, author: full.author.slice(1) as Bytes }, 'malformed'],
    ['a byte more', concat(encodeCertificate(full), Uint8Array.of(0)), 'malformed'],
    ['cut short', encodeCertificate(full).slice(0, -1) as Bytes, 'malformed'],
  ]
  const hex = (certificate: Certificate | Bytes): string =>
    toHex(certificate instanceof Uint8Array ? certificate : encodeCertificate(certificate))
  const { swarm, witnesses } = rulesToVector(world.rules)
  return {
    rules: { swarm, witnesses },
    valid: valid.map(([what, certificate]) => ({
      what,
      author: toHex(certificate.author),
      seq: certificate.seq,
      id: toHex(certificate.id),
      certificate: hex(certificate),
    })),
    invalid: invalid.map(([what, certificate, reason]) => ({ what, certificate: hex(certificate), reason })),
  }
}

export const formatCertificates = (vectors: CertificateVectors): string => `${JSON.stringify(vectors, null, 1)}\n`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync(certificatesFile, formatCertificates(await certificateVectors()))
