/**
 * What a state says of one account, verdicts included: a balance proof, and the offences that its leaf holds the digest of. Who holds
 * the root learns from it what the account has and what it has been fined, and need not trust who sent it.
 *
 * Wire form: canonical CBOR {path, verdicts}. `path` is a balance proof; `verdicts` are [reason, offence] against the account,
 * sorted by the id of the offence. Their signatures are not needed: the root stands for them.
 */
import * as v from 'valibot'
import type { PublicKey } from '../identity/keys.ts'
import { type Bytes, compareBytes, equalBytes } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bytesUpTo, parseBytes, type SchemaError } from '../lib/schema.ts'
import { type BalanceProof, balanceProofSchema, type ProofError, verifyBalanceProof } from './balance-proof.ts'
import { type AccountLeaf, digestOfIds, verdictId } from './state-tree-account.ts'
import { type Finding, offenceBytesMax, SlashReason, slashedMicroOf, slashRules } from './verdict.ts'

/** Against one account; one fined more often cannot be proved. */
export const provenVerdictsMax = 256
/** A path of 256 steps, its leaf, and as many verdicts. */
export const accountProofBytesMax = 40 * 1024

const accountProofSchema = v.strictObject({
  path: balanceProofSchema,
  verdicts: v.pipe(
    v.array(v.strictTuple([v.picklist(Object.values(SlashReason)), bytesUpTo(offenceBytesMax)])),
    v.maxLength(provenVerdictsMax),
  ),
})
export type AccountProof = v.InferOutput<typeof accountProofSchema>

export interface ProvenAccount {
  readonly leaf: AccountLeaf
  readonly verdicts: readonly Finding[]
}

export const accountProof = (path: BalanceProof, verdicts: readonly Finding[]): AccountProof => ({
  path,
  verdicts: [...verdicts].sort((a, b) => compareBytes(verdictId(a), verdictId(b))).map(({ reason, offence }) => [reason, offence]),
})
export const encodeAccountProof = (proof: AccountProof): Bytes => encode(proof as unknown as Cbor)
export const parseAccountProof = (bytes: Uint8Array): Result<AccountProof, SchemaError> => parseBytes(accountProofSchema, bytes)

/** verdicts: not those that the state knows against the account. */
export type AccountProofError = ProofError | { readonly type: 'proof'; readonly reason: 'verdicts' }

/** What the state of this root says of the account; undefined: it does not know it. */
export const verifyAccountProof = (
  root: Bytes,
  account: PublicKey,
  { path, verdicts }: AccountProof,
): Result<ProvenAccount | undefined, AccountProofError> => {
  const leaf = verifyBalanceProof(root, account, path)
  if (!leaf.ok || leaf.value === undefined) return leaf.ok ? ok(undefined) : leaf
  const findings = verdicts.map(([reason, offence]) => ({ target: account, reason, offence }))
  const ids = findings.map(verdictId)
  const rising = ids.every((id, i) => i === 0 || compareBytes(ids[i - 1]!, id) < 0)
  if (!rising || !equalBytes(digestOfIds(ids), leaf.value.verdicts)) return err({ type: 'proof', reason: 'verdicts' })
  return ok({ leaf: leaf.value, verdicts: findings })
}

export const isClosed = (verdicts: readonly Finding[]): boolean => verdicts.some(({ reason }) => slashRules[reason].closes)

/** What is its owner's, its deposit included: paid to it, less what it has paid and what verdicts have burned; nothing of a closed account. */
export const ownedMicro = ({ leaf, verdicts }: ProvenAccount): bigint => {
  const left = BigInt(leaf.claimed) - BigInt(leaf.paid) - slashedMicroOf(verdicts)
  return isClosed(verdicts) || left < 0n ? 0n : left
}
