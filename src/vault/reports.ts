/**
 * What is known here of who paid whom for which results: the own chain's lines, and those beside ours in the entries that pay us
 * (spec: economy.md, *Reputation*). From it an agent reckons whom it trusts (agent/personal-trust.ts); nobody was asked for it.
 */
import type { PublicKey } from '../identity/keys.ts'
import type { ChainState } from '../ledger/chain-state.ts'
import { parseEntry, payLines } from '../ledger/entry.ts'
import { fromHex } from '../lib/bytes.ts'
import { parse } from '../lib/schema.ts'
import type { Store } from '../lib/store.ts'
import { incomeSchema } from './income.ts'

export interface PaidReport {
  readonly payer: PublicKey
  readonly payee: PublicKey
  /** Totals since ever, as of one entry of the payer's. */
  readonly micro: number
  readonly ok: number
  readonly bad: number
  /** The entry's `time`, by the payer's clock; null: own. */
  readonly atMs: number | null
}

/** Own lines come first, then those of whoever paid. */
export const reportsMax = 2_000

/** Lines for work only: grants and payments without a result say nothing of anybody's work. */
export const reportsIn = async (store: Pick<Store, 'list'>, { head, paid }: ChainState): Promise<readonly PaidReport[]> => {
  const own = [...paid].map(([payee, { total: micro, ok, bad }]): PaidReport => {
    return { payer: head.author, payee: fromHex(payee)!, micro, ok, bad, atMs: null }
  })
  const others = (await store.list('incomes')).flatMap(([, record]): PaidReport[] => {
    const income = parse(incomeSchema, record)
    const parsed = income.ok ? parseEntry(income.value.entry) : income
    if (!parsed.ok) return []
    const { entry } = parsed.value
    return payLines(entry).map(([payee, micro, , ok, bad]) => ({ payer: entry.author, payee, micro, ok, bad, atMs: entry.time }))
  })
  return [...own, ...others].filter(({ ok, bad }) => ok + bad > 0).slice(0, reportsMax)
}
