/**
 * Witnesses' single signatures, until enough of them make a certificate. Kept for entries that we wait for only: a witness
 * that signs whatever it likes neither fills this nor displaces what others signed.
 */
import { mergeCertificates, verifySignatures } from '../ledger/certificate.ts'
import { type LedgerRules, quorumOf } from '../ledger/rules.ts'
import type { Certificate } from '../ledger/types.ts'
import type { Verifier } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'

/** One own entry waits at a time; beside it, what each witness says that it signed before. */
const entriesMax = 16

export interface Signatures {
  /** The certificate with all signatures so far; undefined where this one holds a false signature or none. */
  readonly add: (certificate: Certificate) => Promise<Certificate | undefined>
  readonly full: (certificate: Certificate) => boolean
  readonly forget: (certificate: Certificate) => void
}

export const createSignatures = (verifier: Verifier, rules: Pick<LedgerRules, 'swarm' | 'witnesses'>): Signatures => {
  const partial = new Map<string, Certificate>()
  return {
    full: ({ signatures }) => signatures.length >= quorumOf(rules.witnesses.length),
    add: async (certificate) => {
      if (certificate.signatures.length === 0 || !(await verifySignatures(verifier, certificate, rules))) return undefined
      const id = toHex(certificate.id)
      const known = partial.get(id)
      const merged = (known && mergeCertificates(known, certificate)) ?? certificate
      partial.delete(id)
      partial.set(id, merged)
      if (partial.size > entriesMax) partial.delete(partial.keys().next().value!)
      return merged
    },
    forget: ({ id }) => void partial.delete(toHex(id)),
  }
}
