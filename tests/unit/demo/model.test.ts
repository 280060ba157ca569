import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chooseModel, type ModelSources } from '../../../scripts/demo/model.ts'
import type { ModelCard } from '../../../src/tasks/model-card.ts'
import { mini, minilm } from '../../../src/tasks/models.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edge-net-model-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const nobody: ModelSources['fetch'] = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('no such host') }))
const sources = (changes: Partial<ModelSources> = {}): ModelSources => ({
  folders: ['models'],
  hub: 'https://hub.example',
  fetch: nobody,
  scratch: join(folder, 'scratch'),
  ...changes,
})

test('mini comes with the project: nobody is asked', async () => {
  expect(await chooseModel('mini', sources())).toEqual({ name: 'mini', relayArgs: ['--models', resolve('models')] })
})

test('a listed model is taken from the folder that has it', async () => {
  const onnx = join(folder, minilm.repo, minilm.files.at(-1)!.path)
  mkdirSync(join(onnx, '..'), { recursive: true })
  writeFileSync(onnx, 'checked by the mirror and by each browser, not here')
  expect(await chooseModel('minilm', sources({ folders: ['models', folder] }))).toEqual({ name: 'minilm', relayArgs: ['--models', folder] })
})

test('else from the hub, when it answers', async () => {
  const asked: string[] = []
  const answer = (status: number): Partial<ModelSources> => ({
    fetch: async (url) => {
      asked.push(url)
      return { ok: status === 200, status }
    },
  })
  expect(await chooseModel('minilm', sources(answer(200)))).toEqual({ name: 'minilm', relayArgs: [] })
  expect(asked).toEqual([`https://hub.example/${minilm.repo}/resolve/${minilm.revision}/onnx/model_quantized.onnx`])
  await expect(chooseModel('minilm', sources(answer(503)))).rejects.toThrow(/onnx\/model_quantized\.onnx: HTTP 503/)
})

test('where none can be reached it says what it tried and how to give one', async () => {
  const said = await chooseModel('minilm', sources({ folders: ['models', '/elsewhere'] })).catch((error: Error) => error.message)
  for (const part of [`models/${minilm.repo}/`, `/elsewhere/${minilm.repo}/`, 'https://hub.example/', 'no such host', 'EDGE_NET_MODELS'])
    expect(said).toContain(part)
})

test('a name that is none', async () => {
  await expect(chooseModel(join(folder, 'none'), sources())).rejects.toThrow(/neither a model of the list \(mini, minilm\) nor a folder/)
})

test('a folder is hashed and laid out for the mirror, under a name that the list has not', async () => {
  const { name, relayArgs } = await chooseModel('models/edge-net/mini', sources())
  expect(name).toBe('mini-local')
  const card = JSON.parse(readFileSync(relayArgs.at(-1)!, 'utf8')) as ModelCard
  expect(card).toMatchObject({ name, dtype: 'q8', dimension: mini.dimension, tokensMax: mini.tokensMax, pooling: 'mean' })
  expect(card.files).toEqual(mini.files)
  const mirror = relayArgs[relayArgs.indexOf('--models') + 1]!
  for (const file of card.files) {
    const bytes = readFileSync(join(mirror, card.repo, file.path))
    expect([bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([file.bytes, file.sha256])
  }
})

test('what a folder lacks is named', async () => {
  const mine = join(folder, 'My Model')
  cpSync('models/edge-net/mini', mine, { recursive: true })
  mkdirSync(join(mine, '1_Pooling'))
  writeFileSync(join(mine, '1_Pooling/config.json'), '{ "pooling_mode_cls_token": true }')
  const { name, relayArgs } = await chooseModel(mine, sources())
  expect(name).toBe('my-model')
  expect(JSON.parse(readFileSync(relayArgs.at(-1)!, 'utf8'))).toMatchObject({ pooling: 'cls' })

  writeFileSync(join(mine, 'config.json'), '{}')
  await expect(chooseModel(mine, sources({ scratch: join(folder, 'b') }))).rejects.toThrow('names no hidden_size')
  rmSync(join(mine, 'tokenizer.json'))
  await expect(chooseModel(mine, sources({ scratch: join(folder, 'c') }))).rejects.toThrow('no tokenizer.json')
  rmSync(join(mine, 'onnx'), { recursive: true })
  await expect(chooseModel(mine, sources({ scratch: join(folder, 'd') }))).rejects.toThrow('no ONNX file')
})
