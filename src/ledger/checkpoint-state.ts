/**
 * The state of the newest checkpoint, out of which accounts are proved to whoever holds its root. The heads and verdicts that it is
 * of are kept (`checkpoints/state`); the tree is computed when it is first asked for, as the witness computed it.
 */
import type { PublicKey } from '../identity/keys.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import type { Store, Write } from '../lib/store.ts'
import { type AccountProof, accountProof } from './account-proof.ts'
import { type CheckpointProposal, encodeProposal, parseProposal } from './checkpoint.ts'
import { type CheckpointSource, treeOf } from './checkpoint-witness.ts'
import { verdictId } from './state-tree-account.ts'

export interface CheckpointState extends Pick<CheckpointProposal, 'day' | 'root' | 'heads'> {
  readonly prove: (account: PublicKey) => AccountProof
}

const at = { table: 'checkpoints', key: 'state' } as const

export const checkpointStateWrite = (proposal: CheckpointProposal): Write => ({ ...at, value: encodeProposal(proposal) })

/** Undefined where there is no checkpoint yet, or this one was never computed here. */
export const openCheckpointState = async (store: Store, source: CheckpointSource): Promise<CheckpointState | undefined> => {
  const bytes = await store.get(at.table, at.key)
  const parsed = bytes instanceof Uint8Array ? parseProposal(bytes) : undefined
  if (!parsed?.ok) return undefined
  const { day, root, heads } = parsed.value
  const tree = await treeOf(source, parsed.value)
  if (!tree.ok || !equalBytes(tree.value.root(), root)) return undefined
  const judged = new Set(parsed.value.verdicts.map(toHex))
  const verdicts = (await source.verdicts()).filter((verdict) => judged.has(toHex(verdictId(verdict))))
  const against = (account: PublicKey) => verdicts.filter(({ target }) => equalBytes(target, account))
  return { day, root, heads, prove: (account) => accountProof(tree.value.prove(account), against(account)) }
}
