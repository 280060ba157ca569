/**
 * Credits on their way out of a stake: for the unlock time, by this witness's clock, a verdict still reaches them, so it signs
 * nothing that spends them (spec: ledger.md, *Witnesses and certificates*). What a chain says of time is its author's word.
 *
 * A stake that fell in entries which other witnesses certified is noticed when the author's next entries are shown here, and its
 * time runs from then: later than it might, never earlier.
 */
import { assert } from '../lib/assert.ts'
import type { StoreValue } from '../lib/store.ts'

export interface Unlocking {
  /** Staked by the last entry seen, in µcr. */
  readonly stakedMicro: number
  /** Oldest first. */
  readonly parts: readonly (readonly [amountMicro: number, sinceMs: number])[]
}

export const noUnlocking: Unlocking = { stakedMicro: 0, parts: [] }

/** The stake is this now. What is staked anew is taken from what was unlocking, newest first. */
export const stakeSeen = (before: Unlocking, stakedMicro: number, nowMs: number): Unlocking => {
  const change = stakedMicro - before.stakedMicro
  if (change < 0) return { stakedMicro, parts: [...before.parts, [-change, nowMs]] }
  let again = change
  const parts = before.parts.toReversed().flatMap(([amount, since]): readonly (readonly [number, number])[] => {
    const taken = Math.min(amount, again)
    again -= taken
    return amount > taken ? [[amount - taken, since]] : []
  })
  return { stakedMicro, parts: parts.reverse() }
}

/** Without what has come out. */
export const stillUnlocking = (unlocking: Unlocking, nowMs: number, unlockMs: number): Unlocking => ({
  ...unlocking,
  parts: unlocking.parts.filter(([, since]) => nowMs - since < unlockMs),
})

export const unlockingMicro = ({ parts }: Unlocking): bigint => parts.reduce((sum, [amount]) => sum + BigInt(amount), 0n)

export const unlockingToRecord = ({ stakedMicro, parts }: Unlocking): StoreValue => [stakedMicro, parts.map(([a, ms]) => [a, ms])]

export const unlockingFromRecord = (record: StoreValue | undefined): Unlocking => {
  if (record === undefined) return noUnlocking
  assert(Array.isArray(record), 'an unlocking record of ours')
  const [stakedMicro, parts] = record as unknown as readonly [number, Unlocking['parts']]
  return { stakedMicro, parts }
}
