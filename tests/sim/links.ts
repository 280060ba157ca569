/**
 * The wires of one machine in bad weather, as a layer over the memory hub (tests/support/memory-network.ts): every frame is
 * written into the run's log; some are lost, which on an ordered, reliable channel is the end of the channel; some come twice.
 * The hub itself has latency, cuts and silence. Order is kept within a channel, as the port promises; across channels it is not.
 */
import { type Random, randomBelow } from '../../src/lib/random.ts'
import type { Link, RelayDialer, Rtc } from '../../src/network/ports.ts'
import type { EventLog } from './event-log.ts'

export interface Weather {
  /** One frame in so many is lost, and its channel with it; 0: none. */
  readonly lossOneIn: number
  /** One frame in so many arrives twice; 0: none. */
  readonly duplicateOneIn: number
}

/** Duplicates of a handshake's few frames end it, which is no news; they begin after it. */
const handshakeFrames = 6

export const weathered = (link: Link, name: string, random: Random, weather: () => Weather, log: EventLog): Link => {
  let sent = 0
  const happens = (oneIn: number): boolean => oneIn > 0 && randomBelow(random, oneIn) === 0
  return {
    ...link,
    send: (frame) => {
      log.frame(name, frame)
      sent++
      const { lossOneIn, duplicateOneIn } = weather()
      if (happens(lossOneIn)) return link.close('lost')
      link.send(frame)
      if (sent > handshakeFrames && happens(duplicateOneIn)) link.send(frame)
    },
  }
}

type Wrap = (link: Link) => Link

export const wrapDialer = (dialer: RelayDialer, wrap: Wrap): RelayDialer => ({
  dial: async (url) => {
    const dialled = await dialer.dial(url)
    return dialled.ok ? { ok: true, value: wrap(dialled.value) } : dialled
  },
})

export const wrapRtc = (rtc: Rtc, wrap: Wrap): Rtc => ({
  offer: async () => {
    const offer = await rtc.offer()
    if (!offer.ok) return offer
    const accept: typeof offer.value.accept = async (sdp) => {
      const accepted = await offer.value.accept(sdp)
      return accepted.ok ? { ok: true, value: wrap(accepted.value) } : accepted
    }
    return { ok: true, value: { ...offer.value, accept } }
  },
  answer: async (sdp) => {
    const answer = await rtc.answer(sdp)
    if (!answer.ok) return answer
    const link = answer.value.link.then((opened) => (opened.ok ? { ok: true as const, value: wrap(opened.value) } : opened))
    return { ok: true, value: { ...answer.value, link } }
  },
})
