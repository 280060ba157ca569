/**
 * Checks from the bytes alone that an entry of a chain counts (spec: ledger.md, *Witnesses and certificates*): its form and id, its
 * signature, the links from it to a certified entry, and the witnesses' signatures on that one. Believes nobody, the own vault
 * included: a damaged store shows here.
 */
import type { PublicKey, Verifier } from '../identity/keys.ts'
import { verifyCertificate } from '../ledger/certificate.ts'
import { parseEntry, type ParsedEntry } from '../ledger/entry.ts'
import { type LedgerRules, quorumOf } from '../ledger/rules.ts'
import type { Certificate } from '../ledger/types.ts'
import { verifyEntry } from '../ledger/verify-entry.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'

export interface EntryCheck {
  /** First thing that is wrong; null: all holds. 'waiting': not certified yet. */
  readonly fault: 'waiting' | 'form' | 'author' | 'signature' | 'chain' | 'certificate' | null
  /** The entry's id as computed from its bytes, hex; empty where the form is wrong. */
  readonly id: string
  /** Number of the certified entry that covers it. */
  readonly certifiedSeq: number | null
  /** Witnesses that signed that one, of how many, and how many it takes. */
  readonly signed: number
  readonly witnesses: number
  readonly quorum: number
}

/** `seq`, `author`: which entry it is to be. `identity`: root key of its author, which may sign in its stead. */
export const checkEntry = async (
  verifier: Verifier,
  rules: LedgerRules,
  expected: { readonly seq: number; readonly author: PublicKey; readonly identity: PublicKey },
  proof: { readonly entries: readonly Uint8Array[]; readonly certificate: Certificate } | null,
): Promise<EntryCheck> => {
  const of = (fault: EntryCheck['fault'], id = ''): EntryCheck => ({
    fault,
    id,
    certifiedSeq: proof?.certificate.seq ?? null,
    signed: proof?.certificate.signatures.length ?? 0,
    witnesses: rules.witnesses.length,
    quorum: quorumOf(rules.witnesses.length),
  })
  if (proof === null) return of('waiting')
  const chain: ParsedEntry[] = []
  for (const bytes of proof.entries) {
    const parsed = parseEntry(bytes)
    if (!parsed.ok) return of('form')
    chain.push(parsed.value)
  }
  const [first, last] = [chain[0], chain.at(-1)]
  if (!first || !last) return of('form')
  const id = toHex(first.id)
  if (first.entry.seq !== expected.seq || !chain.every(({ entry }) => equalBytes(entry.author, expected.author))) return of('author', id)
  if (!(await verifyEntry(verifier, rules, first, expected.identity)).ok) return of('signature', id)
  const linked = chain.every(
    ({ entry }, i) => i === 0 || (entry.seq === chain[i - 1]!.entry.seq + 1 && equalBytes(entry.prev, chain[i - 1]!.id)),
  )
  if (!linked) return of('chain', id)
  const { certificate } = proof
  const named = equalBytes(certificate.author, expected.author) && certificate.seq === last.entry.seq && equalBytes(certificate.id, last.id)
  return of(named && (await verifyCertificate(verifier, certificate, rules)) ? null : 'certificate', id)
}
