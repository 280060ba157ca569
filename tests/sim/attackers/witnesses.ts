/** Witnesses that do not keep to the rules; a swarm of 3f+1 bears f of them. */
import { signCertificate } from '../../../src/ledger/certificate.ts'
import { parseEntry } from '../../../src/ledger/entry.ts'
import { createWitness } from '../../../src/ledger/witness.ts'
import { err, ok } from '../../../src/lib/result.ts'
import type { WitnessBehaviour } from '../witness-machine.ts'

/** Signs whatever it is shown, valid or not, first or second at its number. */
export const equivocatingWitness = (): WitnessBehaviour => ({
  createWitness: (parts) => ({
    ...createWitness(parts),
    submit: async (entries) => {
      const { signer, rules } = parts
      const last = entries.at(-1)
      const parsed = last && parseEntry(last)
      if (!parsed?.ok) return err({ reason: 'malformed', what: 'nothing to sign' })
      const { author, seq } = parsed.value.entry
      return ok({ certificate: await signCertificate(signer, rules.swarm, { author, seq, id: parsed.value.id }) })
    },
  }),
})

/** Keeps its signatures, and what it knows of chains, from half of the members. */
export const withholdingWitness = (): WitnessBehaviour => ({
  network: (network) => ({
    ...network,
    send: async (to, message) => {
      const member = network.peers().find(({ id }) => id === to)?.role === 'node'
      const withheld = member && (message[0] === 'entries' || message[0] === 'head') && parseInt(to.slice(0, 2), 16) % 2 === 0
      return withheld ? ok(undefined) : network.send(to, message)
    },
  }),
})
