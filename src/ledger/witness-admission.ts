/** What a witness asks beyond validity, by its own clock and knowledge (spec: ledger.md, *Witnesses and certificates*). */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { allowanceOf } from './apply.ts'
import { availableOf, type ChainHead, spendableOf } from './chain-state.ts'
import { joinOf, type ParsedEntry, settlesOf } from './entry.ts'
import type { Replica } from './replica.ts'
import { epochMsDefault, type LedgerRules, unlockMsDefault } from './rules.ts'
import type { JoinOp } from './types.ts'
import { stakeSeen, stillUnlocking, type Unlocking, unlockingMicro } from './witness-unlocking.ts'

export const timeAheadMsMax = 2 * 60_000
/** The issuer excepted. */
export const authorBytesPerHourMax = 64 * 1024
const hourMs = 60 * 60_000

export type AdmissionRefusal =
  /** Later it may be signed: its time, or its epoch's end and an hour, is ahead of our clock; its author has had its bytes for this hour. */
  | { readonly reason: 'ahead' | 'rate'; readonly seq: number }
  /** It pays or stakes what verdicts have burned, or what was unstaked and is not out yet. */
  | { readonly reason: 'slashed' | 'unlocking'; readonly seq: number }
  /** No certified entry pays this key enough to open an account. */
  | { readonly reason: 'not-opened'; readonly openingMicro: number }
  /** Not the proof of work that the swarm asks of a new account. */
  | { readonly reason: 'stamp' }

/** A new part of a chain, valid: its entries, the head before them and after each. */
export interface NewPart {
  readonly entries: readonly ParsedEntry[]
  readonly before: ChainHead
  readonly heads: readonly ChainHead[]
  readonly unlocking: Unlocking
}

export interface Admitted {
  readonly count: number
  /** As of the last of them. */
  readonly unlocking: Unlocking
  /** Why not more. */
  readonly refusal?: AdmissionRefusal
}

export interface Admission {
  /** How many of these entries may be signed. */
  readonly admit: (author: PublicKey, part: NewPart) => Promise<Admitted>
  /** Counts what was signed. */
  readonly spend: (author: PublicKey, entries: readonly ParsedEntry[]) => void
}

/** Whether an account's proof of work is good: the swarm's difficulty and the arithmetic are the caller's. */
export type CheckStamp = (join: JoinOp, author: PublicKey) => boolean | Promise<boolean>

export const createAdmission = (
  rules: LedgerRules,
  { records, verdicts }: Pick<Replica, 'records' | 'verdicts'>,
  clock: Clock,
  checkStamp: CheckStamp,
): Admission => {
  /** Only authors of this hour: as many as were signed for in it. */
  const hours = new Map<NodeId, { readonly sinceMs: number; readonly bytes: number }>()
  const current = (author: PublicKey) => {
    const hour = hours.get(toHex(author))
    return hour && clock.now() - hour.sinceMs < hourMs ? hour : { sinceMs: clock.now(), bytes: 0 }
  }

  const mayOpen = async (author: PublicKey, { entry }: ParsedEntry): Promise<AdmissionRefusal | undefined> => {
    const incomes = await records.incomes(author)
    if (!incomes.some((income) => income.total >= rules.openingMicro)) return { reason: 'not-opened', openingMicro: rules.openingMicro }
    const join = joinOf(entry)
    return join && (await checkStamp(join, author)) ? undefined : { reason: 'stamp' }
  }

  /** Entry by entry: what a later entry cannot make good. */
  const inTime = (author: PublicKey, entries: readonly ParsedEntry[]): readonly [count: number, refusal?: AdmissionRefusal] => {
    let left = equalBytes(author, rules.issuer) ? Infinity : authorBytesPerHourMax - current(author).bytes
    for (const [i, { entry, bytes }] of entries.entries()) {
      // An epoch, and as long after its end: the reward lock (economy.md, *Issuance*).
      const epochMs = rules.epochMs ?? epochMsDefault
      const settleable = settlesOf(entry).every(({ epoch }) => (epoch + 2) * epochMs <= clock.now())
      if (entry.time > clock.now() + timeAheadMsMax || !settleable) return [i, { reason: 'ahead', seq: entry.seq }]
      left -= bytes.length
      if (left < 0) return [i, { reason: 'rate', seq: entry.seq }]
    }
    return [entries.length]
  }

  return {
    admit: async (author, part) => {
      const { entries, before, heads } = part
      const first = entries[0]
      if (first?.entry.seq === 0 && !equalBytes(author, rules.issuer)) {
        const refusal = await mayOpen(author, first)
        if (refusal) return { count: 0, unlocking: part.unlocking, refusal }
      }
      const [inTimeCount, late] = inTime(author, entries)
      const slashed = await verdicts.slashedMicro(author)
      const floor = -allowanceOf(rules, before)

      let unlocking = stillUnlocking(part.unlocking, clock.now(), rules.unlockMs ?? unlockMsDefault)
      let spends = false
      let staked = before.staked
      let best: Admitted = { count: 0, unlocking, ...(late ? { refusal: late } : {}) }
      let refusal: AdmissionRefusal | undefined
      for (const [i, { entry }] of entries.slice(0, inTimeCount).entries()) {
        const head = heads[i]!
        spends ||= head.staked > staked || entry.ops.some((op) => op.op === 'pay')
        staked = head.staked
        unlocking = stakeSeen(unlocking, staked, clock.now())
        // Income that a later entry claims may make up for what an earlier one spent: the furthest that holds counts.
        if (spends && availableOf(head, slashed) < floor) refusal = { reason: 'slashed', seq: entry.seq }
        else if (spends && spendableOf(head, slashed, unlockingMicro(unlocking)) < floor) refusal = { reason: 'unlocking', seq: entry.seq }
        else best = { count: i + 1, unlocking, ...(late ? { refusal: late } : {}) }
      }
      return best.count === 0 && refusal ? { ...best, refusal } : best
    },
    spend: (author, entries) => {
      const hour = current(author)
      for (const [key, { sinceMs }] of hours) if (clock.now() - sinceMs >= hourMs) hours.delete(key)
      hours.set(toHex(author), { sinceMs: hour.sinceMs, bytes: hour.bytes + entries.reduce((sum, { bytes }) => sum + bytes.length, 0) })
    },
  }
}
