/**
 * What a device key signs when a channel is bound to it (spec: network.md, *The mesh*): both keys, both nonces, and what
 * only the two ends of this very channel share, so that a signature is good for one channel and one direction.
 * It stands here because the vault signs it and the network verifies it.
 */
import { type Bytes, concat, utf8 } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import type { PublicKey } from './keys.ts'

export interface HelloFields {
  readonly role: 'node' | 'relay'
  readonly peer: PublicKey
  readonly ownNonce: Bytes
  readonly peerNonce: Bytes
  /** WebRTC: sha-256 DTLS fingerprints of both ends. WebSocket: the relay's URL. */
  readonly binding: { readonly kind: 'webrtc'; readonly own: Bytes; readonly peer: Bytes } | { readonly kind: 'url'; readonly url: string }
}

/** "edge-net/hello/1" ‖ cbor[swarm, role, own key, peer's key, own nonce, peer's nonce, own fingerprint, peer's fingerprint | URL] */
export const helloMessage = (swarm: Bytes, own: PublicKey, { role, peer, ownNonce, peerNonce, binding }: HelloFields): Bytes =>
  concat(
    utf8('edge-net/hello/1'),
    encode([swarm, role, own, peer, ownNonce, peerNonce, ...(binding.kind === 'webrtc' ? [binding.own, binding.peer] : [binding.url])]),
  )
