/** What a witness asks beyond validity, by its own clock and knowledge (spec: ledger.md, *Witnesses and certificates*). */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { ParsedEntry } from './entry.ts'
import type { ReplicaRecords } from './replica-records.ts'
import type { LedgerRules } from './rules.ts'

export const timeAheadMsMax = 2 * 60_000
/** The issuer excepted. */
export const authorBytesPerHourMax = 64 * 1024
const hourMs = 60 * 60_000

export type AdmissionRefusal =
  /** Later it may be signed: its time is ahead of our clock; its author has had its bytes for this hour. */
  | { readonly reason: 'ahead' | 'rate'; readonly seq: number }
  /** No certified entry pays this key enough to open an account. */
  | { readonly reason: 'not-opened'; readonly openingMicro: number }

export interface Admission {
  /** How many of these valid entries may be signed, and why not more. */
  readonly admit: (
    author: PublicKey,
    entries: readonly ParsedEntry[],
  ) => Promise<readonly [count: number, refusal: AdmissionRefusal | undefined]>
  /** Counts what was signed. */
  readonly spend: (author: PublicKey, entries: readonly ParsedEntry[]) => void
}

export const createAdmission = (rules: LedgerRules, records: Pick<ReplicaRecords, 'incomes'>, clock: Clock): Admission => {
  /** Only authors of this hour: as many as were signed for in it. */
  const hours = new Map<NodeId, { readonly sinceMs: number; readonly bytes: number }>()
  const current = (author: PublicKey) => {
    const hour = hours.get(toHex(author))
    return hour && clock.now() - hour.sinceMs < hourMs ? hour : { sinceMs: clock.now(), bytes: 0 }
  }

  return {
    admit: async (author, entries) => {
      const isIssuer = equalBytes(author, rules.issuer)
      if (!isIssuer && entries[0]?.entry.seq === 0) {
        const incomes = await records.incomes(author)
        if (!incomes.some((income) => income.total >= rules.openingMicro))
          return [0, { reason: 'not-opened', openingMicro: rules.openingMicro }]
      }
      let left = isIssuer ? Infinity : authorBytesPerHourMax - current(author).bytes
      for (const [i, { entry, bytes }] of entries.entries()) {
        if (entry.time > clock.now() + timeAheadMsMax) return [i, { reason: 'ahead', seq: entry.seq }]
        left -= bytes.length
        if (left < 0) return [i, { reason: 'rate', seq: entry.seq }]
      }
      return [entries.length, undefined]
    },
    spend: (author, entries) => {
      const hour = current(author)
      for (const [key, { sinceMs }] of hours) if (clock.now() - sinceMs >= hourMs) hours.delete(key)
      hours.set(toHex(author), { sinceMs: hour.sinceMs, bytes: hour.bytes + entries.reduce((sum, { bytes }) => sum + bytes.length, 0) })
    },
  }
}
