/**
 * Ed25519 by @noble/ed25519: the judge of what a valid signature is (ZIP-215), wherever an engine's own is stricter.
 *
 * Secrets pass through here only for root keys and for nodes without WebCrypto keys; a browser's device key never does.
 */
import * as ed from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import type { Bytes } from '../lib/bytes.ts'
import type { PublicKey, Signature, Signer, Verifier } from './keys.ts'

ed.hashes.sha512 = sha512

export const publicKeyOf = (secret: Bytes): PublicKey => ed.getPublicKey(secret) as PublicKey

export const createNobleSigner = (secret: Bytes): Signer => ({
  publicKey: publicKeyOf(secret),
  sign: async (message) => ed.sign(message, secret) as Signature,
})

export const createNobleVerifier = (): Verifier => ({
  verify: async (signature, message, key) => {
    try {
      return ed.verify(signature, message, key, { zip215: true })
    } catch {
      // Lengths that are not those of a signature or a key.
      return false
    }
  },
})
