/**
 * One contract on the worker's side: plain data, `onHireEvent` and `dueHire`, in the manner of requester.ts.
 *
 * quoted → agreed → received → executed → paid | rejected; or released (cancelled, late, refused) at any step.
 * `agreed` waits for the payload, `received` for the engine, `executed` for the voucher. The payload and the output
 * themselves lie in the store beside this record. A voucher for what was delivered pays also after the end; the private key
 * goes with the end (sealing.ts, forward secrecy).
 */
import type { NodeId } from '../identity/keys.ts'
import type { Bytes } from '../lib/bytes.ts'
import { deadlineMsMin, deliveredKeepMs, etaFactor, quoteLifeMs, quoteResendMs, resendMs, resultResendMs } from './limits.ts'
import type { Body } from './messages.ts'
import { clockSkewMsMax } from './signed.ts'

export type HirePhase = 'quoted' | 'agreed' | 'received' | 'executed' | 'paid' | 'rejected' | 'released'

export interface Hire {
  /** Hex of the sow's id: one contract per sow and worker. */
  readonly id: string
  /** Hex of the swarm. */
  readonly swarm: string
  readonly requester: NodeId
  readonly sow: Body<'sow'>
  /** List price of a step when it was quoted for, µcr: a later rise is not held against it. Absent in records of earlier versions. */
  readonly stepMicro?: number
  readonly phase: HirePhase
  /** Empty once the contract has ended. */
  readonly kemPrivate: Bytes
  readonly kemPublic: Bytes
  readonly startedMs: number
  readonly quote: { readonly id: Bytes; readonly message: Bytes; readonly body: Body<'quote'> } | null
  readonly agreement: { readonly id: Bytes; readonly body: Body<'agreement'>; readonly message: Bytes; readonly countersign: Bytes | null } | null
  readonly deadline: number
  readonly texts: number
  readonly doneTexts: number
  readonly truncated: number
  readonly result: { readonly message: Bytes; readonly earnedMicro: number } | null
  readonly sentMs: number
  readonly wantedMs: number
  readonly receipt: Bytes | null
  readonly finishedMs: number | null
  readonly why: string | null
}

export type HireEvent =
  | { readonly type: 'quoted'; readonly id: Bytes; readonly message: Bytes; readonly body: Body<'quote'> }
  | { readonly type: 'agreement'; readonly id: Bytes; readonly body: Body<'agreement'>; readonly message: Bytes }
  | { readonly type: 'countersigned'; readonly message: Bytes }
  | { readonly type: 'asked-for-payload' }
  | { readonly type: 'payload'; readonly texts: number }
  | { readonly type: 'progress'; readonly done: number }
  | { readonly type: 'executed'; readonly message: Bytes; readonly earnedMicro: number; readonly truncated: number }
  | { readonly type: 'sent' }
  | { readonly type: 'rewarded'; readonly accepted: boolean; readonly receipt: Bytes | null }
  | { readonly type: 'release'; readonly why: string }
  | { readonly type: 'tick' }

export type HireAction =
  | { readonly do: 'sign-quote' }
  | { readonly do: 'send-quote' }
  | { readonly do: 'countersign' }
  | { readonly do: 'want-payload' }
  | { readonly do: 'execute' }
  | { readonly do: 'send-result' }

export const newHire = (fields: Pick<Hire, 'id' | 'swarm' | 'requester' | 'sow' | 'stepMicro' | 'kemPrivate' | 'kemPublic'>, now: number): Hire => ({
  ...fields,
  phase: 'quoted',
  startedMs: now,
  quote: null,
  agreement: null,
  deadline: now + quoteLifeMs,
  texts: 0,
  doneTexts: 0,
  truncated: 0,
  result: null,
  sentMs: 0,
  wantedMs: 0,
  receipt: null,
  finishedMs: null,
  why: null,
})

