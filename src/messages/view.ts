/**
 * What the user interface sees of the agent, and what it may ask of it. Plain data over a BroadcastChannel (it does not
 * wake the service worker): the agent posts `{view}` with a rising revision, the interface posts `{id, command}` and gets
 * `{re, ok | error}`. Amounts are µcr, times ms since the epoch, ids lower-case hex.
 */
import type { StandingTier } from '../economy/standing.ts'
import type { FounderMemberView, JudgedReason } from './founder-view.ts'

export const uiChannelName = 'edge-net/ui'

/** Why nothing is being computed right now, in the order in which they are looked for. Each has a text in _locales. */
export type IdleReason =
  | 'no-consent'
  | 'paused'
  | 'off'
  | 'no-swarm'
  /** The swarm's policy is of a form that this version does not read; all that is stored stays. */
  | 'policy-unread'
  /** Taken off the swarm by its founder: nobody links with this identity any more. */
  | 'blocked'
  | 'relay-unreachable'
  | 'tracker-unreachable'
  | 'swarm-refused'
  | 'no-peers'
  /** Connected, and none of the peers has the swarm's policy. */
  | 'no-policy'
  | 'model-loading'
  | 'model-failed'
  /** All is well but that this device is still making its proof of work, without which there is no account. */
  | 'making-stamp'
  /** All is well but that the issuer gave no grant; earning works. */
  | 'no-grant'
  | 'no-requesters'

/** The tier of accuracy² · uptime, and both, 0 … 1 (spec: economy.md, *Reputation*); uptime is null while it cannot be told. */
export interface PeerStandingView {
  readonly tier: StandingTier
  readonly accuracy: number
  readonly uptime: number | null
}

export interface PeerView {
  readonly id: string
  readonly role: 'node' | 'relay'
  readonly via: 'webrtc' | 'url'
  readonly sinceMs: number
  readonly latencyMs: number | null
  /** By its results here and for whom one pays; null where nothing is known of any. */
  readonly standing: PeerStandingView | null
}

export interface ModelView {
  readonly name: string
  readonly dimension: number
  readonly state: 'absent' | 'loading' | 'ready' | 'failed'
  readonly loadedBytes: number
  readonly totalBytes: number
  readonly why: string | null
}

export type JobState = 'preparing' | 'hiring' | 'working' | 'done' | 'failed' | 'cancelled'

export interface JobView {
  readonly id: string
  readonly createdMs: number
  readonly finishedMs: number | null
  readonly model: string
  readonly title: string
  readonly state: JobState
  readonly priority: Priority
  readonly texts: number
  readonly doneTexts: number
  readonly dimension: number | null
  /** The most it can cost (N replicas of all), and what it has cost so far. */
  readonly maxCostMicro: number
  readonly costMicro: number
  /** How many texts were agreed by how many workers: {'3': 200}. */
  readonly agreed: Readonly<Record<string, number>>
  /** Texts of each that were agreed on, outvoted, or never came. */
  readonly workers: readonly {
    readonly id: string
    readonly accepted: number
    readonly rejected: number
    readonly missing: number
    readonly paidMicro: number
  }[]
  readonly failure: FailureView | null
  readonly truncated: number
}

/** Machine-readable reason with what its text needs. */
export interface FailureView {
  readonly type: string
  readonly detail: string
}

/** A task that this machine did for someone. */
export interface WorkView {
  readonly id: string
  readonly requester: string
  readonly startedMs: number
  readonly finishedMs: number | null
  readonly texts: number
  readonly doneTexts: number
  readonly model: string
  readonly state: 'agreed' | 'receiving' | 'executing' | 'delivered' | 'paid' | 'rejected' | 'released'
  readonly earnedMicro: number
}

