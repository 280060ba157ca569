/**
 * The root key takes over a lost or stolen device's chain (spec: ledger.md, *Keys and accounts*): entries that take the stake out,
 * claim what came in, pay all that is free on to another device, and what was staked as well once the witnesses let it go.
 *
 * All are signed at once, so that the root key is needed for a moment only. The first spends nothing and claims nothing, so that no
 * witness has a reason to wait with it, and after it nothing that the device signs is valid. Each waits for the certificate of the
 * one before: a payee claims by the certificate on exactly the entry that pays.
 */
import type { PublicKey, Signer } from '../identity/keys.ts'
import { compareBytes, fromHex, toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { applyEntry, type Income, type InvalidReason } from './apply.ts'
import { advance, balanceOf, type ChainState, nothingPaid } from './chain-state.ts'
import { checkOps, entryBytesMax, type ParsedEntry, signEntry } from './entry.ts'
import { type CheckedIncome, claimLinesMax, claimOp } from './own-chain.ts'
import type { LedgerRules } from './rules.ts'
import type { Op } from './types.ts'
import { slashRules } from './verdict.ts'

export interface TakeOver {
  readonly rules: LedgerRules
  /** The identity's root key, which the chain's join names. */
  readonly root: Signer
  /** The device that all is paid on to. */
  readonly to: PublicKey
  /** Taken out of the stake and still unlocking, in µcr: nothing can spend it yet. */
  readonly lockedMicro: number
  /** What verdicts cost the device, in µcr: the witnesses let nobody pay that, its owner neither. */
  readonly burnedMicro: number
  readonly nowMs: number
}

/** A line of a claim with n signatures takes about this much, its payer and entry id among it. */
const lineBytes = (signatures: number): number => 192 + signatures * 104
const claimBytesMax = entryBytesMax - 4 * 1024
const fineMicro = slashRules.DoubleSpend.costMicro

/** `state`: the whole fold of the device's chain. `incomes`: what is certified for it and not claimed. */
export const takeOverEntries = async (
  { rules, root, to, lockedMicro, burnedMicro, nowMs }: TakeOver,
  state: ChainState,
  incomes: readonly CheckedIncome[],
): Promise<Result<readonly ParsedEntry[], InvalidReason | 'malformed'>> => {
  const known = new Map(incomes.map(({ line, seq, total }): [string, Income] => [toHex(line[1]), { seq, total }]))
  const entries: ParsedEntry[] = []
  let at = state

  const add = async (ops: readonly Op[]): Promise<InvalidReason | 'malformed' | undefined> => {
    const { author, seq, id } = at.head
    if (!checkOps(ops, seq + 1, author).ok) return 'malformed'
    const made = await signEntry(root, { v: 1, swarm: rules.swarm, author, seq: seq + 1, prev: id, time: nowMs, ops })
    const applied = applyEntry(rules, at, made, 'root', ([, entry]) => known.get(toHex(entry)))
    if (!applied.ok) return applied.error.type === 'invalid' ? applied.error.reason : 'malformed'
    at = advance(at, applied.value)
    entries.push(made)
    return undefined
  }
  const payOp = (micro: number): readonly Op[] => {
    const { total, units, ok: accepted, bad } = at.paid.get(toHex(to)) ?? nothingPaid
    return micro > 0 ? [{ op: 'pay', lines: [[to, total + micro, units, accepted, bad]] }] : []
  }

  const lent = [...at.delegated].filter(([, amount]) => amount > 0)
  const back: readonly Op[] =
    lent.length > 0
      ? [{ op: 'delegate', lines: lent.map(([key]) => [fromHex(key)!, 0] as const).sort(([a], [b]) => compareBytes(a, b)) }]
      : []
  // Also where nothing is staked: it is the root key's word that the device's own is over.
  for (const ops of [[...back, { op: 'stake', amount: 0 } as const], ...claimsOf(incomes).map((claim) => [claim])]) {
    const fault = await add(ops)
    if (fault) return err(fault)
  }
  // What the witnesses hold stays for the last entries. So does one fine that is not known here: it holds up no more than itself.
  const heldMicro = Math.max(state.head.staked + lockedMicro, burnedMicro)
  for (const leftMicro of [heldMicro, burnedMicro + fineMicro, burnedMicro].sort((a, b) => b - a)) {
    const pay = payOp(Number(balanceOf(at.head)) - leftMicro)
    const fault = pay.length > 0 ? await add(pay) : undefined
    if (fault) return err(fault)
  }
  return ok(entries)
}

/** One claim op an entry, as many lines in each as surely fit. */
const claimsOf = (incomes: readonly CheckedIncome[]): readonly Op[] => {
  const signatures = Math.max(0, ...incomes.map(({ line }) => line[2].signatures.length))
  const perEntry = Math.max(1, Math.min(claimLinesMax, Math.floor(claimBytesMax / lineBytes(signatures))))
  return Array.from({ length: Math.ceil(incomes.length / perEntry) }, (_, i) => claimOp(incomes.slice(i * perEntry, (i + 1) * perEntry)))
}
