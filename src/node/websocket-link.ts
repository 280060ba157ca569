/**
 * `Link` over a WebSocket: the relay's side of `/peer`, and the dialer of a peer in Node.js.
 *
 * One binary message is one frame. Frames that come before `open` wait, within a limit; text closes the socket.
 */
import { WebSocket } from 'ws'
import type { Bytes } from '../lib/bytes.ts'
import { err, ok } from '../lib/result.ts'
import type { Binding, Link, RelayDialer } from '../network/ports.ts'
import { frameBytesMax } from '../network/wire.ts'

/** A frame and what little a socket may carry beyond it. */
export const socketMessageBytesMax = frameBytesMax + 1024
/** Frames kept for a link that nobody has opened yet. */
const earlyFramesMax = 64
/** Longest close reason that a WebSocket close frame holds, in bytes. */
const reasonBytesMax = 120
const dialTimeoutMs = 10_000

const normalClose = 1000
const unsupportedDataClose = 1003

export const createWebSocketLink = (socket: WebSocket, binding: Binding, initiator: boolean, remoteAddress?: string): Link => {
  const early: Bytes[] = []
  let handlers: Parameters<Link['open']>[0] | undefined
  let closed: string | undefined

  const ended = (reason: string): void => {
    if (closed !== undefined) return
    closed = reason
    handlers?.onClose(reason)
  }
  socket.binaryType = 'nodebuffer'
  socket.on('message', (data, isBinary) => {
    if (closed !== undefined) return
    if (!isBinary) return socket.close(unsupportedDataClose, 'frames are binary')
    const frame = new Uint8Array(data as Buffer)
    if (handlers) handlers.onFrame(frame)
    else if (early.push(frame) > earlyFramesMax) socket.terminate()
  })
  socket.on('close', (code, reason) => ended(reason.toString() || `closed (${code})`))
  // An error is always followed by 'close', which has the last word.
  socket.on('error', () => {})

  return {
    binding,
    initiator,
    remoteAddress,
    open: (given) => {
      handlers = given
      for (const frame of early.splice(0)) if (closed === undefined) given.onFrame(frame)
      if (closed !== undefined) given.onClose(closed)
    },
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame)
    },
    bufferedBytes: () => socket.bufferedAmount,
    close: (reason) => {
      socket.close(normalClose, Buffer.from(reason).subarray(0, reasonBytesMax).toString())
      ended(reason)
    },
  }
}

/** Dials `<relay URL>/peer` for peers that run in Node.js. */
export const createNodeRelayDialer = (): RelayDialer => ({
  dial: (url) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${url}/peer`, {
        perMessageDeflate: false,
        maxPayload: socketMessageBytesMax,
        handshakeTimeout: dialTimeoutMs,
      })
      const failed = (error: Error): void =>
        resolve(err({ type: /timed out/.test(error.message) ? 'timeout' : 'unreachable', where: url, message: error.message }))
      socket.once('error', failed)
      // Made before 'open' returns to the loop: a frame that comes with the handshake is not lost.
      socket.once('open', () => resolve(ok(createWebSocketLink(socket, { kind: 'url', url }, true))))
    }),
})
