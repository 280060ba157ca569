import { homedir } from 'node:os'
import { expect, test } from 'vitest'
import { fromHex } from '../../../src/lib/bytes.ts'
import { parseCommand } from '../../../src/node/options.ts'

const options = (args: string[], env = {}) => {
  const parsed = parseCommand(['relay', ...args], env)
  if (!parsed.ok || parsed.value.type !== 'relay') throw new Error(JSON.stringify(parsed))
  return parsed.value.options
}

test('nothing needs to be given', () => {
  expect(options([])).toEqual({
    data: `${homedir()}/.local/share/edge-net/relay`,
    port: undefined,
    models: [],
    modelCards: [],
    url: undefined,
    name: undefined,
    sponsors: [],
    referrers: [],
    trustProxy: false,
    judgeResults: false,
    keepDays: 'all',
  })
  expect(options([], { XDG_DATA_HOME: '/x' }).data).toBe('/x/edge-net/relay')
})

test('everything can be', () => {
  expect(
    options(
      [
        '--data',
        '/d',
        '--port',
        '9000',
        '--models',
        '/m',
        '--models',
        '/n',
        '--model-card',
        '/c.json',
        '--url',
        'wss://r.example',
        '--name',
        ' Lab ',
      ],
      {
        EDGE_NET_MODELS: '/e',
      },
    ),
  ).toEqual({
    data: '/d',
    port: 9000,
    models: ['/m', '/n', '/e'],
    modelCards: ['/c.json'],
    url: 'wss://r.example',
    name: 'Lab',
    sponsors: [],
    referrers: [],
    trustProxy: false,
    judgeResults: false,
    keepDays: 'all',
  })
  const [one, two] = ['ab'.repeat(32), 'cd'.repeat(32)]
  expect(options(['--sponsor', one, '--sponsor', two, '--referrer', two])).toMatchObject({
    sponsors: [fromHex(one), fromHex(two)],
    referrers: [fromHex(two)],
  })
  expect(options(['--judge-results']).judgeResults).toBe(true)
  expect(options(['--keep', '90']).keepDays).toBe(90)
  expect(options(['--keep', 'all']).keepDays).toBe('all')
})

const created = (args: string[]) => {
  const parsed = parseCommand(['swarm', 'create', ...args], {})
  if (!parsed.ok || parsed.value.type !== 'swarm-create') throw new Error(JSON.stringify(parsed))
  return parsed.value.options
}

test('a swarm of several witnesses: on this machine, or where each is said to be', () => {
  const here = { data: '/d', witnesses: 4, name: 'Edge-Net swarm', urls: [], port: 8787, modelCards: [], policy: { kind: 'private' } }
  expect(created(['--witnesses', '4', '--data', '/d'])).toEqual(here)
  const urls = ['wss://a.example', 'wss://b.example', 'wss://c.example', 'wss://d.example']
  expect(
    created(['--witnesses', '4', '--data', '/d', '--name', ' Lab ', '--port', '9000', ...urls.flatMap((url) => ['--url', url])]),
  ).toEqual({ ...here, name: 'Lab', port: 9000, urls })
  expect(options(['--witness', '2/4', '--data', '/d', '--port', '9000'])).toMatchObject({
    data: '/d',
    port: 9000,
    witness: { place: 2, of: 4 },
  })
})

test('a swarm’s policy: its kind, and what differs from its defaults', () => {
  const made = (args: string[]) => {
    const { policy, budgetMicro } = created(['--witnesses', '1', '--data', '/d', ...args])
    return { ...policy, budgetMicro }
  }
  expect(made(['--kind', 'public', '--budget', '500'])).toEqual({ kind: 'public', budgetMicro: 500_000_000 })
  expect(made(['--grants', '10', '--grant', '0', '--stamp-bits', '12'])).toEqual({
    kind: 'private',
    budgetMicro: undefined,
    succeeds: undefined,
    grantsMicro: 10_000_000,
    grantMicro: 0,
    stampBits: 12,
  })
  expect(made(['--kind', 'public', '--stake', '20', '--unlock', '90'])).toMatchObject({ stakeMicro: 20_000_000, unlockMs: 90_000 })
})

test('an account that this witness finds is to be closed', () => {
  const key = 'ab'.repeat(32)
  const closing = (...args: string[]) => parseCommand(['verdict', 'close', key, ...args], { XDG_DATA_HOME: '/x' })
  expect(closing('--reason', 'malicious')).toEqual({
    ok: true,
    value: {
      type: 'verdict-close',
      options: { data: '/x/edge-net/relay', witness: undefined, target: fromHex(key), reason: 'Malicious' },
    },
  })
  expect(closing('--reason', 'sybil-attack', '--data', '/d', '--witness', '2/4')).toMatchObject({
    value: { options: { data: '/d', witness: { place: 2, of: 4 }, reason: 'SybilAttack' } },
  })
})

