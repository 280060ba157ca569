import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { Link } from '../../src/network/ports.ts'
import { createNodeRelayDialer, createWebSocketLink, socketMessageBytesMax } from '../../src/node/websocket-link.ts'
import { linkCases } from './link.ts'

describe('link: WebSockets in Node', () => {
  const http = createServer()
  const sockets = new WebSocketServer({ server: http, path: '/peer', perMessageDeflate: false, maxPayload: socketMessageBytesMax })
  let url = ''
  beforeEach(async () => {
    if (!http.listening) await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
    url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`
  })
  afterEach(() => sockets.clients.forEach((socket) => socket.terminate()))

  for (const { name, run } of linkCases)
    it(name, async () => {
      const accepted = new Promise<Link>((resolve) =>
        sockets.once('connection', (socket) => resolve(createWebSocketLink(socket, { kind: 'url', url }, false))),
      )
      const near = await createNodeRelayDialer().dial(url)
      if (!near.ok) throw new Error(near.error.message)
      await run({ near: near.value, far: await accepted })
    })

  it('tells that nobody answers there', async () => {
    await new Promise((done) => http.close(done))
    expect(await createNodeRelayDialer().dial(url)).toMatchObject({ ok: false, error: { type: 'unreachable', where: url } })
  })
})
