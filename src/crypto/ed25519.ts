/**
 * Ed25519 by WebCrypto, some 18 times faster than in JavaScript, and able to hold a private key that nobody can read.
 *
 * Native verification is stricter than ZIP-215 in some engines: what it accepts is valid, what it refuses the fallback
 * decides, so that every node accepts the same signatures.
 */
import type { PublicKey, Signer, Verifier } from '../identity/keys.ts'

const algorithm = 'Ed25519'

export const createWebCryptoVerifier = (fallback: Verifier): Verifier => ({
  verify: async (signature, message, key) => {
    const accepted = await crypto.subtle
      .importKey('raw', key, algorithm, false, ['verify'])
      .then((imported) => crypto.subtle.verify(algorithm, imported, signature, message as Uint8Array<ArrayBuffer>))
      // Absent algorithm or a key it does not take: not a verdict.
      .catch(() => false)
    return accepted || (await fallback.verify(signature, message, key))
  },
})

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
