/** Embeddings in Node against reference vectors: int8 by bits, float within rounding. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { defaultQuery } from '../../scripts/demo/default-query.ts'
import { knownAnswers } from '../../src/tasks/known-answers.ts'
import { mini, miniF32, minilm } from '../../src/tasks/models.ts'
import { createNodeEngine, modelFolder } from '../support/node-engine.ts'
import { decodeNpy } from '../support/npy.ts'

const engine = createNodeEngine()
const embed = async (model: string, texts: readonly string[]): Promise<Float32Array<ArrayBuffer>> => {
  const embedded = await engine.embed({ model, texts })
  if (!embedded.ok) throw new Error(JSON.stringify(embedded.error))
  return embedded.value.vectors
}
const bitsOf = (vectors: Float32Array): Buffer => Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength)
const farthest = (a: Float32Array, b: Float32Array): number => a.reduce((max, x, i) => Math.max(max, Math.abs(x - (b[i] ?? NaN))), 0)

const texts = readFileSync('scripts/demo/texts.txt', 'utf8').split('\n').filter(Boolean)

describe("the demo's texts", () => {
  test('mini q8: equal bits', async () => {
    const reference = decodeNpy(readFileSync('tests/vectors/demo.mini-q8.npy'))
    expect([reference.rows, reference.columns]).toEqual([texts.length, 96])
    expect(bitsOf(await embed('mini', texts)).equals(bitsOf(reference.values))).toBe(true)
  })

  test('mini f32: within 1e-6', async () => {
    const reference = decodeNpy(readFileSync('tests/vectors/demo.mini-f32.npy'))
    expect([reference.rows, reference.columns]).toEqual([texts.length, 96])
    expect(farthest(await embed('mini-f32', texts), reference.values)).toBeLessThanOrEqual(1e-6)
  })

  test('a vector is a function of its text alone, whatever ran before it', async () => {
    const few = texts.slice(0, 5)
    const together = await embed('mini', few)
    const reversed = await embed('mini', [...few].reverse())
    few.forEach((_, i) => {
      const last = few.length - 1 - i
      expect(together.slice(i * 96, (i + 1) * 96)).toEqual(reversed.slice(last * 96, (last + 1) * 96))
    })
  })

  test('the question that goes with them is answered by the lines about bread', async () => {
    const found = await engine.search(await embed('mini', texts), 96, await embed('mini', [defaultQuery]), 3)
    if (!found.ok) throw new Error(JSON.stringify(found.error))
    expect(found.value[0]?.map(({ row }) => /bread/i.test(texts[row] ?? ''))).toEqual([true, true, true])
  })
})

describe.each([mini, miniF32, minilm])('the known answers of $name', (card) => {
  const missing = modelFolder(card.repo) === undefined
  test.skipIf(missing)(
    `are given here, so that its class is compared by bits${missing ? ' (skipped: the model is not here)' : ''}`,
    async () => {
      expect(await engine.prepare(card.name)).toEqual({ ok: true, value: undefined })
      const { resultClass } = engine.classes().find(({ model }) => model === card.name)!
      expect([resultClass, resultClass in knownAnswers]).toEqual([expect.stringContaining('/wasm/'), true])
    },
  )
})

const corpus = process.env.EDGE_NET_CORPUS
const corpusFile = `${corpus}/packages-2k.jsonl`
const compared = 100

describe.each([
  { model: 'mini', repo: 'edge-net/mini', file: 'packages-2k.mini-q8.npy' },
  { model: 'minilm', repo: 'Xenova/all-MiniLM-L6-v2', file: 'packages-2k.minilm-q8.npy' },
])('package descriptions, $model q8', ({ model, repo, file }) => {
  const vectors = `${process.env.EDGE_NET_MODELS}/vectors/${file}`
  const missing =
    process.env.EDGE_NET_MODELS === undefined || corpus === undefined
      ? 'EDGE_NET_MODELS or EDGE_NET_CORPUS is not set'
      : modelFolder(repo) === undefined
        ? `no model ${repo}`
        : [vectors, corpusFile].filter((path) => !existsSync(path)).map((path) => `${path} is not there`)[0]
  test.skipIf(missing !== undefined)(
    `equal bits in the first ${compared}${missing === undefined ? '' : ` (skipped: ${missing})`}`,
    async () => {
      const described = readFileSync(corpusFile, 'utf8')
        .split('\n')
        .slice(0, compared)
        .map((line) => (JSON.parse(line) as { readonly text: string }).text)
      const reference = decodeNpy(readFileSync(vectors))
      const made = await embed(model, described)
      expect(bitsOf(made).equals(bitsOf(reference.values.subarray(0, made.length)))).toBe(true)
    },
  )
})
