import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseLink } from '../../../src/economy/link-codec.ts'
import { parseSignedPolicy } from '../../../src/economy/policy-codec.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { policyFile } from '../../../src/node/data-folder.ts'
import { parseCommand } from '../../../src/node/options.ts'
import { createSwarm } from '../../../src/node/swarm-create.ts'

let data: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'edge-net-'))
})
afterEach(() => rm(data, { recursive: true }))

const made = async (...args: string[]) => {
  const command = parseCommand(['swarm', 'create', '--witnesses', '1', '--data', join(data, 'swarm'), ...args], {})
  if (!command.ok || command.value.type !== 'swarm-create') throw new Error(JSON.stringify(command))
  const text = await createSwarm({ random: createSeededRandom(1), clock: createManualClock() }, command.value.options, [])
  const link = text.ok && parseLink(text.value)
  const signed = parseSignedPolicy(await readFile(join(data, 'swarm', policyFile)))
  if (!link || !link.ok || !signed.ok) throw new Error('no swarm')
  return { link: link.value, policy: signed.value.policy }
}

test('a private swarm is joined by its secret and an invite', async () => {
  const { link, policy } = await made('--grant', '7')
  expect(policy).toMatchObject({ kind: 'private', grantMicro: 7_000_000, issuance: { budgetMicro: 0 } })
  expect(link.secret).toHaveLength(32)
  expect(link.invite).toHaveLength(16)
})

test('a public one by its name alone, and issues within the budget that was said', async () => {
  const { link, policy } = await made('--kind', 'public', '--budget', '50')
  expect(policy).toMatchObject({ kind: 'public', grantsMicro: 0, issuance: { budgetMicro: 50_000_000, decayCpuSeconds: 3_600_000_000 } })
  expect([link.secret, link.invite]).toEqual([null, null])
})
