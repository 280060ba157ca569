/**
 * The fold of one chain: its head, and per payee and payer the figures as of the head (spec: ledger.md, *State*).
 *
 * Plain immutable data. A state may be partial: what applying one entry needs is the head and the lines that the entry names,
 * and what it changes is again such a part (`ChainChange`), so that a chain of any length costs by the entry.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { assert } from '../lib/assert.ts'
import { toHex } from '../lib/bytes.ts'
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

/** An attest, and whether it still stands. */
export interface AttestFigures {
  readonly subject: PublicKey
  readonly claim: string
  readonly confidence: number
  readonly expiry: number
  readonly revoked: boolean
}
/** What the issuer's chain says of a sponsor. */
export interface SponsorFigures {
  /** Standing attests of it as a sponsor. */
  readonly attests: number
  /** Its entry that the settle before named: number and id; null before the first. */
  readonly named: EntryPlace | null
}
export interface EntryPlace {
  readonly seq: number
  readonly id: EntryId
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
  /** Lent out, at most what is staked. */
  readonly lent: bigint
  /** Of the last settle; −1: none. */
  readonly epoch: number
  /** What settles have added to the allowance. */
  readonly settled: bigint
  /** Sponsored task units of all settles. */
  readonly sponsoredUnits: bigint
}

export interface ChainState {
  readonly head: ChainHead
  /** By payee. */
  readonly paid: ReadonlyMap<NodeId, PaidFigures>
  /** By payer. */
  readonly claimed: ReadonlyMap<NodeId, ClaimedFigures>
  /** Lent weight by receiver, in µcr. */
  readonly delegated: ReadonlyMap<NodeId, number>
  /** By `attestKey`. */
  readonly attests: ReadonlyMap<string, AttestFigures>
  /** By sponsor; on the issuer's chain what settles read. */
  readonly sponsors: ReadonlyMap<NodeId, SponsorFigures>
}

/** The parts of a state that are lines, each under its key. */
export type LineKind = Exclude<keyof ChainState, 'head'>

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
  lent: 0n,
  epoch: -1,
  settled: 0n,
  sponsoredUnits: 0n,
})
/** A head without lines: the empty chain's, and a change that changes nothing yet. */
export const bare = (head: ChainHead): ChainState => ({
  head,
  paid: new Map(),
  claimed: new Map(),
  delegated: new Map(),
  attests: new Map(),
  sponsors: new Map(),
})
export const emptyChain = (author: PublicKey): ChainState => bare(emptyHead(author))
export const nothingPaid: PaidFigures = { total: 0, units: 0, ok: 0, bad: 0 }
export const noSponsor: SponsorFigures = { attests: 0, named: null }
/** Where an attest stands: its entry and its place among that entry's operations. */
export const attestKey = (entry: EntryId, index: number): string => `${toHex(entry)}/${String(index).padStart(3, '0')}`

export const advance = (state: ChainState, change: ChainChange): ChainState => {
  const grown = grow(state)
  grown.take(change)
  return grown.state
}

/** A state that changes in place: a run of entries costs by the lines that they change, not for each by all that are there. */
export interface Growing {
  readonly state: ChainState
  readonly take: (change: ChainChange) => void
}
export const grow = (from: ChainState): Growing => {
  const state = {
    head: from.head,
    paid: new Map(from.paid),
    claimed: new Map(from.claimed),
    delegated: new Map(from.delegated),
    attests: new Map(from.attests),
    sponsors: new Map(from.sponsors),
  }
  return {
    state,
    take: (change) => {
      state.head = change.head
      put(state.paid, change.paid)
      put(state.claimed, change.claimed)
      put(state.delegated, change.delegated)
      put(state.attests, change.attests)
      put(state.sponsors, change.sponsors)
    },
  }
}
const put = <L>(lines: Map<string, L>, changed: ReadonlyMap<string, L>): void => changed.forEach((line, key) => lines.set(key, line))

/** What the account can still pay or stake where no verdict stands against it: what validity reads. */
export const balanceOf = ({ claimed, paid, staked }: ChainHead): bigint => claimed - paid - BigInt(staked)

/** The same under verdicts that cost `slashedMicro`: they burn the stake first, then what is free. May be below zero. */
export const availableOf = ({ claimed, paid, staked }: ChainHead, slashedMicro: bigint): bigint =>
  claimed - paid - (slashedMicro > BigInt(staked) ? slashedMicro : BigInt(staked))

