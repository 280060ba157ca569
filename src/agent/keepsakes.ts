/**
 * What a member keeps for a founder whose browser is the swarm's only witness: the issuer's chain and the founder's own, entry by
 * entry with their certificates. A founder's profile that was restored from an old copy asks for them before it signs anything, or
 * it would sign two entries at one number (ledger.md, *Keys and accounts*).
 *
 * | table     | key                 | value                                   |
 * | --------- | ------------------- | --------------------------------------- |
 * | keepsakes | swarm/author/number | `keptSchema`: the entry, its certificate |
 *
 * | heard   | answered                                                          |
 * | ------- | ----------------------------------------------------------------- |
 * | entries | entries without entries, the same certificate: it is kept. Nothing where it is not, or a witness did not send it |
 * | range?  | entries, one by one; then one without entries and certificate: all |
 */
import * as v from 'valibot'
import type { NodeId, PublicKey, Verifier } from '../identity/keys.ts'
import { certificateSchema, verifyCertificate } from '../ledger/certificate.ts'
import { entryBytesMax, parseEntry } from '../ledger/entry.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import type { Certificate } from '../ledger/types.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import { bytesUpTo, parse } from '../lib/schema.ts'
import { numberKey, type Store, type StoreValue } from '../lib/store.ts'
import type { Network } from '../network/network.ts'
import type { WireBody, WireMessage } from '../network/wire.ts'
import { segments } from './relay-segments.ts'

/** Of one chain; older ones are kept by nobody but their payees. */
export const keptMax = 256

export interface Kept {
  readonly entry: Bytes
  readonly certificate: Certificate
}

export interface Keepsakes {
  readonly onEntries: (from: NodeId, body: WireBody<'entries'>) => Promise<void>
  readonly onRange: (from: NodeId, body: WireBody<'range?'>) => Promise<void>
}

/** One of a chain: given to keep, or told by who keeps it. */
export const keptMessage = ({ entry, certificate }: Kept): WireMessage => ['entries', segments([entry], certificate)[0]!]

const keptSchema = v.strictObject({ entry: bytesUpTo(entryBytesMax), certificate: certificateSchema })
const table = 'keepsakes'

export const createKeepsakes = ({
  store,
  verifier,
  rules,
  issuer,
  isWitness,
  network,
}: {
  readonly store: Store
  readonly verifier: Verifier
  readonly rules: Pick<LedgerRules, 'swarm' | 'witnesses'>
  readonly issuer: PublicKey
  readonly isWitness: (id: NodeId) => boolean
  readonly network: Pick<Network, 'send'>
}): Keepsakes => {
  const prefix = (author: PublicKey): string => `${toHex(rules.swarm)}/${toHex(author)}/`
  const concerns = (from: NodeId, author: PublicKey): boolean => isWitness(from) && (equalBytes(author, issuer) || toHex(author) === from)
  return {
    onEntries: async (from, body) => {
      const kept = concerns(from, body.certificate?.author ?? issuer) ? await checkKept(verifier, rules, body) : undefined
      if (!kept) return
      const { author, seq } = kept.certificate
      const key = prefix(author) + numberKey(seq)
      const stored = await store.get(table, key)
      if (stored === undefined) {
        const done = await store.commit([
          { table, key, value: kept as unknown as StoreValue },
          ...(seq >= keptMax ? [{ table, key: prefix(author) + numberKey(seq - keptMax), remove: true } as const] : []),
        ])
        if (!done.ok) return
      } else {
        // What was kept first stands: a second one at its number would be the witness's own fault.
        const first = parse(keptSchema, stored)
        if (!first.ok || !equalBytes(first.value.entry, kept.entry)) return
      }
      await network.send(from, ['entries', { entries: [], certificate: body.certificate }])
    },
    onRange: async (from, { author, from: seq }) => {
      if (!concerns(from, author)) return
      for (const [, record] of await store.list(table, { prefix: prefix(author), from: prefix(author) + numberKey(seq), limit: keptMax })) {
        const kept = parse(keptSchema, record)
        if (kept.ok) await network.send(from, keptMessage(kept.value))
      }
      await network.send(from, ['entries', { entries: [], certificate: null }])
    },
  }
}

/** One certified entry and its full certificate; undefined where it is not that. */
export const checkKept = async (
  verifier: Verifier,
  rules: Pick<LedgerRules, 'swarm' | 'witnesses'>,
  { entries, certificate }: WireBody<'entries'>,
): Promise<Kept | undefined> => {
  const parsed = entries[0] && entries.length === 1 ? parseEntry(entries[0]) : undefined
  if (
    !parsed?.ok ||
    !certificate ||
    !equalBytes(parsed.value.id, certificate.id) ||
    !(await verifyCertificate(verifier, certificate, rules))
  )
    return undefined
  return { entry: parsed.value.bytes, certificate }
}
