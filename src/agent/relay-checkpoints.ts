/**
 * The relays' daily checkpoint (spec: ledger.md, *Checkpoints, keeping, sync*): in its turn a witness proposes the state that it
 * holds, the others sign it if they compute the same, and 2f+1 signatures are kept by all.
 *
 * Turns of ten minutes go round the witnesses in order of their keys until the day has its checkpoint. A witness signs one
 * state a day, so one that has signed proposes nothing else; it shows its own proposal again while its turn lasts, because those
 * who lack a head of it can sign once they have it. At worst a day has none. To compute a state costs a pass over all accounts:
 * of one relay one proposal a turn is judged, and as often as an honest one shows it.
 *
 * | table       | key          | value                                            |
 * | ----------- | ------------ | ------------------------------------------------ |
 * | checkpoints | 'proposed'   | bytes of this witness's last proposal            |
 * | checkpoints | 'state'      | heads and verdicts of the newest full checkpoint that this witness computed (checkpoint-state.ts) |
 * | proposals   | day          | bytes of the proposal that this witness signed: of the newest days, for dropping below and starting from them |
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
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { createSerial } from '../lib/serial.ts'
import { numberKey, type Store, type Write } from '../lib/store.ts'
import type { Network } from '../network/network.ts'
import type { WireBody } from '../network/wire.ts'
import type { Circle } from './relay-circle.ts'
import { createPieces, piecesOf } from './relay-pieces.ts'

const turnMs = 10 * 60_000
/** Of one proposal: some 200 000 accounts. A swarm that outgrows it shards its state. */
const proposalBytesMax = 16 * 1024 * 1024
/** Told to a relay that comes. */
const toldMax = 2
/** Entries before the last two checkpoints may be dropped. */
export const daysKeptMin = 2
/** Of one relay in one turn: an honest one shows its proposal once a minute. */
export const judgedPerTurnMax = 10

export interface CheckpointDesk {
  /** What the checkpoint of a day was computed from; undefined where this witness did not sign that. */
  readonly covered: (day: number) => Promise<CheckpointProposal | undefined>
  /** Newest first. */
  readonly newest: (limit: number) => Promise<readonly Checkpoint[]>
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
  daysKept = daysKeptMin,
}: {
  readonly clock: Clock
  readonly store: Store
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly signer: Pick<Signer, 'publicKey'>
  readonly witness: CheckpointWitness
  readonly circle: Circle
  readonly network: Pick<Network, 'blame'>
  /** Of how many days it is remembered what was signed. */
  readonly daysKept?: number
}): CheckpointDesk => {
  const serial = createSerial()
  const quorum = quorumOf(rules.witnesses.length)
  const place = rules.witnesses.findIndex((key) => equalBytes(key, signer.publicKey))
  /** Signatures on what this witness has signed last. */
  let collected: Checkpoint | undefined
  const pieces = createPieces(proposalBytesMax)
  /** The one proposal of each relay in its turn, and how often it was judged. */
  const judged = new Map<NodeId, { readonly turn: number; readonly root: string; times: number }>()

  const turnNow = (): number => Math.floor(clock.now() / turnMs)
  const mayJudge = (from: NodeId, { day, root }: CheckpointProposal): boolean => {
    const [turn, key] = [turnNow(), `${day} ${toHex(root)}`]
    const before = judged.get(from)
    if (before?.turn !== turn) judged.set(from, { turn, root: key, times: 1 })
    return before?.turn !== turn || (before.root === key && before.times++ < judgedPerTurnMax)
  }

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
  const remember = async (proposal: CheckpointProposal): Promise<boolean> => {
    const [key, value] = [numberKey(proposal.day), encodeProposal(proposal)]
    const known = await store.get('proposals', key)
    if (known && equalBytes(known as Bytes, value)) return true
    const others = (await store.list('proposals', { reverse: true })).filter(([day]) => day !== key)
    const old = others.slice(daysKept - 1).map(([day]): Write => ({ table: 'proposals', key: day, remove: true }))
    return (await store.commit([{ table: 'proposals', key, value }, ...old])).ok
  }
  const sign = async (proposal: CheckpointProposal): Promise<Checkpoint | undefined> => {
    const signed = await witness.sign(proposal)
    if (!signed.ok) return undefined
    if (!(await remember(proposal))) return undefined
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
    for (const piece of piecesOf(proposal.day, encodeProposal(proposal))) circle.tell(['propose', piece])
  }

  return {
    newest,
    latest: async () => (await newest(1))[0],
    covered: async (day) => {
      const [checkpoint, bytes] = [await keptOf(day), await store.get('proposals', numberKey(day))]
      const parsed = bytes === undefined ? undefined : parseProposal(bytes as Bytes)
      return checkpoint && parsed?.ok && equalBytes(parsed.value.root, checkpoint.root) ? parsed.value : undefined
    },
    onPropose: async (from, piece) => {
      const whole = pieces.take(from, piece)
      if (whole === 'too-large') return network.blame(from, 'propose: too large')
      if (!whole) return
      const parsed = parseProposal(whole)
      if (!parsed.ok) return network.blame(from, 'propose: malformed')
      const known = await keptOf(parsed.value.day)
      if (known) return circle.send(from, ['checkpoint', { bytes: encodeCheckpoint(known) }])
      if (!mayJudge(from, parsed.value)) return
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
        if (turnNow() % rules.witnesses.length === place && !(await keptOf(today()))) await propose()
      }),
  }
}
