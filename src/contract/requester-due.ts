/** What must be done for a task (contract/requester.ts), derived from its stored state alone. */
import { toHex } from '../lib/bytes.ts'
import { choiceFactor, quoteLifeMs, quoteWindowMs, resendMs, sowRepeatMs, sowRepeatMsMax } from './limits.ts'
import {
  groupsOf,
  handsMissing,
  over,
  type Quote,
  type Replica,
  settled,
  type Task,
  type TaskAction,
  type TaskContext,
} from './requester.ts'

/** Everything that must be done now. Safe to do twice. */
export const due = (
  task: Task,
  context: Omit<TaskContext, 'absentSince' | 'places'>,
  pick: (quotes: readonly Quote[], count: number) => readonly Quote[],
): readonly TaskAction[] => {
  const { now } = context
  const actions: TaskAction[] = []
  if (!over(task) && task.sow === null) actions.push({ do: 'sow' })
  if (task.sow !== null) {
    const missing = handsMissing(task, groupsOf(task, context.agree))
    const open = unusedQuotes(task, now)
    const ready = mayChoose(task, open, missing, context)
    if (missing > 0 && ready) actions.push(...pick(open, missing).map((quote) => ({ do: 'hire' as const, quote })))
    const soughtMs = task.announcedMs - (task.missingSinceMs ?? now)
    if (missing > 0 && now - task.announcedMs >= Math.min(Math.max(sowRepeatMs, soughtMs), sowRepeatMsMax)) actions.push({ do: 'announce' })
  }
  for (const r of task.replicas) actions.push(...dueOf(r, now, task))
  if (settled(task) && !task.released) actions.push({ do: 'release' })
  return actions
}

/** Enough to choose from, all quotes that linked nodes could give, or the window over: the first that answer are not the best. */
const mayChoose = (
  task: Task,
  open: readonly Quote[],
  missing: number,
  { now, nodesHere }: Pick<TaskContext, 'now' | 'nodesHere'>,
): boolean => {
  if (open.length >= choiceFactor * missing || (open.length >= missing && nodesHere > 0 && task.quotes.length >= nodesHere)) return true
  return open.some((quote) => now - quote.receivedMs >= quoteWindowMs)
}

const dueOf = (r: Replica, now: number, task: Task): readonly TaskAction[] => {
  const late = now - r.sentMs >= resendMs
  if (r.phase === 'proposed' && r.agreement === null) return [{ do: 'sign-agreement', worker: r.worker }]
  if (r.phase === 'proposed' && r.prepay?.promised === false) return [{ do: 'prepay', agreement: r.agreement!.id, total: r.prepay.total }]
  if (r.phase === 'proposed' && late) return [{ do: 'propose', worker: r.worker }]
  if (r.phase === 'agreed' && r.payloadFrom !== null) return [{ do: 'send-payload', agreement: r.agreement!.id, from: r.payloadFrom }]
  if ((r.phase === 'accepted' && late) || r.phase === 'rejected')
    return [{ do: 'reward', agreement: r.agreement!.id, accepted: r.phase === 'accepted' }]
  if (ended(r) && r.agreement !== null && r.sentMs >= 0 && r.settledMs === 0)
    return [
      { do: 'cancel-replica', agreement: r.agreement.id, reason: r.phase === 'cancelled' ? (task.failure?.type ?? 'cancelled') : 'late' },
    ]
  return []
}

/** Nobody waits for its result, and it may not know; one that was promised a step and got it not in time is told as well. */
const ended = (r: Replica): boolean =>
  r.phase === 'cancelled' || r.phase === 'missing' || (r.phase === 'refused' && r.prepay?.promised === true)

const unusedQuotes = (task: Task, now: number): readonly Quote[] => task.quotes.filter(unused(task, now))
/** Whether a quote may still be used: fresh, not hired before, and of an identity that has no replica here. */
export const unused = (task: Task, now: number): ((quote: Quote) => boolean) => {
  const workers = new Set(task.replicas.map((r) => r.worker))
  const roots = new Set(task.replicas.map((r) => r.root))
  return (q) => now - q.receivedMs < quoteLifeMs && !workers.has(q.worker) && !roots.has(toHex(q.body.root))
}
