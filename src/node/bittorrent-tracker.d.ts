/** The part of the tracker server's untyped API that the relay uses. */
declare module 'bittorrent-tracker/server' {
  import type { EventEmitter } from 'node:events'
  import type { ServerOptions, WebSocketServer } from 'ws'

  export interface TrackerOptions {
    readonly http: false
    readonly udp: false
    readonly stats: false
    readonly ws: ServerOptions
    readonly interval?: number
    readonly filter?: (infoHash: string, params: unknown, callback: (error: Error | null) => void) => void
  }
  export default class Server extends EventEmitter {
    constructor(options: TrackerOptions)
    readonly ws: WebSocketServer
    readonly torrents: Record<string, { readonly peers: { readonly length: number } }>
    close(callback?: () => void): void
  }
}
