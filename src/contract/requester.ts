/**
 * One task on the requester's side, as plain data and two pure functions: `onEvent` says what has happened, `due`
 * (requester-due.ts) what must now be done. Actions are levels, not edges: `due` derives them from the state alone, each may be done twice, and after a
 * crash the stored state asks again for whatever was left. The agent does them (agent/requester.ts) and reports events.
 *
 * Life of a replica: proposed → agreed → delivered → accepted | rejected → closed;
 * or refused | missing | cancelled. Only accepted ones are paid; only rejected ones count `bad`.
 */
import type { NodeId } from '../identity/keys.ts'
import type { Bytes } from '../lib/bytes.ts'
import { toHex } from '../lib/bytes.ts'
import {
  absenceMsMax,
  countersignWaitMsMax,
  deadlineMsMax,
  deadlineMsMin,
  etaFactor,
  extraHiresMax,
  prepayWaitMsMax,
  receiptWaitMsMax,
  sowLifeMs,
  workMsMax,
} from './limits.ts'
import type { Body } from './messages.ts'
import { type Places, withQuote } from './quote-places.ts'

export type ReplicaPhase = 'proposed' | 'agreed' | 'delivered' | 'accepted' | 'rejected' | 'closed' | 'refused' | 'missing' | 'cancelled'

export interface Quote {
  readonly id: Bytes
  readonly worker: NodeId
  readonly body: Body<'quote'>
  readonly receivedMs: number
}

export interface Replica {
  readonly worker: NodeId
  readonly root: string
  readonly quote: Quote
  readonly phase: ReplicaPhase
  /** What the voucher said: accepted ones have been paid. Null also where none could be given. */
  readonly verdict: 'accepted' | 'rejected' | null
  readonly resultClass: string
  /** Secret of this replica's fresh X25519 key, its public part, and the salt of the payload's commitment; secret and salt are empty once the task is released. */
  readonly kemPrivate: Bytes
  readonly kemPublic: Bytes
  readonly salt: Bytes
  readonly commitment: Bytes
  readonly deadline: number
  /** The signed agreement and its id, once signed. */
  readonly agreement: { readonly id: Bytes; readonly message: Bytes } | null
  readonly proposedMs: number
  /** When something was last sent to it, for resending. 0: never. */
  readonly sentMs: number
  /** The worker begins once the `pay` line for it says so much, in µcr; `promised`: the vault has promised it. Absent: it did not ask. */
  readonly prepay?: { readonly total: number; readonly promised: boolean }
  /** Chunks from here on are still to be sent; null: none. */
  readonly payloadFrom: number | null
  readonly doneTexts: number
  readonly outputHash: Bytes | null
  /** The worker's signed result, once it is delivered. Absent in records of earlier versions. */
  readonly result?: Bytes
  readonly busyMs: number
  readonly settledMs: number
}

export type TaskPhase = 'hiring' | 'working' | 'verified' | 'failed' | 'cancelled'
export type TaskFailure =
  | { readonly type: 'too-few-workers'; readonly found: number; readonly needed: number }
  | { readonly type: 'no-quorum' }
  | { readonly type: 'sow-refused'; readonly error: string }

export interface Task {
  readonly id: string
  readonly job: string
  readonly index: number
  readonly texts: number
  readonly redundancy: number
  readonly sowBody: Body<'sow'>
  readonly phase: TaskPhase
  readonly startedMs: number
  readonly sow: { readonly id: Bytes; readonly message: Bytes; readonly expires: number } | null
  readonly announcedMs: number
  /** Since when hands have been missing; null: none are. */
  readonly missingSinceMs: number | null
  readonly quotes: readonly Quote[]
  readonly replicas: readonly Replica[]
  readonly failure: TaskFailure | null
  /** Agreement ids (hex) of the group that won the vote. */
  readonly winners: readonly string[]
  readonly released: boolean
}

