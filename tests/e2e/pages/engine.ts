/** The engine inside an extension page, with the Worker that ships: bits against the reference vectors, search, what is kept. */
import { browserEngineDeps } from '../../../src/engine/browser-engine.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { portOf } from '../../../src/engine/worker-port.ts'
import { systemClock } from '../../../src/crypto/clock.ts'
import type { Embeddings, Engine, EngineError } from '../../../src/tasks/engine.ts'
import type { Result } from '../../../src/lib/result.ts'
import { mini, miniF32 } from '../../../src/tasks/models.ts'
import { runCases } from './run-cases.ts'

const assets = new URL('/', location.href).href
const options = new URLSearchParams(location.search)
const worker = options.get('worker') ?? ''
const deps = {
  ...browserEngineDeps(assets, systemClock, () => 'http://127.0.0.1:1'),
  spawn: () => portOf(new Worker(new URL(worker, assets), { type: 'module', name: assets })),
  cores: 2,
}
const file = async (path: string): Promise<ArrayBuffer> => (await fetch(new URL(path, assets))).arrayBuffer()
const texts = new TextDecoder()
  .decode(await file('vectors/texts.txt'))
  .split('\n')
  .filter(Boolean)

/** The values of a NumPy file: its header's length stands at byte 8. */
const npy = async (path: string): Promise<Float32Array<ArrayBuffer>> => {
  const bytes = await file(path)
  return new Float32Array(bytes.slice(10 + new DataView(bytes).getUint16(8, true)))
}
const must = <T>(result: Result<T, EngineError>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}
const farthest = (a: Float32Array, b: Float32Array): number => a.reduce((max, x, i) => Math.max(max, Math.abs(x - b[i]!)), 0)
const expect = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what)
}
const equalBits = (a: Embeddings, reference: Float32Array): void => {
  expect(a.resultClass.split('/')[2] === 'wasm', `not the known answers: ${a.resultClass}`)
  const wrong = [...a.vectors].filter((x, i) => !Object.is(x, reference[i])).length
  expect(
    a.vectors.length === reference.length && wrong === 0,
    `${wrong} of ${reference.length} values differ, by up to ${farthest(a.vectors, reference)}`,
  )
}

/** Of the slower cases: machines that test are busy ones. */
const few = texts.slice(0, 40)

const withEngine = async (use: (engine: Engine) => Promise<void>, more: Partial<typeof deps> = {}): Promise<void> => {
  const engine = createEngine({ ...deps, ...more })
  engine.configure([mini, miniF32], [`${assets}mirror`])
  engine.setShare(1)
  try {
    await use(engine)
  } finally {
    engine.close()
  }
}
const embed = async (engine: Engine, model: string, some: readonly string[]): Promise<Embeddings> =>
  must(await engine.embed({ model, texts: some }))

const gpuCase = {
  name: 'mini f32 on WebGPU: right within rounding',
  run: () =>
    withEngine(
      async (engine) => {
        const done = await embed(engine, 'mini-f32', texts.slice(0, 2))
        expect(done.resultClass.split('/')[2] === 'webgpu', `computed as ${done.resultClass}`)
        const difference = farthest(done.vectors, await npy('vectors/demo.mini-f32.npy'))
        expect(difference < 1e-5, `off by ${difference}`)
      },
      { gpu: 'always' },
    ),
}

await runCases([
  {
    name: 'mini q8 on a pool of two Workers: equal bits',
    run: () => withEngine(async (engine) => equalBits(await embed(engine, 'mini', texts), await npy('vectors/demo.mini-q8.npy'))),
  },
  {
    name: 'mini f32: equal bits, fetched from a mirror, kept, and used offline afterwards',
    run: async () => {
      const reference = (await npy('vectors/demo.mini-f32.npy')).slice(0, few.length * 96)
      await withEngine(async (engine) => equalBits(await embed(engine, 'mini-f32', few), reference), { gpu: 'never' })
      // What lies in the package is there without a network.
      const offline: typeof deps.fetch = (url, init) =>
        url.startsWith(`${assets}models/`) ? deps.fetch(url, init) : Promise.reject(new TypeError('offline'))
      await withEngine(async (engine) => equalBits(await embed(engine, 'mini-f32', few), reference), { fetch: offline, gpu: 'never' })
    },
  },
  {
    name: 'search: the best rows of each query, a row itself first',
    run: () =>
      withEngine(async (engine) => {
        const vectors = await npy('vectors/demo.mini-q8.npy')
        const hits = must(await engine.search(vectors, 96, vectors.slice(0, 20 * 96), 10))
        expect(
          hits.length === 20 &&
            hits.every((found, i) => found.length === 10 && found[0]!.row === i && Math.abs(found[0]!.score - 1) < 1e-6),
          JSON.stringify(hits),
        )
      }),
  },
  {
    name: 'an abort between two texts, then more work on the same pool',
    run: () =>
      withEngine(async (engine) => {
        const abort = new AbortController()
        const left = await engine.embed({ model: 'mini', texts: texts, signal: abort.signal, onProgress: () => abort.abort() })
        expect(!left.ok && left.error.type === 'aborted', JSON.stringify(left))
        expect((await embed(engine, 'mini', texts.slice(0, 3))).vectors.length === 3 * 96, 'no vectors')
      }),
  },
  {
    name: 'a share of a quarter of one core keeps to it',
    run: () =>
      withEngine(async (engine) => {
        await embed(engine, 'mini', texts.slice(0, 3))
        engine.setShare(0.125)
        const start = performance.now()
        const { busyMs } = await embed(engine, 'mini', few)
        const share = busyMs / (performance.now() - start)
        // Far from a measurement: only that the rests are there and work goes on.
        expect(share > 0.02 && share < 0.5, `busy for ${share} of the time`)
      }),
  },
  ...(options.has('gpu') ? [gpuCase] : []),
])
