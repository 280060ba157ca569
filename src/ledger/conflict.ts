/**
 * Where more than f witnesses lied and certified entries of one author conflict (spec: ledger.md, *State*): of those without a
 * certified descendant the lowest id is the head.
 *
 * All valid certified entries are kept, on whichever branch, because claims of them stand; which branch is the account follows from
 * that set alone, so replicas converge whatever came first. Nothing here need be fast: it is a swarm that shows itself as broken.
 */
import type { PublicKey, Verifier } from '../identity/keys.ts'
import { compareBytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Store, StoreValue, Write } from '../lib/store.ts'
import { mergeCertificates } from './certificate.ts'
import { advance, type ChainHead, type ChainState, emptyChain } from './chain-state.ts'
import { joinOf, type ParsedEntry, payLines } from './entry.ts'
import { foldSegment } from './fold.ts'
import type { VerifiedEntry } from './pending-pool.ts'
import { branchKey, kept, place, type ReplicaRecords } from './replica-records.ts'
import { noBaseWrites } from './replica-bases.ts'
import { fraudWrites } from './replica-verdicts.ts'
import type { LedgerRules } from './rules.ts'
import type { Certificate, EntryId } from './types.ts'
import { fraudsIn } from './verdict-proof.ts'
import { verifyEntry } from './verify-entry.ts'

export interface ConflictDeps {
  readonly store: Store
  readonly records: ReplicaRecords
  readonly rules: LedgerRules
  readonly verifier: Verifier
}

/** Ends of the author's branches beside the head; none but in a broken swarm. */
export const tipsOf = async (store: Store, author: PublicKey): Promise<readonly EntryId[]> =>
  ((await store.get('tips', toHex(author))) as readonly EntryId[] | undefined) ?? []

/** Two certified entries of one author at one number were seen, or a certified entry that is not valid. */
export const isBroken = async (store: Store): Promise<boolean> =>
  (await store.list('conflicts', { limit: 1 })).length > 0 || (await store.list('tips', { limit: 1 })).length > 0

/**
 * A certificate that cannot be true beside what else is certified or beside the rules, and whoever it shows to have signed twice.
 * Nothing where all of it is known.
 */
export const conflictWrites = async (store: Store, certificate: Certificate): Promise<readonly Write[]> => {
  const key = toHex(certificate.id)
  const known = (await store.get('conflicts', key)) as unknown as Certificate | undefined
  const merged = (known && mergeCertificates(known, certificate)) ?? certificate
  if (known && merged.signatures.length === known.signatures.length) return []
  return [{ table: 'conflicts', key, value: merged as unknown as StoreValue }, ...(await seenFrauds(store, merged))]
}

/** Which witnesses this certificate shows to have signed two entries at one number, beside what is known of its author. */
export const seenFrauds = async (store: Store, certificate: Certificate): Promise<readonly Write[]> =>
  fraudWrites(store, fraudsIn(await certificatesOf(store, certificate.author, certificate)))

/** The whole fold of a branch up to this entry; undefined where part of its past has been dropped. */
export const stateAt = async (deps: ConflictDeps, end: ParsedEntry | undefined): Promise<ChainState | undefined> => {
  if (!end) return undefined
  const base = await deps.records.base(end.entry.author)
  const chain = await chainTo(end, deps.records.entryById, base?.head.id)
  if (!chain) return undefined
  // From the base, unless this lies below it or beside it.
  const fromBase = base !== undefined && chain[0]?.entry.seq !== 0
  return refold(deps, fromBase ? base : emptyChain(end.entry.author), chain)
}

/**
 * A valid certified run beside or after the head of an author that has branches: everything of the author is written anew, as it
 * would stand had all come in any other order. Undefined where its past has been dropped.
 */
