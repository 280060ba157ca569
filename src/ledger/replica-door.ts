/**
 * What comes to a replica: verified, and put into the pool with whoever sent it. Nothing is folded here, and nothing kept.
 */
import type { PublicKey, Verifier } from '../identity/keys.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { err, type Result } from '../lib/result.ts'
import type { Store } from '../lib/store.ts'
import { mergeCertificates } from './certificate.ts'
import { certifiedLines, joinOf, parseEntry, type ParsedEntry } from './entry.ts'
import type { PendingPool } from './pending-pool.ts'
import type { Refusal } from './replica.ts'
import type { ReplicaRecords } from './replica-records.ts'
import type { LedgerRules } from './rules.ts'
import type { Certificate } from './types.ts'
import { verifyEntry } from './verify-entry.ts'

export interface ReplicaDoor {
  readonly takeEntries: (entries: readonly Uint8Array[], from: string) => Promise<readonly Result<ParsedEntry, Refusal>[]>
  /** One that the caller verified. */
  readonly takeCertificate: (certificate: Certificate, from: string) => Promise<void>
}

/** First entries of one author whose root keys are tried, the newest. */
const joinsTriedMax = 4

export const createReplicaDoor = ({
  store,
  records,
  verifier,
  rules,
  pool,
}: {
  readonly store: Store
  readonly records: Pick<ReplicaRecords, 'head' | 'certificateOn'>
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly pool: PendingPool
}): ReplicaDoor => {
  /** Root keys that may sign on this chain: by its certified join; before there is one, by any join that is on its way. */
  const identitiesOf = async (author: PublicKey): Promise<{ readonly known: boolean; readonly keys: readonly (PublicKey | null)[] }> => {
    const [head] = await records.head(author)
    if (head.seq >= 0) return { known: true, keys: [head.identity] }
    const named = pool.firstsOf(toHex(author)).map(({ parsed }) => joinOf(parsed.entry)?.identity ?? null)
    return { known: false, keys: named.length > 0 ? named.slice(-joinsTriedMax) : [null] }
  }

  /** Verified beside each other, for an engine does that in threads of its own, and taken one after another. */
  const takeEntries = (entries: readonly Uint8Array[], from: string): Promise<readonly Result<ParsedEntry, Refusal>[]> => {
    let before: Promise<unknown> = Promise.resolve()
    return Promise.all(
      entries.map((bytes) => {
        const taken = takeEntry(bytes, from, before)
        before = Promise.allSettled([before, taken])
        return taken
      }),
    )
  }

  const takeEntry = async (bytes: Uint8Array, from: string, before: Promise<unknown>): Promise<Result<ParsedEntry, Refusal>> => {
    const parsed = parseEntry(bytes)
    if (!parsed.ok) return parsed
    const { entry, id } = parsed.value
    const pending = pool.entry(id)
    // An id says nothing of the signature: another one under it is looked at as well.
    const same = pending !== undefined && equalBytes(pending.parsed.bytes, parsed.value.bytes)
    if (same) pool.addEntry(from, pending)
    if (same || (await store.get('ids', toHex(id))) !== undefined) return parsed
    let roots: Awaited<ReturnType<typeof identitiesOf>> | undefined
    const rootsOf = async () => {
      // Who may sign for the author can stand in an entry before.
      await before
      return (roots ??= await identitiesOf(entry.author))
    }
    let signed = await verifyEntry(verifier, rules, parsed.value, async () => (await rootsOf()).keys[0]!)
    for (const key of roots?.keys.slice(1) ?? [])
      if (!signed.ok && signed.error === 'signature') signed = await verifyEntry(verifier, rules, parsed.value, async () => key)
    await before
    if (!signed.ok)
      return err(
        signed.error === 'signature' && roots?.known === false && entry.seq > 0
          ? { type: 'signer-unknown' }
          : { type: 'invalid', reason: signed.error },
      )
    if (pending) pool.removeEntry(id)
    pool.addEntry(from, { parsed: parsed.value, signedBy: signed.value })
    // A claim or a settle brings the other's certificate along; it counts like one that came by itself.
    for (const [, , certificate] of certifiedLines(entry)) await takeCertificate(certificate, from)
    return parsed
  }

  const takeCertificate = async (certificate: Certificate, from: string): Promise<void> => {
    const known = await records.certificateOn(certificate)
    const news = (known && mergeCertificates(known, certificate)) ?? certificate
    if (news.signatures.length > (known?.signatures.length ?? 0)) pool.addCertificate(from, certificate)
  }

  return { takeEntries, takeCertificate }
}
