/**
 * Ed25519 by WebCrypto, some 18 times faster than in JavaScript, and able to hold a private key that nobody can read.
 *
 * Native verification is stricter than ZIP-215 in some engines: what it accepts is valid, what it refuses the fallback
 * decides, so that every node accepts the same signatures.
 */
import type { NodeId, PublicKey, Signer, Verifier } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'

const algorithm = 'Ed25519'

/** Keys kept as the engine holds them: to import one costs the calling thread as much as it does to have a signature verified. */
const importedKeysMax = 256

export const createWebCryptoVerifier = (fallback: Verifier): Verifier => {
  const imported = new Map<NodeId, Promise<CryptoKey>>()
  const imports = (key: PublicKey): Promise<CryptoKey> => {
    const id = toHex(key)
    const known = imported.get(id)
    if (known) return known
    const made = crypto.subtle.importKey('raw', key, algorithm, false, ['verify'])
    for (const oldest of imported.keys()) {
      if (imported.size < importedKeysMax) break
      imported.delete(oldest)
    }
    imported.set(id, made)
    return made
  }
  return {
    verify: async (signature, message, key) => {
      const accepted = await imports(key)
        .then((of) => crypto.subtle.verify(algorithm, of, signature, message as Uint8Array<ArrayBuffer>))
        // Absent algorithm or a key it does not take: not a verdict.
        .catch(() => false)
      return accepted || (await fallback.verify(signature, message, key))
    },
  }
}

export const createCryptoKeySigner = (privateKey: CryptoKey, publicKey: PublicKey): Signer => ({
  publicKey,
  sign: async (message) => new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, message as Uint8Array<ArrayBuffer>)),
})

export interface DeviceKey {
  readonly privateKey: CryptoKey
  readonly publicKey: PublicKey
}

/** Its private half can sign and be kept in IndexedDB, and cannot be exported. */
export const generateDeviceKey = async (): Promise<DeviceKey> => {
  const pair = (await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])) as CryptoKeyPair
  return { privateKey: pair.privateKey, publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) }
}
