import { describe, expect, test } from 'vitest'
import { createMemoryModelCache } from '../../../src/engine/model-cache.ts'
import { createModelStore, type Source } from '../../../src/engine/model-store.ts'
import { type Bytes, sha256, toHex } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import type { Result } from '../../../src/lib/result.ts'
import type { EngineError } from '../../../src/tasks/engine.ts'
import type { ModelCard, ModelFile } from '../../../src/tasks/model-card.ts'

const content = new Uint8Array(2_500_000).map((_, i) => (i * 31) ^ (i >> 9))
const file: ModelFile = { path: 'onnx/model.onnx', bytes: content.length, sha256: toHex(sha256(content)) }
const card: ModelCard = {
  name: 'small',
  repo: 'some/small',
  revision: 'main',
  dtype: 'f32',
  dimension: 2,
  tokensMax: 8,
  pooling: 'mean',
  licence: 'MIT',
  files: [file],
}
const at = (url: string): Source => ({ url, keep: true })
const [a, b] = [at('http://a/f'), at('http://b/f')]

type Loaded = Result<Bytes, EngineError>
/** Vitest's own comparison of megabytes takes half a minute. */
const isContent = (loaded: Loaded | undefined): boolean => loaded?.ok === true && Buffer.compare(loaded.value, content) === 0

interface Mirror {
  readonly bytes?: Uint8Array<ArrayBuffer>
  readonly status?: number
  /** Ends the stream after so many bytes of each answer. */
  readonly cutAfter?: number
  readonly breaks?: boolean
  readonly ignoresRange?: boolean
  /** Answers with another part than asked for, and says which unless it hides that. */
  readonly wrongRange?: boolean
  /** As a mirror of another origin that does not expose the header. */
  readonly hidesRange?: boolean
  readonly hangs?: boolean
}

const setUp = (mirrors: Record<string, Mirror>) => {
  const requests: { url: string; range: string | null }[] = []
  const clock = createManualClock()
  const cache = createMemoryModelCache()
  const answer = async (url: string, init: RequestInit): Promise<Response> => {
    const range = new Headers(init.headers).get('range')
    requests.push({ url, range })
    const mirror = mirrors[url]
    if (!mirror) throw new TypeError('connection refused')
    if (mirror.status) return new Response('no', { status: mirror.status })
    const bytes = mirror.bytes ?? content
    const asked = range && !mirror.ignoresRange ? Number(/\d+/.exec(range)![0]) : 0
    const from = asked > 0 && mirror.wrongRange ? asked + 1_000 : asked
    const part = bytes.slice(from, mirror.cutAfter === undefined ? undefined : from + mirror.cutAfter)
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (let i = 0; i < part.length; i += 300_000) controller.enqueue(part.slice(i, i + 300_000))
        if (mirror.hangs) init.signal!.addEventListener('abort', () => controller.error(new Error('aborted')))
        else if (mirror.breaks) controller.error(new Error('reset'))
        else controller.close()
      },
    })
    const headers: Record<string, string> = from > 0 && !mirror.hidesRange ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}
    return new Response(body, { status: from > 0 ? 206 : 200, headers })
  }
  return { store: createModelStore({ cache, fetch: answer, clock }), cache, clock, requests, mirrors }
}

test('a file is fetched, verified and kept: the next time needs no network', async () => {
  const { store, requests } = setUp({ 'http://a/f': {} })
  const progress: number[] = []
  expect(isContent(await store.load(card, file, [a], undefined, (n) => progress.push(n)))).toBe(true)
  expect(progress.at(-1)).toBe(content.length)
  expect(progress.length).toBeGreaterThan(3)
  expect(await store.has(file)).toBe(true)
  expect(isContent(await store.load(card, file, []))).toBe(true)
  expect(requests.length).toBe(1)
})

test('what lies on this machine anyway is not kept twice', async () => {
  const { store, cache } = setUp({ 'http://a/f': {} })
  expect((await store.load(card, file, [{ ...a, keep: false }])).ok).toBe(true)
  expect(cache.keys()).toEqual([])
})

