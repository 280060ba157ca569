/**
 * What the state root says of one account (spec: ledger.md, *State*): nothing that depends on a clock or on order of arrival.
 *
 * Everything that applying the account's next entry needs is in it, so that a newcomer can go on from a leaf: the per-payee and
 * per-payer figures by the roots of trees of their own, all else as it stands.
 */
import * as v from 'valibot'
import type { PublicKey } from '../identity/keys.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, fromHex, sha256 } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { id32, key32, uint } from '../lib/schema.ts'
import type { ChainChange, ChainHead } from './chain-state.ts'
import { emptyHash, setLeaf, type Sparse, sparseRoot } from './state-tree-sparse.ts'

/** Sums are beyond what a CBOR integer of ours holds: decimal text without leading zeros, in µcr. */
const sum = v.pipe(v.string(), v.regex(/^(0|[1-9][0-9]{0,39})$/, 'not a sum'))

export const accountLeafSchema = v.strictObject({
  seq: uint(),
  id: id32,
  identity: v.nullable(key32),
  rootSigned: v.boolean(),
  claimed: sum,
  paid: sum,
  staked: uint(),
  /** Roots over payees and payers; key = sha-256 of the other account. */
  payees: id32,
  payers: id32,
  /** Digest of what else the chain's operations have set; zeros for nothing. */
  facts: id32,
  /** Digest of the verdicts against the account; zeros for none. */
  verdicts: id32,
})
export type AccountLeaf = v.InferOutput<typeof accountLeafSchema>

/** Where an account stands in the tree. */
export const accountKey = (author: PublicKey): Bytes => sha256(author)
export const leafDigest = (leaf: AccountLeaf): Bytes => sha256(encode(leaf))

/** Of a set of ids, whatever their order. */
export const digestOfIds = (ids: readonly Bytes[]): Bytes =>
  ids.length === 0 ? emptyHash : sparseRoot(ids.reduce<Sparse>((tree, id) => setLeaf(tree, { key: sha256(id), digest: sha256(id) }), null))

/** Of whatever else a chain's fold holds, as one canonical value; null for nothing. */
export const digestOfFacts = (facts: Cbor): Bytes => (facts === null ? emptyHash : sha256(encode(facts)))

export interface AccountState {
  readonly head: ChainHead
  readonly payees: Sparse
  readonly payers: Sparse
  readonly facts: Bytes
  readonly verdicts: Bytes
}

/** A change's lines take the place of those before; its head replaces the head. */
export const advanceAccount = (before: AccountState | undefined, { head, paid, claimed }: ChainChange, facts: Bytes): AccountState => ({
  head,
  payees: linesInto(before?.payees ?? null, paid, ({ total, units, ok, bad }) => [total, units, ok, bad]),
  payers: linesInto(before?.payers ?? null, claimed, ({ total, seq }) => [total, seq]),
  facts,
  verdicts: before?.verdicts ?? emptyHash,
})

export const leafOf = ({ head, payees, payers, facts, verdicts }: AccountState): AccountLeaf => ({
  seq: head.seq,
  id: head.id,
  identity: head.identity,
  rootSigned: head.rootSigned,
  claimed: `${head.claimed}`,
  paid: `${head.paid}`,
  staked: head.staked,
  payees: sparseRoot(payees),
  payers: sparseRoot(payers),
  facts,
  verdicts,
})

const linesInto = <F>(tree: Sparse, lines: ReadonlyMap<string, F>, figures: (line: F) => readonly number[]): Sparse => {
  let grown = tree
  for (const [node, line] of lines) {
    const key = fromHex(node)
    assert(key, 'lines are kept by the hex of a key')
    grown = setLeaf(grown, { key: sha256(key), digest: sha256(encode(figures(line))) })
  }
  return grown
}
