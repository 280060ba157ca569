/** The swarm's policy document (spec: economy.md). Canonical CBOR, signed by the founder; its hash is the swarm id. */
import type { Bytes } from '../lib/bytes.ts'
import type { PublicKey, Signature } from '../identity/keys.ts'
import type { ModelCard } from '../tasks/model-card.ts'

export interface Policy {
  readonly v: 1
  readonly name: string
  readonly founder: PublicKey
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
  /** How much unpaid work a worker lets stand per requester, in µcr. */
  readonly tabMicro: number
  /** List price per task type: µcr of one unit step (embedding: one started 128 tokens of a text). */
  readonly prices: { readonly embedding: number }
  readonly models: readonly ModelCard[]
}

export interface SignedPolicy {
  readonly policy: Policy
  /** Founder's signature over "edge-net/policy/1" ‖ cbor(policy). */
  readonly sig: Signature
}