export const branchWrites = async (
  deps: ConflictDeps,
  head: ChainHead,
  from: ParsedEntry | undefined,
  run: readonly ParsedEntry[],
  certificate: Certificate,
): Promise<readonly Write[] | undefined> => {
  const { store, records } = deps
  const { author } = head
  const me = toHex(author)
  const onChain = await records.entriesFrom(author, 0, Infinity)
  const beside = (await store.list('branches', { prefix: `${me}/` })).map(([, bytes]) => kept(bytes))
  const known = new Map([...onChain, ...beside, ...run].map((entry) => [toHex(entry.id), entry]))

  const candidates = [...(await tipsOf(store, author)), ...(head.seq < 0 ? [] : [head.id]), certificate.id]
  const tips = candidates.filter((id) => !from || !equalBytes(id, from.id)).sort(compareBytes)
  const chain = await chainTo(known.get(toHex(tips[0]!)), async (id) => known.get(toHex(id)))
  const state = chain && (await refold(deps, emptyChain(author), chain))
  if (!state) return undefined

  const [certificates, base] = [await certificatesOf(store, author, certificate), await records.base(author)]
  const ours = new Set(chain.map(({ id }) => toHex(id)))
  return [
    ...(await removals(store, author, onChain)),
    ...records.entryWrites(chain, state),
    // All of it was folded now, and a base off the chain would be taken for its lower part.
    ...(base && !ours.has(toHex(base.head.id)) ? noBaseWrites(author) : []),
    ...[...known]
      .filter(([id]) => !ours.has(id))
      .flatMap(([id, { entry, bytes }]): Write[] => [
        { table: 'branches', key: `${me}/${id}`, value: bytes },
        { table: 'ids', key: id, value: [author, entry.seq] },
      ]),
    ...certificates.flatMap((one): Write[] => {
      const value = one as unknown as StoreValue
      const id = toHex(one.id)
      if (!known.has(id)) return []
      const at = ours.has(id)
        ? { table: 'certificates', key: place(author, one.seq) }
        : { table: 'branchCertificates', key: branchKey(author, one.id) }
      return [
        { ...at, value },
        { table: 'conflicts', key: id, remove: true },
      ]
    }),
    tips.length > 1 ? { table: 'tips', key: me, value: tips.slice(1) } : { table: 'tips', key: me, remove: true },
    ...(await fraudWrites(store, fraudsIn(certificates))),
  ]
}

/** From number 0, or from the one after `base`, to this entry. */
const chainTo = async (
  end: ParsedEntry | undefined,
  find: (id: EntryId) => Promise<ParsedEntry | undefined>,
  base?: EntryId,
): Promise<readonly ParsedEntry[] | undefined> => {
  const found: ParsedEntry[] = []
  for (let at = end; at; at = await find(at.entry.prev)) {
    if (base && equalBytes(at.id, base)) return found.reverse()
    found.push(at)
    if (at.entry.seq === 0) return found.reverse()
  }
  return undefined
}

const refold = async (deps: ConflictDeps, start: ChainState, chain: readonly ParsedEntry[]): Promise<ChainState | undefined> => {
  const verified: VerifiedEntry[] = []
  const identity = start.head.identity ?? (chain[0] ? (joinOf(chain[0].entry)?.identity ?? null) : null)
  for (const parsed of chain) {
    const signed = await verifyEntry(deps.verifier, deps.rules, parsed, identity)
    if (!signed.ok) return undefined
    verified.push({ parsed, signedBy: signed.value })
  }
  const fold = await foldSegment(deps, start, verified)
  return fold.stopped ? undefined : advance(start, fold.change)
}

/** All on this author's entries, this one among them, signatures on one entry together. */
const certificatesOf = async (store: Store, author: PublicKey, added: Certificate): Promise<readonly Certificate[]> => {
  const prefix = `${toHex(author)}/`
  const rows = [
    ...(await store.list('certificates', { prefix })),
    ...(await store.list('branchCertificates', { prefix })),
    ...(await store.list('conflicts')),
  ].map(([, certificate]) => certificate as unknown as Certificate)
  const found = new Map<string, Certificate>()
  for (const one of [...rows, added]) {
    if (!equalBytes(one.author, author)) continue
    const known = found.get(toHex(one.id))
    found.set(toHex(one.id), (known && mergeCertificates(known, one)) ?? one)
  }
  return [...found.values()]
}

/** Takes back all that says which branch is the account. */
const removals = async (store: Store, author: PublicKey, onChain: readonly ParsedEntry[]): Promise<Write[]> => {
  const me = toHex(author)
  const writes: Write[] = []
  const tables = [
    'entries',
    'certificates',
    'branches',
    'branchCertificates',
    'paidAt',
    'paid',
    'claimed',
    'delegated',
    'attests',
    'sponsors',
  ]
  for (const table of tables) for (const [key] of await store.list(table, { prefix: `${me}/` })) writes.push({ table, key, remove: true })
  const payees = new Set(onChain.flatMap(({ entry }) => payLines(entry).map(([payee]) => toHex(payee))))
  for (const payee of payees) writes.push({ table: 'incomes', key: `${payee}/${me}`, remove: true })
  for (const [key] of await store.list('delegated', { prefix: `${me}/` }))
    writes.push({ table: 'lent', key: `${key.slice(me.length + 1)}/${me}`, remove: true })
  return writes
}
