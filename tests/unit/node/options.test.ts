import { homedir } from 'node:os'
import { expect, test } from 'vitest'
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
  ).toEqual({ data: '/d', port: 9000, models: ['/m', '/n', '/e'], modelCards: ['/c.json'], url: 'wss://r.example', name: 'Lab' })
})

test.each([
  [[], 'no command'],
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
])('%j is refused', (args, why) => {
  const parsed = parseCommand(args, {})
  expect(parsed.ok ? '' : parsed.error).toContain(why)
})

test('help wins', () => expect(parseCommand(['relay', '--help'], {})).toEqual({ ok: true, value: { type: 'help' } }))
