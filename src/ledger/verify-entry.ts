/**
 * The part of validity that is signatures: the entry's own, the device certificate in its join, the certificates in its claims and settles.
 *
 * An entry is signed by its author, or by the root key that its author's join names: with the phrase one takes over the chain of
 * a lost device, without it nobody does. The join itself is the author's alone to sign: else any root key could name any device
 * that has no chain yet as its own, and spend what that device was paid.
 */
import { verifyDevice } from '../identity/device.ts'
import type { PublicKey, Verifier } from '../identity/keys.ts'
import { equalBytes } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { InvalidReason, SignedBy } from './apply.ts'
import { verifyCertificate } from './certificate.ts'
import { certifiedLines, messageOf, joinOf, type ParsedEntry } from './entry.ts'
import type { LedgerRules } from './rules.ts'

/** `identity`: the root key that the chain's join names, where it is known; looked up only where the entry says that it signed. */
export const verifyEntry = async (
  verifier: Verifier,
  rules: LedgerRules,
  parsed: ParsedEntry,
  identity: PublicKey | null | (() => Promise<PublicKey | null>),
): Promise<Result<SignedBy, InvalidReason>> => {
  const { entry } = parsed
  if (!equalBytes(entry.swarm, rules.swarm)) return err('swarm')
  const join = joinOf(entry)
  const message = messageOf(parsed)
  const rootOf = (): PublicKey | null | Promise<PublicKey | null> => (typeof identity === 'function' ? identity() : identity)
  const signer = !entry.root ? entry.author : join ? null : await rootOf()
  if (signer === null || !(await verifier.verify(entry.sig, message, signer))) return err('signature')
  if (join && !(await verifyDevice(verifier, { root: join.identity, device: entry.author, signature: join.certificate })))
    return err('device-certificate')
  for (const [, , certificate] of certifiedLines(entry))
    if (!(await verifyCertificate(verifier, certificate, rules))) return err('claim-certificate')
  return ok(entry.root ? 'root' : 'author')
}
