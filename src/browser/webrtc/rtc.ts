/**
 * The `Rtc` port on simple-peer: one data channel per connection, complete session descriptions (no trickle).
 *
 * The link is bound to the DTLS fingerprints of the descriptions that were used: the browser refuses a peer whose
 * certificate is another, and `hello` signs both.
 */
import Peer from 'simple-peer/simplepeer.min.js'
import type { Bytes } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { createLinkInbox } from '../../network/link-inbox.ts'
import type { DialError, Link, Rtc } from '../../network/ports.ts'
import { sdpCharsMax, sdpFingerprint, sdpHasCandidates, withoutHostCandidates } from '../../network/sdp.ts'

export interface RtcOptions {
  /** STUN and TURN servers; without any, peers meet on one network only. */
  readonly iceServers?: readonly RTCIceServer[]
  /** Whether this machine's own addresses are told: in private swarms, whose members alone can read them. */
  readonly hostCandidates: boolean
}

/** From the first address found to the last. */
const gatheringMs = 3_000
/** To a whole description. */
const describeMs = 6_000
const connectMs = 20_000
/** A closed channel drops what it has not sent yet: the last word gets this long. */
const lingerMs = 300

export const createRtc = ({ iceServers = [], hostCandidates }: RtcOptions): Rtc => {
  const create = (initiator: boolean): Peer.Instance => {
    const peer = new Peer({
      initiator,
      trickle: false,
      objectMode: true,
      iceCompleteTimeout: gatheringMs,
      config: { iceServers: [...iceServers] },
    })
    // Without a listener it would be thrown at nobody.
    peer.on('error', () => {})
    return peer
  }
  /** Our complete description, fit to be sent. */
  const described = async (
    peer: Peer.Instance,
    initiator: boolean,
  ): Promise<Result<{ readonly sdp: string; readonly own: Bytes }, DialError>> => {
    const sdp = await new Promise<string | undefined>((resolve) => {
      peer.on('signal', (data) => ('sdp' in data ? resolve(data.sdp) : undefined))
      peer.once('close', () => resolve(undefined))
      setTimeout(() => resolve(undefined), describeMs)
    })
    const sent = sdp !== undefined && !hostCandidates ? withoutHostCandidates(sdp) : sdp
    const own = sent === undefined ? undefined : sdpFingerprint(sent)
    if (sent !== undefined && own && sdpHasCandidates(sent)) return ok({ sdp: sent, own })
    peer.destroy()
    // Without an address Chromium gathers for ever and Firefox fails at once. Where no answer is made, the offer may be at fault.
    return own || initiator
      ? fault('no-candidates', 'this machine has no address to offer')
      : fault('refused', 'not an offer that can be answered')
  }

  return {
    offer: async () => {
      const peer = create(true)
      const made = await described(peer, true)
      if (!made.ok) return made
      const { sdp, own } = made.value
      return ok({
        sdp,
        accept: async (answer) => {
          const theirs = fingerprintOf(answer)
          if (!theirs.ok) {
            peer.destroy()
            return theirs
          }
          peer.signal({ type: 'answer', sdp: answer })
          return connected(peer, true, own, theirs.value)
        },
        abort: () => peer.destroy(),
      })
    },
    answer: async (offer) => {
      const theirs = fingerprintOf(offer)
      if (!theirs.ok) return theirs
      const peer = create(false)
      peer.signal({ type: 'offer', sdp: offer })
      const made = await described(peer, false)
      return made.ok ? ok({ sdp: made.value.sdp, link: connected(peer, false, made.value.own, theirs.value) }) : made
    },
  }
}

const fault = (type: DialError['type'], message: string): Result<never, DialError> => err({ type, where: 'webrtc', message })

const fingerprintOf = (sdp: string): Result<Bytes, DialError> => {
  const fingerprint = sdp.length <= sdpCharsMax ? sdpFingerprint(sdp) : undefined
  return fingerprint ? ok(fingerprint) : fault('refused', 'a session description without exactly one sha-256 fingerprint')
}

const connected = (peer: Peer.Instance, initiator: boolean, own: Bytes, theirs: Bytes): Promise<Result<Link, DialError>> => {
  // Listens from the first instant: the peer may speak before anyone here has the link.
  const link = linkOf(peer, initiator, own, theirs)
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(fault('timeout', 'no connection'))
      peer.destroy()
    }, connectMs)
    const done = (result: Result<Link, DialError>): void => {
      clearTimeout(timer)
      resolve(result)
    }
    if (peer.destroyed) return done(fault('unreachable', 'connection failed'))
    peer.once('connect', () => done(ok(link)))
    peer.once('close', () => done(fault('unreachable', 'connection failed')))
  })
}

const linkOf = (peer: Peer.Instance, initiator: boolean, own: Bytes, theirs: Bytes): Link => {
  const inbox = createLinkInbox()
  let closing = false
  peer.on('data', (data: unknown) => {
    // A copy without the bundle's Buffer class; text is no frame, and what no frame can be is refused further in.
    const frame = data instanceof Uint8Array ? new Uint8Array(data) : undefined
    if (!frame || !inbox.frame(frame)) peer.destroy()
  })
  peer.on('close', () => inbox.end('connection closed'))
  return {
    binding: { kind: 'webrtc', own, peer: theirs },
    initiator,
    open: inbox.open,
    send: (frame) => {
      if (closing || !peer.connected) return
      try {
        peer.send(frame)
      } catch {
        peer.destroy()
      }
    },
    bufferedBytes: () => peer.bufferSize,
    close: (reason) => {
      if (closing) return
      closing = true
      inbox.end(reason)
      setTimeout(() => peer.destroy(), lingerMs)
    },
  }
}
