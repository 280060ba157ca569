/** A relay tells accounts what certified entries pay them and they have not claimed: their payers may be gone for good. */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { type ParsedEntry, payLines } from '../ledger/entry.ts'
import type { Replica } from '../ledger/replica.ts'
import type { Witness } from '../ledger/witness.ts'
import { equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Network } from '../network/network.ts'
import { onWire } from './relay-segments.ts'

/** In one answer; who claims these is told of more. */
export const incomesToldMax = 64

export interface IncomeTeller {
  readonly tell: (to: NodeId, account: PublicKey) => Promise<void>
  /**
   * Entries that became part of the state. What pays and is certified by one above it alone has nobody to tell of it: its payees, as far
   * as they are here, are told at once.
   */
  readonly onCertified: (entries: readonly ParsedEntry[]) => Promise<void>
}

export const createIncomeTeller = (
  replica: Pick<Replica, 'state' | 'incomes' | 'entry' | 'certificateOf'>,
  witness: Pick<Witness, 'vouch'>,
  network: Pick<Network, 'peer' | 'send'>,
): IncomeTeller => {
  const tell: IncomeTeller['tell'] = async (to, account) => {
    const claimed = (await replica.state(account)).claimed
    const incomes = (await replica.incomes(account)).filter(({ payer, total }) => total > (claimed.get(toHex(payer))?.total ?? 0))
    for (const { payer, seq, id } of incomes.slice(0, incomesToldMax)) {
      const entry = await replica.entry(id)
      const certificate = (await replica.certificateOf(payer, seq)) ?? (await witness.vouch(payer, seq))
      if (entry && certificate && equalBytes(certificate.id, id))
        await network.send(to, ['entries', { entries: [entry.bytes], certificate: onWire(certificate) }])
    }
  }
  return {
    tell,
    onCertified: async (entries) => {
      const covered = entries.filter(({ id }) => entries.some(({ entry }) => equalBytes(entry.prev, id)))
      const payees = new Set(covered.flatMap(({ entry }) => payLines(entry).map(([payee]) => toHex(payee))))
      for (const payee of payees) if (network.peer(payee)?.role === 'node') await tell(payee, fromHex(payee)! as PublicKey)
    },
  }
}
