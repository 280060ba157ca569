/**
 * The root key takes over a lost or stolen device's chain (spec: ledger.md, *Keys and accounts*): entries that claim what came in,
 * pay all that is free on to another device, take the stake out, and pay that on as well once the witnesses let it go.
 *
 * All are signed at once, so that the root key is needed for a moment only. After the first of them nothing that the device signs is
 * valid. Each waits for the certificate of the one before: a payee claims by the certificate on exactly the entry that pays.
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

  // A penalty takes from the stake first.
  const heldMicro = Math.max(lockedMicro, burnedMicro - state.head.staked)
  const claims = claimsOf(incomes)
  const gained = incomes.reduce((sum, { line, total }) => sum + total - (state.claimed.get(toHex(line[0]))?.total ?? 0), 0)
  for (const [i, claim] of claims.entries()) {
    const last = i === claims.length - 1
    const fault = await add([claim, ...(last ? payOp(Number(balanceOf(state.head)) + gained - heldMicro) : [])])
    if (fault) return err(fault)
  }
  const pay = claims.length === 0 ? payOp(Number(balanceOf(state.head)) - heldMicro) : []
  const lent = [...state.delegated].filter(([, amount]) => amount > 0)
  const back: readonly Op[] =
    lent.length > 0
      ? [{ op: 'delegate', lines: lent.map(([key]) => [fromHex(key)!, 0] as const).sort(([a], [b]) => compareBytes(a, b)) }]
      : []
  const nothingYet = claims.length === 0 && pay.length === 0
  const steps: readonly (readonly Op[])[] = [
    pay,
    // Also where nothing is staked: it is the root key's word that the device's own is over.
    state.head.staked > 0 || nothingYet ? [...back, { op: 'stake', amount: 0 }] : [],
  ]
  for (const ops of steps) {
    const fault = ops.length > 0 ? await add(ops) : undefined
    if (fault) return err(fault)
  }
  const rest = payOp(Number(balanceOf(at.head)) - burnedMicro)
  const fault = rest.length > 0 ? await add(rest) : undefined
  return fault ? err(fault) : ok(entries)
}

/** One claim op an entry, as many lines in each as surely fit. */
const claimsOf = (incomes: readonly CheckedIncome[]): readonly Op[] => {
  const signatures = Math.max(0, ...incomes.map(({ line }) => line[2].signatures.length))
  const perEntry = Math.max(1, Math.min(claimLinesMax, Math.floor(claimBytesMax / lineBytes(signatures))))
  return Array.from({ length: Math.ceil(incomes.length / perEntry) }, (_, i) => claimOp(incomes.slice(i * perEntry, (i + 1) * perEntry)))
}
