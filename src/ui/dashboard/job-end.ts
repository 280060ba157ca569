/** How a task ended, and how much of it is there to be looked at, searched and saved. */
import type { JobView } from '../../messages/view.ts'

export const isOver = ({ state }: Pick<JobView, 'state'>): boolean => state === 'done' || state === 'failed' || state === 'cancelled'

/** Texts whose vectors are here: all where it is done; where it ended before, those that were agreed on, or computed here. */
export const resultTexts = (job: Pick<JobView, 'state' | 'texts' | 'doneTexts' | 'agreed' | 'maxCostMicro'>): number => {
  if (!isOver(job)) return 0
  if (job.state === 'done') return job.texts
  // Free is what this computer does alone: nobody has to agree.
  return job.maxCostMicro === 0 ? job.doneTexts : Object.values(job.agreed).reduce((sum, texts) => sum + texts, 0)
}