export const ended = (hire: Hire): boolean => hire.phase === 'paid' || hire.phase === 'rejected' || hire.phase === 'released'

/** The latest deadline that an agreement may set: what the requester may wait for by the own quote, clocks apart as they may be. */
export const deadlineMax = (etaMs: number, now: number): number => now + Math.max(deadlineMsMin, etaFactor * etaMs) + clockSkewMsMax

export const onHireEvent = (hire: Hire, event: HireEvent, now: number): Hire => {
  if (ended(hire)) return paidLate(hire, event, now)
  const after = transition(hire, event, now)
  return ended(after) ? { ...after, kemPrivate: new Uint8Array(0) } : after
}

/** Delivered, and given up or refused before the voucher came. */
const paidLate = (hire: Hire, event: HireEvent, now: number): Hire =>
  event.type === 'rewarded' && event.accepted && hire.phase !== 'paid' && hire.result !== null ? { ...hire, phase: 'paid', receipt: event.receipt, finishedMs: now } : hire

const transition = (hire: Hire, event: HireEvent, now: number): Hire => {
  switch (event.type) {
    case 'quoted':
      return { ...hire, quote: { id: event.id, message: event.message, body: event.body } }
    case 'agreement':
      return hire.phase === 'quoted'
        ? { ...hire, phase: 'agreed', agreement: { id: event.id, body: event.body, message: event.message, countersign: null }, deadline: event.body.deadline, wantedMs: now }
        : hire
    case 'countersigned':
      return hire.agreement ? { ...hire, agreement: { ...hire.agreement, countersign: event.message } } : hire
    case 'asked-for-payload':
      return { ...hire, wantedMs: now }
    case 'payload':
      return hire.phase === 'agreed' ? { ...hire, phase: 'received', texts: event.texts } : hire
    case 'progress':
      return { ...hire, doneTexts: event.done, deadline: Math.max(hire.deadline, now + deadlineMsMin) }
    case 'executed':
      return hire.phase === 'received'
        ? { ...hire, phase: 'executed', doneTexts: hire.texts, truncated: event.truncated, result: { message: event.message, earnedMicro: event.earnedMicro }, sentMs: 0 }
        : hire
    case 'sent':
      return { ...hire, sentMs: now }
    case 'rewarded':
      return { ...hire, phase: event.accepted ? 'paid' : 'rejected', receipt: event.receipt, finishedMs: now }
    case 'release':
      return { ...hire, phase: 'released', why: event.why, finishedMs: now }
    case 'tick':
      return expire(hire, now)
  }
}

const expire = (hire: Hire, now: number): Hire => {
  const lastMs = hire.phase === 'quoted' ? hire.startedMs + quoteLifeMs : hire.deadline + (hire.phase === 'executed' ? deliveredKeepMs : deadlineMsMin)
  return now > lastMs ? { ...hire, phase: 'released', why: 'late', finishedMs: now } : hire
}

/** Whether time alone asks for something. */
export const isDue = (hire: Hire, now: number): boolean => onHireEvent(hire, { type: 'tick' }, now) !== hire || dueHire(hire, now).length > 0

export const dueHire = (hire: Hire, now: number): readonly HireAction[] => {
  if (hire.phase === 'quoted' && hire.quote === null) return [{ do: 'sign-quote' }]
  // Gossip tells a sow once: a requester that died over the quotes would wait for them in vain.
  if (hire.phase === 'quoted' && now - hire.sentMs >= quoteResendMs) return [{ do: 'send-quote' }]
  if (hire.phase === 'agreed' && hire.agreement!.countersign === null) return [{ do: 'countersign' }]
  if (hire.phase === 'agreed' && now - hire.wantedMs >= resendMs) return [{ do: 'want-payload' }]
  if (hire.phase === 'received') return [{ do: 'execute' }]
  if (hire.phase === 'executed' && now - hire.sentMs >= resultResendMs) return [{ do: 'send-result' }]
  return []
}
