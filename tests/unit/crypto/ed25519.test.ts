import { describe, expect, test } from 'vitest'
import { createCryptoKeySigner, createWebCryptoVerifier, generateDeviceKey } from '../../../src/crypto/ed25519.ts'
import type { Verifier } from '../../../src/identity/keys.ts'
import { createNobleSigner, createNobleVerifier } from '../../../src/identity/noble.ts'
import { fromHex, utf8 } from '../../../src/lib/bytes.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'

const message = utf8('a message')

/** Remembers whether it was asked. */
const fallback = (): Verifier & { asked: number } => {
  const noble = createNobleVerifier()
  const self = {
    asked: 0,
    verify: (...args: Parameters<Verifier['verify']>) => {
      self.asked++
      return noble.verify(...args)
    },
  }
  return self
}

describe('WebCrypto Ed25519', () => {
  test('what the device key signs both verifiers accept; native ones alone where they do', async () => {
    const { privateKey, publicKey } = await generateDeviceKey()
    const signature = await createCryptoKeySigner(privateKey, publicKey).sign(message)
    const second = fallback()
    expect(await createWebCryptoVerifier(second).verify(signature, message, publicKey)).toBe(true)
    expect(second.asked).toBe(0)
    expect(await createNobleVerifier().verify(signature, message, publicKey)).toBe(true)
  })

  test('the device key cannot be exported', async () => {
    const { privateKey } = await generateDeviceKey()
    expect(privateKey.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('pkcs8', privateKey)).rejects.toThrow()
  })

  test('what is refused natively the fallback decides, and a wrong signature stays wrong', async () => {
    const signer = createNobleSigner(createSeededRandom('signer').bytes(32))
    const signature = await signer.sign(message)
    const second = fallback()
    expect(await createWebCryptoVerifier(second).verify(signature, utf8('another'), signer.publicKey)).toBe(false)
    expect(second.asked).toBe(1)
    for (const [sig, key] of [
      [new Uint8Array(3), signer.publicKey],
      [signature, new Uint8Array(5)],
    ] as const)
      expect(await createWebCryptoVerifier(second).verify(sig, message, key)).toBe(false)
  })

  test('a key counts whether it was heard of just now or more keys ago than are kept', async () => {
    const second = fallback()
    const webCrypto = createWebCryptoVerifier(second)
    const signers = Array.from({ length: 300 }, (_, i) => createNobleSigner(createSeededRandom(i).bytes(32)))
    for (const signer of [...signers, signers[0]!])
      expect(await webCrypto.verify(await signer.sign(message), message, signer.publicKey)).toBe(true)
    expect(await webCrypto.verify(await signers[1]!.sign(message), message, signers[0]!.publicKey)).toBe(false)
    expect(second.asked).toBe(1)
  })

  test('a signature that only ZIP-215 accepts is accepted', async () => {
    // A key of small order (its point's y is −1, order 2) with R the neutral element and s = 0: valid under ZIP-215 for any message where the cofactored equation holds.
    const key = fromHex('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f')!
    const signature = fromHex('0100000000000000000000000000000000000000000000000000000000000000' + '00'.repeat(32))!
    const second = fallback()
    expect(await createWebCryptoVerifier(second).verify(signature, message, key)).toBe(true)
    expect(await createNobleVerifier().verify(signature, message, key)).toBe(true)
  })
})
