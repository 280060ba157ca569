/** The whole engine over the real tokenizer and files of mini, with played Workers. */
import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import { createEngine, type EngineDeps } from '../../../src/engine/create-engine.ts'
import { createMemoryModelCache } from '../../../src/engine/model-cache.ts'
import { ortVersion, wasmClassOf } from '../../../src/engine/result-class.ts'
import type { WorkerReply, WorkerRequest } from '../../../src/engine/worker-protocol.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { err, ok } from '../../../src/lib/result.ts'
import { bitStable } from '../../../src/tasks/embedding/compare.ts'
import { answersDigest, knownTexts } from '../../../src/tasks/known-answers.ts'
import { mini, miniF32, minilm } from '../../../src/tasks/models.ts'
import { createFakeWorkers } from '../../support/fake-workers.ts'

const hub = 'http://hub'
let requested: string[] = []
/** `assets` and the mirror have mini; nobody has minilm. */
const serve = async (url: string): Promise<Response> => {
  requested.push(url)
  const path =
    /^chrome-extension:\/\/x\/models\/(.+)$/.exec(url)?.[1] ?? /^http:\/\/mirror\/(.+)$/.exec(url)?.[1]?.replace('resolve/main/', '')
  if (!path?.startsWith('edge-net/mini/')) return new Response('', { status: 404 })
  return new Response(readFileSync(`models/${path}`))
}
beforeEach(() => (requested = []))

const unit = (texts: readonly unknown[]): WorkerReply => {
  const vectors = new Float32Array(texts.length * 96)
  texts.forEach((_, i) => (vectors[i * 96] = 1))
  return ok({ vectors, done: texts.length, busyMs: 5 })
}
const answer = (request: WorkerRequest): WorkerReply =>
  request.do === 'encode' ? unit(request.texts) : request.do === 'search' ? ok([[{ row: 0, score: 1 }]]) : ok(null)

const miniClass = `3d7a7eec550e8039/q8/wasm/ort-${ortVersion}`
const wasmF32 = `f47f8d6742254210/f32/wasm/ort-${ortVersion}`
/** What the played Workers give for the known texts. */
const playedVectors = Float32Array.from({ length: 96 * knownTexts.length }, (_, i) => (i % 96 === 0 ? 1 : 0))
const played = answersDigest(playedVectors)

const setUp = (deps: Partial<EngineDeps> = {}, play: (request: WorkerRequest) => WorkerReply = answer) => {
  const fake = createFakeWorkers(play)
  const clock = createManualClock()
  const engine = createEngine({
    spawn: fake.spawn,
    assetsBase: 'chrome-extension://x/',
    cache: createMemoryModelCache(),
    fetch: serve,
    clock,
    cores: 2,
    hubUrl: () => hub,
    gpu: 'never',
    knownAnswers: { [miniClass]: played, [wasmF32]: played },
    ...deps,
  })
  engine.configure([mini, minilm], ['http://mirror/'])
  engine.setShare(1)
  return { engine, clock, ...fake }
}
test('the class names all that the bits depend on: another length, pooling or tokenizer is another class', () => {
  const file = (path: string) => mini.files.map((one) => (one.path === path ? { ...one, sha256: '0'.repeat(64) } : one))
  const classOf = (card: typeof mini) => wasmClassOf(card, playedVectors)
  const cards = [mini, { ...mini, tokensMax: 16 }, { ...mini, pooling: 'cls' as const }, { ...mini, files: file('tokenizer.json') }]
  expect(new Set(cards.map(classOf)).size).toBe(cards.length)
  expect(classOf({ ...mini, name: 'called otherwise', repo: 'elsewhere', revision: '1' })).toBe(classOf(mini))
})

test('who does not give the known answers is of a class of its own, where nothing is compared by bits', async () => {
  const unproven = `3d7a7eec550e8039/q8/wasm-unproven/ort-${ortVersion}`
  const classWith = async (deps: Partial<EngineDeps>, play = answer): Promise<string | undefined> => {
    const { engine } = setUp(deps, play)
    await engine.prepare('mini')
    return engine.classes()[0]?.resultClass
  }
  expect(await classWith({})).toBe(miniClass)
  const offByOneBit = (request: WorkerRequest): WorkerReply => {
    const reply = answer(request)
    if (request.do === 'encode' && reply.ok) (reply.value as { vectors: Float32Array }).vectors[200] = 2 ** -149
    return reply
  }
  expect(await classWith({}, offByOneBit)).toBe(unproven)
  expect(await classWith({ knownAnswers: {} })).toBe(unproven)
  expect(bitStable(unproven)).toBe(false)
  expect(bitStable(miniClass)).toBe(true)
})

