import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/crypto/clock.ts'
import { systemRandom } from '../../../src/crypto/random.ts'
import type { Bytes } from '../../../src/lib/bytes.ts'
import { type Cbor, decodeCanonical, encode } from '../../../src/lib/cbor.ts'
import { openDataFolder } from '../../../src/node/data-folder.ts'
import { parseCommand } from '../../../src/node/options.ts'
import { runRelay } from '../../../src/node/relay.ts'
import { createSetup } from '../../../src/node/setup.ts'

let data: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'edge-net-old-'))
})
afterEach(() => rm(data, { recursive: true, force: true }))

test('a relay whose policy another version wrote says what to do, and changes nothing', async () => {
  const opened = await openDataFolder(data)
  if (!opened.ok) throw new Error(opened.error)
  const store = opened.value
  await createSetup({ store, random: systemRandom, clock: systemClock }, { port: 1, url: undefined, name: 'old', models: [] })
  const record = (await store.get('relay', 'setup')) as Record<string, Cbor>
  const decoded = decodeCanonical(record.policy as Bytes)
  const { policy, sig } = (decoded.ok ? decoded.value : {}) as { policy: Record<string, Cbor>; sig: Bytes }
  const { stampBits: _, ...before } = policy
  const old = { ...record, policy: encode({ policy: before, sig }) }
  await store.commit([{ table: 'relay', key: 'setup', value: old }])
  await store.close()

  const command = parseCommand(['relay', '--data', data], {})
  if (!command.ok || command.value.type !== 'relay') throw new Error('options')
  const started = await runRelay(command.value.options, () => {})
  expect(started).toMatchObject({ ok: false, error: expect.stringContaining('an earlier or a later one wrote it') })
  expect(started).toMatchObject({ error: expect.stringContaining('Nothing was changed, ledger and keys are all there') })
  const again = await openDataFolder(data)
  if (!again.ok) throw new Error(again.error)
  expect(await again.value.get('relay', 'setup')).toEqual(old)
  await again.value.close()
})
