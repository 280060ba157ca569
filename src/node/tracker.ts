/**
 * The WebTorrent tracker of a relay: `bittorrent-tracker`'s server without a port of its own, behind a door.
 *
 * The server trusts what it parsed (an offer that is null throws in a callback and would end the process), forgets no
 * swarm and lets one socket speak for many peers. So every message is checked here before it hears of it.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import * as v from 'valibot'
import { WebSocket } from 'ws'
import Server from 'bittorrent-tracker/server'
import { createRate } from '../network/rate.ts'
import type { Clock } from '../lib/clock.ts'

export interface Tracker {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** How many swarms have peers here, and how many sockets are open. */
  readonly swarms: () => number
  readonly sockets: () => number
  readonly close: () => void
}

/** Ten offers with sealed SDP of 4 KiB each fit. */
const messageBytesMax = 64 * 1024
const messagesPerMinuteMax = 300
const socketsMax = 2_000
const swarmsMax = 10_000
const offersMax = 10

const binary20 = v.pipe(v.string(), v.regex(/^[\u0000-\u00ff]{20}$/))
const description = v.object({ type: v.string(), sdp: v.string() })
const announceSchema = v.object({
  action: v.literal('announce'),
  info_hash: binary20,
  peer_id: binary20,
  event: v.optional(v.picklist(['started', 'stopped', 'completed', 'update', 'paused', 'empty', ''])),
  offers: v.optional(v.nullable(v.pipe(v.array(v.object({ offer: description, offer_id: binary20 })), v.maxLength(offersMax)))),
  answer: v.optional(v.nullable(description)),
  to_peer_id: v.optional(v.nullable(binary20)),
  offer_id: v.optional(v.nullable(binary20)),
})

export const createTracker = (clock: Clock): Tracker => {
  const sockets = new Set<WebSocket>()

  /** Lets through what is well-formed, under the limit, and in the name of one peer for the socket's whole life. */
  class ScreenedSocket extends WebSocket {
    readonly #rate = createRate(clock, messagesPerMinuteMax)
    #peerId: string | undefined
    override emit(event: string | symbol, ...args: unknown[]): boolean {
      if (event === 'message' && !this.#passes(args[0] as Buffer)) return false
      return super.emit(event, ...args)
    }
    #passes(data: Buffer): boolean {
      if (this.readyState !== WebSocket.OPEN) return false
      const announce = parseAnnounce(data)
      this.#peerId ??= announce?.peer_id
      if (announce && announce.peer_id === this.#peerId && this.#rate.take()) return true
      this.close(1008, 'not an announce that this tracker takes')
      return false
    }
  }

  const server = new Server({
    http: false,
    udp: false,
    stats: false,
    ws: { noServer: true, perMessageDeflate: false, maxPayload: messageBytesMax, WebSocket: ScreenedSocket },
    filter: (infoHash, _params, callback) => callback(admits(infoHash) ? null : new Error('too many swarms')),
  })
  // Both tell of a client's mistakes only.
  server.on('warning', () => {})
  server.on('error', () => {})

  const alive = (): string[] => Object.keys(server.torrents).filter((hash) => server.torrents[hash]!.peers.length > 0)
  const admits = (infoHash: string): boolean => {
    if (infoHash in server.torrents || Object.keys(server.torrents).length < swarmsMax) return true
    for (const hash of Object.keys(server.torrents)) if (server.torrents[hash]!.peers.length === 0) delete server.torrents[hash]
    return Object.keys(server.torrents).length < swarmsMax
  }

  return {
    upgrade: (request, socket, head) => {
      if (sockets.size >= socketsMax) return void socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n')
      server.ws.handleUpgrade(request, socket, head, (client) => {
        sockets.add(client)
        // The server adds a listener for every answer that it could no longer send.
        client.setMaxListeners(0)
        client.on('close', () => sockets.delete(client))
        server.ws.emit('connection', client, request)
      })
    },
    swarms: () => alive().length,
    sockets: () => sockets.size,
    close: () => {
      for (const client of sockets) client.terminate()
      server.close()
    },
  }
}

const parseAnnounce = (data: Buffer): v.InferOutput<typeof announceSchema> | undefined => {
  try {
    const parsed = v.safeParse(announceSchema, JSON.parse(data.toString()))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
