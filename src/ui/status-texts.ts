/** The texts of states and reasons. Complete by type: a new one without a text does not compile. */
import { keyPart } from './error-text.ts'
import type { AgentView, EntryCheckView, HistoryLineView, JobState, LostBeforeView, LostDeviceView, WorkView } from '../messages/view.ts'
import { lookUp, type MessageKey } from './i18n.ts'
import type { Activity, Reason } from './status.ts'

export const activityTexts: { readonly [A in Activity]: MessageKey } = {
  loading: 'activity_loading',
  'no-consent': 'activity_no_consent',
  off: 'activity_off',
  paused: 'activity_paused',
  idle: 'activity_idle',
  working: 'activity_working',
}

export const reasonTexts: { readonly [R in Reason]: MessageKey } = {
  'no-consent': 'reason_no_consent',
  paused: 'reason_paused',
  off: 'reason_off',
  'no-swarm': 'reason_no_swarm',
  'policy-unread': 'reason_policy_unread',
  blocked: 'reason_blocked',
  'relay-unreachable': 'reason_relay_unreachable',
  'tracker-unreachable': 'reason_tracker_unreachable',
  'swarm-refused': 'reason_swarm_refused',
  'no-peers': 'reason_no_peers',
  'no-policy': 'reason_no_policy',
  'model-loading': 'reason_model_loading',
  'model-failed': 'reason_model_failed',
  'making-stamp': 'reason_making_stamp',
  'no-grant': 'reason_no_grant',
  'no-requesters': 'reason_no_requesters',
  'agent-starting': 'reason_agent_starting',
  'agent-silent': 'reason_agent_silent',
}

export const jobStateTexts: { readonly [S in JobState]: MessageKey } = {
  preparing: 'job_preparing',
  hiring: 'job_hiring',
  working: 'job_working',
  done: 'job_done',
  failed: 'job_failed',
  cancelled: 'job_cancelled',
}

export const workStateTexts: { readonly [S in WorkView['state']]: MessageKey } = {
  agreed: 'work_agreed',
  receiving: 'work_receiving',
  executing: 'work_executing',
  delivered: 'work_delivered',
  paid: 'work_paid',
  rejected: 'work_rejected',
  released: 'work_released',
}

/** What a relay or the way to it said; its own sentences stand as they are. */
export const relayWhyText = (why: string | null | undefined): string => (why ? (lookUp(`relay_why_${keyPart(why)}`) ?? why) : '')

export const historyKindTexts: { readonly [K in HistoryLineView['kind']]: MessageKey } = {
  joined: 'history_joined',
  granted: 'history_granted',
  carried: 'history_carried',
  moved: 'history_moved',
  received: 'history_received',
  paid: 'history_paid',
  staked: 'history_staked',
  unstaked: 'history_unstaked',
  lent: 'history_lent',
  unlent: 'history_unlent',
  attested: 'history_attested',
  revoked: 'history_revoked',
  settled: 'history_settled',
}

/** What is wrong with an entry, and what to do. */
export const entryFaultTexts: { readonly [F in NonNullable<EntryCheckView['fault']>]: MessageKey } = {
  waiting: 'historyFault_waiting',
  form: 'historyFault_form',
  author: 'historyFault_author',
  signature: 'historyFault_signature',
  chain: 'historyFault_chain',
  certificate: 'historyFault_certificate',
}

/** With what was moved, what is to come, and when. */
export const takeoverTexts: { readonly [S in NonNullable<LostDeviceView['takeover']>['state']]: MessageKey } = {
  certifying: 'takeover_certifying',
  unlocking: 'takeover_unlocking',
  done: 'takeover_done',
  outrun: 'takeover_outrun',
  fined: 'takeover_fined',
  closed: 'takeover_closed',
}

/** With what the lost device had in the swarm before. */
export const lostBeforeTexts: { readonly [S in NonNullable<LostBeforeView['state']>]: MessageKey } = {
  asking: 'lostBefore_asking',
  came: 'lostBefore_came',
  paid: 'lostBefore_paid',
  closed: 'lostBefore_closed',
  exhausted: 'lostBefore_exhausted',
  other: 'lostBefore_other',
}

export const troubleTexts: { readonly [T in NonNullable<AgentView['trouble']>]: MessageKey } = {
  'swarm-broken': 'trouble_swarmBroken',
  closed: 'trouble_closed',
  forked: 'trouble_forked',
  slashed: 'trouble_slashed',
  fined: 'trouble_fined',
  'wrong-result': 'trouble_wrongResult',
  contradicted: 'trouble_contradicted',
}

/** By what judgement of the witnesses an account is closed. */
export const closedTexts: { readonly [W in NonNullable<AgentView['closedFor']>]: MessageKey } = {
  SybilAttack: 'closedFor_sybil',
  Malicious: 'closedFor_malicious',
}

export const notCarriedTexts: { readonly [W in NonNullable<AgentView['notCarried']>]: MessageKey } = {
  closed: 'notCarried_closed',
  exhausted: 'notCarried_exhausted',
  other: 'notCarried_other',
}