test('however many ask, one Worker tries the model; where it cannot, the model failed, and is tried again after a while', async () => {
  let memory = false
  const { engine, clock, workers } = setUp({}, (request) =>
    request.do === 'load' && !memory ? err({ type: 'out-of-memory' }) : answer(request),
  )
  const failed = err({ type: 'out-of-memory' } as const)
  expect(await Promise.all(Array.from({ length: 50 }, () => engine.prepare('mini')))).toEqual(Array(50).fill(failed))
  expect([workers.length, engine.classes(), engine.models()[0]!.state]).toEqual([1, [], 'failed'])
  memory = true
  expect(await engine.prepare('mini')).toEqual(failed)
  await clock.advance(10_000)
  expect(await Promise.all([engine.prepare('mini'), engine.prepare('mini')])).toEqual([ok(undefined), ok(undefined)])
  expect([workers.length, engine.classes(), engine.models()[0]!.state]).toEqual([2, [{ model: 'mini', resultClass: miniClass }], 'ready'])
})

test('the version in the class is that of the installed package', () => {
  expect(JSON.parse(readFileSync('node_modules/onnxruntime-web/package.json', 'utf8'))).toMatchObject({ version: ortVersion })
})

test('mini comes from the extension itself, and nothing else is asked', async () => {
  const { engine } = setUp()
  expect(engine.classes()).toEqual([])
  expect(await engine.prepare('mini')).toEqual(ok(undefined))
  expect(engine.classes()).toEqual([{ model: 'mini', resultClass: miniClass }])
  expect(engine.models()).toEqual([
    { name: 'mini', state: 'ready', loadedBytes: 1_054_682, totalBytes: 1_054_682 },
    { name: 'minilm', state: 'absent', loadedBytes: 0, totalBytes: 23_684_397 },
  ])
  expect(requested.every((url) => url.startsWith('chrome-extension:'))).toBe(true)
})

test('texts become vectors in their order, with class, busy time and what was cut', async () => {
  const { engine } = setUp()
  const progress: number[] = []
  const done = await engine.embed({ model: 'mini', texts: ['bread', 'bread '.repeat(400), ''], onProgress: (n) => progress.push(n) })
  expect(done).toMatchObject({ ok: true, value: { dimension: 96, resultClass: miniClass, busyMs: 5, truncated: [1] } })
  expect(done.ok && done.value.vectors.length).toBe(3 * 96)
  expect(progress).toEqual([3])
})

test('tokens are counted without the model itself', async () => {
  const { engine } = setUp()
  expect(await engine.countTokens('mini', ['hello', '', 'bread '.repeat(400)])).toEqual(ok([4, 2, 256]))
  // The model itself was not asked for, and nothing is on its way.
  expect(engine.models()[0]).toMatchObject({ name: 'mini', state: 'absent' })
  expect(requested.some((url) => url.endsWith('.onnx'))).toBe(false)
})

test('a model that nobody has: what was tried, in order, and again with the next mirrors', async () => {
  const { engine } = setUp()
  const tried = (base: string) => ({ url: `${base}/${minilm.repo}/resolve/${minilm.revision}/tokenizer.json`, why: 'HTTP 404' })
  expect(await engine.prepare('minilm')).toEqual({
    ok: false,
    error: { type: 'model-unreachable', model: 'minilm', tried: [tried('http://mirror'), tried(hub)] },
  })
  expect(engine.models()[1]).toMatchObject({ state: 'failed', error: { type: 'model-unreachable' } })
  engine.configure([mini, minilm], ['http://other'])
  expect(await engine.prepare('minilm')).toMatchObject({ error: { tried: [tried('http://other'), tried(hub)] } })
})

test('a model outside the policy is unknown', async () => {
  const { engine } = setUp()
  const unknown = { ok: false, error: { type: 'unknown-model', model: 'other' } }
  expect(await engine.prepare('other')).toEqual(unknown)
  expect(await engine.embed({ model: 'other', texts: [] })).toEqual(unknown)
  expect(await engine.countTokens('other', [])).toEqual(unknown)
})

test('files kept from before are taken up without network, and said to be here', async () => {
  const cache = createMemoryModelCache()
  // From a mirror, since what lies in the extension is not kept.
  const first = setUp({ cache, assetsBase: null })
  await first.engine.prepare('mini')
  requested = []
  const offline = async (): Promise<Response> => Promise.reject(new TypeError('offline'))
  const second = setUp({ cache, assetsBase: null, fetch: offline })
  await new Promise<void>((resolve) => second.engine.onChange(() => second.engine.classes().length > 0 && resolve()))
  expect(second.engine.classes()).toEqual([{ model: 'mini', resultClass: miniClass }])
})