export type TaskEvent =
  | { readonly type: 'sown'; readonly id: Bytes; readonly message: Bytes; readonly expires: number }
  | { readonly type: 'sow-refused'; readonly error: string }
  | { readonly type: 'announced' }
  | { readonly type: 'quote'; readonly quote: Quote }
  | {
      readonly type: 'hired'
      readonly quote: Quote
      readonly kemPrivate: Bytes
      readonly kemPublic: Bytes
      readonly salt: Bytes
      readonly commitment: Bytes
      readonly resultClass: string
    }
  | { readonly type: 'agreement-signed'; readonly worker: NodeId; readonly id: Bytes; readonly message: Bytes }
  | { readonly type: 'sent'; readonly worker: NodeId }
  | { readonly type: 'countersigned'; readonly agreement: Bytes }
  | { readonly type: 'refused'; readonly agreement: Bytes; readonly reason: string }
  | { readonly type: 'prepay-asked'; readonly agreement: Bytes; readonly total: number }
  | { readonly type: 'prepaid'; readonly agreement: Bytes; readonly total: number }
  | { readonly type: 'payload-wanted'; readonly agreement: Bytes; readonly from: number }
  | { readonly type: 'payload-sent'; readonly agreement: Bytes }
  | { readonly type: 'progress'; readonly agreement: Bytes; readonly done: number }
  | {
      readonly type: 'delivered'
      readonly agreement: Bytes
      readonly outputHash: Bytes
      readonly result: Bytes
      readonly busyMs: number
    }
  | { readonly type: 'damaged'; readonly agreement: Bytes }
  | { readonly type: 'rewarded'; readonly agreement: Bytes }
  /** The vault will never sign it: the agreement is none of this identity's any more. */
  | { readonly type: 'reward-refused'; readonly agreement: Bytes }
  | { readonly type: 'receipt'; readonly agreement: Bytes }
  | { readonly type: 'tick' }
  /** After a sleep or a restart: nobody could answer meanwhile, so waits begin anew. */
  | { readonly type: 'woke' }
  | { readonly type: 'cancel' }
  | { readonly type: 'released' }

/** What the reducer must know beside the state: the time, who is away since when, and which outputs agree. */
export interface TaskContext {
  readonly now: number
  readonly absentSince: (worker: NodeId) => number | undefined
  readonly agree: (agreementA: string, agreementB: string) => boolean
  /** Nodes that are linked to us and may quote. */
  readonly nodesHere: number
  readonly places: (task: Task) => Places
}

export type TaskAction =
  | { readonly do: 'sow' }
  | { readonly do: 'announce' }
  | { readonly do: 'hire'; readonly quote: Quote }
  | { readonly do: 'sign-agreement'; readonly worker: NodeId }
  | { readonly do: 'propose'; readonly worker: NodeId }
  | { readonly do: 'prepay'; readonly agreement: Bytes; readonly total: number }
  | { readonly do: 'send-payload'; readonly agreement: Bytes; readonly from: number }
  | { readonly do: 'reward'; readonly agreement: Bytes; readonly accepted: boolean }
  | { readonly do: 'cancel-replica'; readonly agreement: Bytes; readonly reason: string }
  | { readonly do: 'release' }

const forgotten: Bytes = new Uint8Array(0)

export const quorumOf = (redundancy: number): number => Math.ceil((redundancy + 1) / 2)

export const newTask = (fields: Pick<Task, 'id' | 'job' | 'index' | 'texts' | 'sowBody'>, now: number): Task => ({
  ...fields,
  redundancy: fields.sowBody.redundancy,
  phase: 'hiring',
  startedMs: now,
  sow: null,
  announcedMs: 0,
  missingSinceMs: now,
  quotes: [],
  replicas: [],
  failure: null,
  winners: [],
  released: false,
})

/** A result is still awaited from it. */
export const pending = (r: Replica): boolean => r.phase === 'proposed' || r.phase === 'agreed'
const holds = (r: Replica): boolean => pending(r) || r.phase === 'delivered' || r.phase === 'accepted' || r.verdict === 'accepted'
export const over = (task: Task): boolean => task.phase === 'failed' || task.phase === 'cancelled' || task.phase === 'verified'

/** Nothing is reserved, awaited or to be said any more. */
export const finished = (task: Task): boolean => task.released
/** Over, and no replica is out (late ones are awaited to their deadline) or without its voucher. */
export const settled = (task: Task): boolean =>
  over(task) && task.replicas.every((r) => !pending(r) && r.phase !== 'delivered' && r.phase !== 'accepted' && r.phase !== 'rejected')

/** How many hires are missing: enough for the redundancy first, later one at a time while no quorum is possible. */
export const handsMissing = (task: Task, groups: readonly (readonly Replica[])[]): number => {
  if (over(task)) return 0
  const held = task.replicas.filter(holds)
  const delivered = task.replicas.some((r) => r.phase === 'delivered')
  if (!delivered) return Math.max(0, task.redundancy - held.length)
  const best = Math.max(0, ...groups.map((g) => g.length))
  return Math.max(0, quorumOf(task.redundancy) - best - task.replicas.filter(pending).length)
}

/** Delivered (or settled) replicas grouped by the type's comparator, largest first; a replica joins the first group whose first member it agrees with. */
export const groupsOf = (task: Task, agree: TaskContext['agree']): readonly (readonly Replica[])[] => {
  const groups: Replica[][] = []
  for (const replica of task.replicas.filter((r) => r.outputHash !== null && r.phase !== 'cancelled')) {
    const key = toHex(replica.agreement!.id)
    const group = groups.find((g) => agree(toHex(g[0]!.agreement!.id), key))
    if (group) group.push(replica)
    else groups.push([replica])
  }
  return groups.sort((a, b) => b.length - a.length)
}

