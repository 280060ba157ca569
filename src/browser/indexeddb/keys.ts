/**
 * `KeyKeeper` over IndexedDB: non-extractable CryptoKeys in a small database of their own, because a CryptoKey is no plain
 * data and must not pass through the `Store`. Whoever copies the files gets keys only by way of the browser's own storage
 * format; no script, ours included, can read them.
 */
import type { DBSchema } from 'idb'
import type { PublicKey, Signer } from '../../identity/keys.ts'
import { concat, toHex } from '../../lib/bytes.ts'
import type { KeyKeeper } from '../../vault/key-keeper.ts'
import { createDatabase, type Migration } from './database.ts'

/** How keys are made and used: crypto/ed25519.ts. */
export interface DeviceKeys {
  readonly generateDeviceKey: () => Promise<{ readonly privateKey: CryptoKey; readonly publicKey: PublicKey }>
  readonly createCryptoKeySigner: (privateKey: CryptoKey, publicKey: PublicKey) => Signer
}

interface Schema extends DBSchema {
  /** Device keys by hex of the public key. */
  devices: { key: string; value: CryptoKey }
  /** The AES key that wraps, under `wrapping`. */
  secrets: { key: 'wrapping'; value: CryptoKey }
}

const migrations: readonly Migration<Schema>[] = [
  (db) => {
    db.createObjectStore('devices')
    db.createObjectStore('secrets')
  },
]

const ivBytes = 12
const durability = 'strict'

export const createIndexedDbKeyKeeper = (
  name: string,
  { generateDeviceKey, createCryptoKeySigner }: DeviceKeys,
): KeyKeeper & { readonly close: () => Promise<void> } => {
  const database = createDatabase<Schema>(name, migrations)

  const stored = (): Promise<CryptoKey | undefined> => database.use((db) => db.get('secrets', 'wrapping'))

  const wrappingKey = async (): Promise<CryptoKey> => {
    const known = await stored()
    if (known) return known
    // Made outside the transaction, which would not wait for it; whoever adds first wins.
    const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    return database.use(async (db) => {
      const tx = db.transaction('secrets', 'readwrite', { durability })
      const key = (await tx.store.get('wrapping')) ?? made
      await Promise.all([tx.store.put(key, 'wrapping'), tx.done])
      return key
    })
  }

  return {
    generateDevice: async () => {
      const { privateKey, publicKey } = await generateDeviceKey()
      await database.use(async (db) => {
        const tx = db.transaction('devices', 'readwrite', { durability })
        await Promise.all([tx.store.put(privateKey, toHex(publicKey)), tx.done])
      })
      return publicKey
    },

    signer: async (device) => {
      const key = await database.use((db) => db.get('devices', toHex(device)))
      return key && createCryptoKeySigner(key, device)
    },

    wrap: async (secret) => {
      const iv = crypto.getRandomValues(new Uint8Array(ivBytes))
      const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await wrappingKey(), secret as Uint8Array<ArrayBuffer>)
      return concat(iv, new Uint8Array(sealed))
    },

    unwrap: async (wrapped) => {
      const key = await stored()
      if (!key) return undefined
      const opened = crypto.subtle.decrypt({ name: 'AES-GCM', iv: wrapped.subarray(0, ivBytes) }, key, wrapped.subarray(ivBytes))
      return opened.then(
        (secret) => new Uint8Array(secret),
        () => undefined,
      )
    },

    retain: (devices) =>
      database.use(async (db) => {
        const tx = db.transaction('devices', 'readwrite', { durability })
        const kept = new Set(devices.map(toHex))
        const others = (await tx.store.getAllKeys()).filter((key) => !kept.has(key))
        await Promise.all([...others.map((key) => tx.store.delete(key)), tx.done])
      }),

    close: database.close,
  }
}