test('listeners hear of loading and of ready, until they leave', async () => {
  const { engine } = setUp()
  const states: string[] = []
  const leave = engine.onChange(() => states.push(engine.models()[0]!.state))
  await engine.prepare('mini')
  expect(states[0]).toBe('loading')
  expect(states.at(-1)).toBe('ready')
  leave()
  const heard = states.length
  engine.configure([mini], [])
  expect(states.length).toBe(heard)
})

test('two who want a model at once fetch it once; one who leaves does not spoil it for the other', async () => {
  const { engine } = setUp()
  const abort = new AbortController()
  const [left, stayed] = [engine.prepare('mini', abort.signal), engine.prepare('mini')]
  abort.abort()
  expect(await left).toMatchObject({ error: { type: 'aborted' } })
  expect(await stayed).toEqual(ok(undefined))
  expect(requested.length).toBe(new Set(requested).size)
})

test('an abort before or during work', async () => {
  const { engine } = setUp()
  await engine.prepare('mini')
  const abort = new AbortController()
  engine.setShare(0)
  const waiting = engine.embed({ model: 'mini', texts: ['a'], signal: abort.signal })
  abort.abort()
  expect(await waiting).toMatchObject({ error: { type: 'aborted' } })
  expect(await engine.embed({ model: 'mini', texts: ['a'], signal: abort.signal })).toMatchObject({ error: { type: 'aborted' } })
})

describe('search', () => {
  const vectors = new Float32Array([1, 0, 0, 1])
  test('sends the vectors once as long as they are the same', async () => {
    const { engine, workers } = setUp()
    expect(await engine.search(vectors, 2, vectors.slice(0, 2), 1)).toEqual(ok([[{ row: 0, score: 1 }]]))
    await engine.search(vectors, 2, vectors.slice(0, 2), 1)
    await engine.search(vectors.slice(), 2, vectors.slice(0, 2), 1)
    expect(workers[0]!.requests.map((r) => r.do === 'search' && r.rows !== null)).toEqual([true, false, true])
  })
  test.each([
    [vectors, 0, 1],
    [vectors, 3, 1],
    [vectors, 2, -1],
    [vectors, 2, 1e9],
  ])('what is no search is refused (%#)', async (rows, dimension, k) => {
    const { engine } = setUp()
    expect(await engine.search(rows, dimension, new Float32Array(2), k)).toMatchObject({ ok: false, error: { type: 'failed' } })
  })
})

describe('a GPU', () => {
  const playGpu = (gpuMs: number, gpuSign = 1) => {
    let backend = ''
    return (request: WorkerRequest): WorkerReply => {
      if (request.do === 'gpu') return ok('ACME Corp.')
      if (request.do === 'load') backend = request.backend
      if (request.do !== 'encode') return ok(null)
      const reply = unit(request.texts)
      if (!reply.ok || backend !== 'webgpu') return reply
      const { vectors, done } = reply.value as { vectors: Float32Array<ArrayBuffer>; done: number }
      return ok({ vectors: vectors.map((x) => x * gpuSign), done, busyMs: gpuMs })
    }
  }
  const classWith = async (gpu: EngineDeps['gpu'], play: ReturnType<typeof playGpu>): Promise<string | undefined> => {
    const { engine } = setUp({ gpu }, play)
    engine.configure([miniF32], ['http://mirror'])
    expect(await engine.prepare('mini-f32')).toEqual(ok(undefined))
    return engine.classes()[0]?.resultClass
  }
  const webgpu = `f47f8d6742254210/f32/webgpu/ort-${ortVersion}-acme-corp`

  test('that is faster and right is offered', async () => expect(await classWith('faster', playGpu(1))).toBe(webgpu))
  test('that is slower is not', async () => expect(await classWith('faster', playGpu(50))).toBe(wasmF32))
  test('that is slower is, where it is asked for', async () => expect(await classWith('always', playGpu(50))).toBe(webgpu))
  test('that is wrong is not, whatever is asked for', async () => expect(await classWith('always', playGpu(1, -1))).toBe(wasmF32))
  test('is left alone where it is not wanted', async () => expect(await classWith('never', playGpu(1))).toBe(wasmF32))
  test('never runs an int8 model', async () => {
    const { engine } = setUp({ gpu: 'always' }, playGpu(1))
    await engine.prepare('mini')
    expect(engine.classes()[0]?.resultClass).toBe(miniClass)
  })
})
