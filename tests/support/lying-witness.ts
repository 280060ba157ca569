/**
 * A witness that keeps no rule: it signs the last of whatever it is shown, two entries at one number, unopened and overdrawn
 * accounts, and remembers nothing. For tests only: no command line can ask for it.
 */
import { signCertificate } from '../../src/ledger/certificate.ts'
import { parseEntry } from '../../src/ledger/entry.ts'
import { createWitness } from '../../src/ledger/witness.ts'
import { err, ok } from '../../src/lib/result.ts'

export const createLyingWitness: typeof createWitness = (deps) => ({
  ...createWitness(deps),
  submit: async (entries) => {
    const last = parseEntry(entries.at(-1) ?? new Uint8Array(0))
    if (!last.ok) return err({ reason: 'malformed', what: last.error.what })
    const { entry, id } = last.value
    return ok({ certificate: await signCertificate(deps.signer, deps.rules.swarm, { author: entry.author, seq: entry.seq, id }) })
  },
})
