/**
 * What a swarm's founder changes of its policy (spec: economy.md): prices, models, relays and the block list. Each notice holds all
 * of them as they are from then on, so the newest one is all that a node needs; witnesses, issuer, budget and curve stand in no
 * notice, because validity reads them.
 */
import type { PublicKey, Signature } from '../identity/keys.ts'
import type { SwarmId } from '../ledger/types.ts'
import { type Bytes, toHex } from '../lib/bytes.ts'
import type { Policy } from './policy.ts'

export interface Terms extends Pick<Policy, 'prices' | 'highPriority' | 'storageMicro' | 'models'> {
  /** Dialled before those of the link, which stay the way in for newcomers. */
  readonly relays: readonly string[]
  /** Identities, and devices of theirs by which they are known: no links and no work with them. Their credits stay theirs. Sorted. */
  readonly blocked: readonly PublicKey[]
}

export interface Notice extends Terms {
  readonly v: 1
  readonly swarm: SwarmId
  /** 1, 2 … without gaps; version 0 is the policy. */
  readonly version: number
  /** ms since the epoch, by the founder's clock: information. */
  readonly time: number
}

/**
 * The hash of version 0 is the swarm id, that of version n sha-256(cbor([hash of version n−1, digest of notice n])), the digest being
 * sha-256(cbor(notice)). So the digests of all before it show to anyone, from the swarm id, what a notice follows.
 */
export interface SignedNotice {
  readonly notice: Notice
  /** Digests of the notices 1 … n−1. */
  readonly trail: readonly Bytes[]
  /** Founder's signature over "edge-net/notice/1" ‖ hash of version n. */
  readonly sig: Signature
}

/** What holds by the policy and its newest notice. */
export const termsOf = ({ prices, highPriority, storageMicro, models }: Policy, notice: Notice | undefined): Terms =>
  notice ?? { prices, highPriority, storageMicro, models, relays: [], blocked: [] }

/** What a founder asks for. */
export interface TermsChange {
  /** The list price of a step, µcr. */
  readonly stepMicro?: number | undefined
  readonly block?: readonly PublicKey[] | undefined
  /** Taken off the list. */
  readonly unblock?: readonly PublicKey[] | undefined
  /** In place of those that were named before. */
  readonly relays?: readonly string[] | undefined
  /** Added, or put in the place of the one of that name; and names of models that go. */
  readonly models?: Policy['models'] | undefined
  readonly dropModels?: readonly string[] | undefined
}

export const changedTerms = (
  terms: Terms,
  { stepMicro, block = [], unblock = [], relays, models = [], dropModels = [] }: TermsChange,
): Terms => {
  const freed = new Set(unblock.map(toHex))
  const gone = new Set([...dropModels, ...models.map(({ name }) => name)])
  return {
    ...terms,
    ...(stepMicro !== undefined && { prices: { ...terms.prices, embedding: stepMicro } }),
    ...(relays && { relays }),
    models: [...terms.models.filter(({ name }) => !gone.has(name)), ...models],
    blocked: [...terms.blocked.filter((key) => !freed.has(toHex(key))), ...block],
  }
}

/** Whether none of these keys, a device's and its identity's, is on the block list. */
export const admits = ({ blocked }: Pick<Terms, 'blocked'>): ((...keys: readonly Uint8Array[]) => boolean) => {
  const refused = new Set(blocked.map(toHex))
  return (...keys) => !keys.some((key) => refused.has(toHex(key)))
}
