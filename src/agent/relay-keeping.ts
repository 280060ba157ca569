/**
 * What a relay keeps (spec: ledger.md, *Checkpoints, keeping, sync*): everything, unless its owner says for how many checkpoints; one
 * a day, the last two at least. Then it drops what lies below, once for each new one, and takes up where a crash cut it off.
 */
import { dropBelow } from '../ledger/checkpoint-drop.ts'
import type { ConflictDeps } from '../ledger/conflict.ts'
import type { Replica } from '../ledger/replica.ts'
import type { CheckpointDesk } from './relay-checkpoints.ts'

export interface Keeping {
  /** Once a minute. */
  readonly tick: () => Promise<void>
}

export const createKeeping = (
  deps: ConflictDeps,
  rewrite: Replica['rewrite'],
  checkpoints: Pick<CheckpointDesk, 'newest' | 'covered'>,
  days: number | 'all',
): Keeping => {
  let droppedDay = -1
  let dropping = false
  const drop = async (newest: number): Promise<void> => {
    const lowest = (await checkpoints.newest(newest))[newest - 1]
    const covered = lowest && lowest.day > droppedDay ? await checkpoints.covered(lowest.day) : undefined
    if (covered && (await dropBelow(deps, rewrite, covered.heads)).ok) droppedDay = covered.day
  }
  return {
    tick: async () => {
      if (days === 'all' || dropping) return
      dropping = true
      await drop(days).finally(() => (dropping = false))
    },
  }
}
