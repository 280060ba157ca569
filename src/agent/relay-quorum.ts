/**
 * Has the issuer's own entries certified: by the witness of this relay, and by those of the others where one signature is not
 * enough. Answers at once where too few of them are reachable, because whoever waits for a grant holds up the next one.
 */
import type { NodeId, Verifier } from '../identity/keys.ts'
import { mergeCertificates, verifySignatures } from '../ledger/certificate.ts'
import type { ParsedEntry } from '../ledger/entry.ts'
import { type LedgerRules, quorumOf } from '../ledger/rules.ts'
import type { Certificate } from '../ledger/types.ts'
import type { Witness } from '../ledger/witness.ts'
import { equalBytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Network } from '../network/network.ts'

/** Signing takes an fsync and a way there and back. */
const answersMsMax = 3_000
/** After a try that failed. */
const restMs = 2_000

export interface Quorum {
  /** A full certificate on the last of these entries; undefined: not now. One at a time. */
  readonly certify: (pending: readonly ParsedEntry[]) => Promise<Certificate | undefined>
  /** Signatures that another relay sent. */
  readonly onCertificate: (certificate: Certificate) => Promise<void>
}

export const createQuorum = ({
  clock,
  network,
  verifier,
  rules,
  witness,
  others,
}: {
  readonly clock: Clock
  readonly network: Pick<Network, 'peers' | 'send'>
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly witness: Witness
  readonly others: ReadonlySet<NodeId>
}): Quorum => {
  const needed = quorumOf(rules.witnesses.length)
  let asked: { readonly partial: Certificate; readonly done: (full: Certificate | undefined) => void } | undefined
  let restUntilMs = 0

  const collect = (certificate: Certificate): void => {
    const merged = asked && mergeCertificates(asked.partial, certificate)
    if (!asked || !merged) return
    asked = { ...asked, partial: merged }
    if (merged.signatures.length >= needed) asked.done(merged)
  }

  return {
    certify: async (pending) => {
      const { entry, id } = pending.at(-1)!
      const bytes = pending.map((one) => one.bytes)
      const answer = await witness.submit(bytes)
      const own = answer.ok && equalBytes(answer.value.certificate.id, id) ? answer.value.certificate : undefined
      if (own && own.signatures.length >= needed) return own
      const present = network.peers().filter((peer) => others.has(peer.id))
      if (present.length + (own ? 1 : 0) < needed || clock.now() < restUntilMs) return undefined
      return new Promise((resolve) => {
        const done = (full: Certificate | undefined): void => {
          asked = undefined
          stop()
          if (!full) restUntilMs = clock.now() + restMs
          resolve(full)
        }
        const stop = clock.after(answersMsMax, () => done(undefined))
        asked = { partial: own ?? { author: entry.author, seq: entry.seq, id, signatures: [] }, done }
        for (const peer of present) void network.send(peer.id, ['certify', { entries: bytes }])
      })
    },
    onCertificate: async (certificate) => {
      if (asked && (await verifySignatures(verifier, certificate, rules))) collect(certificate)
    },
  }
}
