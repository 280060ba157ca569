import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { parseCertificate, verifyCertificate, verifySignatures } from '../../src/ledger/certificate.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { verifier } from '../unit/ledger/fixtures.ts'
import {
  type CertificateReason,
  certificatesFile,
  certificateVectors,
  type CertificateVectors,
  formatCertificates,
} from './certificates.ts'
import { bytesOf } from './ledger-world.ts'

const text = readFileSync(certificatesFile, 'utf8')
const { rules: given, valid, invalid } = JSON.parse(text) as CertificateVectors
const rules = { swarm: bytesOf(given.swarm), witnesses: given.witnesses.map(bytesOf) }

/** Undefined: full and true. The ledger asks only whether it is; here each refusal is told from the others by what would mend it. */
const faultOf = async (hex: string): Promise<CertificateReason | undefined> => {
  const parsed = parseCertificate(bytesOf(hex))
  if (!parsed.ok) return 'malformed'
  const certificate = parsed.value
  if (await verifyCertificate(verifier, certificate, rules)) return undefined
  if (await verifySignatures(verifier, certificate, rules)) return 'few'
  const signers = certificate.signatures.map(([witness]) => toHex(witness))
  return signers.every((key) => given.witnesses.includes(key)) ? 'signature' : 'witness'
}

describe('certificates.json', () => {
  it('is what this program writes', async () => {
    expect(text, 'run npx tsx tests/vectors/certificates.ts, if the change is meant').toBe(formatCertificates(await certificateVectors()))
    expect([valid.length, invalid.length]).toEqual([4, 15])
  })

  test.each(valid)('$what: full', async ({ author, seq, id, certificate }) => {
    expect(await faultOf(certificate)).toBeUndefined()
    expect(parseCertificate(bytesOf(certificate))).toMatchObject({ ok: true, value: { author: bytesOf(author), seq, id: bytesOf(id) } })
  })

  test.each(invalid)('$what is refused: $reason', async ({ certificate, reason }) => {
    expect(await faultOf(certificate)).toBe(reason)
  })
})
