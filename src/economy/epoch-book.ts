/**
 * The issuer's chain read as epochs: what each settle gives whom, and whether the issuer has paid just that (spec: economy.md,
 * *Issuance*). The issuer pays by it, every relay checks by it, and both come to the same, since all of it follows from the chain.
 *
 * The payments of an epoch are the first lines of `pay` after its settle, as many as the split has shares, in its order. So nothing
 * but the chain remembers what of an epoch is still due, and a grant between them shows as the deviation that it is.
 *
 * Who refers whom stands on the issuer's chain as well: an attest about the referee, `referred-by:` and the referrer's key. Its
 * first epoch is that of the next settle.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { attestKey, type EntryPlace } from '../ledger/chain-state.ts'
import { type ParsedEntry, zeroId } from '../ledger/entry.ts'
import { type IssuanceRules, ppmOfOne, type Referral, settleEpoch, type SponsoredLine } from '../ledger/issuance.ts'
import type { EntryId, PayLine, SettleOp } from '../ledger/types.ts'
import { fromBase64url, toBase64url, toHex } from '../lib/bytes.ts'
import { deviations, type Deviation, type Due, dueOf } from './settlement.ts'

/** An attest of the issuer's with this claim: whoever names its subject as referrer earns it something. */
export const referrerClaim = 'referrer'
const referredBy = 'referred-by:'
export const referredByClaim = (referrer: PublicKey): string => referredBy + toBase64url(referrer)

/** Of these the newest are kept: enough to see what an issuer does. */
export const deviationsMax = 100

export interface EpochDeviation extends Deviation {
  readonly epoch: number
}

export interface EpochBook {
  /** The entry that `take` wants next: its number, and the id that it names as the one before. */
  readonly next: () => { readonly seq: number; readonly prev: EntryId }
  /** The issuer's next certified entry. `worked`: what each of its settles names, in their order. */
  readonly take: (parsed: ParsedEntry, worked: readonly (readonly SponsoredLine[])[]) => void
  /** What the last settle gives and no payment has followed for yet, in the order in which it is to be paid. */
  readonly due: () => readonly Due[]
  /** What the issuer has paid this account in all, in µcr. */
  readonly paidTo: (account: NodeId) => PayLine | undefined
  /** The sponsor's entry that the last settle with it named. */
  readonly named: (sponsor: NodeId) => EntryPlace | null
  readonly isReferred: (referee: NodeId) => boolean
  readonly view: () => EpochsView
}

export interface EpochsView {
  /** Of the last settle; −1: none. */
  readonly epoch: number
  /** M as of the last settle, in parts per million. */
  readonly multiplierPpm: bigint
  readonly sponsoredUnits: bigint
  /** Paid for epochs in all. */
  readonly issuedMicro: bigint
  /** Of the last epoch, not paid yet. */
  readonly dueMicro: bigint
  /** Oldest first. */
  readonly deviations: readonly EpochDeviation[]
}

interface OpenEpoch {
  readonly epoch: number
  readonly dues: readonly Due[]
  /** Lines seen so far. */
  lines: number
  readonly paid: Map<NodeId, bigint>
}

export const createEpochBook = (issuer: PublicKey, rules: IssuanceRules): EpochBook => {
  const self = toHex(issuer)
  /** The issuer's newest line for each account: as many as it has ever paid. */
  const paid = new Map<NodeId, PayLine>()
  const sponsors = new Map<NodeId, EntryPlace>()
  const referrals = new Map<NodeId, Referral>()
  /** Attest → referee, so that a revoke finds it. */
  const vouched = new Map<string, NodeId>()
  let next = { seq: 0, prev: zeroId }
  let open: OpenEpoch | undefined
  let last = { epoch: -1, multiplierPpm: ppmOfOne, units: 0n }
  let issuedMicro = 0n
  let deviating: readonly EpochDeviation[] = []

  const rest = (): readonly Due[] => open?.dues.slice(open.lines) ?? []

  const close = (): void => {
    if (!open) return
    const { epoch } = open
    const found = deviations(open.dues, open.paid).map((deviation) => ({ epoch, ...deviation }))
    deviating = [...deviating, ...found].slice(-deviationsMax)
    open = undefined
  }

  const settle = ({ epoch, lines }: SettleOp, worked: readonly SponsoredLine[]): void => {
    close()
    const known = [...referrals.values()].map((r) => (r.firstEpoch < 0 ? { ...r, firstEpoch: epoch } : r))
    const issue = settleEpoch({ epoch, unitsBefore: last.units, lines: worked, referrals: known, rules })
    for (const referral of issue.referrals) referrals.set(referral.referee, referral)
    for (const [sponsor, id, { seq }] of lines) sponsors.set(toHex(sponsor), { seq, id })
    const dues = issue.shares
      // Nobody can pay itself, and no counter beyond what an entry can hold.
      .filter(({ account }) => account !== self)
      .map((share) => capped(dueOf(share), paid.get(share.account)?.[1] ?? 0))
      .filter(({ micro }) => micro > 0n)
    last = { epoch, multiplierPpm: issue.multiplierPpm, units: issue.unitsAfter }
    if (dues.length > 0) open = { epoch, dues, lines: 0, paid: new Map() }
  }

  const payOne = (line: PayLine): void => {
    const account = toHex(line[0])
    const rise = BigInt(line[1] - (paid.get(account)?.[1] ?? 0))
    paid.set(account, line)
    if (!open) return
    issuedMicro += rise
    open.paid.set(account, (open.paid.get(account) ?? 0n) + rise)
    open.lines++
    if (open.lines === open.dues.length) close()
  }

  return {
    next: () => next,
    take: ({ entry, id }, worked) => {
      let settles = 0
      for (const [index, op] of entry.ops.entries()) {
        if (op.op === 'pay') for (const line of op.lines) payOne(line)
        if (op.op === 'settle') settle(op, worked[settles++]!)
        if (op.op === 'attest' && op.confidence > 0) {
          const [referee, referrer] = [toHex(op.subject), referrerIn(op.claim)]
          if (referrer === undefined || referrals.has(referee)) continue
          referrals.set(referee, { referee, referrer, firstEpoch: -1, paidMicro: 0n })
          vouched.set(attestKey(id, index), referee)
        }
        if (op.op === 'revoke') referrals.delete(vouched.get(attestKey(op.entry, op.index)) ?? '')
      }
      next = { seq: entry.seq + 1, prev: id }
    },
    due: rest,
    paidTo: (account) => paid.get(account),
    named: (sponsor) => sponsors.get(sponsor) ?? null,
    isReferred: (referee) => referrals.has(referee),
    view: () => ({
      epoch: last.epoch,
      multiplierPpm: last.multiplierPpm,
      sponsoredUnits: last.units,
      issuedMicro,
      dueMicro: rest().reduce((sum, { micro }) => sum + micro, 0n),
      deviations: deviating,
    }),
  }
}

const counterMax = BigInt(Number.MAX_SAFE_INTEGER)
const capped = ({ account, micro }: Due, paidMicro: number): Due => {
  const room = counterMax - BigInt(paidMicro)
  return { account, micro: micro < room ? micro : room }
}

const referrerIn = (claim: string): NodeId | undefined => {
  const key = claim.startsWith(referredBy) ? fromBase64url(claim.slice(referredBy.length)) : undefined
  return key?.length === 32 ? toHex(key) : undefined
}