export interface AgentView {
  readonly revision: number
  readonly self: string
  readonly identity: string
  /** `highPriority`: how many times the list price work costs that is to be done before other work. */
  readonly swarm: { readonly id: string; readonly name: string; readonly kind: 'private' | 'public'; readonly highPriority: number } | null
  readonly relays: readonly { readonly url: string; readonly state: string; readonly why: string | null }[]
  readonly peers: readonly PeerView[]
  readonly activity: { readonly working: boolean; readonly idleReason: IdleReason | null }
  readonly credits: {
    /** Certified and free to spend. */
    readonly availableMicro: number
    /** Earned by voucher, not yet claimed in the ledger. */
    readonly pendingMicro: number
    readonly reservedMicro: number
    readonly owedMicro: number
    /** What verdicts of the witnesses cost this account, for good. */
    readonly finesMicro: number
    /** Of what is owed, what a fine took: paid as soon as as much is earned again. */
    readonly uncoveredMicro: number
    /** Paid ahead to workers, or promised, for work that has not come yet. */
    readonly aheadMicro: number
    readonly earnedMicro: number
    readonly spentMicro: number
    readonly todayMicro: number
  }
  readonly deposit: DepositView | null
  /** Other devices of this identity, once they were looked for; null outside of a swarm. */
  readonly lost: LostView | null
  /**
   * What stands against the swarm or this account, the worst of it: more witnesses lie than the swarm bears; the account is closed; its
   * key has signed two entries at one number; it owes penalties; it was fined.
   */
  readonly trouble: 'swarm-broken' | 'closed' | 'forked' | 'slashed' | 'fined' | 'wrong-result' | 'contradicted' | null
  /** By what judgement of the witnesses this account is closed; null: it is not, or no verdict that says it is known here. */
  readonly closedFor: JudgedReason | null
  /**
   * Why what this device had in the swarm before does not come over into this one, its successor: the account was closed there; the
   * grants of this swarm do not reach; anything else. Null: it comes, has come, or was nothing.
   */
  readonly notCarried: 'closed' | 'exhausted' | 'other' | null
  /** The proof of work being made that a new account costs: tries so far, and how many it takes on average. */
  readonly stamp: { readonly tries: number; readonly triesExpected: number } | null
  /** The swarm's witness is its founder's browser, and that cannot be reached: work goes on, grants and payments wait. */
  readonly founderAway: boolean
  /** What holds of what the founder may change; null while the policy is not known. */
  readonly notice: null | {
    /** Of the newest notice; 0: as the policy says. */
    readonly version: number
    /** List price of a step (128 tokens of a text). */
    readonly stepMicro: number
    /** Identities and devices. */
    readonly blocked: readonly string[]
    /** It has signed two histories: all go by the same one of them, and everyone is told. */
    readonly contradicted: boolean
  }
  /** This is the founder's browser: what its part in the swarm does, and what is left of each invite. */
  readonly founder: null | {
    readonly state: 'starting' | 'recalling' | 'missing' | 'serving'
    readonly invites: readonly { readonly token: string; readonly usesLeft: number }[]
    /** All but the founder, those that are here first. */
    readonly members: readonly FounderMemberView[]
  }
  readonly tasksDone: number
  /** Distinct identities helped today, and ever. */
  readonly peopleHelpedToday: number
  readonly peopleHelped: number
  readonly share: { readonly allowed: number; readonly cores: number }
  readonly models: readonly ModelView[]
  readonly jobs: readonly JobView[]
  readonly work: readonly WorkView[]
}

export interface LostView {
  readonly asked: boolean
  /** A relay has answered. */
  readonly answered: boolean
  readonly devices: readonly LostDeviceView[]
  /** What others had in the swarm that this one succeeds. */
  readonly before: readonly LostBeforeView[]
}
export interface LostBeforeView {
  readonly id: string
  readonly micro: number
  /** Null: not asked for. came: it is here. paid: already, to whichever device was first. exhausted: asked for again by itself. */
  readonly state: 'asking' | 'came' | 'paid' | 'closed' | 'exhausted' | 'other' | null
}
export interface LostDeviceView {
  readonly id: string
  readonly seq: number
  /** Free, with what was paid to it and not claimed. */
  readonly freeMicro: number
  readonly stakedMicro: number
  /** Taken out of its deposit and not free yet. */
  readonly lockedMicro: number
  /** Null: not begun on this computer. */
  readonly takeover: null | {
    /** outrun: what somebody did with that device was certified before; what is left takes another try. fined: a fine holds the rest back. */
    readonly state: 'certifying' | 'unlocking' | 'done' | 'outrun' | 'fined' | 'closed'
    readonly movedMicro: number
    readonly restMicro: number
    readonly freeMs: number | null
  }
}

