/**
 * A relay that lacks accounts starts them from the newest checkpoint's leaves (spec: ledger.md, *Checkpoints, keeping, sync*), and
 * another tells it these. What is newer is then found like all that differs; what is older comes in time (relay-filling.ts).
 *
 * | sent    | when                                                                                        |
 * | ------- | ------------------------------------------------------------------------------------------- |
 * | leaves? | a comparison shows accounts of which nothing is here; the next ones when an answer has come  |
 * | leaves  | the answer: of each account its state with the proof, or that none can be told               |
 *
 * Nobody's word is taken: each account is checked against the root that 2f+1 witnesses signed. Which cannot be told, and what an
 * older relay does not answer, is fetched from its first entry on.
 */
import * as v from 'valibot'
import type { NodeId, PublicKey, Verifier } from '../identity/keys.ts'
import { type CheckpointSource, treeOf } from '../ledger/checkpoint-witness.ts'
import { wholeChains } from '../ledger/checkpoint-drop.ts'
import { accountBytesMax, checkAccount, encodeAccount, startWrites } from '../ledger/checkpoint-start.ts'
import type { ChainState } from '../ledger/chain-state.ts'
import type { ChainPart } from '../ledger/reconcile-heads.ts'
import type { Replica } from '../ledger/replica.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import type { StateTree } from '../ledger/state-tree.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import type { Clock } from '../lib/clock.ts'
import { bytesUpTo, key32, parseBytes } from '../lib/schema.ts'
import { createSerial } from '../lib/serial.ts'
import type { Network } from '../network/network.ts'
import type { WireBody } from '../network/wire.ts'
import { leavesAskedMax } from '../network/wire-relays.ts'
import type { CheckpointDesk } from './relay-checkpoints.ts'
import type { Circle } from './relay-circle.ts'
import { createPieces, piecesOf } from './relay-pieces.ts'

/** Of an answer, unless one account alone is larger. */
const answerBytesMax = 1024 * 1024
/** What is asked for may first have to be counted, over all accounts. */
const answerMsMax = 5 * 60_000

export interface StartDesk {
  /** There is a checkpoint to start from. */
  readonly ready: () => Promise<boolean>
  /** What is to be fetched from its first entry on, of these; the accounts among them that a checkpoint may have are started. */
  readonly take: (from: NodeId, parts: readonly ChainPart[]) => Promise<readonly ChainPart[]>
  readonly onAsked: (from: NodeId, body: WireBody<'leaves?'>) => Promise<void>
  readonly onAnswer: (from: NodeId, body: WireBody<'leaves'>) => Promise<void>
  readonly onLeft: (id: NodeId) => void
}

/** What is being asked of one other relay. */
interface Asking {
  readonly day: number
  readonly root: Bytes
  readonly queue: Map<NodeId, PublicKey>
  asked: readonly PublicKey[]
  stopWaiting: () => void
}

/** Accounts as of a checkpoint. */
interface Leaves {
  readonly day: number
  readonly tree: StateTree
  readonly heads: ReadonlyMap<NodeId, readonly [PublicKey, number, Bytes]>
  /** Of accounts that have gone on since. */
  readonly passed: ReadonlyMap<NodeId, ChainState>
}

const answerSchema = v.pipe(v.array(v.strictTuple([key32, v.nullable(bytesUpTo(accountBytesMax))])), v.maxLength(leavesAskedMax))