/**
 * What it may still pay or stake: witnesses admit by it, and a vault promises by it. Verdicts reach what is staked and what was taken
 * out and is unlocking, so the larger of the two counts, not both.
 */
export const spendableOf = (head: ChainHead, slashedMicro: bigint, unlockingMicro: bigint): bigint => {
  const heldMicro = BigInt(head.staked) + unlockingMicro
  return availableOf(head, slashedMicro > heldMicro ? slashedMicro : heldMicro)
}

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
export const headToRecord = (head: ChainHead): StoreValue => ({
  ...head,
  claimed: `${head.claimed}`,
  paid: `${head.paid}`,
  lent: `${head.lent}`,
  settled: `${head.settled}`,
  sponsoredUnits: `${head.sponsoredUnits}`,
})

type Sums = 'claimed' | 'paid' | 'lent' | 'settled' | 'sponsoredUnits'
type HeadRecord = Omit<ChainHead, Sums | 'epoch'> & { claimed: string; paid: string } & Partial<Record<Sums, string>> & {
    epoch?: number
  }

/** Records from before chains could lend and settle have none of those figures: such a chain has done neither. */
export const headFromRecord = (record: StoreValue): ChainHead => {
  const head = record as unknown as HeadRecord
  assert(typeof head.claimed === 'string' && typeof head.paid === 'string', 'a head record of ours')
  const sum = (of: Sums): bigint => BigInt(head[of] ?? 0)
  return {
    ...head,
    claimed: sum('claimed'),
    paid: sum('paid'),
    lent: sum('lent'),
    settled: sum('settled'),
    sponsoredUnits: sum('sponsoredUnits'),
    epoch: head.epoch ?? -1,
  }
}

const paidToRecord = ({ total, units, ok, bad }: PaidFigures): StoreValue => [total, units, ok, bad]
const paidFromRecord = (record: StoreValue): PaidFigures => {
  const [total, units, ok, bad] = record as [number, number, number, number]
  return { total, units, ok, bad }
}
const claimedToRecord = ({ total, seq }: ClaimedFigures): StoreValue => [total, seq]
export const claimedFromRecord = (record: StoreValue): ClaimedFigures => {
  const [total, seq] = record as [number, number]
  return { total, seq }
}
const attestToRecord = ({ subject, claim, confidence, expiry, revoked }: AttestFigures): StoreValue => [
  subject,
  claim,
  confidence,
  expiry,
  revoked,
]
const attestFromRecord = (record: StoreValue): AttestFigures => {
  const [subject, claim, confidence, expiry, revoked] = record as readonly [PublicKey, string, number, number, boolean]
  return { subject, claim, confidence, expiry, revoked }
}
const sponsorToRecord = ({ attests, named }: SponsorFigures): StoreValue => [attests, named && [named.seq, named.id]]
const sponsorFromRecord = (record: StoreValue): SponsorFigures => {
  const [attests, named] = record as readonly [number, readonly [number, EntryId] | null]
  return { attests, named: named && { seq: named[0], id: named[1] } }
}

/** A state's lines out of a store: `read` finds those of one kind. */
export const readLines = async (
  head: ChainHead,
  read: <L>(kind: LineKind, fromRecord: (record: StoreValue) => L) => Promise<ReadonlyMap<string, L>>,
): Promise<ChainState> => ({
  head,
  paid: await read('paid', paidFromRecord),
  claimed: await read('claimed', claimedFromRecord),
  delegated: await read('delegated', (record) => record as number),
  attests: await read('attests', attestFromRecord),
  sponsors: await read('sponsors', sponsorFromRecord),
})

/** What a store keeps of a state's lines. */
export const lineRecords = (state: ChainState): readonly (readonly [kind: LineKind, key: string, record: StoreValue])[] => {
  const of = <L>(kind: LineKind, lines: ReadonlyMap<string, L>, toRecord: (line: L) => StoreValue) =>
    [...lines].map(([key, line]) => [kind, key, toRecord(line)] as const)
  return [
    ...of('paid', state.paid, paidToRecord),
    ...of('claimed', state.claimed, claimedToRecord),
    ...of('delegated', state.delegated, (amount) => amount),
    ...of('attests', state.attests, attestToRecord),
    ...of('sponsors', state.sponsors, sponsorToRecord),
  ]
}
