/**
 * The deposit (stake) as its owner sets it, and what of it is on its way out (spec: economy.md, *Stake, newcomers*; ledger.md,
 * *Witnesses and certificates*).
 *
 * What was taken out stays where a verdict reaches it for the swarm's unlock time, by the witnesses' clocks; they sign nothing that
 * spends it. So it is not promised to anyone here either. Our clock stands in for theirs, from when the certificate came: later than
 * they count, never earlier. A deposit that was asked for while an entry waits is held back like one that is made.
 *
 * Where the user lets it, what is earned goes in by itself until the stake is what the swarm asks for; not a grant, which is there to
 * be spent. Once the user has set it by hand, only what is earned from then on does: what was taken out stays out.
 *
 * | table   | key       | value                                                             |
 * | ------- | --------- | ----------------------------------------------------------------- |
 * | deposit | wanted    | the stake, in µcr, to be set as soon as no entry waits             |
 * | deposit | unlocking | [stake as of the head, [µcr, ms when it is free] oldest first]     |
 * | deposit | byHand    | [the stake set by the user last, in µcr, what was earned in all by then] |
 */
import { availableOf, balanceOf, type ChainHead, type ChainState } from '../ledger/chain-state.ts'
import type { Policy } from '../economy/policy.ts'
import type { ParsedEntry } from '../ledger/entry.ts'
import {
  noUnlocking,
  stakeSeen,
  stillUnlocking,
  type Unlocking,
  unlockingFromRecord,
  unlockingToRecord,
} from '../ledger/witness-unlocking.ts'
import { toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Store, Write } from '../lib/store.ts'
import type { Penalties } from './payable.ts'
import type { VaultError } from './vault.ts'

/** Each raise is an entry: what is earned waits until it is worth one, or fills the deposit. */
export const earnedStepMicro = 1_000_000

const table = 'deposit'
const wantedAt = { table, key: 'wanted' } as const
const unlockingAt = { table, key: 'unlocking' } as const
const byHandAt = { table, key: 'byHand' } as const

export interface DepositFigures {
  /** Of the head, uncertified entries included. */
  readonly stakedMicro: number
  /** Asked for, and not yet in an entry; null: nothing. */
  readonly wantedMicro: number | null
  /** Taken out and not free yet, oldest first. */
  readonly unlocking: readonly { readonly micro: number; readonly freeMs: number }[]
}

/** As it is now. */
export const depositOf = async (store: Store, { staked }: ChainHead, nowMs: number): Promise<DepositFigures> => {
  const { parts } = stillUnlocking(unlockingFromRecord(await store.get(table, unlockingAt.key)), nowMs, 0)
  return {
    stakedMicro: staked,
    wantedMicro: ((await store.get(table, wantedAt.key)) as number | undefined) ?? null,
    unlocking: parts.map(([micro, freeMs]) => ({ micro, freeMs })),
  }
}

export const unlockingSum = (unlocking: DepositFigures['unlocking']): number => unlocking.reduce((sum, { micro }) => sum + micro, 0)

/**
 * Whether the stake may be set to this, beside what is promised. What is unlocking may go back in, and what a verdict burns of a stake
 * is no less burned there; but while it burns what is promised, no witness lets the stake be raised.
 */
export const checkDeposit = (
  head: ChainHead,
  wantedMicro: number,
  promisedMicro: number,
  { finesMicro, closed }: Penalties,
): Result<void, VaultError> => {
  if (BigInt(wantedMicro) < head.lent) return err({ type: 'deposit', reason: 'lent' })
  const needMicro = wantedMicro - head.staked
  const burned = closed || availableOf(head, BigInt(finesMicro)) < BigInt(promisedMicro)
  const availableMicro = burned ? 0 : Number(balanceOf(head)) - promisedMicro
  return needMicro > Math.max(0, availableMicro)
    ? err({ type: 'deposit', reason: 'too-much', needMicro, availableMicro: Math.max(0, availableMicro) })
    : ok(undefined)
}

export const wantedWrite = (stakedMicro: number | null): Write =>
  stakedMicro === null ? { ...wantedAt, remove: true } : { ...wantedAt, value: stakedMicro }

/** Claimed in all, but for a grant. */
const earnedMicro = ({ head, claimed }: ChainState, { issuer, grantMicro }: Pick<Policy, 'issuer' | 'grantMicro'>): number =>
  Number(head.claimed) - Math.min(grantMicro, claimed.get(toHex(issuer))?.total ?? 0)

/** The user's own word, as of this state. */
export const byHandWrite = (state: ChainState, policy: Pick<Policy, 'issuer' | 'grantMicro'>, stakedMicro: number): Write => ({
  ...byHandAt,
  value: [stakedMicro, earnedMicro(state, policy)],
})

/** What the stake becomes by what was earned; undefined: it stays. `availableMicro`: beside all that is promised and held. */
export const earnedStake = async (
  store: Store,
  state: ChainState,
  policy: Pick<Policy, 'issuer' | 'grantMicro' | 'stakeMicro'>,
  availableMicro: number,
): Promise<number | undefined> => {
  const { staked } = state.head
  const needed = policy.stakeMicro
  const [byHand, earnedByThen] = ((await store.get(table, byHandAt.key)) as readonly [number, number] | undefined) ?? [0, 0]
  const stake = Math.min(needed, staked + Math.max(0, availableMicro), byHand + earnedMicro(state, policy) - earnedByThen)
  return stake > staked && (stake === needed || stake - staked >= earnedStepMicro) ? stake : undefined
}

/** The writes beside an entry that sets the stake: what it takes out begins to unlock. */
export const stakedWrites = async (store: Store, stakedMicro: number, nowMs: number, unlockMs: number): Promise<readonly Write[]> => {
  const before = stillUnlocking(unlockingFromRecord(await store.get(table, unlockingAt.key)), nowMs, 0)
  return [wantedWrite(null), unlockingWrite(stakeSeen(before, stakedMicro, nowMs + unlockMs))]
}

/** The entry that lowered the stake last is certified: its time runs from now. */
export const certifiedWrites = async (store: Store, freeMs: number): Promise<readonly Write[]> => {
  const { stakedMicro, parts } = unlockingFromRecord(await store.get(table, unlockingAt.key))
  const newest = parts.at(-1)
  return newest ? [unlockingWrite({ stakedMicro, parts: [...parts.slice(0, -1), [newest[0], freeMs]] })] : []
}

/** After entries were adopted or dropped the record may be of another chain: then it is made anew, by the times of the entries. */
export const mendedWrites = async (
  store: Store,
  { staked }: ChainHead,
  unlockMs: number,
  entries: () => Promise<readonly ParsedEntry[]>,
): Promise<readonly Write[]> => {
  if (unlockingFromRecord(await store.get(table, unlockingAt.key)).stakedMicro === staked) return []
  let unlocking = noUnlocking
  for (const { entry } of await entries()) {
    const stake = entry.ops.findLast((op) => op.op === 'stake')
    if (stake) unlocking = stakeSeen(unlocking, stake.amount, entry.time + unlockMs)
  }
  return [unlockingWrite(unlocking)]
}

const unlockingWrite = (unlocking: Unlocking): Write => ({ ...unlockingAt, value: unlockingToRecord(unlocking) })