export const onEvent = (task: Task, event: TaskEvent, context: TaskContext): Task => judge(reduce(task, event, context), context)

const reduce = (task: Task, event: TaskEvent, { now, absentSince, agree, places }: TaskContext): Task => {
  switch (event.type) {
    // Both may come after the end, where the job was cancelled while the sow was being signed.
    case 'sown':
      return task.released ? task : { ...task, sow: { id: event.id, message: event.message, expires: event.expires } }
    case 'sow-refused':
      return over(task) ? task : { ...task, phase: 'failed', failure: { type: 'sow-refused', error: event.error } }
    case 'announced':
      return { ...task, announcedMs: now }
    case 'quote':
      return mayQuote(task, event.quote) ? { ...task, quotes: withQuote(task.quotes, event.quote, places(task)) ?? task.quotes } : task
    case 'hired':
      // Hires are made ready side by side; those that come when no hand is missing any more are dropped.
      return handsMissing(task, groupsOf(task, agree)) === 0 || task.replicas.some((r) => r.worker === event.quote.worker)
        ? task
        : { ...task, phase: 'working', replicas: [...task.replicas, hire(event, now)] }
    case 'agreement-signed':
      return patch(
        task,
        (r) => r.worker === event.worker && r.agreement === null,
        () => ({ agreement: { id: event.id, message: event.message } }),
      )
    case 'sent':
      return patch(
        task,
        (r) => r.worker === event.worker,
        () => ({ sentMs: now }),
      )
    case 'countersigned':
      return patchBy(task, event.agreement, (r) => (r.phase === 'proposed' ? { phase: 'agreed', payloadFrom: 0, sentMs: 0 } : {}))
    case 'refused':
      return patchBy(task, event.agreement, (r) => (pending(r) ? { phase: 'refused' } : {}))
    case 'prepay-asked':
      // The first word is kept: each one promised is an entry of its own, and a worker must not have us make them by the second.
      return patchBy(task, event.agreement, (r) =>
        r.phase === 'proposed' && r.prepay === undefined ? { prepay: { total: event.total, promised: false } } : {},
      )
    case 'prepaid':
      return patchBy(task, event.agreement, (r) =>
        r.prepay?.total === event.total ? { prepay: { total: event.total, promised: true } } : {},
      )
    case 'payload-wanted':
      return patchBy(task, event.agreement, (r) =>
        r.phase === 'proposed' || r.phase === 'agreed' ? { phase: 'agreed', payloadFrom: event.from } : {},
      )
    case 'payload-sent':
      return patchBy(task, event.agreement, () => ({ payloadFrom: null, sentMs: now }))
    case 'progress':
      return patchBy(task, event.agreement, (r) =>
        r.phase === 'agreed' && event.done > r.doneTexts
          ? { doneTexts: event.done, deadline: Math.max(r.deadline, Math.min(now + deadlineMsMin, r.proposedMs + workMsMax)) }
          : {},
      )
    case 'delivered':
      return patchBy(task, event.agreement, (r) =>
        pending(r)
          ? { phase: 'delivered', outputHash: event.outputHash, result: event.result, busyMs: event.busyMs, doneTexts: task.texts }
          : {},
      )
    case 'damaged':
      return patchBy(task, event.agreement, (r) => (pending(r) ? { phase: 'rejected', settledMs: now } : {}))
    case 'rewarded':
      return patchBy(task, event.agreement, (r) => {
        if (r.phase === 'accepted') return { sentMs: now, verdict: 'accepted' }
        return r.phase === 'rejected' ? { phase: 'closed', verdict: 'rejected' } : {}
      })
    case 'reward-refused':
      return patchBy(task, event.agreement, (r) => (r.phase === 'accepted' || r.phase === 'rejected' ? { phase: 'closed' } : {}))
    case 'receipt':
      return patchBy(task, event.agreement, (r) => (r.phase === 'accepted' ? { phase: 'closed', verdict: 'accepted' } : {}))
    case 'tick':
      return patch(
        task,
        () => true,
        (r) => expire(r, now, absentSince(r.worker)),
      )
    case 'woke':
      return over(task)
        ? task
        : patch({ ...task, missingSinceMs: task.missingSinceMs === null ? null : now }, pending, (r) => ({
            deadline: Math.max(r.deadline, now + deadlineMsMin),
            proposedMs: r.phase === 'proposed' ? now : r.proposedMs,
          }))
    case 'cancel':
      return over(task) ? task : cancelAll({ ...task, phase: 'cancelled' })
    case 'released':
      // Whoever gets hold of this machine later must not open what was sealed (sealing.ts).
      return { ...task, released: true, replicas: task.replicas.map((r) => ({ ...r, kemPrivate: forgotten, salt: forgotten })) }
  }
}

