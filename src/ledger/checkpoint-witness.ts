/**
 * A witness's part in checkpoints (spec: ledger.md, *Checkpoints, keeping, sync*): proposes the state that it holds, signs one that
 * it computes the same from the heads proposed, and never two for one day. No checkpoint falls behind the one before it.
 *
 * | table       | key      | value                                                                         |
 * | ----------- | -------- | ----------------------------------------------------------------------------- |
 * | checkpoints | 'signed' | [day, root, heads, verdicts] last signed, on disk before the signature leaves |
 */
import type { PublicKey, Signer } from '../identity/keys.ts'
import { type Bytes, compareBytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Store, StoreError, StoreValue } from '../lib/store.ts'
import type { ChainState } from './chain-state.ts'
import { type Checkpoint, type CheckpointProposal, dayMs, signCheckpoint } from './checkpoint.ts'
import { type ConflictDeps, stateAt } from './conflict.ts'
import type { Replica } from './replica.ts'
import { verdictId } from './state-tree-account.ts'
import { createStateTree, type StateTree } from './state-tree.ts'
import type { EntryId, SwarmId } from './types.ts'
import type { Finding } from './verdict.ts'

/** What the witness knows, as a full replica does. */
export interface CheckpointSource {
  readonly heads: () => Promise<readonly { readonly author: PublicKey; readonly seq: number; readonly id: EntryId }[]>
  /** As of this certified entry; undefined where it is not here. */
  readonly stateAt: (author: PublicKey, seq: number, id: EntryId) => Promise<ChainState | undefined>
  readonly verdicts: () => Promise<readonly Finding[]>
}

/** A replica's records; a head that it has passed is folded anew. */
export const checkpointSource = (replica: Pick<Replica, 'records' | 'verdicts'>, deps: ConflictDeps): CheckpointSource => ({
  heads: replica.records.heads,
  stateAt: async (author, seq, id) => {
    const [head] = await replica.records.head(author)
    if (equalBytes(head.id, id)) return replica.records.wholeState(head)
    const end = await replica.records.entryById(id)
    return end?.entry.seq === seq && equalBytes(end.entry.author, author) ? stateAt(deps, end) : undefined
  },
  verdicts: () => replica.verdicts.verdicts(),
})

export type CheckpointRefusal =
  /** Not today's or yesterday's by our clock, or no later than what we signed. */
  | { readonly reason: 'day' }
  /** A head or verdict that is not here: come again once it is. */
  | { readonly reason: 'unknown'; readonly author: PublicKey | null }
  /** A chain ends before where the last checkpoint had it, or is left out. */
  | { readonly reason: 'falls'; readonly author: PublicKey }
  /** From these heads and verdicts we compute another. */
  | { readonly reason: 'root' }
  | { readonly reason: 'storage'; readonly error: StoreError }

export interface CheckpointWitness {
  readonly propose: () => Promise<Result<CheckpointProposal, CheckpointRefusal>>
  readonly sign: (proposal: CheckpointProposal) => Promise<Result<Checkpoint, CheckpointRefusal>>
  /** What it has signed last, whole; undefined where it has signed none or kept less of it. */
  readonly signed: () => Promise<CheckpointProposal | undefined>
}

export const createCheckpointWitness = ({
  store,
  source,
  signer,
  swarm,
  clock,
}: {
  readonly store: Store
  readonly source: CheckpointSource
  readonly signer: Signer
  readonly swarm: SwarmId
  readonly clock: Clock
}): CheckpointWitness => {
  const today = (): number => Math.floor(clock.now() / dayMs)
  return {
    propose: async () => {
      const verdicts = await source.verdicts()
      const heads = (await source.heads()).map(({ author, seq, id }) => [author, seq, id] as const).sort(([a], [b]) => compareBytes(a, b))
      const named = { heads, verdicts: verdicts.map(verdictId).sort(compareBytes) }
      const tree = await treeOf(source, named)
      return tree.ok ? ok({ day: today(), root: tree.value.root(), ...named }) : tree
    },
    sign: async (proposal) => {
      const record = await store.get('checkpoints', 'signed')
      const last = record === undefined ? undefined : lastFrom(record)
      const again = last !== undefined && last.day === proposal.day && equalBytes(last.root, proposal.root)
      if (again) return ok(await signCheckpoint(signer, swarm, proposal))
      if (proposal.day > today() || proposal.day < today() - 1 || proposal.day <= (last?.day ?? -1)) return err({ reason: 'day' })
      const fallen = last && findFallen(last.heads, proposal.heads)
      if (fallen) return err({ reason: 'falls', author: fallen })
      const tree = await treeOf(source, proposal)
      if (!tree.ok) return tree
      if (!equalBytes(tree.value.root(), proposal.root)) return err({ reason: 'root' })
      const value = [proposal.day, proposal.root, proposal.heads, proposal.verdicts] as unknown as StoreValue
      const stored = await store.commit(
        [{ table: 'checkpoints', key: 'signed', value }],
        [{ table: 'checkpoints', key: 'signed', equals: record }],
      )
      return stored.ok ? ok(await signCheckpoint(signer, swarm, proposal)) : err({ reason: 'storage', error: stored.error })
    },
    signed: async () => {
      const record = await store.get('checkpoints', 'signed')
      const last = record === undefined ? undefined : lastFrom(record)
      return last?.verdicts && { ...last, verdicts: last.verdicts }
    },
  }
}

/** All accounts as of these heads and verdicts. */
export const treeOf = async (
  source: CheckpointSource,
  { heads, verdicts: ids }: Pick<CheckpointProposal, 'heads' | 'verdicts'>,
): Promise<Result<StateTree, CheckpointRefusal>> => {
  const known = new Map((await source.verdicts()).map((verdict) => [toHex(verdictId(verdict)), verdict]))
  const verdicts = ids.flatMap((id) => known.get(toHex(id)) ?? [])
  if (verdicts.length < ids.length) return err({ reason: 'unknown', author: null })
  const tree = createStateTree()
  for (const [author, seq, id] of heads) {
    const state = await source.stateAt(author, seq, id)
    if (!state) return err({ reason: 'unknown', author })
    tree.replace(state)
  }
  const against = new Map<string, { target: PublicKey; ids: Bytes[] }>()
  for (const verdict of verdicts) {
    const found = against.get(toHex(verdict.target)) ?? { target: verdict.target, ids: [] }
    found.ids.push(verdictId(verdict))
    against.set(toHex(verdict.target), found)
  }
  for (const { target, ids } of against.values()) tree.judge(target, ids)
  return ok(tree)
}

const lastFrom = (record: StoreValue) => {
  // Records of before have no verdicts, and heads without their ids.
  const [day, root, heads, verdicts] = record as unknown as readonly [number, Bytes, CheckpointProposal['heads'], (readonly Bytes[])?]
  return { day, root, heads, verdicts }
}

const findFallen = (last: CheckpointProposal['heads'], heads: CheckpointProposal['heads']): PublicKey | undefined => {
  const now = new Map(heads.map(([author, seq]) => [toHex(author), seq]))
  return last.find(([author, seq]) => (now.get(toHex(author)) ?? -1) < seq)?.[0]
}
