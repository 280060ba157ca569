/** `Sealer` by HPKE (DHKEM(X25519, HKDF-SHA-256), HKDF-SHA-256, AES-256-GCM) over WebCrypto, in browsers and in Node. */
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { chunkAad, type Sealer } from '../contract/sealing.ts'
import { type Bytes, concat, utf8 } from '../lib/bytes.ts'
import { err, ok } from '../lib/result.ts'

const info = utf8('edge-net/seal/1')

export const createSealer = (): Sealer => {
  const kem = new DhkemX25519HkdfSha256()
  const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes256Gcm() })
  return {
    generateKeyPair: async () => {
      const pair = await kem.generateKeyPair()
      return {
        publicKey: new Uint8Array(await kem.serializePublicKey(pair.publicKey)),
        privateKey: new Uint8Array(await kem.serializePrivateKey(pair.privateKey)),
      }
    },

    seal: async ({ agreement, direction, to, ownPrivate, plaintext, chunkBytes }) => {
      const senderKey = await kem.deserializePrivateKey(ownPrivate)
      // A peer may name a point of low order, which every agreement with is zero: WebCrypto throws on it.
      const context = await kem
        .deserializePublicKey(to)
        .then((recipientPublicKey) => suite.createSenderContext({ recipientPublicKey, senderKey, info }))
        .catch(() => undefined)
      if (!context) return err({ type: 'bad-key' })
      const count = Math.max(1, Math.ceil(plaintext.length / chunkBytes))
      const chunks: Bytes[] = []
      for (let i = 0; i < count; i++) {
        const part = plaintext.subarray(i * chunkBytes, (i + 1) * chunkBytes)
        chunks.push(new Uint8Array(await context.seal(part, chunkAad(agreement, direction, i, i === count - 1))))
      }
      return ok({ enc: new Uint8Array(context.enc), chunks })
    },

    open: async ({ agreement, direction, from, ownPrivate, enc, chunks }) => {
      if (chunks.length === 0) return err({ type: 'sealed-damaged' })
      try {
        const recipientKey = await kem.deserializePrivateKey(ownPrivate)
        const senderPublicKey = await kem.deserializePublicKey(from)
        const context = await suite.createRecipientContext({ recipientKey, senderPublicKey, enc, info })
        const parts: Uint8Array[] = []
        for (const [i, chunk] of chunks.entries())
          parts.push(new Uint8Array(await context.open(chunk, chunkAad(agreement, direction, i, i === chunks.length - 1))))
        return ok(concat(...parts))
      } catch {
        return err({ type: 'sealed-damaged' })
      }
    },
  }
}
