/**
 * The vault: identity, own chain, tabs and settings. It is the only place that signs, and it runs in the background
 * context, which may die at any instruction (spec: extension.md, *Contexts*).
 *
 * The agent asks it to sign meaning, never bytes. Every call that changes something carries a request id chosen where the
 * request is born; the answer is stored in the same transaction as its effect, so the same id gets the same answer, however
 * often it is asked and whatever died in between.
 */
import type { AnySigned, Body, Kind } from '../contract/messages.ts'
import type { SwarmLink } from '../economy/link.ts'
import type { HelloFields } from '../identity/hello-message.ts'
import type { DeviceCertificate, PublicKey, Signature } from '../identity/keys.ts'
import type { AccountSummary, Certificate } from '../ledger/types.ts'
import type { Bytes } from '../lib/bytes.ts'
import type { Result } from '../lib/result.ts'
import type { Carry } from './carries.ts'
import type { Founded } from './founding.ts'
import type { DepositFigures } from './deposit.ts'
import type { LostDevice } from './lost-devices.ts'
import type { Penalties } from './payable.ts'
import type { PaidReport } from './reports.ts'
import type { StatementLine } from './statement.ts'
import type { StoredNotices } from './swarm-record.ts'

export interface Settings {
  /** Nothing runs before this is true. */
  readonly consented: boolean
  readonly preset: 'gentle' | 'standard' | 'all'
  /** Share of all logical cores, 0 … 1. */
  readonly share: number
  /** Null: running. Else paused until that time (ms since the epoch), or until the browser restarts ('restart'), or until switched on ('off'). */
  readonly paused: number | 'restart' | 'off' | null
  /** Where models are fetched when no mirror has them. */
  readonly hubUrl: string
  /** What is earned goes into the deposit until that is what the swarm asks for (deposit.ts). */
  readonly depositEarnings: boolean
}

export interface VaultStatus {
  readonly device: DeviceCertificate
  readonly settings: Settings
  readonly swarm: null | {
    readonly link: SwarmLink
    /** cbor(SignedPolicy) once it has been received and checked against the swarm id. */
    readonly policy: Bytes | null
    /** Of a form that this version does not read: of an earlier or a later one. Nothing can be done in this swarm here, and all is kept. */
    readonly policyUnread?: true
    /** The founder's newest notice, and one that contradicts it. */
    readonly notices?: StoredNotices
    /** The witness's word on our own head has been taken in this browser session: appending is allowed. */
    readonly headChecked: boolean
    /** How often the takeover of a lost device was begun here, or of its account in the predecessor: one more is to be followed. */
    readonly takeovers: number
    /** This device founded it: witness and issuer are played here. */
    readonly founded?: Founded
  }
}

/** All figures in µcr. */
export interface Account {
  readonly summary: AccountSummary | null
  /** Σ claimed − Σ paid − staked of the chain, uncertified entries included. */
  readonly chainMicro: number
  /** Owed by vouchers and promises beyond what the chain has paid. */
  readonly tabsMicro: number
  /** Held for tasks in flight. */
  readonly reservedMicro: number
  readonly deposit: DepositFigures
  /** What verdicts of the witnesses cost this account, and whether one has closed it. */
  readonly penalties: Penalties
  /** What the chain can pay: less what is held back for deposits, and what verdicts have burned. Below 0 only under those. */
  readonly payableMicro: number
  /** payable − tabs − reserved: what a new task may cost. Below 0: not all that was promised is covered any more. */
  readonly availableMicro: number
  /** Paid ahead of accepted work, or promised to be: payee (hex) and credit. Each has at most the policy's step. */
  readonly ahead: readonly (readonly [payee: string, micro: number])[]
  /** A payee begins as soon as it finds what it was promised: settling does not wait. */
  readonly awaited: boolean
  /** Certified totals since ever. */
  readonly earnedMicro: number
  readonly spentMicro: number
}

