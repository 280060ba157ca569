import { describe, expect, test } from 'vitest'
import { chunkAad, type KemKeyPair } from '../../../src/contract/sealing.ts'
import { createSealer } from '../../../src/crypto/sealing.ts'
import { concat } from '../../../src/lib/bytes.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'

const sealer = createSealer()
const random = createSeededRandom('sealing')
const agreement = random.bytes(32)
const chunkBytes = 1000

const pairs = async (): Promise<{ requester: KemKeyPair; worker: KemKeyPair }> => ({
  requester: await sealer.generateKeyPair(),
  worker: await sealer.generateKeyPair(),
})

const sealed = async (length: number) => {
  const { requester, worker } = await pairs()
  const plaintext = random.bytes(length)
  const result = await sealer.seal({
    agreement,
    direction: 0,
    to: worker.publicKey,
    ownPrivate: requester.privateKey,
    plaintext,
    chunkBytes,
  })
  if (!result.ok) throw new Error('not sealed')
  const request = { agreement, direction: 0 as const, from: requester.publicKey, ownPrivate: worker.privateKey, ...result.value }
  return { requester, worker, plaintext, request }
}

describe('HPKE sealer', () => {
  test.each([0, 1, 999, 1000, 1001, 5000])('what was sealed opens: %i bytes', async (length) => {
    const { plaintext, request } = await sealed(length)
    expect(request.enc).toHaveLength(32)
    expect(request.chunks).toHaveLength(Math.max(1, Math.ceil(length / chunkBytes)))
    for (const chunk of request.chunks) expect(chunk.length).toBeLessThanOrEqual(chunkBytes + 16)
    expect(await sealer.open(request)).toEqual({ ok: true, value: plaintext })
  })

  test('keys are raw 32 bytes', async () => {
    const { requester } = await pairs()
    expect([requester.publicKey.length, requester.privateKey.length]).toEqual([32, 32])
  })

  test('anything altered, moved, cut, foreign or replayed elsewhere is damaged', async () => {
    const { requester, request } = await sealed(3000)
    const { chunks } = request
    const stranger = await sealer.generateKeyPair()
    const flipped = new Uint8Array(chunks[1]!)
    flipped[5]! ^= 1
    const damaged = [
      { ...request, chunks: [chunks[0]!, flipped, chunks[2]!] },
      { ...request, chunks: [chunks[1]!, chunks[0]!, chunks[2]!] },
      { ...request, chunks: chunks.slice(0, 2) },
      { ...request, chunks: chunks.slice(1) },
      { ...request, chunks: [] },
      { ...request, chunks: [...chunks, chunks[2]!] },
      { ...request, direction: 1 as const },
      { ...request, agreement: random.bytes(32) },
      { ...request, from: stranger.publicKey },
      { ...request, ownPrivate: requester.privateKey },
      { ...request, enc: random.bytes(32) },
      { ...request, enc: random.bytes(3) },
      { ...request, from: new Uint8Array(32) },
    ]
    for (const bad of damaged) expect(await sealer.open(bad)).toEqual({ ok: false, error: { type: 'sealed-damaged' } })
  })

  test('a key of low order is refused, not thrown on', async () => {
    const { requester } = await pairs()
    const request = { agreement, direction: 0 as const, ownPrivate: requester.privateKey, plaintext: new Uint8Array(9), chunkBytes }
    expect(await sealer.seal({ ...request, to: new Uint8Array(32) })).toEqual({ ok: false, error: { type: 'bad-key' } })
  })

  test('aad binds every part of a chunk’s place', () => {
    expect(chunkAad(agreement, 1, 0x01020304, true)).toEqual(concat(agreement, new Uint8Array([1, 1, 2, 3, 4, 1])))
  })
})
