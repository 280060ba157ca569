import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createHttpServer, type HttpServer } from '../../../src/node/http-server.ts'
import { createMirror, parseRange } from '../../../src/node/mirror.ts'
import { createTracker, type Tracker } from '../../../src/node/tracker.ts'
import { createWebSocketLink, socketMessageBytesMax } from '../../../src/node/websocket-link.ts'
import type { Link } from '../../../src/network/ports.ts'
import type { ModelCard } from '../../../src/tasks/model-card.ts'

const content = Buffer.from('0123456789')
const sha256 = createHash('sha256').update(content).digest('hex')
const card: ModelCard = {
  name: 'm',
  repo: 'someone/model',
  revision: 'main',
  dtype: 'q8',
  dimension: 4,
  tokensMax: 8,
  pooling: 'mean',
  licence: 'MIT',
  files: [
    { path: 'onnx/model.onnx', bytes: 10, sha256 },
    { path: 'config.json', bytes: 10, sha256 },
  ],
}

let folder: string
let port: number
let server: HttpServer
let tracker: Tracker
let links: Link[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-net-http-'))
  await mkdir(join(folder, 'someone/model/onnx'), { recursive: true })
  await writeFile(join(folder, 'someone/model/onnx/model.onnx'), content)
  await writeFile(join(folder, 'secret.txt'), 'secret')
  links = []
  tracker = createTracker(createManualClock())
  server = createHttpServer({
    tracker,
    mirror: createMirror([card], [folder]),
    trustProxy: false,
    onPeer: (socket, address) => links.push(createWebSocketLink(socket, { kind: 'url', url: 'ws://relay' }, false, address)),
    metrics: async () => 'edge_net_peers 0\n',
    ledger: async () => ({ accounts: [] }),
  })
  const listening = await server.listen(0)
  if (!listening.ok) throw new Error('no port')
  port = listening.value
})
afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}
/** `fetch` tidies paths up before it sends them; this sends them as they stand. */
const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, method }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts).toString() }))
    })
      .on('error', reject)
      .end()
  })

const model = '/someone/model/resolve/main/onnx/model.onnx'

describe('mirror', () => {
  test('serves a file of a card, with the headers that a browser needs', async () => {
    const whole = await get(model)
    expect(whole).toMatchObject({ status: 200, body: '0123456789' })
    expect(whole.headers).toMatchObject({ etag: `"${sha256}"`, 'access-control-allow-origin': '*', 'content-length': '10' })
  })

  test('HEAD, ranges and validators', async () => {
    expect(await get(model, {}, 'HEAD')).toMatchObject({ status: 200, body: '' })
    expect(await get(model, { range: 'bytes=4-' })).toMatchObject({ status: 206, body: '456789' })
    expect((await get(model, { range: 'bytes=2-3' })).headers['content-range']).toBe('bytes 2-3/10')
    expect(await get(model, { range: 'bytes=-3' })).toMatchObject({ status: 206, body: '789' })
    expect(await get(model, { range: 'bytes=10-' })).toMatchObject({ status: 416 })
    expect(await get(model, { range: 'bytes=4-', 'if-range': '"other"' })).toMatchObject({ status: 200, body: '0123456789' })
    expect(await get(model, { 'if-none-match': `"${sha256}"` })).toMatchObject({ status: 304 })
  })

  test('knows nothing but what the cards name', async () => {
    await mkdir(join(folder, 'someone/model/other'), { recursive: true })
    await writeFile(join(folder, 'someone/model/other.txt'), 'not listed')
    for (const path of [
      '/someone/model/resolve/main/other.txt',
      '/someone/model/resolve/other/onnx/model.onnx',
      '/someone/model/resolve/main/../../../secret.txt',
      '/someone/model/resolve/main/..%2f..%2f..%2fsecret.txt',
      '/secret.txt',
      '/someone/model/resolve/main/onnx/model.onnx/',
      '/__proto__',
    ])
      expect((await get(path)).status, path).toBe(404)
    expect((await get('/%')).status).toBe(400)
  })

  test('a file that is missing or damaged is not offered, and is found once it is whole', async () => {
    const config = '/someone/model/resolve/main/config.json'
    expect((await get(config)).status).toBe(404)
    await writeFile(join(folder, 'someone/model/config.json'), 'x123456789')
    expect((await get(config)).status).toBe(404)
    await writeFile(join(folder, 'someone/model/config.json'), content)
    expect((await get(config)).status).toBe(200)
  })

  test('ranges that are no single range of bytes mean the whole file', () => {
    for (const header of [undefined, '', 'bytes=-', 'bytes=1-2,4-5', 'lines=1-2', 'bytes=5-2'])
      expect(parseRange(header, 10)).toBeUndefined()
    expect(parseRange('bytes=3-99', 10)).toEqual([3, 9])
    expect(parseRange('bytes=-99', 10)).toEqual([0, 9])
    expect(parseRange('bytes=-0', 10)).toBe('unsatisfiable')
  })
})

describe('the other pages', () => {
  test('health and metrics', async () => {
    expect(await get('/health')).toMatchObject({ status: 200 })
    expect((await get('/metrics')).body).toContain('edge_net_peers 0')
    expect((await get('/health', {}, 'POST')).status).toBe(405)
  })

  test('the ledger is for this machine, not for a proxy or a rebound name', async () => {
    expect((await get('/ledger.json')).body).toBe('{"accounts":[]}\n')
    expect((await get('/ledger.json', { host: 'relay.example' })).status).toBe(403)
    expect((await get('/ledger.json', { 'x-forwarded-for': '203.0.113.7' })).status).toBe(403)
  })
})

