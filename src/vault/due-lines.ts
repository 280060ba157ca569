/**
 * The `pay` lines that are due: what tabs say beyond what the chain has paid, as far as the chain can pay. After a fine that may be
 * less than was promised: whole lines go first, and what is left goes to the first that it does not cover.
 */
import { type ChainState, nothingPaid } from '../ledger/chain-state.ts'
import { payLinesMax } from '../ledger/own-chain.ts'
import type { PayLine } from '../ledger/types.ts'
import { fromHex } from '../lib/bytes.ts'
import { payTotal, sameFigures, type Tab } from './tabs.ts'

/** What is less is not worth an entry: it waits until there is as much. */
const partMicroMin = 1_000_000

/** `needMicro`: what is not covered. */
export const dueLines = (
  { paid }: Pick<ChainState, 'paid'>,
  tabs: ReadonlyMap<string, Tab>,
  payableMicro: number,
): { readonly lines: readonly PayLine[]; readonly needMicro: number } => {
  const due = [...tabs]
    .map(([payee, tab]) => ({ payee, tab, before: paid.get(payee) ?? nothingPaid }))
    .filter(({ tab, before }) => !sameFigures(tab, before))
  const lines = new Map<string, PayLine>()
  let left = payableMicro
  let uncovered: (typeof due)[number] | undefined
  let needMicro = 0
  for (const one of due) {
    const { payee, tab, before } = one
    const micro = payTotal(tab) - before.total
    if (micro <= left && lines.size < payLinesMax) {
      left -= micro
      lines.set(payee, [fromHex(payee)!, payTotal(tab), tab.units, tab.ok, tab.bad])
    } else if (micro > left) {
      uncovered ??= one
      needMicro += micro
    }
  }
  if (uncovered && left >= partMicroMin && lines.size < payLinesMax) {
    const { payee, tab, before } = uncovered
    // Units in proportion: a bonus counts no more of them than were paid for.
    const units = (BigInt(tab.units - before.units) * BigInt(left)) / BigInt(payTotal(tab) - before.total)
    lines.set(payee, [fromHex(payee)!, before.total + left, before.units + Number(units), before.ok, before.bad])
    needMicro -= left
  }
  return { lines: [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line), needMicro }
}
