/** Applies a run of one author's entries on a replica's records: what they change together, and where and why it stopped. */
import type { Verifier } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'
import { applyEntry, type ApplyError, type Income } from './apply.ts'
import { advance, type ChainChange, type ChainState } from './chain-state.ts'
import { claimLines } from './entry.ts'
import type { VerifiedEntry } from './pending-pool.ts'
import type { ReplicaRecords } from './replica-records.ts'
import type { LedgerRules } from './rules.ts'
import { verifyEntry } from './verify-entry.ts'

export interface Fold {
  /** Head and changed lines after the entries that are valid. */
  readonly change: ChainChange
  /** How many of the entries are. */
  readonly valid: number
  readonly stopped?: ApplyError
}

/** `start` holds the lines that the entries name. */
export const foldSegment = async (
  {
    rules,
    records,
    verifier,
  }: { readonly rules: LedgerRules; readonly records: Pick<ReplicaRecords, 'income'>; readonly verifier: Verifier },
  start: ChainState,
  entries: readonly VerifiedEntry[],
): Promise<Fold> => {
  let state = start
  let change: ChainChange = { head: start.head, paid: new Map(), claimed: new Map() }
  for (const [valid, item] of entries.entries()) {
    const { entry } = item.parsed
    // Checked once more against the root key that the chain names, where before it was the one of a join on its way.
    if (item.signedBy === 'root' && !(await verifyEntry(verifier, rules, item.parsed, state.head.identity)).ok)
      return { change, valid, stopped: { type: 'invalid', reason: 'signature' } }
    const incomes = new Map<string, Income>()
    for (const line of claimLines(entry)) {
      const income = await records.income(entry.author, line)
      if (income) incomes.set(toHex(line[1]), income)
    }
    const applied = applyEntry(rules, state, item.parsed, item.signedBy, ([, id]) => incomes.get(toHex(id)))
    if (!applied.ok) return { change, valid, stopped: applied.error }
    change = advance(change, applied.value)
    state = advance(state, applied.value)
  }
  return { change, valid: entries.length }
}
