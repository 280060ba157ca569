import { describe, expect, test } from 'vitest'
import { createPool, type Encoded, type Pool, type PoolModel } from '../../../src/engine/pool.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { err, ok, type Result } from '../../../src/lib/result.ts'
import type { EngineError } from '../../../src/tasks/engine.ts'
import type { WorkerReply, WorkerRequest } from '../../../src/engine/worker-protocol.ts'
import { answerAll, createFakeWorkers, encodeAnswer } from '../../support/fake-workers.ts'

const model: PoolModel = { key: 'm', backend: 'wasm', dimension: 2, pooling: 'mean', onnx: async () => ok(new Uint8Array([1])) }
const texts = (n: number): Int32Array<ArrayBuffer>[] => Array.from({ length: n }, (_, i) => new Int32Array((i % 5) + 1).fill(i))
const expected = (n: number): number[] => texts(n).flatMap((text) => [text[0]!, text.length])

const setUp = (
  answer: (request: WorkerRequest, worker: number) => WorkerReply | 'crash' | undefined = answerAll,
  workers = 2,
  duty = 1,
) => {
  const clock = createManualClock()
  const fake = createFakeWorkers(answer)
  const pool = createPool(fake.spawn, clock)
  pool.setPlan({ workers, duty })
  return { clock, pool, ...fake }
}
/** Follows a job without waiting for it. */
const follow = (pool: Pool, n: number, { signal, of = model }: { signal?: AbortSignal; of?: PoolModel } = {}) => {
  const seen: { result?: Result<Encoded, EngineError>; progress: number[] } = { progress: [] }
  void pool.encode(of, texts(n), signal, (done) => seen.progress.push(done)).then((result) => (seen.result = result))
  return seen
}
const vectorsOf = (result: Result<Encoded, EngineError> | undefined): number[] | undefined =>
  result?.ok ? [...result.value.vectors] : undefined

test('every text gets its own vector, whoever computed it and however pieces were cut', async () => {
  const { clock, pool, workers } = setUp()
  const job = follow(pool, 101)
  await clock.advance(0)
  expect(vectorsOf(job.result)).toEqual(expected(101))
  expect(job.result).toMatchObject({ value: { busyMs: 1010 } })
  expect(job.progress.at(-1)).toBe(101)
  expect(job.progress).toEqual([...job.progress].sort((a, b) => a - b))
  expect(workers.map((w) => w.requests.filter((r) => r.do === 'load').length)).toEqual([1, 1])
})

test('nothing to do is done at once', async () => {
  const { pool } = setUp()
  expect(await pool.encode(model, [])).toEqual(ok({ vectors: new Float32Array(0), busyMs: 0 }))
})

describe('the share', () => {
  test('zero stops between two pieces until it rises', async () => {
    const { clock, pool, workers } = setUp((request) => (request.do === 'encode' ? undefined : ok(null)), 1)
    const job = follow(pool, 8)
    await clock.advance(0)
    pool.setPlan({ workers: 0, duty: 0 })
    const piece = workers[0]!.requests.at(-1)!
    workers[0]!.reply(encodeAnswer(piece as never))
    await clock.advance(10_000)
    expect(job.progress).toEqual([4])
    expect(workers[0]!.requests.length).toBe(2)
    pool.setPlan({ workers: 1, duty: 1 })
    await clock.advance(0)
    workers[0]!.reply(encodeAnswer(workers[0]!.requests.at(-1) as never))
    await clock.advance(0)
    expect(vectorsOf(job.result)).toEqual(expected(8))
  })

  test('a worker rests after each piece for as long as its duty says', async () => {
    const { clock, pool } = setUp(answerAll, 1, 0.25)
    const job = follow(pool, 8)
    await clock.advance(0)
    expect(job.progress).toEqual([4])
    // 4 texts of 10 ms at a quarter: 120 ms of rest.
    await clock.advance(119)
    expect(job.progress).toEqual([4])
    await clock.advance(1)
    expect(job.progress).toEqual([4, 8])
  })

  test('a new share ends the rests of the old one', async () => {
    const { clock, pool } = setUp(answerAll, 1, 0.01)
    const job = follow(pool, 8)
    await clock.advance(0)
    pool.setPlan({ workers: 1, duty: 1 })
    await clock.advance(0)
    expect(job.progress).toEqual([4, 8])
  })

  test('no more workers than planned', async () => {
    const { clock, pool, workers } = setUp(answerAll, 3)
    follow(pool, 100)
    await clock.advance(0)
    expect(workers.length).toBe(3)
  })
})

test('jobs take turns: a small one is not behind a large one', async () => {
  const { clock, pool } = setUp(answerAll, 1)
  const order: string[] = []
  void pool.encode(model, texts(100)).then(() => order.push('large'))
  void pool.encode(model, texts(4)).then(() => order.push('small'))
  await clock.advance(0)
  expect(order).toEqual(['small', 'large'])
})

test('who weighs twice as much gets two turns for one, and both come to their end', async () => {
  const { clock, pool, workers } = setUp((request) => (request.do === 'encode' ? undefined : ok(null)), 1)
  const turns: string[] = []
  const run = (name: string, weight?: number) => pool.encode(model, texts(300), undefined, () => turns.push(name), weight)
  const both = [run('one'), run('two', 2)]
  await clock.advance(0)
  for (let i = 0; i < 12; i++) {
    workers[0]!.reply(encodeAnswer(workers[0]!.requests.at(-1) as never))
    await clock.advance(0)
  }
  // The first was begun before the other came.
  expect(turns.slice(1, 10).filter((name) => name === 'two')).toHaveLength(6)
  pool.close()
  await Promise.all(both)
})