test.each([
  [['verdict'], 'unknown command: verdict'],
  [['verdict', 'open'], 'unknown command: verdict open'],
  [['verdict', 'close'], 'no account'],
  [['verdict', 'close', 'ab', '--reason', 'malicious'], 'ab: give the account'],
  [['verdict', 'close', 'ab'.repeat(32)], '--reason'],
  [['verdict', 'close', 'ab'.repeat(32), '--reason', 'spam'], '--reason: spam'],
  [['verdict', 'close', 'ab'.repeat(32), 'more', '--reason', 'malicious'], 'unexpected argument: more'],
  [['verdict', 'close', 'ab'.repeat(32), '--reason', 'malicious', '--port', '1'], '--port: does not belong'],
  [['relay', '--reason', 'malicious'], '--reason: belongs to `verdict close`'],
  [[], 'no command'],
  [['relay', '--sponsor', 'ab'], '--sponsor: ab is no account'],
  [['relay', '--keep', '1'], '--keep: 1 is neither all nor a number of days from 2 on'],
  [['relay', '--kind', 'public'], '--kind: belongs to `swarm create`'],
  [['swarm', 'create', '--witnesses', '1', '--data', '/d', '--kind', 'open'], '--kind: open'],
  [['swarm', 'create', '--witnesses', '1', '--data', '/d', '--budget', '1.5'], '--budget: 1.5'],
  [['swarm', 'create', '--witnesses', '1', '--data', '/d', '--stake', '0.5'], '--stake: 0.5'],
  [['swarm', 'create', '--witnesses', '1', '--data', '/d', '--unlock', '1.5'], '--unlock: 1.5'],
  [['relay', '--unlock', '60'], '--unlock: belongs to `swarm create`'],
  [['swarm', 'create', '--witnesses', '1', '--data', '/d', '--stamp-bits', '23'], '--stamp-bits: 23'],
  [['swarm', 'create', '--witnesses', '1', '--data', '/d', '--sponsor', 'x'], '--sponsor: belongs to `relay`'],
  [['swarm'], 'unknown command: swarm'],
  [['relay', 'more'], 'unexpected argument'],
  [['relay', '--nonsense'], '--nonsense'],
  [['relay', '--port', '0'], '--port'],
  [['relay', '--port', '65536'], '--port'],
  [['relay', '--port', '1e3'], '--port'],
  [['relay', '--port'], '--port'],
  [['relay', '--url', 'ws://relay.example'], '--url'],
  [['relay', '--url', 'wss://relay.example/'], '--url'],
  [['relay', '--url', 'https://relay.example'], '--url'],
  [['relay', '--name', ' '], '--name'],
  [['relay', '--url', 'wss://a.example', '--url', 'wss://b.example'], '--url: one address'],
  [['relay', '--witnesses', '4'], '--witnesses: belongs to'],
  [['relay', '--witness', '1/4'], 'needs the folder of the swarm'],
  [['relay', '--witness', '5/4', '--data', '/d'], '--witness: 5/4'],
  [['relay', '--witness', '0/4', '--data', '/d'], '--witness: 0/4'],
  [['relay', '--witness', '1', '--data', '/d'], '--witness: 1 is not'],
  [['relay', '--witness', '1/4', '--data', '/d', '--url', 'wss://a.example'], '--url: was settled'],
  [['relay', '--witness', '1/4', '--data', '/d', '--name', 'x'], '--name: was settled'],
  [['swarm', 'destroy'], 'unknown command: swarm destroy'],
  [['swarm', 'create', 'more'], 'unexpected argument: more'],
  [['swarm', 'create', '--data', '/d'], '--witnesses: how many'],
  [['swarm', 'create', '--witnesses', '4'], '--data'],
  [['swarm', 'create', '--witnesses', '0', '--data', '/d'], '--witnesses: 0 is not'],
  [['swarm', 'create', '--witnesses', '3', '--data', '/d'], '--witnesses: 3 is not'],
  [['swarm', 'create', '--witnesses', '10', '--data', '/d'], '--witnesses: 10 is not'],
  [['swarm', 'create', '--witnesses', '4', '--data', '/d', '--url', 'wss://a.example'], '1 of them for 4'],
  [['swarm', 'create', '--witnesses', '4', '--data', '/d', '--port', '65533'], 'end beyond 65535'],
  [['swarm', 'create', '--witnesses', '1', '--data', '/d', '--witness', '1/1'], '--witness: belongs to'],
])('%j is refused', (args, why) => {
  const parsed = parseCommand(args, {})
  expect(parsed.ok ? '' : parsed.error).toContain(why)
})

test('help wins', () => expect(parseCommand(['relay', '--help'], {})).toEqual({ ok: true, value: { type: 'help' } }))
