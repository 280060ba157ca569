/**
 * What work costs. `units` are in millionths (1 unit = 1 µcr at list price), a price is µcr per 10⁶ units; sums in bigint, rounded
 * up once, where a tab or a limit becomes an amount (economy.md, *Units*).
 */
import { assert } from '../lib/assert.ts'

export const unitsScale = 1_000_000n
/** µcr per 10⁶ units: every type's list price. */
export const listPrice = 1_000_000

/** The list price at this priority, µcr per 10⁶ units; `highPriority`: the policy's factor. */
export const priceFor = (priority: 'low' | 'normal' | 'high', highPriority: number): number =>
  priority === 'high' ? highPriority * listPrice : listPrice

/** What this work adds to a tab, before rounding. */
export const tabShare = (units: number, price: number): bigint => BigInt(units) * BigInt(price)

/** A tab's amount in µcr. */
export const owedMicro = (share: bigint): bigint => (share + unitsScale - 1n) / unitsScale

/** An amount as a counter; above 2^53−1, more than any account can hold, it reads as that. */
export const toCounter = (micro: bigint): number => Number(micro > counterMax ? counterMax : micro)
const counterMax = BigInt(Number.MAX_SAFE_INTEGER)

const bytesPerMegabyte = 1_000_000n
const msPerDay = 86_400_000n

/**
 * What keeping so many bytes for so long costs, in µcr: `storageMicro` per MB (10⁶ bytes) and day by the policy, in proportion, rounded
 * up once, so that what is kept in parts is summed before. Beyond what a counter holds it reads as the most that one does.
 */
export const storageRentMicro = (bytes: number, forMs: number, storageMicro: number): number => {
  assert(
    [bytes, forMs, storageMicro].every((n) => Number.isSafeInteger(n) && n >= 0),
    'whole bytes, ms and µcr',
  )
  const scale = bytesPerMegabyte * msPerDay
  return toCounter((BigInt(bytes) * BigInt(forMs) * BigInt(storageMicro) + scale - 1n) / scale)
}

/** The most that a task can cost: every replica accepted at the highest price. */
export const maxCostMicro = (units: number, maxPrice: number, redundancy: number): number =>
  toCounter(BigInt(redundancy) * owedMicro(tabShare(units, maxPrice)))
