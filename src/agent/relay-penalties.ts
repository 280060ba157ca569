/** What a relay says is held against an account (spec: ledger.md, *Verdicts*): of its credits that much is there for nobody. */
import type { PublicKey } from '../identity/keys.ts'
import type { VerdictBook } from '../ledger/replica-verdicts.ts'
import type { WireBody } from '../network/wire.ts'

/** Undefined: nothing. */
export const penaltiesOf = async (
  verdicts: Pick<VerdictBook, 'slashedMicro' | 'closed'>,
  account: PublicKey,
): Promise<WireBody<'head'>['penalties']> => {
  const [slashed, closed] = [await verdicts.slashedMicro(account), await verdicts.closed(account)]
  return slashed > 0n || closed ? { slashed: Math.min(Number(slashed), Number.MAX_SAFE_INTEGER), closed } : undefined
}
