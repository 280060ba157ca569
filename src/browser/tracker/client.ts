/**
 * The `TrackerDialer`: the WebTorrent tracker protocol over WebSocket, JSON with 20-byte ids as strings of 20 characters
 * U+0000 … U+00FF. An offer's or answer's `sdp` carries our sealed text; whom to reconnect to and when is the core's business.
 *
 * | message                                                                    | meaning                                 |
 * | -------------------------------------------------------------------------- | --------------------------------------- |
 * | → {action: announce, info_hash, peer_id, numwant, offers: [{offer_id, offer}]} | here we are; one offer to each of so many |
 * | ← {action: announce, info_hash, peer_id, offer_id, offer}                   | someone's offer                          |
 * | → {action: announce, info_hash, peer_id, to_peer_id, offer_id, answer}      | our answer                               |
 * | ← {action: announce, info_hash, peer_id, offer_id, answer}                  | someone's answer to our offer            |
 */
import * as v from 'valibot'
import { isTrackerUrl } from '../../economy/link-codec.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import type { TrackerDialer } from '../../network/ports.ts'

/** A tracker's message holds one description; ours are ≤ 16 KiB, sealed and encoded. */
const messageCharsMax = 64 * 1024

const id = v.pipe(v.string(), v.regex(/^[\u0000-\u00ff]{20}$/))
const description = v.object({ sdp: v.pipe(v.string(), v.maxLength(32 * 1024)) })
const messageSchema = v.union([
  v.object({ peer_id: id, offer_id: id, offer: description }),
  v.object({ peer_id: id, offer_id: id, answer: description }),
])

export const createTrackerDialer = (): TrackerDialer => ({
  connect: (url, handlers) => {
    if (!isTrackerUrl(url)) {
      queueMicrotask(() => handlers.onClose('neither wss:// nor ws:// to this machine'))
      return { announce: () => {}, answer: () => {}, close: () => {} }
    }
    const socket = new WebSocket(url)
    const say = (message: object): void => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ action: 'announce', ...message }))
    }
    socket.addEventListener('open', () => handlers.onOpen())
    socket.addEventListener('close', ({ code }) => handlers.onClose(`closed (${code})`))
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      const parsed = typeof data === 'string' && data.length <= messageCharsMax ? v.safeParse(messageSchema, json(data)) : undefined
      // Statistics and warnings of the tracker's are no concern of ours.
      if (!parsed?.success) return
      const message = parsed.output
      const ids = { peerId: hexOf(message.peer_id), offerId: hexOf(message.offer_id) }
      if ('offer' in message) handlers.onOffer({ ...ids, sealed: message.offer.sdp })
      else handlers.onAnswer({ ...ids, sealed: message.answer.sdp })
    })
    let started = false
    return {
      announce: ({ infoHash, peerId, offers }) => {
        say({
          info_hash: binaryOf(infoHash),
          peer_id: binaryOf(peerId),
          numwant: offers.length,
          uploaded: 0,
          downloaded: 0,
          // Nothing has to be had here: a `left` of zero would make a seeder of us, and some trackers then send no offers.
          left: 1,
          ...(started ? {} : { event: 'started' }),
          offers: offers.map(({ offerId, sealed }) => ({ offer_id: binaryOf(offerId), offer: { type: 'offer', sdp: sealed } })),
        })
        started = true
      },
      answer: ({ infoHash, peerId, toPeerId, offerId, sealed }) =>
        say({
          info_hash: binaryOf(infoHash),
          peer_id: binaryOf(peerId),
          to_peer_id: binaryOf(fromHex(toPeerId)),
          offer_id: binaryOf(fromHex(offerId)),
          answer: { type: 'answer', sdp: sealed },
        }),
      close: () => socket.close(),
    }
  },
})

const binaryOf = (bytes: Uint8Array = new Uint8Array(0)): string => String.fromCharCode(...bytes)
const hexOf = (binary: string): string => toHex(Uint8Array.from(binary, (char) => char.charCodeAt(0)))
const json = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
