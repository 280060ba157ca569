/**
 * Where secret keys live: the vault asks for signatures and wrapping and never sees a device's secret. Adapters:
 * browser/indexeddb/keys.ts (non-extractable keys) and the memory one below for tests and simulations.
 */
import { createNobleSigner, publicKeyOf } from '../identity/noble.ts'
import type { PublicKey, Signer } from '../identity/keys.ts'
import { type Bytes, toHex } from '../lib/bytes.ts'
import type { Random } from '../lib/random.ts'

export interface KeyKeeper {
  /** A new device key, kept before it is named. */
  readonly generateDevice: () => Promise<PublicKey>
  /** Undefined where this device key is not here. */
  readonly signer: (device: PublicKey) => Promise<Signer | undefined>
  /** Encrypts under a key that stays here. */
  readonly wrap: (secret: Uint8Array) => Promise<Bytes>
  /** Undefined where it was not wrapped here or is damaged. */
  readonly unwrap: (wrapped: Bytes) => Promise<Bytes | undefined>
  /** Forgets every key but these: those made for what was never stored, or was replaced. */
  readonly retain: (devices: readonly PublicKey[]) => Promise<void>
}

/** Keeps device secrets in a map and "wraps" by a reference: what leaves it is useless to others, as with a real keeper. */
export const createMemoryKeyKeeper = (random: Random): KeyKeeper & { readonly devices: () => number } => {
  const devices = new Map<string, Bytes>()
  const wrapped = new Map<string, Bytes>()
  return {
    generateDevice: async () => {
      const secret = random.bytes(32)
      const device = publicKeyOf(secret)
      devices.set(toHex(device), secret)
      return device
    },
    signer: async (device) => {
      const secret = devices.get(toHex(device))
      return secret && createNobleSigner(secret)
    },
    wrap: async (secret) => {
      const name = random.bytes(16)
      wrapped.set(toHex(name), secret.slice() as Bytes)
      return name
    },
    unwrap: async (name) => wrapped.get(toHex(name)),
    retain: async (kept) => {
      const names = new Set(kept.map(toHex))
      for (const key of devices.keys()) if (!names.has(key)) devices.delete(key)
    },
    devices: () => devices.size,
  }
}
