/** A relay tells accounts what certified entries pay them and they have not claimed: their payers may be gone for good. */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { type ParsedEntry, payLines } from '../ledger/entry.ts'
import type { Replica } from '../ledger/replica.ts'
import type { Witness } from '../ledger/witness.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import type { Network } from '../network/network.ts'
import { onWire } from './relay-segments.ts'

/** In one answer; who claims these is told of more. */
export const incomesToldMax = 64

export interface IncomeTeller {
  readonly tell: (to: NodeId, account: PublicKey) => Promise<void>
  /**
   * Entries that became part of the state. Of what pays and is certified by one above it alone nobody tells: its payees, as far as they
   * are here, are told of the newest of each payer.
   */
  readonly onCertified: (entries: readonly ParsedEntry[]) => Promise<void>
}

export const createIncomeTeller = (
  replica: Pick<Replica, 'state' | 'incomes' | 'entry' | 'certificateOf'>,
  witness: Pick<Witness, 'vouch'>,
  network: Pick<Network, 'peer' | 'send'>,
): IncomeTeller => {
  const say = async (to: NodeId, { entry, id, bytes }: ParsedEntry): Promise<void> => {
    const certificate = (await replica.certificateOf(entry.author, entry.seq)) ?? (await witness.vouch(entry.author, entry.seq))
    if (certificate && equalBytes(certificate.id, id))
      await network.send(to, ['entries', { entries: [bytes], certificate: onWire(certificate) }])
  }
  return {
    tell: async (to, account) => {
      const { claimed } = await replica.state(account)
      const incomes = (await replica.incomes(account)).filter(({ payer, total }) => total > (claimed.get(toHex(payer))?.total ?? 0))
      for (const { id } of incomes.slice(0, incomesToldMax)) {
        const entry = await replica.entry(id)
        if (entry) await say(to, entry)
      }
    },
    onCertified: async (entries) => {
      const followed = new Set(entries.map(({ entry }) => toHex(entry.prev)))
      const covered = entries.filter(({ id }) => followed.has(toHex(id)))
      const newest = new Map<string, readonly [payee: PublicKey, total: number, paying: ParsedEntry]>()
      for (const paying of covered)
        for (const [payee, total] of payLines(paying.entry))
          if (network.peer(toHex(payee))?.role === 'node')
            newest.set(`${toHex(paying.entry.author)}/${toHex(payee)}`, [payee, total, paying])
      for (const [payee, total, paying] of newest.values())
        if (total > ((await replica.state(payee)).claimed.get(toHex(paying.entry.author))?.total ?? 0)) await say(toHex(payee), paying)
    },
  }
}
