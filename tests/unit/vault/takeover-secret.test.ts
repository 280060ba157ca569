/** The root key's secret is in memory only while it signs, however a takeover ends. */
import { expect, test, vi } from 'vitest'
import type * as recovery from '../../../src/identity/recovery.ts'
import { fromHex } from '../../../src/lib/bytes.ts'
import { createMemorySwarm } from '../../support/memory-agents.ts'

const secrets: Uint8Array[] = []
vi.mock('../../../src/identity/recovery.ts', async (original) => {
  const real = await original<typeof recovery>()
  const rootSecretFromPhrase: typeof real.rootSecretFromPhrase = (phrase) => {
    const secret = real.rootSecretFromPhrase(phrase)
    if (secret.ok) secrets.push(secret.value)
    return secret
  }
  return { ...real, rootSecretFromPhrase }
})

test('the secret is wiped where there is no swarm to take over in', async () => {
  const swarm = await createMemorySwarm('wiped')
  const member = await swarm.join('one')
  const words = (await member.vault.phraseWords())!.join(' ')
  await member.vault.leaveSwarm()
  secrets.length = 0
  expect(await member.vault.takeOver(fromHex(member.id)!, words)).toEqual({ ok: false, error: { type: 'no-swarm' } })
  expect(await member.vault.carryOver(fromHex(member.id)!, words)).toEqual({ ok: false, error: { type: 'no-swarm' } })
  expect(secrets.map((secret) => secret.some((byte) => byte !== 0))).toEqual([false, false])
})
