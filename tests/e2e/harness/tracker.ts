/** A WebTorrent tracker of its own, as anyone may run one: no relay, no account of ours. */
import { createServer, type Server as HttpServer } from 'node:http'
import Server from 'bittorrent-tracker/server'
import type { WebSocket } from 'ws'
import { onCleanup } from './cleanup.ts'
import { freePort } from './relay.ts'

export interface TrackerServer {
  readonly url: string
  /** Its sockets break; what it knew is gone. */
  readonly stop: () => Promise<void>
  /** On the same port. */
  readonly restart: () => Promise<void>
  /** How many sockets are open. */
  readonly sockets: () => number
}

export const startTracker = async (): Promise<TrackerServer> => {
  const port = await freePort()
  let running: { readonly http: HttpServer; readonly tracker: Server } | undefined
  const sockets = new Set<WebSocket>()

  const stop = async (): Promise<void> => {
    const stopped = running
    running = undefined
    if (!stopped) return
    for (const socket of sockets) socket.terminate()
    stopped.tracker.close()
    await new Promise<void>((done) => void stopped.http.close(() => done()))
  }
  const start = async (): Promise<void> => {
    const tracker = new Server({ http: false, udp: false, stats: false, ws: { noServer: true } })
    // A client's mistakes are told as these; what they do to the browsers is what tests look at.
    for (const event of ['warning', 'error']) tracker.on(event, () => {})
    const http = createServer()
    http.on('upgrade', (request, socket, head) =>
      tracker.ws.handleUpgrade(request, socket, head, (client) => {
        sockets.add(client)
        client.on('close', () => sockets.delete(client))
        tracker.ws.emit('connection', client, request)
      }),
    )
    await new Promise<void>((done, fail) => void http.once('error', fail).listen(port, '127.0.0.1', done))
    running = { http, tracker }
  }

  await start()
  onCleanup(stop)
  return { url: `ws://127.0.0.1:${port}`, stop, restart: start, sockets: () => sockets.size }
}
