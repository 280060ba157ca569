/**
 * Balance proofs: the audit path of an account in the state tree (spec: ledger.md, *State*). Whoever trusts a state root, by a
 * checkpoint, learns from one what that state says of an account, or that it knows no such account, and need not trust who sent it.
 *
 * Wire form: canonical CBOR {siblings, end}. `siblings` are the hashes beside the path, from the root down. `end` is
 * ["account", leaf]; or, for absence, ["other", key, digest] (the one leaf of the subtree where the account would be) or null
 * (that subtree is empty).
 */
import * as v from 'valibot'
import type { PublicKey } from '../identity/keys.ts'
import { type Bytes, equalBytes } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { id32, parseBytes, type SchemaError } from '../lib/schema.ts'
import { accountKey, type AccountLeaf, accountLeafSchema, leafDigest } from './state-tree-account.ts'
import { emptyHash, leafHash, rootOfPath, sharePath, sparseDepthMax } from './state-tree-sparse.ts'

export const balanceProofSchema = v.strictObject({
  siblings: v.pipe(v.array(id32), v.maxLength(sparseDepthMax)),
  end: v.nullable(v.union([v.strictTuple([v.literal('account'), accountLeafSchema]), v.strictTuple([v.literal('other'), id32, id32])])),
})
export type BalanceProof = v.InferOutput<typeof balanceProofSchema>

/** root: it leads to another state. place: it is the path of another account. */
export type ProofError = { readonly type: 'proof'; readonly reason: 'root' | 'place' }

export const encodeBalanceProof = (proof: BalanceProof): Bytes => encode(proof as unknown as Cbor)
export const parseBalanceProof = (bytes: Uint8Array): Result<BalanceProof, SchemaError> => parseBytes(balanceProofSchema, bytes)

/** What the state of this root says of the account; undefined: it does not know it. */
export const verifyBalanceProof = (
  root: Bytes,
  author: PublicKey,
  { siblings, end }: BalanceProof,
): Result<AccountLeaf | undefined, ProofError> => {
  const key = accountKey(author)
  const endsIn = (hash: Bytes) => equalBytes(rootOfPath(key, siblings, hash), root)
  if (end === null) return endsIn(emptyHash) ? ok(undefined) : wrong('root')
  if (end[0] === 'account') return endsIn(leafHash({ key, digest: leafDigest(end[1]) })) ? ok(end[1]) : wrong('root')
  const [, other, digest] = end
  // The one leaf there must be another's, and must belong under this path: else it would prove nothing about the account.
  if (equalBytes(other, key) || !sharePath(other, key, siblings.length)) return wrong('place')
  return endsIn(leafHash({ key: other, digest })) ? ok(undefined) : wrong('root')
}

const wrong = (reason: ProofError['reason']): Result<never, ProofError> => err({ type: 'proof', reason })
