/**
 * The own chain as a statement of account: a line per payment, income and stake, with the change that it made. Entries name
 * cumulative totals (spec: ledger.md, *Entry*), so each line is a difference to the one before for the same party.
 */
import type { Income } from '../ledger/apply.ts'
import type { ParsedEntry } from '../ledger/entry.ts'
import type { EntryId, Op } from '../ledger/types.ts'
import { toHex } from '../lib/bytes.ts'

export type StatementKind = 'joined' | 'received' | 'paid' | 'staked' | 'unstaked'

export interface StatementLine {
  /** Number of the entry that it is part of. */
  readonly seq: number
  /** The entry's id, hex. */
  readonly id: string
  /** Author's clock, ms since the epoch. */
  readonly time: number
  readonly kind: StatementKind
  /** The other account, hex; null where there is none. */
  readonly party: string | null
  /** Change of what is free to spend, in µcr. */
  readonly micro: number
}

/** `entries`: the whole chain, oldest first; `incomeOf`: what a claimed entry stood for. Lines come oldest first. */
export const statementOf = async (
  entries: readonly ParsedEntry[],
  incomeOf: (id: EntryId) => Promise<Income | undefined>,
): Promise<readonly StatementLine[]> => {
  const [paid, claimed] = [new Map<string, number>(), new Map<string, number>()]
  let staked = 0
  const since = (totals: Map<string, number>, party: string, total: number): number => {
    const before = totals.get(party) ?? 0
    totals.set(party, total)
    return total - before
  }
  const changesOf = async (op: Op): Promise<readonly Pick<StatementLine, 'kind' | 'party' | 'micro'>[]> => {
    switch (op.op) {
      case 'join':
        return [{ kind: 'joined', party: null, micro: 0 }]
      case 'pay':
        return op.lines.map(([payee, total]) => ({ kind: 'paid', party: toHex(payee), micro: -since(paid, toHex(payee), total) }))
      case 'claim': {
        const changes: Pick<StatementLine, 'kind' | 'party' | 'micro'>[] = []
        for (const [payer, id] of op.lines) {
          const party = toHex(payer)
          const total = (await incomeOf(id))?.total
          if (total !== undefined) changes.push({ kind: 'received', party, micro: since(claimed, party, total) })
        }
        return changes
      }
      case 'stake': {
        const micro = staked - op.amount
        staked = op.amount
        return [{ kind: micro <= 0 ? 'staked' : 'unstaked', party: null, micro }]
      }
    }
    return []
  }
  const lines: StatementLine[] = []
  for (const { entry, id } of entries)
    for (const op of entry.ops)
      for (const change of await changesOf(op)) lines.push({ seq: entry.seq, id: toHex(id), time: entry.time, ...change })
  return lines
}
