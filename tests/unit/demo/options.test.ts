import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseOptions } from '../../../scripts/demo/options.ts'

const cwd = '/somewhere'
const parse = (...args: string[]) => parseOptions(args, {}, cwd)

test('with nothing said, mini and its own texts', () => {
  expect(parse()).toEqual({
    texts: undefined,
    queries: [],
    k: 10,
    model: 'mini',
    models: undefined,
    out: undefined,
    json: false,
    headed: false,
    liar: false,
  })
})

test('queries add up, and paths are those of the folder one is in', () => {
  const said = parse('--texts', 'a.txt', '--query', 'one', '--query', 'two', '--k', '3', '--out', 'out', '--model', 'my/model', '--liar')
  expect(said).toMatchObject({
    texts: '/somewhere/a.txt',
    queries: ['one', 'two'],
    k: 3,
    out: '/somewhere/out',
    model: '/somewhere/my/model',
  })
  const env = { npm_lifecycle_event: 'demo', INIT_CWD: '/here', EDGE_NET_MODELS: '../models' }
  expect(parseOptions(['--texts', 'a.txt', '--model', 'minilm'], env, cwd)).toMatchObject({
    texts: resolve('/here/a.txt'),
    model: 'minilm',
    models: '/models',
  })
  // Another script's folder is not this one's.
  expect(parseOptions(['--texts', 'a.txt'], { ...env, npm_lifecycle_event: 'test' }, cwd)).toMatchObject({ texts: '/somewhere/a.txt' })
})

test.each([
  [['--k', '0'], '--k 0'],
  [['--k', 'many'], '--k many'],
  [['--k', '1.5'], '--k 1.5'],
  [['--query', ' '], '--query'],
  [['--frob'], "Unknown option '--frob'"],
  [['--texts'], "Option '--texts <value>' argument missing"],
  [['file.txt'], 'file.txt'],
])('%j is refused and named', (args, named) => {
  const said = parse(...args)
  expect(said).toHaveProperty('error')
  expect((said as { error: string }).error).toContain(named)
})

test('help is help, whatever else is said', () => {
  expect(parse('--help', '--k', '0')).toBe('help')
})
