/**
 * The state of all accounts as one hash (spec: ledger.md, *State*): a sparse Merkle tree, key = sha-256 of the author, updated in
 * O(log n) per entry, hashed when the root is asked for. Two replicas with the same certified heads and verdicts have the same
 * root, whatever came first.
 *
 * It is kept in memory and rebuilt from the replica's records on start, so it can never disagree with them after a crash.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'
import type { Bytes } from '../lib/bytes.ts'
import type { BalanceProof } from './balance-proof.ts'
import type { ChainChange, ChainHead, ChainState } from './chain-state.ts'
import { accountKey, type AccountLeaf, type AccountState, advanceAccount, digestOfIds, leafDigest, leafOf } from './state-tree-account.ts'
import { emptyHash, pathTo, setLeaf, type Sparse, sparseRoot } from './state-tree-sparse.ts'

export interface StateTree {
  /** New certified entries of one author: the head after them and the lines that they changed. */
  readonly advance: (change: ChainChange) => void
  /** The account anew, with all its lines: where its head was replaced by another branch's. */
  readonly replace: (state: ChainState) => void
  /** All verdicts against an account. One without entries has no leaf until it has one. */
  readonly judge: (author: PublicKey, verdictIds: readonly Bytes[]) => void
  readonly root: () => Bytes
  readonly account: (author: PublicKey) => AccountLeaf | undefined
  readonly head: (author: PublicKey) => ChainHead | undefined
  readonly size: () => number
  /** What shows to a holder of the root what it says of this account, or that it says nothing. */
  readonly prove: (author: PublicKey) => BalanceProof
}

export const createStateTree = (): StateTree => {
  const accounts = new Map<NodeId, AccountState>()
  const judged = new Map<NodeId, Bytes>()
  /** Accounts whose leaf in `tree` is out of date. */
  const stale = new Set<NodeId>()
  let tree: Sparse = null

  const put = (node: NodeId, account: AccountState): void => {
    accounts.set(node, { ...account, verdicts: judged.get(node) ?? emptyHash })
    stale.add(node)
  }
  const refreshed = (): Sparse => {
    for (const node of stale) {
      const account = accounts.get(node)!
      tree = setLeaf(tree, { key: accountKey(account.head.author), digest: leafDigest(leafOf(account)) })
    }
    stale.clear()
    return tree
  }
  const leaf = (author: PublicKey): AccountLeaf | undefined => {
    const account = accounts.get(toHex(author))
    return account && leafOf(account)
  }

  return {
    advance: (change) => {
      const node = toHex(change.head.author)
      put(node, advanceAccount(accounts.get(node), change))
    },
    replace: (state) => put(toHex(state.head.author), advanceAccount(undefined, state)),
    judge: (author, verdictIds) => {
      const node = toHex(author)
      judged.set(node, digestOfIds(verdictIds))
      const account = accounts.get(node)
      if (account) put(node, account)
    },
    root: () => sparseRoot(refreshed()),
    account: leaf,
    head: (author) => accounts.get(toHex(author))?.head,
    size: () => accounts.size,
    prove: (author) => {
      const { siblings, met } = pathTo(refreshed(), accountKey(author))
      const own = leaf(author)
      return { siblings: [...siblings], end: own ? ['account', own] : met ? ['other', met.key, met.digest] : null }
    },
  }
}
