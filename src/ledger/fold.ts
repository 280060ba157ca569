/** Applies a run of one author's entries on a replica's records: what they change together, and where and why it stopped. */
import type { Verifier } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'
import { applyEntry, type ApplyError, type Income, type Sponsored, type SponsoredOf } from './apply.ts'
import { bare, type ChainChange, type ChainHead, type ChainState, type EntryPlace, grow } from './chain-state.ts'
import { claimLines, type ParsedEntry, sponsorLines } from './entry.ts'
import type { VerifiedEntry } from './pending-pool.ts'
import type { ReplicaRecords } from './replica-records.ts'
import type { LedgerRules } from './rules.ts'
import type { SponsorLine } from './types.ts'
import { verifyEntry } from './verify-entry.ts'

export interface Fold {
  /** Head and changed lines after the entries that are valid. */
  readonly change: ChainChange
  /** The head after each of the entries that are valid. */
  readonly heads: readonly ChainHead[]
  readonly stopped?: ApplyError
}

/** `start` holds the lines that the entries name. */
export const foldSegment = async (
  {
    rules,
    records,
    verifier,
  }: { readonly rules: LedgerRules; readonly records: Pick<ReplicaRecords, 'income' | 'sponsored'>; readonly verifier: Verifier },
  start: ChainState,
  entries: readonly VerifiedEntry[],
): Promise<Fold> => {
  const [{ state, take }, changed] = [grow(start), grow(bare(start.head))]
  const heads: ChainHead[] = []
  for (const item of entries) {
    const { entry } = item.parsed
    // Checked once more against the root key that the chain names, where before it was the one of a join on its way.
    if (item.signedBy === 'root' && !(await verifyEntry(verifier, rules, item.parsed, state.head.identity)).ok)
      return { change: changed.state, heads, stopped: { type: 'invalid', reason: 'signature' } }
    const incomes = new Map<string, Income>()
    for (const line of claimLines(entry)) {
      const income = await records.income(entry.author, line)
      if (income) incomes.set(toHex(line[1]), income)
    }
    const sponsoredOf = await sponsoredFor(item.parsed, state, records.sponsored)
    const applied = applyEntry(rules, state, item.parsed, item.signedBy, ([, id]) => incomes.get(toHex(id)), sponsoredOf)
    if (!applied.ok) return { change: changed.state, heads, stopped: applied.error }
    take(applied.value)
    changed.take(applied.value)
    heads.push(state.head)
  }
  return { change: changed.state, heads }
}

/** Looks up what an entry's settles name, so that applying it need not wait. */
export const sponsoredFor = async (
  { entry }: ParsedEntry,
  { sponsors }: ChainState,
  find: (...of: Parameters<SponsoredOf>) => Promise<Sponsored | undefined>,
): Promise<SponsoredOf> => {
  const key = (line: SponsorLine, since: EntryPlace | null): string => `${toHex(line[1])}/${since ? toHex(since.id) : ''}`
  const named = new Map<string, EntryPlace>()
  const found = new Map<string, Sponsored>()
  for (const line of sponsorLines(entry)) {
    const sponsor = toHex(line[0])
    const since = named.get(sponsor) ?? sponsors.get(sponsor)?.named ?? null
    const sponsored = await find(line, since)
    if (sponsored) found.set(key(line, since), sponsored)
    named.set(sponsor, { seq: line[2].seq, id: line[1] })
  }
  return (line, since) => found.get(key(line, since))
}
