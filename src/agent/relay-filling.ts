/**
 * Entries from below an account's base (ledger/replica-bases.ts): those that something waits for are asked for at once, and a relay
 * that started from a checkpoint fetches all of them in time, since relays keep everything.
 *
 * One answer to `range?` at a time and account, in order of the chain; what is lost, or is not there, is asked for again a minute
 * later, of another relay.
 */
import type { NodeId } from '../identity/keys.ts'
import { fillingOf } from '../ledger/replica-bases.ts'
import type { OlderReport } from '../ledger/replica.ts'
import { fromHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Store } from '../lib/store.ts'
import { createRate } from '../network/rate.ts'
import type { Circle } from './relay-circle.ts'

/** Below what a relay takes of one peer (network/limits.ts): 120. */
const asksPerMinute = 90
/** Accounts that are asked for from one tick on. */
const accountsMax = 32
/** Where entries below the one that is lacking may be lacking as well, so many more are asked for. */
const widerBy = 31

export interface Filling {
  readonly onOlder: (older: OlderReport) => Promise<void>
  /** Once a minute. */
  readonly tick: () => Promise<void>
}

export const createFilling = ({
  clock,
  store,
  circle,
}: {
  readonly clock: Clock
  readonly store: Store
  readonly circle: Pick<Circle, 'linked' | 'send'>
}): Filling => {
  const rate = createRate(clock, asksPerMinute)
  let turn = 0
  let after = ''

  const ask = (author: NodeId, from: number): void => {
    const linked = circle.linked()
    if (linked.length > 0 && rate.take()) circle.send(linked[turn++ % linked.length]!, ['range?', { author: fromHex(author)!, from }])
  }

  return {
    onOlder: async ({ lacking, came }) => {
      for (const [author, from] of lacking) {
        ask(author, from)
        if (from > 0) ask(author, Math.max(0, from - widerBy))
      }
      for (const author of came) {
        const from = await store.get('filling', author)
        if (from !== undefined) ask(author, from as number)
      }
    },
    tick: async () => {
      const due = await fillingOf(store, after, accountsMax)
      after = due.length < accountsMax ? '' : `${due.at(-1)![0]}~`
      for (const [author, from] of due) ask(author, from)
    },
  }
}
