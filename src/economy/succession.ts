/**
 * A successor swarm (spec: economy.md): its issuer pays each account of the predecessor once, what a proof shows it to own in the
 * state of the last checkpoint, which the policy names.
 *
 * Whose account it is: the device's own, as long as only that device had written to it; else, and where it is to be paid to another
 * device, the root key's that joined there, by its signature. A device key alone has no say over another device's account.
 *
 * That an account was paid stands on the issuer's chain, an attest in the entry that pays: one cannot be there without the other,
 * whatever dies in between, and everybody can see it.
 */
import type { PublicKey, Signature, Verifier } from '../identity/keys.ts'
import { isClosed, ownedMicro, parseAccountProof, type ProvenAccount, verifyAccountProof } from '../ledger/account-proof.ts'
import { allowanceOf } from '../ledger/apply.ts'
import { balanceOf, type ChainState, nothingPaid } from '../ledger/chain-state.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import type { Op, SwarmId } from '../ledger/types.ts'
import { type Bytes, concat, equalBytes, toHex, utf8 } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Issuer } from './issuer.ts'
import type { Predecessor } from './policy.ts'
import { toCounter } from './price.ts'

/** An attest of the issuer's with this claim: its subject has been paid what it had in the predecessor. */
export const carriedClaim = 'carried'

/**
 * proof: it does not lead to the checkpoint's root. unknown: no such account there. closed: by a verdict there. nothing: spent, or
 * burned by verdicts. exhausted: what is left of the grants does not cover it.
 */
export const carryRefusals = ['malformed', 'proof', 'unknown', 'not-owner', 'closed', 'nothing', 'already-carried', 'exhausted'] as const
export type CarryRefusal = (typeof carryRefusals)[number]
export type CarryError =
  | { readonly type: 'carry'; readonly reason: CarryRefusal }
  /** Not certified yet: ask again. */
  | { readonly type: 'uncertified' }

export interface CarryRequest {
  /** As it was in the predecessor. */
  readonly account: PublicKey
  /** The device that asks, as `hello` bound it, and that is paid. */
  readonly to: PublicKey
  /** An account proof as bytes. */
  readonly proof: Uint8Array
  /** The root key's, over `carryMessage`; null where the account asks for itself. */
  readonly signature: Signature | null
}

/** What the root key of an account signs to have it paid to a device in the successor. */
export const carryMessage = (successor: SwarmId, account: PublicKey, to: PublicKey): Bytes =>
  concat(utf8('edge-net/carry/1'), encode([successor, account, to]))

/** What the account was as of the predecessor's last checkpoint. */
export const provenIn = ({ root }: Predecessor, account: PublicKey, bytes: Uint8Array): Result<ProvenAccount, CarryError> => {
  const parsed = parseAccountProof(bytes)
  if (!parsed.ok) return refused('malformed')
  const proven = verifyAccountProof(root, account, parsed.value)
  if (!proven.ok) return refused('proof')
  return proven.value ? ok(proven.value) : refused('unknown')
}

const isOwner = async (
  verifier: Verifier,
  successor: SwarmId,
  { leaf }: ProvenAccount,
  { account, to, signature }: CarryRequest,
): Promise<boolean> => {
  if (signature === null) return equalBytes(account, to) && !leaf.rootSigned
  return leaf.identity !== null && verifier.verify(signature, carryMessage(successor, account, to), leaf.identity)
}

/** Pays an account of the predecessor, once. */
export const carryOver = async (
  { issuer, verifier, rules }: { readonly issuer: Pick<Issuer, 'append'>; readonly verifier: Verifier; readonly rules: LedgerRules },
  predecessor: Predecessor,
  request: CarryRequest,
): Promise<Result<void, CarryError>> => {
  const { account, to, proof } = request
  const proven = provenIn(predecessor, account, proof)
  if (!proven.ok) return proven
  if (!(await isOwner(verifier, rules.swarm, proven.value, request))) return refused('not-owner')
  if (isClosed(proven.value.verdicts)) return refused('closed')
  const micro = toCounter(ownedMicro(proven.value))
  if (micro === 0) return refused('nothing')
  let fault: CarryRefusal | undefined
  const done = await issuer.append(async (state) => {
    if (isCarried(state, account)) fault = 'already-carried'
    else if (balanceOf(state.head) - BigInt(micro) < -allowanceOf(rules, state.head)) fault = 'exhausted'
    else return carryOps(state, account, to, micro)
    return []
  })
  if (fault) return refused(fault)
  return done ? ok(undefined) : err({ type: 'uncertified' })
}

const isCarried = ({ attests }: ChainState, account: PublicKey): boolean =>
  [...attests.values()].some(({ claim, subject }) => claim === carriedClaim && equalBytes(subject, account))

const carryOps = ({ paid }: ChainState, account: PublicKey, to: PublicKey, micro: number): readonly Op[] => {
  const { total, units, ok: accepted, bad } = paid.get(toHex(to)) ?? nothingPaid
  return [
    { op: 'attest', subject: account, claim: carriedClaim, confidence: 100, expiry: 0 },
    { op: 'pay', lines: [[to, total + micro, units, accepted, bad]] },
  ]
}

const refused = (reason: CarryRefusal): Result<never, CarryError> => err({ type: 'carry', reason })