const open = (path: string): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })
const next = (socket: WebSocket): Promise<Record<string, unknown>> =>
  new Promise((resolve, reject) => {
    socket.once('message', (data) => resolve(JSON.parse(String(data)) as Record<string, unknown>))
    socket.once('close', (code) => reject(new Error(`closed ${code}`)))
  })
const closed = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.once('close', resolve))

describe('/peer', () => {
  test('text and oversize messages close the socket', async () => {
    const text = await open('/peer')
    text.send('hello')
    expect(await closed(text)).toBe(1003)
    const large = await open('/peer')
    large.on('error', () => {})
    large.send(new Uint8Array(socketMessageBytesMax + 1))
    expect(await closed(large)).toBe(1009)
  })
})

describe('the tracker on the same port', () => {
  const infoHash = 'h'.repeat(20)
  const announce = (peer: string, more: object = {}): string =>
    JSON.stringify({
      action: 'announce',
      info_hash: infoHash,
      peer_id: peer.repeat(20),
      numwant: 5,
      uploaded: 0,
      downloaded: 0,
      left: 1,
      event: 'started',
      ...more,
    })

  test('carries an offer to the other and its answer back', async () => {
    const [a, b] = [await open('/'), await open('/announce')]
    b.send(announce('b'))
    expect(await next(b)).toMatchObject({ action: 'announce', incomplete: 1 })
    const atB = next(b)
    a.send(announce('a', { offers: [{ offer_id: 'o'.repeat(20), offer: { type: 'offer', sdp: 'sealed offer' } }] }))
    const offer = await atB
    expect(offer).toMatchObject({ offer: { sdp: 'sealed offer' }, peer_id: 'a'.repeat(20), offer_id: 'o'.repeat(20) })
    const answers = new Promise<Record<string, unknown>>((resolve) =>
      a.on('message', (data) => {
        const message = JSON.parse(String(data)) as Record<string, unknown>
        if ('answer' in message) resolve(message)
      }),
    )
    b.send(
      announce('b', {
        event: undefined,
        to_peer_id: offer.peer_id,
        offer_id: offer.offer_id,
        answer: { type: 'answer', sdp: 'sealed answer' },
      }),
    )
    expect(await answers).toMatchObject({ answer: { sdp: 'sealed answer' }, peer_id: 'b'.repeat(20) })
    expect(tracker.swarms()).toBe(1)
  })

  test.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['an offer that is null', announce('a', { offers: [null] })],
    ['an answer that is text', announce('a', { answer: 'x', to_peer_id: 'b'.repeat(20), offer_id: 'o'.repeat(20) })],
    [
      'too many offers',
      announce('a', { offers: Array.from({ length: 11 }, () => ({ offer_id: 'o'.repeat(20), offer: { type: 'offer', sdp: '' } })) }),
    ],
    ['an id beyond bytes', announce('\u1234')],
    ['a scrape, which would list every swarm', JSON.stringify({ action: 'scrape' })],
  ])('closes on %s and lives on', async (_what, message) => {
    const [bad, other] = [await open('/'), await open('/')]
    other.send(announce('b'))
    await next(other)
    bad.send(message)
    expect(await closed(bad)).toBe(1008)
    const after = await open('/')
    after.send(announce('c'))
    expect(await next(after)).toMatchObject({ action: 'announce' })
  })

  test('one socket speaks for one peer, and not without end', async () => {
    const two = await open('/')
    two.send(announce('a'))
    await next(two)
    two.send(announce('b'))
    expect(await closed(two)).toBe(1008)
    const many = await open('/')
    for (let i = 0; i < 400; i++) many.send(announce('m'))
    expect(await closed(many)).toBe(1008)
  })
})

test('a port in use is told, and the same server can take another', async () => {
  const second = createHttpServer({
    tracker: createTracker(createManualClock()),
    mirror: createMirror([], []),
    trustProxy: false,
    onPeer: () => {},
    metrics: async () => '',
    ledger: async () => ({}),
  })
  expect(await second.listen(port)).toEqual({ ok: false, error: { type: 'in-use', port } })
  expect((await second.listen(0)).ok).toBe(true)
  await second.close()
})

test('a peer’s address is its socket’s; behind a proxy that is trusted the one that the proxy added', async () => {
  const address = async (trustProxy: boolean, headers: Record<string, string>): Promise<string | undefined> => {
    const told = new Promise<string | undefined>((resolve) => {
      relayed = createHttpServer({
        ...{ tracker: createTracker(createManualClock()), mirror: createMirror([], []), trustProxy },
        ...{ metrics: async () => '', ledger: async () => ({}), onPeer: (_, from) => resolve(from) },
      })
    })
    const listening = await relayed.listen(0)
    if (!listening.ok) throw new Error('no port')
    new WebSocket(`ws://127.0.0.1:${listening.value}/peer`, { headers }).on('error', () => {})
    const found = await told
    await relayed.close()
    return found
  }
  let relayed!: HttpServer
  const headers = { 'x-forwarded-for': '198.51.100.1, 203.0.113.7' }
  expect(await address(false, headers)).toMatch(/127\.0\.0\.1$/)
  expect(await address(true, headers)).toBe('203.0.113.7')
  expect(await address(true, {})).toBeUndefined()
})
