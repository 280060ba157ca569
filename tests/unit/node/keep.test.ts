/** `--keep`: only where another relay may have what this one drops. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/crypto/clock.ts'
import { systemRandom } from '../../../src/crypto/random.ts'
import { parseCommand } from '../../../src/node/options.ts'
import { runRelay } from '../../../src/node/relay.ts'
import { createSwarm } from '../../../src/node/swarm-create.ts'
import { closed, listening, portOf } from '../../support/ports.ts'

let data: string
let port: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'edge-net-keep-'))
  const probe = await listening()
  port = String(portOf(probe))
  await closed(probe)
})
afterEach(() => rm(data, { recursive: true, force: true }))

/** Started and stopped; or why not. */
const start = async (...args: string[]): Promise<string> => {
  const command = parseCommand(['relay', '--data', data, ...args], {})
  if (!command.ok || command.value.type !== 'relay') throw new Error(JSON.stringify(command))
  const started = await runRelay(command.value.options, () => {})
  if (!started.ok) return started.error
  await started.value.close()
  return 'started'
}
const createdSwarm = async (witnesses: string): Promise<void> => {
  const command = parseCommand(['swarm', 'create', '--witnesses', witnesses, '--data', data, '--port', port], {})
  if (!command.ok || command.value.type !== 'swarm-create') throw new Error(JSON.stringify(command))
  expect(await createSwarm({ clock: systemClock, random: systemRandom }, command.value.options, [])).toMatchObject({ ok: true })
}
const refused = expect.stringContaining('--keep: this relay is the only one of its swarm')

test('a relay that is alone drops nothing, neither at its first start nor later', async () => {
  expect(await start('--port', port, '--keep', '2')).toEqual(refused)
  expect(await start('--port', port)).toBe('started')
  expect(await start('--keep', '2')).toEqual(refused)
  expect(await start('--keep', 'all')).toBe('started')
}, 60_000)

test.each([
  ['1', refused],
  ['4', 'started'],
])(
  'of a swarm of %s that was made with witnesses',
  async (witnesses, said) => {
    await createdSwarm(witnesses)
    expect(await start('--witness', `1/${witnesses}`, '--keep', '2')).toEqual(said)
  },
  60_000,
)
