/**
 * Checkpoints (spec: ledger.md, *Checkpoints, keeping, sync*): 2f+1 witnesses signed (day, state root), a fact outside every chain.
 *
 * The root binds every head and verdict, so a signature need not name them; the proposal does, so that each witness can compute
 * the root for itself. Whoever trusts the witnesses starts from the leaves and takes what lies before them as given.
 */
import * as v from 'valibot'
import type { PublicKey, Signer, Verifier } from '../identity/keys.ts'
import { type Bytes, compareBytes, concat, equalBytes, utf8 } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { id32, key32, parseBytes, type SchemaError, sig64, uint } from '../lib/schema.ts'
import type { Result } from '../lib/result.ts'
import { witnessesMax } from './certificate.ts'
import type { ChainState } from './chain-state.ts'
import { type LedgerRules, quorumOf } from './rules.ts'
import { type AccountLeaf, advanceAccount, leafDigest, leafOf } from './state-tree-account.ts'
import type { EntryId, SwarmId } from './types.ts'

export const dayMs = 24 * 60 * 60_000
/** More accounts than one process holds; a swarm that outgrows it shards its state by account. */
export const checkpointAccountsMax = 1_000_000

const sortedBy = <T>(key: (item: T) => Uint8Array) =>
  v.check<T[], string>((list) => list.every((item, i) => i === 0 || compareBytes(key(list[i - 1]!), key(item)) < 0), 'not sorted')

const checkpointSchema = v.strictObject({
  /** Days since the epoch, UTC. */
  day: uint(),
  root: id32,
  signatures: v.pipe(
    v.array(v.strictTuple([key32, sig64])),
    v.maxLength(witnessesMax),
    sortedBy(([witness]) => witness),
  ),
})
/** Sorted by witness and each once. */
export interface Checkpoint {
  readonly day: number
  readonly root: Bytes
  readonly signatures: readonly (readonly [witness: PublicKey, signature: Bytes])[]
}

const proposalSchema = v.strictObject({
  day: uint(),
  root: id32,
  heads: v.pipe(
    v.array(v.strictTuple([key32, uint(), id32])),
    v.maxLength(checkpointAccountsMax),
    sortedBy(([author]) => author),
  ),
  verdicts: v.pipe(
    v.array(id32),
    v.maxLength(checkpointAccountsMax),
    sortedBy((id) => id),
  ),
})
/** Of which heads and verdicts the root is, each list sorted. */
export interface CheckpointProposal {
  readonly day: number
  readonly root: Bytes
  readonly heads: readonly (readonly [author: PublicKey, seq: number, id: EntryId])[]
  readonly verdicts: readonly Bytes[]
}

export const encodeCheckpoint = (checkpoint: Checkpoint): Bytes => encode(checkpoint as unknown as Cbor)
export const parseCheckpoint = (bytes: Uint8Array): Result<Checkpoint, SchemaError> => parseBytes(checkpointSchema, bytes)
export const encodeProposal = (proposal: CheckpointProposal): Bytes => encode(proposal as unknown as Cbor)
export const parseProposal = (bytes: Uint8Array): Result<CheckpointProposal, SchemaError> => parseBytes(proposalSchema, bytes)

/** What a witness signs. */
export const checkpointMessage = (swarm: SwarmId, { day, root }: Pick<Checkpoint, 'day' | 'root'>): Bytes =>
  concat(utf8('edge-net/checkpoint/1'), encode([swarm, day, root]))

/** The checkpoint with this one witness's signature. */
export const signCheckpoint = async (
  witness: Signer,
  swarm: SwarmId,
  { day, root }: Pick<Checkpoint, 'day' | 'root'>,
): Promise<Checkpoint> => ({ day, root, signatures: [[witness.publicKey, await witness.sign(checkpointMessage(swarm, { day, root }))]] })

/** Every signature is a listed witness's own, each witness once: true also for a checkpoint that is not full yet. */
export const verifyCheckpointSignatures = async (
  verifier: Verifier,
  checkpoint: Checkpoint,
  { swarm, witnesses }: Pick<LedgerRules, 'swarm' | 'witnesses'>,
): Promise<boolean> => {
  const message = checkpointMessage(swarm, checkpoint)
  for (const [i, [witness, signature]] of checkpoint.signatures.entries()) {
    if (i > 0 && compareBytes(checkpoint.signatures[i - 1]![0], witness) >= 0) return false
    if (!witnesses.some((key) => equalBytes(key, witness)) || !(await verifier.verify(signature, message, witness))) return false
  }
  return true
}

/** Signatures of 2f+1 listed witnesses, and none that is false. */
export const verifyCheckpoint = async (
  verifier: Verifier,
  checkpoint: Checkpoint,
  rules: Pick<LedgerRules, 'swarm' | 'witnesses'>,
): Promise<boolean> =>
  checkpoint.signatures.length >= quorumOf(rules.witnesses.length) && (await verifyCheckpointSignatures(verifier, checkpoint, rules))

/** Both of the same day and root, else undefined. */
export const mergeCheckpoints = (a: Checkpoint, b: Checkpoint): Checkpoint | undefined => {
  if (a.day !== b.day || !equalBytes(a.root, b.root)) return undefined
  const added = b.signatures.filter(([witness]) => !a.signatures.some(([known]) => equalBytes(known, witness)))
  return { ...a, signatures: [...a.signatures, ...added].sort(([x], [y]) => compareBytes(x, y)) }
}

/** Whether an account's whole state is the one that a leaf, proved against a checkpoint's root, speaks of. */
export const isStateOf = (leaf: AccountLeaf, state: ChainState): boolean =>
  equalBytes(leafDigest(leaf), leafDigest(leafOf({ ...advanceAccount(undefined, state), verdicts: leaf.verdicts })))
