import { expect, test } from 'vitest'
import { createInbox } from '../../../src/agent/inbox.ts'
import type { Membership } from '../../../src/agent/deps.ts'
import { signMessage } from '../../../src/contract/signed.ts'
import { createNobleSigner, createNobleVerifier } from '../../../src/identity/noble.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { decodeCanonical, encode } from '../../../src/lib/cbor.ts'
import { createManualClock } from '../../../src/lib/clock.ts'

const [me, worker] = [createNobleSigner(sha256(utf8('me'))), createNobleSigner(sha256(utf8('worker')))]
const swarm = sha256(utf8('swarm'))
const clock = createManualClock(1_700_000_000_000)
const open = () => {
  const blamed: string[] = []
  const network = { blame: (_: string, why: string) => blamed.push(why) }
  const member = { network, link: { swarm }, device: { device: me.publicKey } } as unknown as Membership
  const inbox = createInbox({ clock, verifier: createNobleVerifier() }, member)
  return { blamed, receive: (bytes: Uint8Array<ArrayBuffer>) => inbox.receive(toHex(worker.publicKey), bytes, false) }
}
const body = { agreement: swarm, outputHash: swarm, bytes: 1, resultClass: 'a/q8/wasm/b', busyMs: 1 }
const result = (to: Uint8Array<ArrayBuffer> | null) =>
  signMessage(worker, { kind: 'result', swarm, to, expires: clock.now() + 60_000, body } as Parameters<typeof signMessage>[1])

test('a result may come again as it was signed, and not with another signature, which its id does not name', async () => {
  const { receive } = open()
  const { bytes } = await result(me.publicKey)
  expect(await receive(bytes)).toBeDefined()
  expect(await receive(bytes)).toBeDefined()
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok) throw new Error('not CBOR')
  expect(await receive(encode({ ...(decoded.value as object), sig: new Uint8Array(64) }))).toBeUndefined()
})

test('only a sow is to nobody: what is to nobody else could be shown to anyone as if it had been to them', async () => {
  const { receive, blamed } = open()
  const { bytes } = await result(null)
  expect([await receive(bytes), blamed]).toEqual([undefined, ['result to nobody']])
})
