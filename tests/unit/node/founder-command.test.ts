/** What a founder says to running relays from the command line, and what they do with it. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/crypto/clock.ts'
import { systemRandom } from '../../../src/crypto/random.ts'
import { parseLink } from '../../../src/economy/link-codec.ts'
import { openNotice } from '../../../src/economy/notice-codec.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { noticeFile, noticeLockFile, witnessFolder } from '../../../src/node/data-folder.ts'
import { askOfIssuer, giveNotice } from '../../../src/node/founder-command.ts'
import { parseCommand } from '../../../src/node/options.ts'
import { runRelay, type RunningRelay } from '../../../src/node/relay.ts'
import { createSwarm } from '../../../src/node/swarm-create.ts'
import { connectPeer } from '../../support/relay-process.ts'
import { closed, listening, portOf } from '../../support/ports.ts'
import { createPerson, signerOf } from '../ledger/fixtures.ts'

const deps = { clock: systemClock, random: systemRandom }
let data: string
let port: number
const undo: (() => unknown)[] = []
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'edge-net-founder-'))
  undo.push(() => rm(data, { recursive: true, force: true }))
  const probe = await listening()
  port = portOf(probe)
  await closed(probe)
})
afterEach(async () => {
  for (const action of undo.splice(0).reverse()) await action()
})

const log: string[] = []
const start = async (...args: string[]): Promise<RunningRelay> => {
  const command = parseCommand(['relay', '--data', data, ...args], {})
  if (!command.ok || command.value.type !== 'relay') throw new Error(JSON.stringify(command))
  const started = await runRelay(command.value.options, (line) => void log.push(line))
  if (!started.ok) throw new Error(started.error)
  let open = true
  const close = async (): Promise<void> => {
    if (open) await started.value.close()
    open = false
  }
  undo.push(close)
  return { ...started.value, close }
}
const say = async (...args: string[]): Promise<readonly string[] | string> => {
  const command = parseCommand([...args, '--data', data], {})
  if (!command.ok) return command.error
  const { value } = command
  if (value.type === 'invite') {
    const done = await askOfIssuer(deps, value.options.data, value.options.order)
    return done.ok ? done.value : done.error
  }
  if (value.type !== 'notice') throw new Error(value.type)
  const { change, take } = value.options
  const done = await giveNotice(deps, data, take !== undefined ? { take } : change ? { change } : { show: true })
  return done.ok ? done.value : done.error
}

test('one relay: a running one signs, tells who comes, and has it after a restart; an invite is made, listed and revoked', async () => {
  const relay = await start('--port', String(port))
  expect(await say('notice')).toContain('as the policy says; no notice yet')
  const eve = toHex(signerOf('eve').publicKey)
  expect(await say('notice', '--price', '0.08', '--block', eve)).toEqual(
    expect.arrayContaining(['notice 1', 'price of a text of up to 128 tokens: 0.08 credits', `blocked: ${eve}`]),
  )
  expect(log.join()).toContain('notice 1')
  const peer = await connectPeer(relay.link, await createPerson('ana'))
  undo.push(peer.close)
  const { bytes } = await peer.ask(['notice?', { version: 0, hash: peer.link.swarm, contradicted: false }], 'notice')
  expect(openNotice(bytes)).toMatchObject({ ok: true, value: { notice: { version: 1, prices: { embedding: 80_000 } } } })

  const [made] = (await say('invite', 'create', '--uses', '3')) as string[]
  const link = parseLink(made!)
  expect(link).toMatchObject({ ok: true, value: { relays: [`ws://127.0.0.1:${port}`] } })
  expect((await say('invite', 'list')) as string[]).toHaveLength(2)
  expect(await say('invite', 'revoke', made!)).toEqual([expect.stringContaining('revoked')])
  expect(((await say('invite', 'list')) as string[]).filter((line) => line.includes('revoked'))).toHaveLength(1)
  expect(await say('invite', 'revoke', '00'.repeat(16))).toBe('there is no such invite')
  expect(await readdir(join(data, 'orders'))).toEqual([])

  await relay.close()
  await start()
  expect(await say('notice')).toContain('notice 1')
}, 60_000)

test('four witnesses: signed where the founder’s key is, and one relay that runs tells the others', async () => {
  const swarm = join(data, 'swarm')
  const command = parseCommand(['swarm', 'create', '--witnesses', '4', '--data', swarm, '--port', String(port)], {})
  if (!command.ok || command.value.type !== 'swarm-create') throw new Error(JSON.stringify(command))
  const link = await createSwarm(deps, command.value.options, [])
  if (!link.ok) throw new Error(link.error)
  data = swarm
  await start('--witness', '1/4')
  await start('--witness', '2/4')
  const said = (await say('notice', '--price', '0.1', '--relay', 'wss://more.example')) as string[]
  expect(said).toEqual(
    expect.arrayContaining(['notice 1', 'relays named: wss://more.example', 'witness 1: notice 1', 'witness 2: notice 1']),
  )
  // The others are not running: theirs lies in their folders for their start.
  expect(said.filter((line) => line.includes('when it starts'))).toHaveLength(2)
  expect(openNotice(await readFile(join(swarm, noticeFile)))).toMatchObject({ value: { notice: { version: 1 } } })
  await rm(join(swarm, 'witness-3', 'orders'), { recursive: true })
  await start('--witness', '3/4')
  const peer = await connectPeer(link.value, await createPerson('ana'), { relays: [`ws://127.0.0.1:${port + 2}`] })
  undo.push(peer.close)
  const heard = await peer.hear('notice?', ({ version }) => version === 1)
  expect(heard.contradicted).toBe(false)
}, 60_000)

test('two that run at once never sign two notices of one version', async () => {
  const swarm = join(data, 'swarm')
  const command = parseCommand(['swarm', 'create', '--witnesses', '1', '--data', swarm, '--port', String(port)], {})
  if (!command.ok || command.value.type !== 'swarm-create') throw new Error(JSON.stringify(command))
  expect(await createSwarm(deps, command.value.options, [])).toMatchObject({ ok: true })
  await rm(witnessFolder(swarm, 1), { recursive: true })
  data = swarm
  const prices = ['0.08', '0.09', '0.1']
  const said = await Promise.all(prices.map((price) => say('notice', '--price', price)))
  const signed = said.flatMap((lines) => (typeof lines === 'string' ? [] : [lines[0]]))
  expect(signed).toContain('notice 1')
  expect(new Set(signed).size).toBe(signed.length)
  for (const refused of said) if (typeof refused === 'string') expect(refused).toContain('another `notice` is signing')
  const next = `notice ${signed.length + 1}`
  await writeFile(join(swarm, noticeLockFile), '')
  expect(await say('notice', '--price', '0.2')).toContain(`remove ${join(swarm, noticeLockFile)}`)
  await rm(join(swarm, noticeLockFile))
  expect(await say('notice', '--price', '0.2')).toContain(next)
  expect(await readdir(swarm)).not.toContain(noticeLockFile)
}, 60_000)

test.each([
  [['notice', '--price', '0'], '--price: 0 is no amount'],
  [['notice', '--price', '1e3'], '--price: 1e3 is no amount'],
  [['notice', '--block', 'eve'], '--block: eve is no account'],
  [['notice', '--relay', 'http://x'], '--relay: http://x is neither'],
  [['notice', '--grant', '5'], '--grant: does not belong to `notice`'],
  [['notice', 'now'], 'unexpected argument: now'],
  [['notice', '--take', 'x', '--price', '1'], '--take: a notice that is signed'],
  [['invite'], 'invite: list, create or revoke'],
  [['invite', 'list', '--uses', '3'], '--uses: belongs to `invite create`'],
  [['invite', 'revoke', 'edgenet:1:x'], 'invite revoke: give its link'],
  [['relay', '--price', '1'], '--price: belongs to `notice`'],
  [['swarm', 'create', '--uses', '1'], '--uses: belongs to `invite`'],
])('%j is refused: %s', (args, why) => {
  expect(parseCommand(args, {})).toMatchObject({ ok: false, error: expect.stringContaining(why) })
})

test('where no relay is, or none runs, that is said', async () => {
  expect(await say('invite', 'list')).toContain('there is no relay in')
}, 30_000)
