/**
 * The own chain as a statement of account: a line for all that an entry says, with the change that it made to what is free. Entries
 * name cumulative totals (spec: ledger.md, *Entry*), so each line is a difference to the one before for the same party.
 */
import type { Income } from '../ledger/apply.ts'
import type { ParsedEntry } from '../ledger/entry.ts'
import { attestKey } from '../ledger/chain-state.ts'
import type { AttestOp, EntryId, Op } from '../ledger/types.ts'
import { toHex } from '../lib/bytes.ts'

export type StatementKind =
  | 'joined'
  | 'received'
  | 'paid'
  | 'staked'
  | 'unstaked'
  /** Weight lent to another account, and taken back: never credits. */
  | 'lent'
  | 'unlent'
  | 'attested'
  | 'revoked'
  /** By the issuer: an hour's bonuses within what the swarm may issue. */
  | 'settled'

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
  /** Weight lent to the party as of then, in µcr. */
  readonly weightMicro?: number
  /** What is attested of the party, or no longer; received: what the party attested where it paid. */
  readonly claim?: string
  /** Hours since 1970 of the epoch that was settled. */
  readonly epoch?: number
}
type Change = Omit<StatementLine, 'seq' | 'id' | 'time'>

/** `entries`: the whole chain, oldest first; `incomeOf`: what a claimed entry stood for. Lines come oldest first. */
export const statementOf = async (
  entries: readonly ParsedEntry[],
  incomeOf: (id: EntryId) => Promise<Income | undefined>,
): Promise<readonly StatementLine[]> => {
  const [paid, claimed] = [new Map<string, number>(), new Map<string, number>()]
  const lent = new Map<string, number>()
  const attests = new Map<string, AttestOp>()
  let staked = 0
  const since = (totals: Map<string, number>, party: string, total: number): number => {
    const before = totals.get(party) ?? 0
    totals.set(party, total)
    return total - before
  }
  const changesOf = async (op: Op, entry: EntryId, index: number): Promise<readonly Change[]> => {
    switch (op.op) {
      case 'join':
        return [{ kind: 'joined', party: null, micro: 0 }]
      case 'pay':
        return op.lines.map(([payee, total]) => ({ kind: 'paid', party: toHex(payee), micro: -since(paid, toHex(payee), total) }))
      case 'claim': {
        const changes: Change[] = []
        for (const [payer, id] of op.lines) {
          const party = toHex(payer)
          const income = await incomeOf(id)
          if (!income) continue
          const { total, claim } = income
          changes.push({ kind: 'received', party, micro: since(claimed, party, total), ...(claim !== undefined && { claim }) })
        }
        return changes
      }
      case 'stake': {
        const micro = staked - op.amount
        staked = op.amount
        return [{ kind: micro <= 0 ? 'staked' : 'unstaked', party: null, micro }]
      }
      case 'delegate':
        return op.lines.map(([to, amount]) => {
          const party = toHex(to)
          return { kind: since(lent, party, amount) < 0 ? 'unlent' : 'lent', party, micro: 0, weightMicro: amount }
        })
      case 'attest':
        attests.set(attestKey(entry, index), op)
        return [{ kind: 'attested', party: toHex(op.subject), micro: 0, claim: op.claim }]
      case 'revoke': {
        const made = attests.get(attestKey(op.entry, op.index))
        return made ? [{ kind: 'revoked', party: toHex(made.subject), micro: 0, claim: made.claim }] : []
      }
      case 'settle':
        return [{ kind: 'settled', party: null, micro: 0, epoch: op.epoch }]
    }
  }
  const lines: StatementLine[] = []
  for (const { entry, id } of entries)
    for (const [index, op] of entry.ops.entries())
      for (const change of await changesOf(op, id, index)) lines.push({ seq: entry.seq, id: toHex(id), time: entry.time, ...change })
  return lines
}
