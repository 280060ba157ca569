/** The `RelayDialer` of a browser: `<relay URL>/peer`, one binary message per frame. Unencrypted only to this very machine. */
import { isRelayUrl } from '../../economy/link-codec.ts'
import { err, ok } from '../../lib/result.ts'
import { createLinkInbox } from '../../network/link-inbox.ts'
import type { Link, RelayDialer } from '../../network/ports.ts'

const dialTimeoutMs = 10_000
const normalClose = 1000
/** What a close frame holds, in bytes; our reasons are ASCII. */
const reasonBytesMax = 120

export const createRelayDialer = (): RelayDialer => ({
  dial: (given) => {
    const url = given.replace(/\/+$/, '')
    if (!isRelayUrl(url)) return Promise.resolve(err({ type: 'refused', where: url, message: 'neither wss:// nor ws:// to this machine' }))
    return new Promise((resolve) => {
      const socket = new WebSocket(`${url}/peer`)
      socket.binaryType = 'arraybuffer'
      const link = linkOf(socket, url)
      const timer = setTimeout(() => {
        resolve(err({ type: 'timeout', where: url, message: 'no answer' }))
        socket.close()
      }, dialTimeoutMs)
      socket.addEventListener('open', () => {
        clearTimeout(timer)
        resolve(ok(link))
      })
      socket.addEventListener('close', () => {
        clearTimeout(timer)
        resolve(err({ type: 'unreachable', where: url, message: 'no connection' }))
      })
    })
  },
})

const linkOf = (socket: WebSocket, url: string): Link => {
  const inbox = createLinkInbox()
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const frame = data instanceof ArrayBuffer ? new Uint8Array(data) : undefined
    if (!frame || !inbox.frame(frame)) socket.close()
  })
  socket.addEventListener('close', ({ reason, code }) => inbox.end(reason || `closed (${code})`))
  return {
    binding: { kind: 'url', url },
    initiator: true,
    open: inbox.open,
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(new Uint8Array(frame))
    },
    bufferedBytes: () => socket.bufferedAmount,
    close: (reason) => {
      inbox.end(reason)
      socket.close(normalClose, reason.replace(/[^ -~]/g, '?').slice(0, reasonBytesMax))
    },
  }
}
