/**
 * A successor swarm (spec: economy.md): its issuer pays each account of the predecessor once, up to the balance that a proof shows in
 * the state of the last checkpoint, which the policy names.
 *
 * That an account was paid stands on the issuer's chain, an attest in the entry that pays: one cannot be there without the other,
 * whatever dies in between, and everybody can see it. The account is paid under the key that it had.
 */
import type { PublicKey } from '../identity/keys.ts'
import { parseBalanceProof, verifyBalanceProof } from '../ledger/balance-proof.ts'
import { type ChainState, nothingPaid } from '../ledger/chain-state.ts'
import type { Op } from '../ledger/types.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Issuer } from './issuer.ts'
import type { Predecessor } from './policy.ts'

/** An attest of the issuer's with this claim: its subject has been paid what it had in the predecessor. */
export const carriedClaim = 'carried'

export type CarryError =
  /** proof: it does not lead to the checkpoint's root. unknown: no such account there. */
  | { readonly type: 'carry'; readonly reason: 'malformed' | 'proof' | 'unknown' | 'beyond-balance' | 'already-carried' }
  /** Not certified yet, or all grants are given: ask again. */
  | { readonly type: 'uncertified' }

export interface CarryRequest {
  readonly account: PublicKey
  /** A balance proof as bytes. */
  readonly proof: Uint8Array
  /** µcr, ≥ 1. */
  readonly micro: number
}

/** What the account had as of the predecessor's last checkpoint, deposit included, in µcr. */
export const provenMicro = ({ root }: Predecessor, account: PublicKey, proof: Uint8Array): Result<bigint, CarryError> => {
  const parsed = parseBalanceProof(proof)
  if (!parsed.ok) return refused('malformed')
  const leaf = verifyBalanceProof(root, account, parsed.value)
  if (!leaf.ok) return refused('proof')
  return leaf.value ? ok(BigInt(leaf.value.claimed) - BigInt(leaf.value.paid)) : refused('unknown')
}

/** Pays an account of the predecessor, once. */
export const carryOver = async (
  issuer: Pick<Issuer, 'append'>,
  predecessor: Predecessor,
  { account, proof, micro }: CarryRequest,
): Promise<Result<void, CarryError>> => {
  const proven = provenMicro(predecessor, account, proof)
  if (!proven.ok) return proven
  if (!Number.isSafeInteger(micro) || micro < 1) return refused('malformed')
  if (BigInt(micro) > proven.value) return refused('beyond-balance')
  let before = false
  const done = await issuer.append(async (state) => {
    before = isCarried(state, account)
    return before ? [] : carryOps(state, account, micro)
  })
  if (before) return refused('already-carried')
  return done ? ok(undefined) : err({ type: 'uncertified' })
}

const isCarried = ({ attests }: ChainState, account: PublicKey): boolean =>
  [...attests.values()].some(({ claim, subject }) => claim === carriedClaim && equalBytes(subject, account))

const carryOps = ({ paid }: ChainState, account: PublicKey, micro: number): readonly Op[] => {
  const { total, units, ok: accepted, bad } = paid.get(toHex(account)) ?? nothingPaid
  return [
    { op: 'attest', subject: account, claim: carriedClaim, confidence: 100, expiry: 0 },
    { op: 'pay', lines: [[account, total + micro, units, accepted, bad]] },
  ]
}

const refused = (reason: Extract<CarryError, { type: 'carry' }>['reason']): Result<never, CarryError> => err({ type: 'carry', reason })
