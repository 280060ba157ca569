/** Our WordPiece against the Rust tokenizer: every text of the vectors, every id. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createTokenizer, type Tokenizer } from '../../src/engine/wordpiece.ts'

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
const open = (folder: string, tokensMax: number): Tokenizer => {
  const made = createTokenizer(json(`${folder}/tokenizer.json`), json(`${folder}/tokenizer_config.json`), tokensMax)
  if (!made.ok) throw new Error(made.error)
  return made.value
}
const lines = (path: string): { readonly text: string; readonly ids: readonly number[] }[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { text: string; ids: number[] })

const check = (folder: string, tokensMax: number, vectors: string): void => {
  const tokenizer = open(folder, tokensMax)
  const cases = lines(vectors)
  expect(cases.length).toBe(663)
  const wrong = cases.filter(({ text, ids }) => String([...tokenizer.encode(text).ids]) !== String(ids))
  expect(wrong.map(({ text, ids }) => ({ text, ids, ours: [...tokenizer.encode(text).ids] }))).toEqual([])
}

test('mini: equal to the reference on all 663 texts', () => check('models/edge-net/mini', 256, 'tests/vectors/mini-tokens.jsonl'))

const models = process.env.EDGE_NET_MODELS
const folder = `${models}/Xenova/all-MiniLM-L6-v2`
const vectors = `${models}/vectors/minilm-tokens.jsonl`
const missing =
  models === undefined ? 'EDGE_NET_MODELS is not set' : [folder, vectors].filter((p) => !existsSync(p)).map((p) => `${p} is not there`)[0]
describe.skipIf(missing !== undefined)(`minilm${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  test('equal to the reference on all 663 texts', () => check(folder, 512, vectors))
})

describe('what the vectors do not reach', () => {
  const tokenizer = open('models/edge-net/mini', 256)
  test('a text is cut at the limit and said so', () => {
    const { ids, truncated } = tokenizer.encode('bread '.repeat(300))
    expect([ids.length, ids[0], ids.at(-1), truncated]).toEqual([256, 2, 3, true])
    expect(tokenizer.encode('bread '.repeat(254)).truncated).toBe(false)
    expect(tokenizer.encode('bread '.repeat(255)).truncated).toBe(true)
  })
  test('a character that no form reaches does not break a word of a hundred', () =>
    expect([...tokenizer.encode('\u0301').ids]).toEqual([2, 3]))
  test('lone surrogates are dropped', () => expect([...tokenizer.encode('a\ud800b').ids]).toEqual([...tokenizer.encode('ab').ids]))
  test('a file that is not a tokenizer is refused with the place', () => {
    expect(createTokenizer({}, {}, 10)).toMatchObject({ ok: false, error: expect.stringContaining('tokenizer.json') })
  })
})