/** Credits set aside in one's own account: part of what others go by, and what a penalty takes first. None before the first income. */
export interface DepositView {
  readonly certifiedMicro: number
  /** What it becomes with what was asked for and is not certified yet. */
  readonly waitingMicro: number | null
  /** With less one is on probation in this swarm; 0: it asks for none. */
  readonly neededMicro: number
  /** Taken out and not free yet, oldest first. */
  readonly unlocking: readonly { readonly micro: number; readonly freeMs: number }[]
  /** How long that takes. */
  readonly unlockMs: number
}

/** What one operation of an entry did, as the own chain tells it. */
export interface HistoryLineView {
  /** Number of the ledger entry that it is part of, and that entry's id. */
  readonly seq: number
  readonly id: string
  /** By the clock of the computer that made it. */
  readonly time: number
  readonly kind:
    | 'joined'
    | 'granted'
    /** What one had in the swarm that this one succeeds. */
    | 'carried'
    /** From another device of one's own, as a lost one that was taken over. */
    | 'moved'
    | 'received'
    | 'paid'
    | 'staked'
    | 'unstaked'
    | 'lent'
    | 'unlent'
    | 'attested'
    | 'revoked'
    | 'settled'
  readonly party: string | null
  /** Change of what is free to spend. */
  readonly micro: number
  /** lent, unlent: weight lent to the party as of then. */
  readonly weightMicro?: number
  /** attested, revoked: what was said of the party. */
  readonly claim?: string
  /** settled: hours since 1970. */
  readonly epoch?: number
  readonly certified: boolean
}

export interface EntryCheckView {
  /** First thing that is wrong, null: nothing. 'waiting': the witnesses have not certified it yet. */
  readonly fault: 'waiting' | 'form' | 'author' | 'signature' | 'chain' | 'certificate' | null
  readonly id: string
  readonly certifiedSeq: number | null
  /** Witnesses that signed, of how many, and how many it takes. */
  readonly signed: number
  readonly witnesses: number
  readonly quorum: number
}

/** high: workers do it before other work, and it costs the swarm's multiple of the price. Left out: normal. */
export type Priority = 'normal' | 'high'

/** Commands to the agent: name → arguments and answer. */
export interface AgentCommands {
  view: { args: Record<string, never>; answer: AgentView }
  /** Price and checks before the yes; nothing is sent or reserved. */
  quote: {
    args: { texts: readonly string[]; model: string; redundancy: number; priority?: Priority }
    answer: { tokens: number; units: number; maxCostMicro: number; availableMicro: number; workersSeen: number }
  }
  submit: {
    args: {
      texts: readonly string[]
      ids: readonly string[]
      model: string
      redundancy: number
      title: string
      where: 'network' | 'local'
      priority?: Priority
    }
    answer: { job: string }
  }
  cancel: { args: { job: string }; answer: Record<string, never> }
  remove: { args: { job: string }; answer: Record<string, never> }
  /** Vectors in input order; float32, n × dimension, with their `texts` and `ids`. Of a job that failed or was cancelled: the part that was paid for. */
  results: { args: { job: string }; answer: { vectors: Float32Array; dimension: number; texts: readonly string[]; ids: readonly string[] } }
  /** Free and offline. */
  search: {
    args: { job: string; query: string; k: number }
    answer: { hits: readonly { row: number; id: string; score: number; text: string }[]; searchMs: number }
  }
  /** Lines of entries below number `before` (null: the newest), newest first. */
  history: { args: { before: number | null }; answer: { lines: readonly HistoryLineView[]; more: boolean } }
  /** Checks one's own entry from its bytes: form, signature, links to a certified entry, the witnesses' signatures. */
  checkEntry: { args: { seq: number }; answer: EntryCheckView }
  /** Sets the deposit to this, in µcr; more than is free is refused with the figures. */
  deposit: { args: { stakedMicro: number }; answer: Record<string, never> }
  /** Asks the relays which other devices this identity has; the view tells. */
  lookForDevices: { args: Record<string, never>; answer: Record<string, never> }
  /** To the founder's browser, as the owner of the swarm's witness: closes this account for good. The view tells how far it is. */
  judge: { args: { account: string; reason: JudgedReason }; answer: Record<string, never> }
  /** To the founder's browser, which misses members who know what it confirmed: it shall go on without them. */
  goOnAlone: { args: Record<string, never>; answer: Record<string, never> }
  prepareModel: { args: { model: string }; answer: Record<string, never> }
  /** A local job that shows that this machine can compute. */
  selfTest: { args: Record<string, never>; answer: { ms: number; texts: number; dimension: number } }
}
export type AgentCommand = keyof AgentCommands

