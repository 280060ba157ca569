/**
 * What the own chain can pay: as the witnesses judge it (`spendableOf`), by the penalties that are known here, and less what is about
 * to be deposited. The vault promises no more.
 */
import type { PublicKey } from '../identity/keys.ts'
import { balanceOf, type ChainHead, spendableOf } from '../ledger/chain-state.ts'
import type { VerdictBook } from '../ledger/replica-verdicts.ts'
import { type DepositFigures, unlockingSum } from './deposit.ts'

/** By verdicts of the witnesses against this account. */
export interface Penalties {
  /** What they cost together, burned for good. */
  readonly finesMicro: number
  /** Nothing further of it is certified. */
  readonly closed: boolean
}
export const noPenalties: Penalties = { finesMicro: 0, closed: false }

export const penaltiesOf = async (verdicts: Pick<VerdictBook, 'slashedMicro' | 'closed'>, account: PublicKey): Promise<Penalties> => ({
  finesMicro: Number(await verdicts.slashedMicro(account)),
  closed: await verdicts.closed(account),
})

/** In µcr; below 0 where penalties are more than it holds. */
export const payableMicro = (
  head: ChainHead,
  { wantedMicro, unlocking }: Pick<DepositFigures, 'wantedMicro' | 'unlocking'>,
  { finesMicro, closed }: Penalties,
): number => {
  const spendable = Number(spendableOf(head, BigInt(finesMicro), BigInt(unlockingSum(unlocking))))
  const raise = Math.max(0, (wantedMicro ?? 0) - head.staked)
  const most = Math.min(spendable, Number(balanceOf(head)) - raise)
  return closed ? Math.min(0, most) : most
}
