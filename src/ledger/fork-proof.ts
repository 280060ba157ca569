/**
 * Where a witness comes to hold two entries of one author at one number (spec: ledger.md, *Verdicts*), made into the proof that
 * any other checks. Two that do not follow the same one are the upper part of a fork; the proof is made of where it begins.
 */
import type { PublicKey } from '../identity/keys.ts'
import { compareBytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Store } from '../lib/store.ts'
import type { ParsedEntry } from './entry.ts'
import { kept, type ReplicaRecords } from './replica-records.ts'
import type { DoubleSpendProof } from './verdict-proof.ts'
import { loadWitnessChain } from './witness-chain.ts'

export type Pair = readonly [ParsedEntry, ParsedEntry]

/** The first two of these that share a place and are not the same, in one order whoever shows them; pairs to be passed over. */
export const pairIn = (entries: readonly ParsedEntry[], passed: (pair: Pair) => boolean = () => false): Pair | undefined => {
  for (const [i, a] of entries.entries())
    for (const b of entries.slice(i + 1)) {
      const place = equalBytes(a.entry.author, b.entry.author) && a.entry.seq === b.entry.seq && equalBytes(a.entry.prev, b.entry.prev)
      if (!place || equalBytes(a.id, b.id)) continue
      const pair: Pair = compareBytes(a.id, b.id) < 0 ? [a, b] : [b, a]
      if (!passed(pair)) return pair
    }
  return undefined
}

/** All that this witness holds of the author at this number: certified, signed by itself, and certified on other branches. */
export const heldAt = async (store: Store, records: ReplicaRecords, author: PublicKey, seq: number): Promise<readonly ParsedEntry[]> => {
  const chain = await loadWitnessChain(store, records, author)
  const here = await chain.entryAt(seq)
  const signed = chain.signed?.tail.filter(({ entry }) => entry.seq === seq) ?? []
  return [...(here ? [here] : []), ...signed]
}

/** With the author's first entry, which says whose root key may have signed. */
export const proofOf = async (
  store: Store,
  records: ReplicaRecords,
  [first, second]: readonly [ParsedEntry, ParsedEntry],
): Promise<DoubleSpendProof> => {
  const { author, seq } = first.entry
  const join = seq === 0 ? undefined : await (await loadWitnessChain(store, records, author)).entryAt(0)
  return { first: first.bytes, second: second.bytes, join: join?.bytes ?? null }
}

/** The fork of an author whose certified chain leaves what this witness signed; undefined: it does not. */
export const forkHeld = async (
  store: Store,
  records: ReplicaRecords,
  author: PublicKey,
): Promise<readonly [ParsedEntry, ParsedEntry] | undefined> => {
  const chain = await loadWitnessChain(store, records, author)
  for (const signed of chain.forked ? (chain.signed?.tail ?? []) : []) {
    const certified = await records.entryAt(author, signed.entry.seq)
    const pair = certified && pairIn([signed, certified])
    if (pair) return pair
  }
  return undefined
}

/** The same of an author whose certified entries stand on several branches. */
export const branchFork = async (
  store: Store,
  records: ReplicaRecords,
  author: PublicKey,
): Promise<readonly [ParsedEntry, ParsedEntry] | undefined> => {
  for (const [, bytes] of await store.list('branches', { prefix: `${toHex(author)}/` })) {
    const beside = kept(bytes)
    const onChain = await records.entryAt(author, beside.entry.seq)
    const pair = onChain && pairIn([beside, onChain])
    if (pair) return pair
  }
  return undefined
}