describe('a download that stops', () => {
  test('goes on with a Range request', async () => {
    const { store, requests } = setUp({ 'http://a/f': { cutAfter: 1_000_000 } })
    expect(isContent(await store.load(card, file, [a]))).toBe(true)
    expect(requests.map((r) => r.range)).toEqual([null, 'bytes=1000000-', 'bytes=2000000-'])
  })

  test('goes on at another mirror, and after a restart with what was kept', async () => {
    const first = setUp({ 'http://a/f': { cutAfter: 400_000, breaks: true }, 'http://b/f': {} })
    expect(isContent(await first.store.load(card, file, [a, b]))).toBe(true)

    // Only whole pieces outlive a restart.
    const { store, requests, mirrors } = setUp({ 'http://a/f': { cutAfter: 1_500_000 } })
    const abort = new AbortController()
    expect(await store.load(card, file, [a], abort.signal, (n) => n > 1_200_000 && abort.abort())).toMatchObject({
      error: { type: 'aborted' },
    })
    mirrors['http://a/f'] = {}
    expect(isContent(await store.load(card, file, [a]))).toBe(true)
    expect(requests.at(-1)!.range).toBe(`bytes=${1 << 20}-`)
  })

  test('a mirror that knows no ranges starts over', async () => {
    const { store } = setUp({ 'http://a/f': { cutAfter: 1_000_000 }, 'http://b/f': { ignoresRange: true } })
    expect(isContent(await store.load(card, file, [{ ...a, url: 'http://gone/f' }, b]))).toBe(true)
  })

  test('a mirror that hides which range it sends is believed, and found out by the hash', async () => {
    const honest = setUp({ 'http://a/f': { cutAfter: 1_000_000, hidesRange: true } })
    expect(isContent(await honest.store.load(card, file, [a]))).toBe(true)
    expect(honest.requests.map((r) => r.range)).toEqual([null, 'bytes=1000000-', 'bytes=2000000-'])

    // A thousand bytes are left out in the middle, and the next mirror is not blamed for it.
    const wrong = setUp({ 'http://a/f': { cutAfter: 1_000_000, hidesRange: true, wrongRange: true }, 'http://b/f': {} })
    expect((await wrong.store.load(card, file, [a])).ok).toBe(false)
    expect(isContent(await wrong.store.load(card, file, [a, b]))).toBe(true)
  })

  test('a mirror that falls silent is given up', async () => {
    const { store, clock } = setUp({ 'http://a/f': { cutAfter: 1_000_000, hangs: true }, 'http://b/f': {} })
    let result: Loaded | undefined
    void store.load(card, file, [a, b]).then((r) => (result = r))
    // It sends the next million each time that it is asked to go on, then falls silent again.
    for (let i = 0; i < 10 && result === undefined; i++) await new Promise((r) => setImmediate(r)).then(() => clock.advance(25_000))
    expect(isContent(result)).toBe(true)
  })
})

describe('wrong bytes', () => {
  const wrong = content.slice()
  wrong[1_234_567]! ^= 1

  test('never come out: the next mirror is asked, from the start', async () => {
    const { store, requests } = setUp({ 'http://a/f': { bytes: wrong }, 'http://b/f': {} })
    expect(isContent(await store.load(card, file, [a, b]))).toBe(true)
    expect(requests.map((r) => r.range)).toEqual([null, null])
  })

  test('and no other mirror: a typed error, and nothing is kept', async () => {
    const { store, cache } = setUp({ 'http://a/f': { bytes: wrong } })
    expect(await store.load(card, file, [a])).toEqual({
      ok: false,
      error: { type: 'wrong-hash', file: 'some/small/onnx/model.onnx', expected: file.sha256, actual: toHex(sha256(wrong)) },
    })
    expect(cache.keys()).toEqual([])
  })

  test('kept ones are found and fetched anew', async () => {
    const { store, cache } = setUp({ 'http://a/f': {} })
    await store.load(card, file, [a])
    await cache.put(`${file.sha256}/1`, new Uint8Array(1 << 20))
    expect(isContent(await store.load(card, file, [a]))).toBe(true)
    expect((await cache.get(`${file.sha256}/1`))![5]).toBe(content[(1 << 20) + 5])
  })

  test('the wrong half of one mirror does not blame the other', async () => {
    const { store } = setUp({ 'http://a/f': { bytes: wrong, cutAfter: 1_300_000, breaks: true }, 'http://b/f': {} })
    expect(isContent(await store.load(card, file, [a, b]))).toBe(true)
  })

  test('a longer file is refused before it fills the memory', async () => {
    const longer = new Uint8Array(content.length + 1)
    const { store } = setUp({ 'http://a/f': { bytes: longer } })
    expect(await store.load(card, file, [a])).toEqual({
      ok: false,
      error: { type: 'model-unreachable', model: 'small', tried: [{ url: 'http://a/f', why: 'longer than the card says' }] },
    })
  })
})

test('unreachable: all that was tried and what each answered', async () => {
  const { store } = setUp({ 'http://a/f': { status: 404 } })
  expect(await store.load(card, file, [a, b])).toEqual({
    ok: false,
    error: {
      type: 'model-unreachable',
      model: 'small',
      tried: [
        { url: 'http://a/f', why: 'HTTP 404' },
        { url: 'http://b/f', why: 'connection refused' },
      ],
    },
  })
})

test('a shorter file is said to be shorter', async () => {
  const { store } = setUp({ 'http://a/f': { bytes: content.slice(0, 100) } })
  expect(await store.load(card, file, [a])).toMatchObject({ error: { type: 'model-unreachable', tried: [{ url: 'http://a/f' }] } })
})