export const createStartDesk = ({
  clock,
  verifier,
  rules,
  replica,
  source,
  checkpoints,
  circle,
  network,
  fill,
  fetch,
  compare,
}: {
  readonly clock: Clock
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly replica: Pick<Replica, 'records' | 'rewrite'>
  readonly source: CheckpointSource
  readonly checkpoints: Pick<CheckpointDesk, 'covered' | 'latest'>
  readonly circle: Pick<Circle, 'send'>
  readonly network: Pick<Network, 'blame'>
  /** What is older is to be fetched in time; else of the chains alone that every relay keeps whole. */
  readonly fill: boolean
  readonly fetch: (from: NodeId, parts: readonly ChainPart[]) => void
  /** With this relay again: what was started is behind. */
  readonly compare: (from: NodeId) => void
}): StartDesk => {
  const { records } = replica
  const serial = createSerial()
  const pieces = createPieces(accountBytesMax + answerBytesMax)
  const asking = new Map<NodeId, Asking>()
  /** Relays that are being answered: each has one question at a time. */
  const answering = new Set<NodeId>()
  /** Of the day that was asked for last. */
  let told: Leaves | undefined

  const leavesOf = async (day: number): Promise<Leaves | undefined> => {
    if (told?.day === day) return told
    const proposal = await checkpoints.covered(day)
    if (!proposal) return undefined
    const passed = new Map<NodeId, ChainState>()
    const remembering: CheckpointSource = {
      ...source,
      stateAt: async (author, seq, id) => {
        const state = await source.stateAt(author, seq, id)
        const [head] = await records.head(author)
        // To count it again takes the whole chain.
        if (state && head.seq > seq) passed.set(toHex(author), state)
        return state
      },
    }
    const tree = await treeOf(remembering, proposal)
    if (!tree.ok || !equalBytes(tree.value.root(), proposal.root)) return undefined
    return (told = { day, tree: tree.value, passed, heads: new Map(proposal.heads.map((head) => [toHex(head[0]), head])) })
  }
  const leafOf = async ({ heads, passed, tree }: Leaves, author: PublicKey): Promise<Bytes | null> => {
    const head = heads.get(toHex(author))
    if (!head) return null
    const [state, entry] = [passed.get(toHex(author)) ?? (await source.stateAt(...head)), await records.entryAt(author, head[1])]
    const certificate = await records.certificateAt(author, head[1])
    return state && entry && certificate ? encodeAccount({ state, proof: tree.prove(author), entry, certificate }) : null
  }

  /** Its account says who the sponsors are. */
  const issuerFirst = (a: ChainPart, b: ChainPart): number =>
    Number(equalBytes(b.author, rules.issuer)) - Number(equalBytes(a.author, rules.issuer))
  const end = (from: NodeId): Asking | undefined => {
    const so = asking.get(from)
    so?.stopWaiting()
    asking.delete(from)
    return so
  }
  const next = (from: NodeId, so: Asking): void => {
    so.stopWaiting()
    so.asked = [...so.queue.values()].slice(0, leavesAskedMax)
    if (so.asked.length === 0) {
      end(from)
      return compare(from)
    }
    // Not answered: the next comparison begins anew, and this relay is asked for whole chains.
    so.stopWaiting = clock.after(answerMsMax, () => fetch(from, [...(end(from)?.queue.values() ?? [])].map(whole)))
    circle.send(from, ['leaves?', { day: so.day, authors: [...so.asked] }])
  }
  const start = async (from: NodeId, { root }: Asking, author: PublicKey, bytes: Bytes | null, filled: boolean): Promise<boolean> => {
    const account = bytes && (await checkAccount(verifier, rules, root, author, bytes))
    if (bytes && !account) network.blame(from, 'leaves: not what the checkpoint says')
    if (!account) return false
    return (await replica.rewrite(author, async (head) => (head.seq < 0 ? startWrites(records, account, filled) : []))).ok
  }

  return {
    ready: async () => (await checkpoints.latest()) !== undefined,
    take: async (from, parts) => {
      const checkpoint = await checkpoints.latest()
      const unknown = checkpoint ? parts.filter((part) => part.from === 0) : []
      if (!checkpoint || unknown.length === 0) return parts
      const before = asking.get(from)
      if (!before) {
        const { day, root } = checkpoint
        const queue = new Map(unknown.toSorted(issuerFirst).map(({ author }) => [toHex(author), author]))
        const so: Asking = { day, root, queue, asked: [], stopWaiting: () => {} }
        asking.set(from, so)
        next(from, so)
      }
      return parts.filter((part) => part.from > 0)
    },
    onAsked: async (from, { day, authors }) => {
      if (answering.has(from)) return
      answering.add(from)
      await serial('tell', async () => {
        const leaves = await leavesOf(day)
        const answer: (readonly [PublicKey, Bytes | null])[] = []
        let bytes = 0
        for (const author of authors) {
          const leaf = leaves ? await leafOf(leaves, author) : null
          bytes += leaf?.length ?? 0
          if (answer.length > 0 && bytes > answerBytesMax) break
          answer.push([author, leaf])
        }
        for (const piece of piecesOf(day, encode(answer))) circle.send(from, ['leaves', piece])
      }).finally(() => answering.delete(from))
    },
    onAnswer: async (from, piece) => {
      const so = asking.get(from)
      if (!so || piece.day !== so.day) return
      const bytes = pieces.take(from, piece)
      if (!bytes) return
      const parsed = bytes === 'too-large' ? undefined : parseBytes(answerSchema, bytes)
      if (!parsed?.ok) return network.blame(from, 'leaves: malformed')
      so.stopWaiting()
      const missing: PublicKey[] = []
      let staysWhole: Awaited<ReturnType<typeof wholeChains>> | undefined
      const answered = parsed.value.filter(([author]) => so.asked.some((key) => equalBytes(key, author)))
      for (const [author, account] of answered) {
        so.queue.delete(toHex(author))
        const filled = fill || equalBytes(author, rules.issuer) || (staysWhole ??= await wholeChains({ records, rules }))(author)
        if (!(await start(from, so, author, account, filled))) missing.push(author)
      }
      // Who answers nothing of what was asked has no more to say.
      if (answered.length === 0) missing.push(...so.queue.values())
      if (answered.length === 0) so.queue.clear()
      fetch(from, missing.map(whole))
      if (asking.get(from) === so) next(from, so)
    },
    onLeft: (id) => void end(id),
  }
}

const whole = (author: PublicKey): ChainPart => ({ author, from: 0 })