/** What the interface asks of the background by runtime message: what persists and what only it may do. */
export interface BackgroundCommands {
  state: { args: Record<string, never>; answer: BackgroundState }
  consent: { args: { preset: 'gentle' | 'standard' | 'all' }; answer: BackgroundState }
  settings: {
    args: { share?: number; paused?: number | 'restart' | 'off' | null; hubUrl?: string; depositEarnings?: boolean }
    answer: BackgroundState
  }
  /** A bad link is refused with what is wrong with it. */
  join: { args: { link: string }; answer: BackgroundState }
  /** Makes a private swarm of one's own and joins it; `grantMicro` is what each use of an invite brings. */
  found: { args: { name: string; trackers: readonly string[]; grantMicro: number; uses: number }; answer: BackgroundState }
  /** Another invite to the swarm that was made here. */
  invite: { args: { uses: number }; answer: BackgroundState }
  /** Nobody joins by this invite (hex) any more. */
  revokeInvite: { args: { token: string }; answer: BackgroundState }
  /** Changes the list price of a step (µcr), and the block list by keys in hex: signed as the swarm's next notice. */
  terms: { args: { stepMicro?: number; block?: readonly string[]; unblock?: readonly string[] }; answer: BackgroundState }
  /** Other addresses to meet at, for the swarm that was made here: in links from now on, and for this computer. */
  trackers: { args: { trackers: readonly string[] }; answer: BackgroundState }
  /** Back into a swarm that was founded here and left, with its founder's part. */
  takeUp: { args: { swarm: string }; answer: BackgroundState }
  leave: { args: Record<string, never>; answer: BackgroundState }
  /** The 24 words, while the backup has not been confirmed. */
  phrase: { args: Record<string, never>; answer: { words: readonly string[] | null } }
  confirmPhrase: { args: Record<string, never>; answer: BackgroundState }
  /** Only before a swarm was joined. */
  restore: { args: { phrase: string }; answer: BackgroundState }
  /** Moves all that a lost device of this identity holds on to this one, by the 24 words, which are not kept. */
  takeOver: { args: { device: string; phrase: string }; answer: BackgroundState }
  /** The same with what a lost device's account held in the swarm before this one: the issuer is asked to pay it to this device. */
  carryOver: { args: { device: string; phrase: string }; answer: BackgroundState }
  erase: { args: Record<string, never>; answer: BackgroundState }
}
export type BackgroundCommand = keyof BackgroundCommands

export interface InviteView {
  /** Hex, as in `AgentView.founder`. */
  readonly token: string
  readonly link: string
  /** How often it can be used in all. */
  readonly uses: number
  readonly revoked: boolean
}

export interface BackgroundState {
  readonly consented: boolean
  readonly preset: 'gentle' | 'standard' | 'all'
  readonly share: number
  readonly paused: number | 'restart' | 'off' | null
  readonly hubUrl: string
  /** What is earned goes into the deposit until that is full. */
  readonly depositEarnings: boolean
  readonly swarm: {
    readonly id: string
    readonly relays: readonly string[]
    readonly trackers: readonly string[]
    /** Made here: the links by which others join. */
    readonly founded: null | { readonly invites: readonly InviteView[] }
  } | null
  /** Founded in this browser and left: they can be taken up again. */
  readonly left: readonly { readonly id: string; readonly name: string }[]
  readonly phraseConfirmed: boolean
  readonly device: string
  readonly root: string
}

/** Errors on both channels: `type` selects the text in _locales, `detail` completes it. */
export interface UiError {
  readonly type: string
  readonly detail: string
}
