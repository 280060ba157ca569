/** What a relay judges results with: the bits that workers have, of the models that lie in its folders. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createJudgingEngine } from '../../../src/node/judging-engine.ts'
import { parseCommand } from '../../../src/node/options.ts'
import { runRelay } from '../../../src/node/relay.ts'
import { mini } from '../../../src/tasks/models.ts'
import { createNodeEngine } from '../../support/node-engine.ts'
import { closed, listening, portOf } from '../../support/ports.ts'

const texts = ['one text', 'another, longer one', 'bread '.repeat(300)]

test('equal bits and the same class as a worker has; what does not lie here, or is another file, is named and not judged', async () => {
  const damaged = { ...mini, name: 'damaged', files: mini.files.map((file) => ({ ...file, sha256: '0'.repeat(64) })) }
  const absent = { ...mini, name: 'absent', repo: 'edge-net/absent' }
  const logged: string[] = []
  const engine = await createJudgingEngine([mini, damaged, absent], ['nowhere', 'models'], (line) => logged.push(line))
  expect(engine.classes()).toEqual([{ model: 'mini', resultClass: '391a4859269fa95f/q8/wasm/ort-1.30.0' }])
  expect(logged).toEqual([
    'results of model damaged are not judged here: wrong-hash',
    'results of model absent are not judged here: model-unreachable',
  ])
  const [here, worker] = [await engine.embed({ model: 'mini', texts }), await createNodeEngine().embed({ model: 'mini', texts })]
  if (!here.ok || !worker.ok) throw new Error('no embeddings')
  expect(here.value.vectors).toEqual(worker.value.vectors)
  expect(here.value).toMatchObject({ dimension: 96, resultClass: worker.value.resultClass, truncated: [2] })
  expect(await engine.embed({ model: 'damaged', texts })).toMatchObject({ ok: false, error: { type: 'unknown-model' } })
})

test('others are answered between two texts, and a signal ends it', async () => {
  const engine = await createJudgingEngine([mini], ['models'], () => {})
  const abort = new AbortController()
  setImmediate(() => abort.abort())
  const many = Array.from({ length: 250 }, (_, i) => `text ${i}`)
  expect(await engine.embed({ model: 'mini', texts: many, signal: abort.signal })).toEqual({ ok: false, error: { type: 'aborted' } })
})

test('edge-net relay --judge-results loads what it mirrors', async () => {
  const data = await mkdtemp(join(tmpdir(), 'edge-net-judge-'))
  const probe = await listening()
  const port = portOf(probe)
  await closed(probe)
  const command = parseCommand(['relay', '--data', data, '--port', `${port}`, '--judge-results'], {})
  if (!command.ok || command.value.type !== 'relay') throw new Error(JSON.stringify(command))
  const logged: string[] = []
  const relay = await runRelay(command.value.options, (line) => logged.push(line))
  if (relay.ok) await relay.value.close()
  await rm(data, { recursive: true, force: true })
  expect([relay.ok, logged.filter((line) => line.includes('judged'))]).toEqual([
    true,
    ['results of model minilm are not judged here: model-unreachable'],
  ])
})
