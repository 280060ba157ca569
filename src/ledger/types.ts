/** What a ledger entry and a certificate are (spec: ledger.md, *Entry*). Byte strings here are byte strings on the wire. */
import type { Bytes } from '../lib/bytes.ts'
import type { PublicKey, Signature } from '../identity/keys.ts'

/** sha-256 of an entry's canonical encoding without `sig`, 32 bytes. */
export type EntryId = Bytes
/** sha-256 of version 0 of the swarm's policy document, 32 bytes. */
export type SwarmId = Bytes

export interface JoinOp {
  readonly op: 'join'
  readonly identity: PublicKey
  /** Root key's signature over the device key (identity/keys.ts). */
  readonly certificate: Signature
  readonly stamp: Bytes
  readonly referrer?: PublicKey
}
/** New cumulative figures per payee, sorted by payee: µcr, task units, results accepted, results rejected. */
export type PayLine = readonly [payee: PublicKey, total: number, units: number, ok: number, bad: number]
export interface PayOp {
  readonly op: 'pay'
  readonly lines: readonly PayLine[]
}
export type ClaimLine = readonly [payer: PublicKey, entry: EntryId, certificate: Certificate]
export interface ClaimOp {
  readonly op: 'claim'
  readonly lines: readonly ClaimLine[]
}
export interface StakeOp {
  readonly op: 'stake'
  readonly amount: number
}
/** Lent weight as of now, in µcr; 0 takes it back. */
export type DelegateLine = readonly [to: PublicKey, amount: number]
export interface DelegateOp {
  readonly op: 'delegate'
  readonly lines: readonly DelegateLine[]
}
export interface AttestOp {
  readonly op: 'attest'
  readonly subject: PublicKey
  readonly claim: string
  /** 0 … 100. */
  readonly confidence: number
  /** In ms, for readers: no rule of validity reads it. */
  readonly expiry: number
}
/** Takes back the author's own attest at this place. */
export interface RevokeOp {
  readonly op: 'revoke'
  readonly entry: EntryId
  readonly index: number
}
export type SponsorLine = readonly [sponsor: PublicKey, entry: EntryId, certificate: Certificate]
export interface SettleOp {
  readonly op: 'settle'
  readonly epoch: number
  readonly lines: readonly SponsorLine[]
}
export type Op = JoinOp | PayOp | ClaimOp | StakeOp | DelegateOp | AttestOp | RevokeOp | SettleOp

export interface Entry {
  readonly v: 1
  readonly swarm: SwarmId
  readonly author: PublicKey
  readonly seq: number
  readonly prev: EntryId
  /** Signed by the root key that the author's join names. It stands in what the id covers: by whom an entry is signed decides what may follow. */
  readonly root?: true
  /** Author's clock in ms: information, no rule of validity reads it. */
  readonly time: number
  readonly ops: readonly Op[]
  readonly sig: Signature
}

/** 2f+1 witness signatures over "edge-net/cert/1" ‖ cbor[swarm, author, seq, id], sorted by witness. */
export interface Certificate {
  readonly author: PublicKey
  readonly seq: number
  readonly id: EntryId
  readonly signatures: readonly (readonly [witness: PublicKey, signature: Signature])[]
}

/** The fold of a chain up to its highest certified entry, in µcr. */
export interface AccountSummary {
  readonly author: PublicKey
  readonly seq: number
  readonly id: EntryId
  readonly claimed: number
  readonly paid: number
  readonly staked: number
}
