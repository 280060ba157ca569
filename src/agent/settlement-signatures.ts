/**
 * Witnesses' single signatures, until enough of them make a certificate. So many are kept of each witness: one that signs whatever it
 * likes neither fills this nor displaces what others signed.
 */
import { mergeCertificates, verifySignatures } from '../ledger/certificate.ts'
import { type LedgerRules, quorumOf } from '../ledger/rules.ts'
import type { Certificate } from '../ledger/types.ts'
import type { Verifier } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'

/** One own entry waits at a time; beside it, what each witness says that it signed before. */
const ownMax = 16

export interface Signatures {
  /** The certificate with all signatures so far; undefined where this one holds a false signature or none. */
  readonly add: (certificate: Certificate) => Promise<Certificate | undefined>
  readonly full: (certificate: Certificate) => boolean
  readonly forget: (certificate: Certificate) => void
}

/** `max`: entries that one witness's signatures are kept on. */
export const createSignatures = (verifier: Verifier, rules: Pick<LedgerRules, 'swarm' | 'witnesses'>, max = ownMax): Signatures => {
  const partial = new Map<string, Certificate>()
  /** Ids by witness, the oldest first. */
  const signed = new Map<string, Set<string>>()
  const drop = (witness: string, id: string): void => {
    signed.get(witness)?.delete(id)
    const known = partial.get(id)
    const signatures = known?.signatures.filter(([key]) => toHex(key) !== witness) ?? []
    if (known && signatures.length > 0) partial.set(id, { ...known, signatures })
    else partial.delete(id)
  }
  const forget = ({ id }: Pick<Certificate, 'id'>): void => {
    const key = toHex(id)
    for (const [witness] of partial.get(key)?.signatures ?? []) signed.get(toHex(witness))?.delete(key)
    partial.delete(key)
  }
  return {
    full: ({ signatures }) => signatures.length >= quorumOf(rules.witnesses.length),
    add: async (certificate) => {
      if (certificate.signatures.length === 0 || !(await verifySignatures(verifier, certificate, rules))) return undefined
      const id = toHex(certificate.id)
      const known = partial.get(id)
      const merged = (known && mergeCertificates(known, certificate)) ?? certificate
      partial.set(id, merged)
      for (const [key] of certificate.signatures) {
        const witness = toHex(key)
        const ids = (signed.get(witness) ?? new Set<string>()).add(id)
        signed.set(witness, ids)
        if (ids.size > max) drop(witness, ids.values().next().value!)
      }
      return merged
    },
    forget,
  }
}
