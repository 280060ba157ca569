/**
 * The relay's one port: health, metrics, ledger and model files over HTTP, frames at `/peer`, the tracker on every other
 * WebSocket path. It listens on loopback; to the world it stands behind a proxy that adds TLS.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { err, ok, type Result } from '../lib/result.ts'
import type { Mirror } from './mirror.ts'
import type { Tracker } from './tracker.ts'
import { socketMessageBytesMax } from './websocket-link.ts'

export interface HttpDeps {
  readonly tracker: Tracker
  readonly mirror: Mirror
  /** `address`: the peer's IP address. */
  readonly onPeer: (socket: WebSocket, address: string | undefined) => void
  /** The one proxy before this server adds a client's address to X-Forwarded-For; without it nobody's word there is believed. */
  readonly trustProxy: boolean
  /** Prometheus text. */
  readonly metrics: () => Promise<string>
  /** Plain JSON; told to this machine only. */
  readonly ledger: () => Promise<unknown>
}

export interface HttpServer {
  readonly listen: (port: number) => Promise<Result<number, ListenError>>
  readonly close: () => Promise<void>
}
export interface ListenError {
  readonly type: 'in-use' | 'not-allowed'
  readonly port: number
}

const host = '127.0.0.1'
const peersMax = 2_000
/** Sockets of all kinds, so that file handles remain for the store. */
const connectionsMax = 5_000
/** How long peers have to answer the closing handshake. */
const closeWaitMs = 1_000
const goingAwayClose = 1001

export const createHttpServer = (deps: HttpDeps): HttpServer => {
  const peers = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: socketMessageBytesMax })
  const server = createServer((request, response) => {
    answer(deps, request, response).catch((error: unknown) => {
      if (response.headersSent) return response.destroy()
      response.writeHead(500).end(`${error instanceof Error ? error.message : 'error'}\n`)
    })
  })
  server.maxConnections = connectionsMax
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const path = pathOf(request)
    if (path !== '/peer') return deps.tracker.upgrade(request, socket, head)
    if (peers.clients.size >= peersMax) return socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n')
    peers.handleUpgrade(request, socket, head, (peer) => deps.onPeer(peer, addressOf(request, deps.trustProxy)))
  })

  return {
    listen: (port) =>
      new Promise((resolve) => {
        server.once('error', (error: NodeJS.ErrnoException) =>
          resolve(err({ type: error.code === 'EADDRINUSE' ? 'in-use' : 'not-allowed', port })),
        )
        server.listen(port, host, () => resolve(ok((server.address() as AddressInfo).port)))
      }),
    close: () =>
      new Promise((resolve) => {
        deps.tracker.close()
        for (const socket of peers.clients) socket.close(goingAwayClose, 'the relay is going away')
        server.close(() => resolve())
        server.closeIdleConnections()
        setTimeout(() => {
          for (const socket of peers.clients) socket.terminate()
          server.closeAllConnections()
        }, closeWaitMs).unref()
      }),
  }
}

const answer = async (deps: HttpDeps, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const path = pathOf(request)
  if (path === undefined) return void response.writeHead(400).end()
  if (deps.mirror.handle(path, request, response)) return
  if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405, { Allow: 'GET, HEAD' }).end()
  if (path === '/health') return void response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"ok"}\n')
  if (path === '/metrics') {
    const text = await deps.metrics()
    return void response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text)
  }
  if (path === '/ledger.json') {
    if (!isFromThisMachine(request)) return void response.writeHead(403).end('the ledger is told to this machine only\n')
    const ledger = JSON.stringify(await deps.ledger())
    return void response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(`${ledger}\n`)
  }
  response.writeHead(404).end('not here\n')
}

/** The decoded path without query; undefined where it does not decode. */
const pathOf = (request: IncomingMessage): string | undefined => {
  try {
    return decodeURIComponent((request.url ?? '/').split('?')[0]!)
  } catch {
    return undefined
  }
}

/** Behind a proxy the last address in the header: what stands before it the client may have written itself. */
const addressOf = (request: IncomingMessage, trustProxy: boolean): string | undefined => {
  if (!trustProxy) return request.socket.remoteAddress
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',')
  return forwarded.split(',').at(-1)?.trim() || undefined
}

/** A loopback peer that names a loopback host: not a proxy's client, nor a page whose name was rebound to this machine. */
const isFromThisMachine = (request: IncomingMessage): boolean =>
  /^(::ffff:)?127\.|^::1$/.test(request.socket.remoteAddress ?? '') &&
  /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? '') &&
  request.headers['x-forwarded-for'] === undefined &&
  request.headers.forwarded === undefined
