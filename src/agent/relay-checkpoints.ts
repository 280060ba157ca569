/**
 * The relays' daily checkpoint (spec: ledger.md, *Checkpoints, keeping, sync*): in its turn a witness proposes the state that it
 * holds, the others sign it if they compute the same, and 2f+1 signatures are kept by all. Relays drop nothing below it.
 *
 * Turns of ten minutes go round the witnesses in order of their keys until the day has its checkpoint. A witness signs one
 * state a day, so one that has signed proposes nothing else; it shows its own proposal again while its turn lasts, because those
 * who lack a head of it can sign once they have it. At worst a day has none.
 *
 * | table       | key          | value                                            |
 * | ----------- | ------------ | ------------------------------------------------ |
 * | checkpoints | 'proposed'   | bytes of this witness's last proposal            |
 * | checkpoints | 'state'      | heads and verdicts of the newest full checkpoint that this witness computed (checkpoint-state.ts) |
 * | checkpointed | day         | bytes of the full checkpoint                     |
 */
import type { NodeId, Signer, Verifier } from '../identity/keys.ts'
import {
  type Checkpoint,
  type CheckpointProposal,
  dayMs,
  encodeCheckpoint,
  encodeProposal,
  mergeCheckpoints,
  parseCheckpoint,
  parseProposal,
  verifyCheckpointSignatures,
} from '../ledger/checkpoint.ts'
import { checkpointStateWrite } from '../ledger/checkpoint-state.ts'
import type { CheckpointWitness } from '../ledger/checkpoint-witness.ts'
import { type LedgerRules, quorumOf } from '../ledger/rules.ts'
import { type Bytes, concat, equalBytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { createSerial } from '../lib/serial.ts'
import { numberKey, type Store } from '../lib/store.ts'
import type { Network } from '../network/network.ts'
import type { WireBody } from '../network/wire.ts'
import { proposalPieceBytesMax } from '../network/wire-relays.ts'
import type { Circle } from './relay-circle.ts'

const turnMs = 10 * 60_000
/** Of one proposal: some 200 000 accounts. A swarm that outgrows it shards its state. */
const proposalBytesMax = 16 * 1024 * 1024
/** Told to a relay that comes. */
const toldMax = 2

export interface CheckpointDesk {
  readonly latest: () => Promise<Checkpoint | undefined>
  readonly onPropose: (from: NodeId, body: WireBody<'propose'>) => Promise<void>
  readonly onCheckpoint: (from: NodeId, bytes: Bytes) => Promise<void>
  readonly onRelay: (id: NodeId) => Promise<void>
  /** Once a minute. */
  readonly tick: () => Promise<void>
}

export const createCheckpointDesk = ({
  clock,
  store,
  verifier,
  rules,
  signer,
  witness,
  circle,
  network,
}: {
  readonly clock: Clock
  readonly store: Store
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly signer: Pick<Signer, 'publicKey'>
  readonly witness: CheckpointWitness
  readonly circle: Circle
  readonly network: Pick<Network, 'blame'>
}): CheckpointDesk => {
  const serial = createSerial()
  const quorum = quorumOf(rules.witnesses.length)
  const place = rules.witnesses.findIndex((key) => equalBytes(key, signer.publicKey))
  /** Signatures on what this witness has signed last. */
  let collected: Checkpoint | undefined
  const pieces = new Map<NodeId, { readonly day: number; readonly parts: readonly Bytes[]; readonly bytes: number }>()

  const today = (): number => Math.floor(clock.now() / dayMs)
  const keptOf = async (day: number): Promise<Checkpoint | undefined> => {
    const bytes = await store.get('checkpointed', numberKey(day))
    const parsed = bytes === undefined ? undefined : parseCheckpoint(bytes as Bytes)
    return parsed?.ok ? parsed.value : undefined
  }
  const newest = async (limit: number): Promise<readonly Checkpoint[]> =>
    (await store.list('checkpointed', { reverse: true, limit })).flatMap(([, bytes]) => {
      const parsed = parseCheckpoint(bytes as Bytes)
      return parsed.ok ? [parsed.value] : []
    })

  /** Signatures are right; only what this witness computed itself is collected, a full one is anyone's. */
  const add = async (checkpoint: Checkpoint): Promise<void> => {
    if (await keptOf(checkpoint.day)) return
    const merged = (collected && mergeCheckpoints(collected, checkpoint)) ?? checkpoint
    if (collected && mergeCheckpoints(collected, checkpoint)) collected = merged
    if (merged.signatures.length < quorum) return
    const signed = await witness.signed()
    const state = signed?.day === merged.day && equalBytes(signed.root, merged.root) ? [checkpointStateWrite(signed)] : []
    const stored = await store.commit([{ table: 'checkpointed', key: numberKey(merged.day), value: encodeCheckpoint(merged) }, ...state])
    if (stored.ok) circle.tell(['checkpoint', { bytes: encodeCheckpoint(merged) }])
  }
  const sign = async (proposal: CheckpointProposal): Promise<Checkpoint | undefined> => {
    const signed = await witness.sign(proposal)
    if (!signed.ok) return undefined
    if (!collected || !mergeCheckpoints(collected, signed.value)) collected = signed.value
    await add(signed.value)
    return signed.value
  }

  /** Made once a day: others may have signed it already, and sign no other. */
  const proposalOfToday = async (): Promise<CheckpointProposal | undefined> => {
    const before = await store.get('checkpoints', 'proposed')
    const parsed = before === undefined ? undefined : parseProposal(before as Bytes)
    if (parsed?.ok && parsed.value.day === today()) return parsed.value
    const made = await witness.propose()
    if (!made.ok) return undefined
    const stored = await store.commit([{ table: 'checkpoints', key: 'proposed', value: encodeProposal(made.value) }])
    return stored.ok ? made.value : undefined
  }
  const propose = async (): Promise<void> => {
    const proposal = await proposalOfToday()
    if (!proposal || !(await sign(proposal)) || (await keptOf(proposal.day))) return
    const bytes = encodeProposal(proposal)
    for (let part = 0; part * proposalPieceBytesMax < bytes.length; part++) {
      const end = (part + 1) * proposalPieceBytesMax
      const piece = bytes.slice(part * proposalPieceBytesMax, end) as Bytes
      circle.tell(['propose', { day: proposal.day, part, last: end >= bytes.length, bytes: piece }])
    }
  }

  return {
    latest: async () => (await newest(1))[0],
    onPropose: async (from, { day, part, last, bytes }) => {
      const before = part === 0 ? { day, parts: [], bytes: 0 } : pieces.get(from)
      if (!before || before.day !== day || before.parts.length !== part) return void pieces.delete(from)
      const now = { day, parts: [...before.parts, bytes], bytes: before.bytes + bytes.length }
      pieces.set(from, now)
      if (now.bytes > proposalBytesMax) {
        pieces.delete(from)
        return network.blame(from, 'propose: too large')
      }
      if (!last) return
      pieces.delete(from)
      const parsed = parseProposal(concat(...now.parts))
      if (!parsed.ok) return network.blame(from, 'propose: malformed')
      const signed = await serial('sign', () => sign(parsed.value))
      if (signed) circle.send(from, ['checkpoint', { bytes: encodeCheckpoint(signed) }])
    },
    onCheckpoint: async (from, bytes) => {
      const parsed = parseCheckpoint(bytes)
      if (!parsed.ok || !(await verifyCheckpointSignatures(verifier, parsed.value, rules))) return network.blame(from, 'checkpoint')
      await serial('sign', () => add(parsed.value))
    },
    onRelay: async (id) => {
      for (const checkpoint of await newest(toldMax)) circle.send(id, ['checkpoint', { bytes: encodeCheckpoint(checkpoint) }])
    },
    tick: () =>
      serial('sign', async () => {
        const turn = Math.floor(clock.now() / turnMs) % rules.witnesses.length
        if (turn === place && !(await keptOf(today()))) await propose()
      }),
  }
}
