/** The swarm's policy document (spec: economy.md). Canonical CBOR, signed by the founder; its hash is the swarm id. */
import type { Bytes } from '../lib/bytes.ts'
import type { PublicKey, Signature } from '../identity/keys.ts'
import type { IssuanceRules } from '../ledger/issuance.ts'
import type { SwarmId } from '../ledger/types.ts'
import type { ModelCard } from '../tasks/model-card.ts'

export interface Policy {
  readonly v: 1
  readonly name: string
  readonly founder: PublicKey
  /** private: joined by a secret link; public: by anyone who has the link. */
  readonly kind: 'private' | 'public'
  /** ms since the epoch, and 16 random bytes: two swarms of one founder never share an id. */
  readonly created: number
  readonly nonce: Bytes
  /** 3f+1 witness keys, sorted. */
  readonly witnesses: readonly PublicKey[]
  readonly issuer: PublicKey
  /** All that grants may ever sum to, in µcr: the issuer's allowance before any settle. */
  readonly grantsMicro: number
  /** What one use of an invite brings, in µcr. */
  readonly grantMicro: number
  /** Least certified income that opens an account, in µcr. */
  readonly openingMicro: number
  /** Zero bits at the beginning of a new account's stamp (stamp.ts): each doubles the work. 0: no stamp. */
  readonly stampBits: number
  /** Below this stake, in µcr, a worker is on probation. */
  readonly stakeMicro: number
  /** How long unstaked credits stay where a verdict reaches them, in ms by the witnesses' clocks. */
  readonly unlockMs: number
  /** How much unpaid work a worker lets stand per requester at most, in µcr. */
  readonly tabMicro: number
  /** Steps in which an unknown requester pays ahead, in µcr; 0: nobody does, the whole tab is open to all. */
  readonly prepayMicro: number
  /** What may set replicas of one task apart: another identity, or another identity at another address. */
  readonly independence: 'identity' | 'identity-and-address'
  readonly issuance: PolicyIssuance
  /** List price per task type: µcr of one unit step (embedding: one started 128 tokens of a text). */
  readonly prices: { readonly embedding: number }
  /** By how much `priority: 'high'` multiplies the price, not the units. */
  readonly highPriority: number
  /** For stored vectors, in µcr per MB and day. */
  readonly storageMicro: number
  /** The swarm that this one succeeds, none for most: its issuer pays each account of that one once, up to its balance there. */
  readonly predecessor: Predecessor | null
  readonly models: readonly ModelCard[]
}

export interface PolicyIssuance extends IssuanceRules {
  /** Length of an epoch, in ms. */
  readonly epochMs: number
}

export interface Predecessor {
  readonly swarm: SwarmId
  /** Of its last checkpoint: the day (since the epoch, UTC) and the state root that balances are proved against. */
  readonly day: number
  readonly root: Bytes
}

export interface SignedPolicy {
  readonly policy: Policy
  /** Founder's signature over "edge-net/policy/1" ‖ cbor(policy). */
  readonly sig: Signature
}
