/**
 * Keeps announcing the swarm at one WebTorrent tracker: with offers while links are wanting, without while they are not.
 * It sees sealed text only. Under the seal stands whose offer it is, so that nobody answers a peer it is already linked with.
 */
import type { NodeId } from '../identity/keys.ts'
import { type Bytes, fromBase64url, fromHex, toBase64url, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { createBackOff } from './back-off.ts'
import type { Link, Rtc, RtcOffer, SdpSeal, TrackerDialer, TrackerSession } from './ports.ts'

export const offersPerAnnounceMax = 4
export const offerTimeoutMs = 30_000
export const announceFirstMs = 10_000
export const announceMsMax = 120_000
export const reconnectFirstMs = 1_000
export const reconnectMsMax = 60_000
const answersMax = 8
const sealedCharsMax = 32 * 1024

export interface TrackerKeeperDeps {
  readonly clock: Clock
  readonly random: Random
  readonly self: Bytes
  readonly infoHash: Bytes
  readonly rtc: Rtc
  readonly seal: SdpSeal
  /** How many links are wanting. */
  readonly wanted: () => number
  readonly welcome: (id: NodeId) => boolean
  readonly join: (link: Link, expected: Bytes) => void
  readonly noCandidates: () => void
  readonly changed: () => void
}

export interface TrackerKeeper {
  readonly url: string
  readonly state: () => 'connecting' | 'open' | 'unreachable'
  /** Links are wanting anew: announces soon, or reconnects at once. */
  readonly wake: () => void
  readonly close: () => void
}

export const createTrackerKeeper = (url: string, dialer: TrackerDialer, deps: TrackerKeeperDeps): TrackerKeeper => {
  const { clock, random, rtc, seal, self } = deps
  const peerId = random.bytes(20)
  const reconnect = createBackOff(random, reconnectFirstMs, reconnectMsMax)
  const interval = createBackOff(random, announceFirstMs, announceMsMax)
  const offers = new Map<string, { readonly offer: RtcOffer; readonly stop: () => void }>()
  let state: 'connecting' | 'open' | 'unreachable' = 'connecting'
  let session: TrackerSession | undefined
  let answering = 0
  let closed = false
  let stop = (): void => {}

  const become = (next: typeof state): void => {
    if (state === next) return
    state = next
    deps.changed()
  }
  const sealed = async (sdp: string): Promise<string> => toBase64url(await seal.seal(`${toHex(self)}\n${sdp}`))
  const unsealed = async (text: string): Promise<{ readonly from: Bytes; readonly sdp: string } | undefined> => {
    const bytes = text.length <= sealedCharsMax ? fromBase64url(text) : undefined
    const opened = bytes && (await seal.open(bytes))
    if (!opened?.ok) return undefined
    const from = fromHex(opened.value.slice(0, 64))
    return from?.length === 32 && opened.value[64] === '\n' ? { from, sdp: opened.value.slice(65) } : undefined
  }
  const forget = (offerId: string): RtcOffer | undefined => {
    const entry = offers.get(offerId)
    entry?.stop()
    offers.delete(offerId)
    return entry?.offer
  }
  const makeOffer = async (): Promise<{ readonly offerId: Bytes; readonly sealed: string } | undefined> => {
    const made = await rtc.offer()
    if (!made.ok) {
      if (made.error.type === 'no-candidates') deps.noCandidates()
      return undefined
    }
    const offerId = random.bytes(20)
    const key = toHex(offerId)
    offers.set(key, { offer: made.value, stop: clock.after(offerTimeoutMs, () => forget(key)?.abort()) })
    return { offerId, sealed: await sealed(made.value.sdp) }
  }
  const announce = async (): Promise<void> => {
    stop()
    stop = clock.after(interval.nextMs(), () => void announce())
    const to = session
    const count = Math.max(0, Math.min(deps.wanted(), offersPerAnnounceMax - offers.size))
    const made = (await Promise.all(Array.from({ length: count }, makeOffer))).filter((offer) => offer !== undefined)
    if (to && to === session) to.announce({ infoHash: deps.infoHash, peerId, offers: made })
  }
  const onOffer = async (
    to: TrackerSession,
    offer: { readonly peerId: string; readonly offerId: string; readonly sealed: string },
  ): Promise<void> => {
    if (answering >= answersMax) return
    answering++
    try {
      const opened = await unsealed(offer.sealed)
      if (!opened || !deps.welcome(toHex(opened.from))) return
      const answer = await rtc.answer(opened.sdp)
      if (!answer.ok) return answer.error.type === 'no-candidates' ? deps.noCandidates() : undefined
      to.answer({ infoHash: deps.infoHash, peerId, toPeerId: offer.peerId, offerId: offer.offerId, sealed: await sealed(answer.value.sdp) })
      const link = await answer.value.link
      if (link.ok) deps.join(link.value, opened.from)
    } finally {
      answering--
    }
  }
  const onAnswer = async (answer: { readonly offerId: string; readonly sealed: string }): Promise<void> => {
    const opened = await unsealed(answer.sealed)
    const offer = opened && forget(answer.offerId)
    if (!offer) return
    if (!deps.welcome(toHex(opened.from))) return offer.abort()
    const link = await offer.accept(opened.sdp)
    if (link.ok) deps.join(link.value, opened.from)
  }
  const connect = (): void => {
    stop()
    if (closed) return
    const opened: TrackerSession = dialer.connect(url, {
      onOpen: () => {
        if (session !== opened) return
        reconnect.reset()
        interval.reset()
        become('open')
        void announce()
      },
      onOffer: (offer) => void (session === opened && onOffer(opened, offer)),
      onAnswer: (answer) => void (session === opened && onAnswer(answer)),
      onClose: () => {
        if (session !== opened || closed) return
        session = undefined
        become('unreachable')
        stop()
        stop = clock.after(reconnect.nextMs(), connect)
      },
    })
    session = opened
  }

  connect()
  return {
    url,
    state: () => state,
    wake: () => {
      interval.reset()
      reconnect.reset()
      if (session === undefined) return connect()
      if (state !== 'open') return
      stop()
      stop = clock.after(interval.nextMs(), () => void announce())
    },
    close: () => {
      closed = true
      stop()
      session?.close()
      for (const id of [...offers.keys()]) forget(id)?.abort()
    },
  }
}
