/**
 * What a certified entry of somebody else pays this account. A payer may have had one certificate for several entries; the witnesses then
 * sign the one that pays each for itself (ledger/witness.ts, `vouch`), and their signatures are put together here.
 */
import type { PublicKey, Verifier } from '../identity/keys.ts'
import { verifyCertificate } from '../ledger/certificate.ts'
import { parseEntry, payLines } from '../ledger/entry.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import type { Certificate } from '../ledger/types.ts'
import { type Bytes, equalBytes } from '../lib/bytes.ts'
import { incomesToldMax } from './relay-incomes.ts'
import { createSignatures } from './settlement-signatures.ts'

export interface PaidHere {
  readonly certificate: Certificate
  /** In all, in µcr. */
  readonly total: number
}

/** Undefined where the two do not belong together or it names us not; `partial`: more witnesses are to be heard. */
export const createIncomeCheck = (
  verifier: Verifier,
  rules: Pick<LedgerRules, 'swarm' | 'witnesses'>,
  payee: PublicKey,
): ((entry: Bytes, certificate: Certificate) => Promise<PaidHere | 'partial' | undefined>) => {
  const signatures = createSignatures(verifier, rules, incomesToldMax)
  return async (bytes, told) => {
    const parsed = parseEntry(bytes)
    const line = parsed.ok && equalBytes(parsed.value.id, told.id) && payLines(parsed.value.entry).findLast(([to]) => equalBytes(to, payee))
    if (!line) return undefined
    const certificate = signatures.full(told) ? told : await signatures.add(told)
    if (!certificate) return undefined
    if (!signatures.full(certificate)) return 'partial'
    if (!(await verifyCertificate(verifier, certificate, rules))) return undefined
    signatures.forget(certificate)
    return { certificate, total: line[1] }
  }
}
