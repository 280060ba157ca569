/**
 * The part of validity that is signatures: the entry's own, the device certificate in its join, the certificates in its claims.
 *
 * An entry is signed by its author, or by the root key that its author's join names: without a phrase nobody takes over a lost
 * device's chain, and with it anyone in possession can.
 */
import { verifyDevice } from '../identity/device.ts'
import type { PublicKey, Verifier } from '../identity/keys.ts'
import { equalBytes } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { InvalidReason, SignedBy } from './apply.ts'
import { verifyCertificate } from './certificate.ts'
import { claimLines, entryMessage, joinOf, type ParsedEntry } from './entry.ts'
import type { LedgerRules } from './rules.ts'

/** `identity`: the root key of the chain where it is known; at number 0 the join says it. */
export const verifyEntry = async (
  verifier: Verifier,
  rules: LedgerRules,
  { entry }: ParsedEntry,
  identity: PublicKey | null,
): Promise<Result<SignedBy, InvalidReason>> => {
  if (!equalBytes(entry.swarm, rules.swarm)) return err('swarm')
  const join = joinOf(entry)
  const root = join?.identity ?? identity
  const message = entryMessage(entry)
  const byAuthor = await verifier.verify(entry.sig, message, entry.author)
  if (!byAuthor && !(root !== null && (await verifier.verify(entry.sig, message, root)))) return err('signature')
  if (join && !(await verifyDevice(verifier, { root: join.identity, device: entry.author, signature: join.certificate }))) return err('device-certificate')
  for (const [, , certificate] of claimLines(entry)) if (!(await verifyCertificate(verifier, certificate, rules))) return err('claim-certificate')
  return ok(byAuthor ? 'author' : 'root')
}
