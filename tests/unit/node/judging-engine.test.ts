/** What a relay judges results with: the bits that workers have, of the models that lie in its folders. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSealer } from '../../../src/crypto/sealing.ts'
import { createJudgingEngine } from '../../../src/node/judging-engine.ts'
import type { Engine } from '../../../src/tasks/engine.ts'
import { mini } from '../../../src/tasks/models.ts'
import { createNodeEngine } from '../../support/node-engine.ts'
import { closed, listening, portOf } from '../../support/ports.ts'
import { joinByRelays, type ProcessAgent } from '../../support/process-agents.ts'
import { startedRelay } from '../../support/relay-process.ts'

const texts = ['one text', 'another, longer one', 'bread '.repeat(300)]

test('equal bits and the same class as a worker has; what does not lie here, or is another file, is named and not judged', async () => {
  const damaged = { ...mini, name: 'damaged', files: mini.files.map((file) => ({ ...file, sha256: '0'.repeat(64) })) }
  const absent = { ...mini, name: 'absent', repo: 'edge-net/absent' }
  const logged: string[] = []
  const engine = await createJudgingEngine([mini, damaged, absent], ['nowhere', 'models'], (line) => logged.push(line))
  expect(engine.classes()).toEqual([{ model: 'mini', resultClass: '3d7a7eec550e8039/q8/wasm/ort-1.30.0' }])
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

/** One bit of one of its vectors is another. */
const bent = (engine: Engine): Engine => ({
  ...engine,
  embed: async (request) => {
    const done = await engine.embed(request)
    if (!done.ok) return done
    const vectors = done.value.vectors.slice()
    new Uint8Array(vectors.buffer)[0]! ^= 1
    return { ok: true, value: { ...done.value, vectors } }
  },
})

test(
  'edge-net relay --judge-results: a worker of which one bit is wrong is fined, with real models, seals and wires',
  { timeout: 120_000 },
  async () => {
    const data = await mkdtemp(join(tmpdir(), 'edge-net-judge-'))
    onTestFinished(() => rm(data, { recursive: true, force: true }))
    const probe = await listening()
    const port = portOf(probe)
    await closed(probe)
    const relay = await startedRelay(['relay', '--data', data, '--port', `${port}`, '--judge-results'])
    onTestFinished(async () => void (await relay.end('SIGTERM')))
    const sealer = createSealer()
    const agents = await Promise.all(
      [false, false, false, true].map((wrong) => {
        const engine = createNodeEngine()
        return joinByRelays(relay.link, { engine: wrong ? bent(engine) : engine, sealer })
      }),
    )
    onTestFinished(() => agents.forEach(({ agent }) => agent.stop()))
    const [requester, , , liar] = agents as [ProcessAgent, ProcessAgent, ProcessAgent, ProcessAgent]
    await Promise.all(agents.map(({ when }) => when((view) => view.credits.earnedMicro > 0)))
    const job = { texts: [...texts], ids: [...texts], model: 'mini', redundancy: 3, title: 't', where: 'network' } as const
    expect(await requester.agent.jobs.submit(job)).toMatchObject({ ok: true })
    const view = await liar.when(({ credits }) => credits.finesMicro > 0)
    expect([view.credits.finesMicro, view.trouble]).toEqual([10_000_000, 'wrong-result'])
    for (const { agent } of agents.slice(0, 3)) expect(agent.view().trouble).toBeNull()
    expect(relay.stderr()).toContain('results of model minilm are not judged here: model-unreachable')
    await relay.end('SIGTERM')
    await rm(data, { recursive: true, force: true })
  },
)
