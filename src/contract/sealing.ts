/**
 * The port through which payloads and results are sealed end to end (spec: tasks.md, *Sealing*).
 *
 * HPKE (RFC 9180) in auth mode between the two fresh X25519 keys of one contract: the worker's from its signed quote, the
 * requester's from the signed agreement. Whoever opens knows that the other of the two sealed. Keys are raw 32 bytes, so that
 * contract state is plain data and outlives a restart; they are forgotten with the contract, which is the forward secrecy.
 *
 * The plaintext is cut into chunks sealed in order under one context; each is bound to its place by
 * aad = agreement id ‖ direction ‖ index (u32, big-endian) ‖ last.
 */
import { type Bytes, concat } from '../lib/bytes.ts'
import type { Result } from '../lib/result.ts'

/** 0: payload, requester → worker. 1: result, worker → requester. */
export type Direction = 0 | 1

export interface KemKeyPair {
  readonly publicKey: Bytes
  readonly privateKey: Bytes
}

export interface Sealed {
  /** HPKE's encapsulated key, 32 bytes; travels with chunk 0. */
  readonly enc: Bytes
  /** At least one; each is as long as its plaintext and 16 bytes more. */
  readonly chunks: readonly Bytes[]
}

export interface SealRequest {
  readonly agreement: Bytes
  readonly direction: Direction
  /** The other side's fresh public key, from its signed message. */
  readonly to: Bytes
  readonly ownPrivate: Bytes
  readonly plaintext: Uint8Array
  /** Most plaintext in one chunk (`chunkBytes` of network/wire.ts). */
  readonly chunkBytes: number
}

export interface OpenRequest extends Sealed {
  readonly agreement: Bytes
  readonly direction: Direction
  /** The other side's fresh public key: only its holder can have sealed what opens. */
  readonly from: Bytes
  readonly ownPrivate: Bytes
}

export interface Sealer {
  readonly generateKeyPair: () => Promise<KemKeyPair>
  /** Fails only where the peer's key is no usable X25519 point. */
  readonly seal: (request: SealRequest) => Promise<Result<Sealed, { readonly type: 'bad-key' }>>
  /** All chunks, in order; one that was altered, cut, moved or left out makes the whole damaged. */
  readonly open: (request: OpenRequest) => Promise<Result<Bytes, { readonly type: 'sealed-damaged' }>>
}

export const chunkAad = (agreement: Uint8Array, direction: Direction, index: number, last: boolean): Bytes =>
  concat(agreement, new Uint8Array([direction, index >>> 24, (index >>> 16) & 255, (index >>> 8) & 255, index & 255, last ? 1 : 0]))