/** Votes, and ends the task where the vote or the hiring has ended. */
const judge = (task: Task, { now, agree }: TaskContext): Task => {
  if (task.phase === 'failed' || task.phase === 'cancelled') return task
  const groups = groupsOf(task, agree)
  if (task.phase === 'verified')
    return settleVotes(task, groups.find((g) => g.some((r) => task.winners.includes(toHex(r.agreement!.id)))) ?? [], now)
  const best = groups[0] ?? []
  if (best.length >= quorumOf(task.redundancy))
    return settleVotes({ ...task, phase: 'verified', winners: best.map((r) => toHex(r.agreement!.id)) }, best, now)
  const missing = handsMissing(task, groups)
  if (missing === 0) return task.missingSinceMs === null ? task : { ...task, missingSinceMs: null }
  if (task.replicas.length >= task.redundancy + extraHiresMax)
    return cancelAll({ ...task, phase: 'failed', failure: { type: 'no-quorum' } })
  if (task.missingSinceMs === null) return { ...task, missingSinceMs: now }
  // Replicas still out may yet bring the quorum; only when they cannot is the lack of hands the end.
  if (now - task.missingSinceMs <= sowLifeMs || best.length + task.replicas.filter(pending).length >= quorumOf(task.redundancy)) return task
  return cancelAll({ ...task, phase: 'failed', failure: { type: 'too-few-workers', found: task.quotes.length, needed: task.redundancy } })
}

/** Agreeing replicas are accepted (as many as were bargained for), differing ones rejected. */
const settleVotes = (task: Task, winners: readonly Replica[], now: number): Task => {
  const paid = new Set(winners.slice(0, task.redundancy).map((r) => r.worker))
  return patch(
    task,
    (r) => r.phase === 'delivered',
    (r) => ({ phase: paid.has(r.worker) ? 'accepted' : 'rejected', settledMs: now, sentMs: 0 }),
  )
}

const expire = (r: Replica, now: number, absentSinceMs: number | undefined): Partial<Replica> => {
  // Who asked for a payment and did not get it in time has not failed.
  if (r.phase === 'proposed' && r.prepay) return now - r.proposedMs > prepayWaitMsMax ? { phase: 'refused' } : {}
  if (r.phase === 'proposed' && now - r.proposedMs > countersignWaitMsMax) return { phase: 'missing' }
  if (r.phase === 'agreed' && (now > r.deadline || (absentSinceMs !== undefined && now - absentSinceMs > absenceMsMax)))
    return { phase: 'missing' }
  if (r.phase === 'accepted' && r.verdict === 'accepted' && now - r.settledMs > receiptWaitMsMax) return { phase: 'closed' }
  return {}
}

/** The runner has told a cancelled or missing worker; it is not told again. */
export const markTold = (task: Task, agreement: Bytes, now: number): Task => patchBy(task, agreement, () => ({ settledMs: now }))

/** Whether it is looked at. */
export const mayQuote = (task: Task, { body }: Quote): boolean => !over(task) && body.price <= task.sowBody.maxPrice

const hire = (event: TaskEvent & { type: 'hired' }, now: number): Replica => ({
  worker: event.quote.worker,
  root: toHex(event.quote.body.root),
  quote: event.quote,
  phase: 'proposed',
  verdict: null,
  resultClass: event.resultClass,
  kemPrivate: event.kemPrivate,
  kemPublic: event.kemPublic,
  salt: event.salt,
  commitment: event.commitment,
  deadline: now + Math.min(deadlineMsMax, Math.max(deadlineMsMin, etaFactor * event.quote.body.etaMs)),
  agreement: null,
  proposedMs: now,
  sentMs: 0,
  payloadFrom: null,
  doneTexts: 0,
  outputHash: null,
  busyMs: 0,
  settledMs: 0,
})

/** The same object where nothing changes: unchanged states are not stored again. */
const patch = (task: Task, which: (r: Replica) => boolean, change: (r: Replica) => Partial<Replica>): Task => {
  let changed = false
  const replicas = task.replicas.map((r) => {
    const fields = which(r) ? change(r) : {}
    if (Object.keys(fields).length === 0) return r
    changed = true
    return { ...r, ...fields }
  })
  return changed ? { ...task, replicas } : task
}
const patchBy = (task: Task, agreement: Bytes, change: (r: Replica) => Partial<Replica>): Task => {
  const key = toHex(agreement)
  return patch(task, (r) => r.agreement !== null && toHex(r.agreement.id) === key, change)
}
const cancelAll = (task: Task): Task =>
  patch(
    task,
    (r) => pending(r) || r.phase === 'delivered',
    () => ({ phase: 'cancelled', settledMs: 0, sentMs: 0 }),
  )
