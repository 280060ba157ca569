/**
 * The fold of one chain: its head, and per payee and payer the figures as of the head (spec: ledger.md, *State*).
 *
 * Plain immutable data. A state may be partial: what applying one entry needs is the head and the lines that the entry names,
 * and what it changes is again such a part (`ChainChange`), so that a chain of any length costs by the entry.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { assert } from '../lib/assert.ts'
import type { StoreValue } from '../lib/store.ts'
import { zeroId } from './entry.ts'
import type { AccountSummary, EntryId } from './types.ts'

export interface PaidFigures {
  readonly total: number
  readonly units: number
  readonly ok: number
  readonly bad: number
}
export interface ClaimedFigures {
  readonly total: number
  /** Number of the payer's entry last claimed. */
  readonly seq: number
}

export interface ChainHead {
  readonly author: PublicKey
  /** −1: no entry yet. */
  readonly seq: number
  readonly id: EntryId
  /** Root key that the join names. */
  readonly identity: PublicKey | null
  /** The root key has signed an entry: from there on only it can. */
  readonly rootSigned: boolean
  readonly claimed: bigint
  readonly paid: bigint
  readonly staked: number
}

export interface ChainState {
  readonly head: ChainHead
  /** By payee. */
  readonly paid: ReadonlyMap<NodeId, PaidFigures>
  /** By payer. */
  readonly claimed: ReadonlyMap<NodeId, ClaimedFigures>
}

/** The new head, and the lines that changed. */
export type ChainChange = ChainState

export const emptyHead = (author: PublicKey): ChainHead => ({
  author,
  seq: -1,
  id: zeroId,
  identity: null,
  rootSigned: false,
  claimed: 0n,
  paid: 0n,
  staked: 0,
})
export const emptyChain = (author: PublicKey): ChainState => ({ head: emptyHead(author), paid: new Map(), claimed: new Map() })
export const nothingPaid: PaidFigures = { total: 0, units: 0, ok: 0, bad: 0 }

export const advance = (state: ChainState, change: ChainChange): ChainState => ({
  head: change.head,
  paid: change.paid.size === 0 ? state.paid : new Map([...state.paid, ...change.paid]),
  claimed: change.claimed.size === 0 ? state.claimed : new Map([...state.claimed, ...change.claimed]),
})

/** What the account can still pay or stake. */
export const balanceOf = ({ claimed, paid, staked }: ChainHead): bigint => claimed - paid - BigInt(staked)

/** For the wire, whose figures are counters; a sum beyond 2^53−1 (nine billion credits turned over) reads as that. */
export const summaryOf = ({ author, seq, id, claimed, paid, staked }: ChainHead): AccountSummary => ({
  author,
  seq,
  id,
  claimed: saturated(claimed),
  paid: saturated(paid),
  staked,
})
const saturated = (sum: bigint): number => (sum > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(sum))

/** Sums are kept as decimal text: stores know no bigint. */
export const headToRecord = (head: ChainHead): StoreValue => ({ ...head, claimed: `${head.claimed}`, paid: `${head.paid}` })

export const headFromRecord = (record: StoreValue): ChainHead => {
  const head = record as unknown as Omit<ChainHead, 'claimed' | 'paid'> & { claimed: string; paid: string }
  assert(typeof head.claimed === 'string' && typeof head.paid === 'string', 'a head record of ours')
  return { ...head, claimed: BigInt(head.claimed), paid: BigInt(head.paid) }
}

export const paidToRecord = ({ total, units, ok, bad }: PaidFigures): StoreValue => [total, units, ok, bad]
export const paidFromRecord = (record: StoreValue): PaidFigures => {
  const [total, units, ok, bad] = record as [number, number, number, number]
  return { total, units, ok, bad }
}
export const claimedToRecord = ({ total, seq }: ClaimedFigures): StoreValue => [total, seq]
export const claimedFromRecord = (record: StoreValue): ClaimedFigures => {
  const [total, seq] = record as [number, number]
  return { total, seq }
}
