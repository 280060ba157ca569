/** What the ledger says of other accounts, asked of the relays: whether a requester can pay, whether a worker has its stake. */
import type { NodeId } from '../identity/keys.ts'
import type { AccountSummary } from '../ledger/types.ts'
import { type Bytes, fromHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { createRate } from '../network/rate.ts'

/** A balance is asked again after this long; a requester spends at most a few tasks meanwhile, which its tab bounds. */
const keptMs = 30_000
const waitMsMax = 2_000
const standingsMax = 1_000
/** Accounts asked about at once, and in a minute: below what a relay takes from one peer. */
const asksMax = 8
const asksPerMinute = 60

/** In µcr, as certified. */
export interface Standing {
  readonly balanceMicro: number
  readonly stakedMicro: number
}

export interface Standings {
  /** Undefined: nobody answered in time. */
  readonly of: (author: NodeId) => Promise<Standing | undefined>
  /** A relay's answer; null: the ledger knows no such account. */
  readonly heard: (author: NodeId, summary: AccountSummary | null) => void
}

/** `ask`: sends the question to the relays; false where there are none. */
export const createStandings = (clock: Clock, ask: (author: Bytes) => boolean): Standings => {
  const known = new Map<NodeId, Standing & { readonly atMs: number }>()
  const askers = new Map<NodeId, readonly ((standing: Standing | undefined) => void)[]>()
  const rate = createRate(clock, asksPerMinute)
  const answer = (author: NodeId, standing: Standing | undefined): void => {
    const waiting = askers.get(author) ?? []
    askers.delete(author)
    for (const done of waiting) done(standing)
  }
  return {
    of: (author) => {
      const last = known.get(author)
      if (last && clock.now() - last.atMs < keptMs) return Promise.resolve(last)
      return new Promise((resolve) => {
        const waiting = askers.get(author)
        if (waiting) return void askers.set(author, [...waiting, resolve])
        if (askers.size >= asksMax || !rate.take()) return resolve(undefined)
        const cancel = clock.after(waitMsMax, () => answer(author, undefined))
        const first = (standing: Standing | undefined): void => {
          cancel()
          resolve(standing)
        }
        askers.set(author, [first])
        if (!ask(fromHex(author)!)) answer(author, undefined)
      })
    },
    heard: (author, summary) => {
      const { claimed, paid, staked } = summary ?? { claimed: 0, paid: 0, staked: 0 }
      const standing = { balanceMicro: claimed - paid - staked, stakedMicro: staked }
      known.delete(author)
      known.set(author, { ...standing, atMs: clock.now() })
      if (known.size > standingsMax) known.delete(known.keys().next().value!)
      answer(author, standing)
    },
  }
}
