import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expiryAheadMsMax, parseMessage, signMessage, verifyMessage } from '../../../src/contract/signed.ts'
import { createNobleSigner, createNobleVerifier } from '../../../src/identity/noble.ts'
import { sha256, utf8 } from '../../../src/lib/bytes.ts'

const now = 1_700_000_000_000
const signer = createNobleSigner(sha256(utf8('worker')))
const self = createNobleSigner(sha256(utf8('requester'))).publicKey
const swarm = sha256(utf8('swarm'))
const made = signMessage(signer, { kind: 'countersign', swarm, to: self, expires: now + 1000, body: { agreement: sha256(utf8('a')) } })
const context = { verifier: createNobleVerifier(), swarm, self, now }

test('what was signed is read back and verifies', async () => {
  const { bytes, id } = await made
  const parsed = parseMessage(bytes)
  expect(parsed.ok && parsed.value.id).toEqual(id)
  expect(parsed.ok && (await verifyMessage(parsed.value, context))).toEqual({ ok: true, value: undefined })
})

test('another swarm, addressee or time is refused with its reason', async () => {
  const parsed = parseMessage((await made).bytes)
  if (!parsed.ok) throw new Error('unreadable')
  const verdict = async (other: Partial<typeof context>) => (await verifyMessage(parsed.value, { ...context, ...other })) as { error?: { type: string } }
  expect((await verdict({ swarm: sha256(utf8('other')) })).error?.type).toBe('wrong-swarm')
  expect((await verdict({ self: signer.publicKey })).error?.type).toBe('not-addressed-to-me')
  expect((await verdict({ now: now + 10 * 60_000 })).error?.type).toBe('expired')
  expect((await verdict({ now: now - 2 * expiryAheadMsMax })).error?.type).toBe('expires-too-late')
})

test('whatever bit is turned over, it is refused and nothing throws', async () => {
  const { bytes } = await made
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const changed = bytes.slice()
      changed[at]! ^= mask
      const parsed = parseMessage(changed)
      if (parsed.ok) expect((await verifyMessage(parsed.value, context)).ok).toBe(false)
    }),
    { numRuns: 60 },
  )
})

test('random bytes are refused', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void expect(parseMessage(bytes).ok).toBe(false)))
})
