/**
 * What the state root says of one account (spec: ledger.md, *State*): nothing that depends on a clock or on order of arrival.
 *
 * Everything that applying the account's next entry reads is in it, so that a newcomer can go on from a leaf and the state that
 * belongs to it: each kind of lines by the root of a tree of its own, all else as it stands.
 */
import * as v from 'valibot'
import type { PublicKey } from '../identity/keys.ts'
import { type Bytes, sha256, utf8 } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { id32, key32, uint } from '../lib/schema.ts'
import type { ChainChange, ChainHead, LineKind } from './chain-state.ts'
import { emptyHash, setLeaf, type Sparse, sparseRoot } from './state-tree-sparse.ts'
import { type Finding, verdictKey } from './verdict.ts'

/** Sums are beyond what a CBOR integer of ours holds: decimal text without leading zeros. */
export const sum = v.pipe(v.string(), v.regex(/^(0|[1-9][0-9]{0,39})$/, 'not a sum'))

/** What a head is wherever it is told, but for its author and its epoch. */
export const headFields = {
  seq: uint(),
  id: id32,
  identity: v.nullable(key32),
  rootSigned: v.boolean(),
  /** In µcr, as all that follow but `sponsoredUnits`. */
  claimed: sum,
  paid: sum,
  staked: uint(),
  lent: sum,
  settled: sum,
  sponsoredUnits: sum,
}

export const accountLeafSchema = v.strictObject({
  ...headFields,
  /** Null before the first settle. */
  epoch: v.nullable(uint()),
  /** Root of the tree of each kind of lines: key = sha-256 of the line's key as text (chain-state.ts), digest = sha-256 of its CBOR. */
  lines: v.strictObject({ paid: id32, claimed: id32, delegated: id32, attests: id32, sponsors: id32 }),
  /** Digest of the verdicts against the account; zeros for none. */
  verdicts: id32,
})
export type AccountLeaf = v.InferOutput<typeof accountLeafSchema>

/** Where an account stands in the tree. */
export const accountKey = (author: PublicKey): Bytes => sha256(author)
export const leafDigest = (leaf: AccountLeaf): Bytes => sha256(encode(leaf))

/** Of the offence, not of who signed: signatures are added to a verdict, and it stays the one it was. */
export const verdictId = (finding: Finding): Bytes => sha256(utf8(verdictKey(finding)))

/** Of a set of ids, whatever their order. */
export const digestOfIds = (ids: readonly Bytes[]): Bytes =>
  sparseRoot(ids.reduce<Sparse>((tree, id) => setLeaf(tree, { key: sha256(id), digest: sha256(id) }), null))

export interface AccountState {
  readonly head: ChainHead
  readonly lines: Readonly<Record<LineKind, Sparse>>
  readonly verdicts: Bytes
}

/** A change's lines take the place of those before; its head replaces the head. */
export const advanceAccount = (before: AccountState | undefined, { head, ...changed }: ChainChange): AccountState => ({
  head,
  lines: byKind((kind) => {
    let tree = before?.lines[kind] ?? null
    for (const [key, line] of changed[kind])
      tree = setLeaf(tree, { key: sha256(utf8(key)), digest: sha256(encode(line as unknown as Cbor)) })
    return tree
  }),
  verdicts: before?.verdicts ?? emptyHash,
})

export const leafOf = ({ head, lines, verdicts }: AccountState): AccountLeaf => ({
  seq: head.seq,
  id: head.id,
  identity: head.identity,
  rootSigned: head.rootSigned,
  claimed: `${head.claimed}`,
  paid: `${head.paid}`,
  staked: head.staked,
  lent: `${head.lent}`,
  epoch: head.epoch < 0 ? null : head.epoch,
  settled: `${head.settled}`,
  sponsoredUnits: `${head.sponsoredUnits}`,
  lines: byKind((kind) => sparseRoot(lines[kind])),
  verdicts,
})

const byKind = <T>(of: (kind: LineKind) => T): Record<LineKind, T> => ({
  paid: of('paid'),
  claimed: of('claimed'),
  delegated: of('delegated'),
  attests: of('attests'),
  sponsors: of('sponsors'),
})
