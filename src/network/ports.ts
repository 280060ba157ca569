/** What the network core needs of a platform. Adapters: src/browser/{webrtc,websocket,tracker}, src/node, and memory for tests. */
import type { Bytes } from '../lib/bytes.ts'
import type { Result } from '../lib/result.ts'

/** What `hello` signs besides keys and nonces, so that a channel cannot be spliced (network.md, *The mesh*). */
export type Binding =
  { readonly kind: 'webrtc'; readonly own: Bytes; readonly peer: Bytes } | { readonly kind: 'url'; readonly url: string }

/** An open, ordered, reliable channel of frames; not yet bound to any identity. */
export interface Link {
  readonly binding: Binding
  /** True on the side that made the offer or dialled. */
  readonly initiator: boolean
  /** Where the other end is, as far as the platform can tell: an IP address. */
  readonly remoteAddress?: string | undefined
  /** Handlers are set once, synchronously, by whoever is given the link. Frames that came before wait in the link. */
  readonly open: (handlers: { readonly onFrame: (frame: Bytes) => void; readonly onClose: (reason: string) => void }) => void
  readonly send: (frame: Uint8Array) => void
  readonly bufferedBytes: () => number
  readonly close: (reason: string) => void
}

export type DialError = {
  readonly type: 'unreachable' | 'timeout' | 'refused' | 'no-candidates'
  readonly where: string
  readonly message: string
}

/** WebRTC by complete (non-trickled) SDP. SDP with anything but one sha-256 fingerprint is refused. */
export interface Rtc {
  readonly offer: () => Promise<Result<RtcOffer, DialError>>
  /** Answers a peer's offer; the link opens when the peer has used the answer. */
  readonly answer: (
    offerSdp: string,
  ) => Promise<Result<{ readonly sdp: string; readonly link: Promise<Result<Link, DialError>> }, DialError>>
}
export interface RtcOffer {
  readonly sdp: string
  readonly accept: (answerSdp: string) => Promise<Result<Link, DialError>>
  readonly abort: () => void
}

/** Opens `<relay URL>/peer`. */
export interface RelayDialer {
  readonly dial: (url: string) => Promise<Result<Link, DialError>>
}

/** One WebTorrent tracker. It sees 20-byte hashes and sealed text in place of SDP. Ids that are text here are lower-case hex. */
export interface TrackerDialer {
  readonly connect: (url: string, handlers: TrackerHandlers) => TrackerSession
}
export interface TrackerHandlers {
  readonly onOpen: () => void
  readonly onOffer: (offer: { readonly peerId: string; readonly offerId: string; readonly sealed: string }) => void
  readonly onAnswer: (answer: { readonly peerId: string; readonly offerId: string; readonly sealed: string }) => void
  readonly onClose: (reason: string) => void
}
export interface TrackerSession {
  readonly announce: (announce: {
    readonly infoHash: Bytes
    readonly peerId: Bytes
    readonly offers: readonly { readonly offerId: Bytes; readonly sealed: string }[]
  }) => void
  readonly answer: (answer: {
    readonly infoHash: Bytes
    readonly peerId: Bytes
    readonly toPeerId: string
    readonly offerId: string
    readonly sealed: string
  }) => void
  readonly close: () => void
}

/** Hides SDP from trackers: sealed under the swarm's secret in a private swarm, plain in a public one. */
export interface SdpSeal {
  readonly seal: (text: string) => Promise<Bytes>
  readonly open: (sealed: Bytes) => Promise<Result<string, { readonly type: 'unsealable' }>>
}
