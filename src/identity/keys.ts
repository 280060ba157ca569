/**
 * Keys and the two ports through which the core signs and verifies (spec: ledger.md, *Keys and accounts*).
 *
 * Validity of a signature is ZIP-215 as @noble/ed25519 implements it, whatever engine does the work.
 */
import type { Bytes } from '../lib/bytes.ts'

/** Ed25519 public key, 32 bytes. */
export type PublicKey = Bytes
/** Ed25519 signature, 64 bytes. */
export type Signature = Bytes

/** Lower-case hex of a device's public key: the name of a node wherever a text key is needed (maps, stores, views). */
export type NodeId = string

export interface Verifier {
  readonly verify: (signature: Signature, message: Uint8Array, key: PublicKey) => Promise<boolean>
}

export interface Signer {
  readonly publicKey: PublicKey
  readonly sign: (message: Uint8Array) => Promise<Signature>
}

/** A device key certified by its owner's root key: signature over "edge-net/device/1" ‖ cbor[root, device]. */
export interface DeviceCertificate {
  readonly root: PublicKey
  readonly device: PublicKey
  readonly signature: Signature
}