export type VaultError =
  | { readonly type: 'not-consented' }
  | { readonly type: 'no-swarm' }
  /** The witness has not yet told us our own head: nothing is appended (a restored profile must not fork). */
  | { readonly type: 'head-unchecked' }
  | { readonly type: 'insufficient-credits'; readonly needMicro: number; readonly availableMicro: number }
  /** no-account: nothing was ever received. lent: so much of it is lent to others as weight. */
  | { readonly type: 'deposit'; readonly reason: 'no-account' | 'lent' }
  | { readonly type: 'deposit'; readonly reason: 'too-much'; readonly needMicro: number; readonly availableMicro: number }
  /** The swarm's policy is of a form that this version does not read. */
  | { readonly type: 'policy-unread' }
  /** What was asked contradicts what is stored or the rules; `what` says how. */
  | { readonly type: 'refused'; readonly what: string }
  /** unknown: nothing of that device is known here. other-identity: it, or the phrase, is of another identity. */
  | { readonly type: 'lost-device'; readonly reason: 'unknown' | 'other-identity' }
  | { readonly type: 'storage'; readonly message: string }
  /** The background went away and did not come back within the wait. Resend under the same id. */
  | { readonly type: 'unavailable' }

export type { HelloFields }

/** Name of a call → its arguments and its answer. Byte strings are canonical encodings. */
export interface VaultCalls {
  status: { args: Record<string, never>; answer: VaultStatus }
  hello: { args: HelloFields; answer: { signature: Signature } }
  /** Checks the policy against the swarm id and the founder's key, and keeps it. */
  policy: { args: { signedPolicy: Bytes }; answer: Record<string, never> }
  /** Checks a notice against the swarm id and the founder's key, and keeps it if it holds before those that are known, or contradicts them. */
  notice: { args: { notice: Bytes }; answer: Record<string, never> }
  /** Keeps this device's stamp for the swarm, if one is given, and goes on with what waited for it; answers with the one that is kept. */
  stamp: { args: { stamp: Bytes | null }; answer: { stamp: Bytes | null } }
  /** This device's join op (cbor), for `redeem`. Refused before the swarm's stamp is made. */
  joinOp: { args: Record<string, never>; answer: { join: Bytes } }
  /**
   * Signs a contract message. A sow reserves redundancy × ⌈units × maxPrice / 10⁶⌉ under its message id; an agreement must
   * name a reserved sow of ours and keep within its price and units.
   */
  sign: {
    args: { [K in Exclude<Kind, 'reward'>]: { kind: K; to: PublicKey | null; expires: number; body: Body<K> } }[Exclude<Kind, 'reward'>]
    answer: { message: Bytes; id: Bytes }
  }
  /** Raises the payee's tab by this task (once per agreement, whatever the request id) and signs the voucher for the new totals. */
  reward: {
    args: { sow: Bytes; agreement: Bytes; payee: PublicKey; accepted: boolean; expires: number }
    answer: { message: Bytes; id: Bytes; total: number }
  }
  /**
   * Promises that the payee of this open agreement will find so much in its `pay` line, in µcr: at most the policy's step beyond
   * what its accepted work comes to. Settled with the rest; later work uses it up. Where the agreement ends without a result (its
   * `cancel`, a rejection, its sow's release) before an entry says it, it is taken back.
   */
  prepay: { args: { agreement: Bytes; payee: PublicKey; total: number }; answer: Record<string, never> }
  /** Frees what is still reserved for a sow. */
  release: { args: { sow: Bytes }; answer: Record<string, never> }
  /** Appends a `pay` for every tab beyond what the chain has paid (unless an entry still waits for its certificate). */
  settle: { args: Record<string, never>; answer: { pending: readonly Bytes[] } }
  /**
   * Keeps certified entries that pay us and appends a `claim` for all that pay more than is claimed (with `join` before it on a
   * new chain, once one of them opens an account). While an entry waits for its certificate, `certified` goes on with the rest.
   * Refused where none of those given brings anything new.
   */
  claim: { args: { incomes: readonly { entry: Bytes; certificate: Certificate }[] }; answer: { pending: readonly Bytes[] } }
  /**
   * Sets the stake to this, in µcr, in an entry of its own; while another entry waits for its certificate it waits as well, and
   * is held back meanwhile. The newest word counts.
   */
  deposit: { args: { stakedMicro: number }; answer: { pending: readonly Bytes[] } }
  /** Uncertified end of the own chain, oldest first: what the witnesses are asked to sign. */
  pending: { args: Record<string, never>; answer: { pending: readonly Bytes[] } }
  /** A full certificate on an own entry. Answers with the entry and the payees, to be told. Claims what was kept meanwhile. */
  certified: { args: { certificate: Certificate }; answer: { entry: Bytes; payees: readonly PublicKey[] } }
  /** The newest certified entry of ours that names this payee, for redelivery; null where there is none. */
  paidTo: { args: { payee: PublicKey }; answer: { entry: Bytes; certificate: Certificate } | null }
  /**
   * A witness's answer about our own chain: entries beyond ours are adopted, an uncertified rest of ours that they contradict is
   * dropped and done anew. With no entries: it knows none beyond ours. Either way the head is checked.
   */
  adopt: { args: { entries: readonly Bytes[]; certificate: Certificate | null }; answer: Record<string, never> }
  /**
   * What a relay tells of another device of this identity: a run of its chain up to a certified entry, and certified entries that pay it.
   * Certified entries of a takeover are told the same way.
   */
  lostDevice: {
    args: {
      device: PublicKey
      entries: readonly Bytes[]
      certificate: Certificate | null
      incomes: readonly { entry: Bytes; certificate: Certificate }[]
    }
    answer: LostDevice
  }
  /** A full verdict against this device, or another one of this identity: from now on what it burned is promised to nobody. */
  verdict: { args: { bytes: Bytes }; answer: Record<string, never> }
  /** Devices whose takeover was begun here, by their owner's phrase. */
  lostDevices: { args: Record<string, never>; answer: { devices: readonly LostDevice[] } }
  /** The root key's word on accounts of the predecessor that are to be paid to this device. */
  carries: { args: Record<string, never>; answer: { carries: readonly Carry[] } }
  account: { args: Record<string, never>; answer: Account }
  /** Who paid whom for which results, as far as it is known here. */
  reports: { args: Record<string, never>; answer: { reports: readonly PaidReport[] } }
  /** Lines of entries below number `before` (null: from the head), oldest first, at most `statementLinesMax`; the number of the newest certified entry, −1: none. */
  statement: { args: { before: number | null }; answer: { lines: readonly StatementLine[]; certified: number; more: boolean } }
  /** The own chain from this entry up to a certified one: what shows to anyone that it counts. Null where there is none yet. */
  entryProof: { args: { seq: number }; answer: { entries: readonly Bytes[]; certificate: Certificate } | null }
  /** A signature of the founded swarm's witness or issuer, on a message that is read first. Never two of the witness at one number. */
  signFounding: { args: { role: 'witness' | 'issuer'; message: Bytes }; answer: { signature: Signature } }
  /** Members were asked what the witness had signed: it signs from now on, in this browser session. */
  recalled: { args: Record<string, never>; answer: Record<string, never> }
}

export type VaultCall = keyof VaultCalls

export interface Vault {
  /** `id` is stable across resends of one request; reads may pass any. */
  readonly call: <C extends VaultCall>(
    id: string,
    call: C,
    args: VaultCalls[C]['args'],
  ) => Promise<Result<VaultCalls[C]['answer'], VaultError>>
  /** Settings, swarm or consent changed. */
  readonly onChange: (listener: (status: VaultStatus) => void) => () => void
}

export type { AnySigned }