test('a GPU runs one piece at a time', async () => {
  const { clock, pool, workers } = setUp((request) => (request.do === 'encode' ? undefined : ok(null)), 3)
  follow(pool, 100, { of: { ...model, key: 'g', backend: 'webgpu' } })
  await clock.advance(0)
  expect(workers.length).toBe(1)
})

describe('what goes wrong', () => {
  test('the piece of a crashed worker is done once more, on a fresh one', async () => {
    let crashes = 0
    const { clock, pool, workers } = setUp((request) => (request.do === 'encode' && crashes++ === 0 ? 'crash' : answerAll(request)), 1)
    const job = follow(pool, 10)
    await clock.advance(0)
    expect(vectorsOf(job.result)).toEqual(expected(10))
    expect(workers.length).toBe(2)
    expect(workers[0]!.terminated()).toBe(true)
  })

  test('a piece that kills its workers fails the job, and the pool goes on', async () => {
    const { clock, pool } = setUp(
      (request) => (request.do === 'encode' && request.texts.some((t) => t[0] === 7) ? 'crash' : answerAll(request)),
      1,
    )
    const job = follow(pool, 10)
    await clock.advance(0)
    expect(job.result).toMatchObject({ ok: false, error: { type: 'failed' } })
    const next = follow(pool, 3)
    await clock.advance(0)
    expect(vectorsOf(next.result)).toEqual(expected(3))
  })

  test('a worker that does not answer counts as crashed', async () => {
    const { clock, pool, workers } = setUp(
      (request, worker) => (request.do === 'encode' && worker === 0 ? undefined : answerAll(request)),
      1,
    )
    const job = follow(pool, 3)
    await clock.advance(200_000)
    expect(vectorsOf(job.result)).toEqual(expected(3))
    expect(workers[0]!.terminated()).toBe(true)
  })

  test('a late answer of a worker given up is not taken for another', async () => {
    const { clock, pool, workers } = setUp((request) => (request.do === 'encode' ? undefined : ok(null)), 1)
    const job = follow(pool, 2)
    await clock.advance(0)
    workers[0]!.crash()
    await clock.advance(0)
    workers[0]!.reply(ok({ vectors: new Float32Array(4), done: 2, busyMs: 1 }))
    await clock.advance(0)
    expect(job.result).toBeUndefined()
    workers[1]!.reply(encodeAnswer(workers[1]!.requests.at(-1) as never))
    await clock.advance(0)
    expect(vectorsOf(job.result)).toEqual(expected(2))
  })

  test.each([{ type: 'out-of-memory' }, { type: 'failed', message: 'not a model' }] as const)(
    '$type on loading ends the job with it',
    async (error) => {
      const { clock, pool } = setUp((request) => (request.do === 'load' ? err(error) : answerAll(request)))
      const job = follow(pool, 3)
      await clock.advance(0)
      expect(job.result).toEqual(err(error))
    },
  )

  test('an abort ends the job at once and what still runs is not counted', async () => {
    const { clock, pool, workers } = setUp((request) => (request.do === 'encode' ? undefined : ok(null)), 1)
    const abort = new AbortController()
    const job = follow(pool, 8, { signal: abort.signal })
    await clock.advance(0)
    abort.abort()
    await clock.advance(0)
    expect(job.result).toEqual(err({ type: 'aborted' }))
    workers[0]!.reply(encodeAnswer(workers[0]!.requests.at(-1) as never))
    await clock.advance(0)
    expect(job.progress).toEqual([])
  })

  test('more than can wait is refused', async () => {
    const { pool } = setUp(answerAll, 0, 0)
    void pool.encode(model, texts(60_000))
    expect(await pool.encode(model, texts(60_000))).toMatchObject({ ok: false, error: { type: 'failed' } })
  })
})

test('an idle worker goes, and its memory with it; the next job starts another', async () => {
  const { clock, pool, workers } = setUp(answerAll, 1)
  follow(pool, 2)
  await clock.advance(59_000)
  expect(workers[0]!.terminated()).toBe(false)
  await clock.advance(2_000)
  expect(workers[0]!.terminated()).toBe(true)
  const job = follow(pool, 2)
  await clock.advance(0)
  expect(vectorsOf(job.result)).toEqual(expected(2))
  expect(workers[1]!.requests[0]!.do).toBe('load')
})

test('a worker holds two models and drops the one that it did not use longest', async () => {
  const { clock, pool, workers } = setUp(answerAll, 1)
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) {
    follow(pool, 1, { of: { ...model, key } })
    await clock.advance(0)
  }
  const loads = workers[0]!.requests.flatMap((r) => (r.do === 'load' ? [[r.key, r.drop]] : []))
  expect(loads).toEqual([
    ['a', null],
    ['b', null],
    ['c', 'b'],
    ['b', 'c'],
  ])
})

test('closing ends what waits', async () => {
  const { clock, pool, workers } = setUp((request) => (request.do === 'encode' ? undefined : ok(null)), 1)
  const job = follow(pool, 8)
  await clock.advance(0)
  pool.close()
  await clock.advance(0)
  expect(job.result).toEqual(err({ type: 'aborted' }))
  expect(workers.every((w) => w.terminated())).toBe(true)
})
