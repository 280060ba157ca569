import { describe, expect, it } from 'vitest'
import { certifyDevice, verifyDevice } from '../../../src/identity/device.ts'
import { createNobleSigner, createNobleVerifier, publicKeyOf } from '../../../src/identity/noble.ts'
import { newPhrase, rootSecretFromPhrase } from '../../../src/identity/recovery.ts'
import { fromHex, toHex } from '../../../src/lib/bytes.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'

const zeroPhrase = `${'abandon '.repeat(23)}art`

describe('recovery phrase', () => {
  it('gives 24 words and the same root from the same words, however they are typed', () => {
    const phrase = newPhrase(createSeededRandom(1))
    expect(phrase.split(' ')).toHaveLength(24)
    const root = rootSecretFromPhrase(phrase)
    expect(root.ok && root.value.length).toBe(32)
    expect(rootSecretFromPhrase(`  ${phrase.toUpperCase().replaceAll(' ', '\n ')} `)).toEqual(root)
    expect(rootSecretFromPhrase(newPhrase(createSeededRandom(2)))).not.toEqual(root)
  })

  it('derives as the specification says: HKDF of the BIP-39 seed', () => {
    const root = rootSecretFromPhrase(zeroPhrase)
    expect(root.ok && toHex(root.value)).toBe('fad7b657978267641cb6154a88c52a248bc12040b8ae8b2f974e03113ae4f773')
  })

  it('says what is wrong with a phrase', () => {
    expect(rootSecretFromPhrase('abandon art')).toEqual({ ok: false, error: { type: 'phrase', reason: 'word-count', count: 2 } })
    expect(rootSecretFromPhrase(zeroPhrase.replace('abandon', 'abandom'))).toEqual({
      ok: false,
      error: { type: 'phrase', reason: 'unknown-word', position: 1, word: 'abandom' },
    })
    expect(rootSecretFromPhrase(zeroPhrase.replace('art', 'abandon'))).toEqual({ ok: false, error: { type: 'phrase', reason: 'checksum' } })
  })
})

describe('noble keys', () => {
  const verifier = createNobleVerifier()

  it('signs as RFC 8032 test 1', async () => {
    const secret = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')!
    expect(toHex(publicKeyOf(secret))).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
    const signature = await createNobleSigner(secret).sign(new Uint8Array(0))
    expect(toHex(signature)).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    )
    expect(await verifier.verify(signature, new Uint8Array(0), publicKeyOf(secret))).toBe(true)
    expect(await verifier.verify(signature, new Uint8Array(1), publicKeyOf(secret))).toBe(false)
  })

  it('takes what ZIP-215 takes and stricter engines refuse: a key of small order', async () => {
    const identityPoint = fromHex(`01${'00'.repeat(31)}`)!
    const signature = fromHex(`01${'00'.repeat(63)}`)!
    expect(await verifier.verify(signature, new Uint8Array(3), identityPoint)).toBe(true)
  })

  it('refuses wrong lengths without throwing', async () => {
    expect(await verifier.verify(new Uint8Array(3), new Uint8Array(0), new Uint8Array(32))).toBe(false)
    expect(await verifier.verify(new Uint8Array(64), new Uint8Array(0), new Uint8Array(31))).toBe(false)
  })

  it('certifies a device for one root only', async () => {
    const [root, other] = [1, 2].map((n) => createNobleSigner(createSeededRandom(n).bytes(32)))
    const certificate = await certifyDevice(root!, other!.publicKey)
    expect(await verifyDevice(verifier, certificate)).toBe(true)
    expect(await verifyDevice(verifier, { ...certificate, root: other!.publicKey })).toBe(false)
    expect(await verifyDevice(verifier, { ...certificate, device: root!.publicKey })).toBe(false)
  })
})
