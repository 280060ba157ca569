/**
 * One bound peer: its link, what goes out, what comes in and passes schema and rate, and whether it is still there.
 *
 * The link may be replaced by another to the same peer (two that were made at once, or one that the peer has lost); the one
 * that goes is still listened to for a moment, so that nothing sent just before is lost.
 */
import type { NodeId } from '../identity/keys.ts'
import { compareBytes, toHex, type Bytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Result } from '../lib/result.ts'
import { encodeFrame, parseFrame } from './frame.ts'
import type { BoundLink } from './handshake.ts'
import { carriedTypes, costs, ratesPerMinute, unknownPerMinute } from './limits.ts'
import type { Peer, SendError } from './network.ts'
import { createOutbox, type Priority, priorityOf } from './outbox.ts'
import { createRate, type Rate } from './rate.ts'
import type { WireMessage, WireType } from './wire.ts'

/** Without a word from the peer for so long, it is asked; by who did not begin the link a little later, so that one of the two asks. */
export const pingEveryMs = 20_000
const pingLaterMs = 2_500
export const silentMsMax = 45_000
/** As long as it may take until it is asked and has answered. */
export const quietMsMax = 25_000
/** Silence is noticed before: who hears nothing for longer has slept itself. */
const asleepMsMin = silentMsMax + pingEveryMs
/** For how long a replaced link is still listened to. */
export const retireMs = 2_000

export interface Session {
  readonly id: NodeId
  readonly device: Bytes
  readonly role: 'node' | 'relay'
  /** We dialled this relay ourselves: only such a one may speak for others (`forward`). */
  readonly trustedRelay: boolean
  readonly peer: () => Peer
  readonly bound: () => BoundLink
  /** When the present link was bound. */
  readonly boundMs: () => number
  readonly send: (message: WireMessage) => Promise<Result<void, SendError>>
  /** Already encoded. */
  readonly put: (frame: Bytes, priority: Priority) => Promise<Result<void, SendError>>
  readonly replace: (bound: BoundLink) => void
  /** Listens to a link that is not used, for a moment, and closes it. */
  readonly retire: (bound: BoundLink) => void
  /** Must be heard of within this time. */
  readonly probe: (withinMs: number) => void
  readonly close: (reason: string) => void
}

export interface SessionHandlers {
  readonly onMessage: (session: Session, message: WireMessage) => void
  readonly onFault: (session: Session, points: number, what: string) => void
  readonly onClosed: (session: Session, reason: string) => void
}

/** `start` begins to deliver; before it, nothing of the session is seen. */
export const createSession = (clock: Clock, first: BoundLink, handlers: SessionHandlers): Session & { readonly start: () => void } => {
  const { theirs } = first
  const sinceMs = clock.now()
  const rates = new Map<WireType | 'unknown', Rate>()
  const rateOf = (type: WireType | 'unknown'): Rate => {
    const rate = rates.get(type) ?? createRate(clock, type === 'unknown' ? unknownPerMinute : ratesPerMinute[type])
    rates.set(type, rate)
    return rate
  }
  let current = first
  let boundMs = sinceMs
  let closed = false
  let heardMs = sinceMs
  let silentBeforeMs = 0
  let sleptBeforeMs = 0
  let awaited = false
  let latencyMs: number | undefined
  let ping: { readonly nonce: number; readonly at: number } | undefined
  let pings = 0
  let stopPing = (): void => {}
  let stopProbe = (): void => {}

  const outbox = createOutbox(
    clock,
    () => current.link,
    () => close('slow'),
  )
  const close = (reason: string): void => {
    if (closed) return
    closed = true
    stopPing()
    stopProbe()
    outbox.end()
    current.link.close(reason)
    handlers.onClosed(session, reason)
  }
  const silentMs = (): number => {
    const gapMs = clock.now() - heardMs
    return silentBeforeMs + (gapMs > asleepMsMin ? 0 : Math.max(0, gapMs - quietMsMax))
  }
  const sleptMs = (): number => sleptBeforeMs + (clock.now() - heardMs > asleepMsMin ? clock.now() - heardMs : 0)
  const heard = (): void => {
    silentBeforeMs = silentMs()
    sleptBeforeMs = sleptMs()
    heardMs = clock.now()
  }
  const receive = (frame: Bytes): void => {
    if (closed) return
    heard()
    awaited = false
    const parsed = parseFrame(frame)
    if (!parsed.ok)
      return handlers.onFault(
        session,
        costs.malformed,
        parsed.error.type === 'too-large' ? 'too large' : `${parsed.error.what} ${parsed.error.where}`,
      )
    const message = parsed.value
    const type = 'unknown' in message ? 'unknown' : message[0]
    if (!rateOf(type).take()) {
      if (type === 'unknown' || !carriedTypes.has(type)) handlers.onFault(session, costs.overRate, `too many: ${type}`)
      return
    }
    if ('unknown' in message) return
    if (message[0] === 'ping') return void session.send(['pong', message[1]])
    if (message[0] === 'pong') {
      if (ping?.nonce === message[1].nonce) latencyMs = clock.now() - ping.at
      return
    }
    handlers.onMessage(session, message)
  }
  const listen = (bound: BoundLink): void =>
    bound.open({ onFrame: receive, onClose: (reason) => (bound === current ? close(reason) : undefined) })
  const sendPing = (): void => {
    ping = { nonce: pings++, at: clock.now() }
    void session.send(['ping', { nonce: ping.nonce }])
  }
  const beat = (): void => {
    const quietMs = pingEveryMs + (first.link.initiator ? 0 : pingLaterMs)
    const leftMs = quietMs - (clock.now() - heardMs)
    stopPing = clock.after(leftMs > 0 ? leftMs : pingEveryMs, () => {
      const silentMs = clock.now() - heardMs
      if (silentMs > silentMsMax) return close('silent')
      if (silentMs >= quietMs) sendPing()
      beat()
    })
  }
  const retire = (bound: BoundLink): void => void clock.after(retireMs, () => bound.link.close('duplicate'))

  const session: Session & { readonly start: () => void } = {
    id: toHex(theirs.device),
    device: theirs.device,
    role: theirs.role,
    trustedRelay: theirs.role === 'relay' && first.link.initiator,
    peer: () => ({
      id: session.id,
      device: theirs.device,
      root: theirs.root,
      role: theirs.role,
      via: current.link.binding.kind,
      sinceMs,
      silentMs: silentMs(),
      sleptMs: sleptMs(),
      latencyMs,
      address: current.link.remoteAddress,
    }),
    bound: () => current,
    boundMs: () => boundMs,
    send: (message) => {
      const frame = encodeFrame(message)
      return frame.ok ? outbox.put(frame.value, priorityOf(message[0])) : Promise.resolve({ ok: false, error: { type: 'too-large' } })
    },
    put: outbox.put,
    replace: (bound) => {
      const old = current
      current = bound
      heard()
      boundMs = heardMs
      retire(old)
      listen(bound)
    },
    retire: (bound) => {
      retire(bound)
      listen(bound)
    },
    probe: (withinMs) => {
      // Its silence so far may have been ours.
      sleptBeforeMs += clock.now() - heardMs
      heardMs = clock.now()
      awaited = true
      stopProbe()
      stopProbe = clock.after(withinMs, () => (awaited ? close('silent') : undefined))
      sendPing()
    },
    close,
    start: () => {
      listen(first)
      sendPing()
      beat()
    },
  }
  return session
}

/**
 * Which of two links to one peer stays. Both ends must say the same without a word between them: that whose initiator has
 * the lower key, of two by one initiator that with the lower nonce. A link that has stood for a while was not made at the
 * same time: then the peer has lost it, and the new one stays.
 */
export const sameTimeMs = 10_000
export const keepsOld = (ownDevice: Bytes, old: BoundLink, next: BoundLink, oldAgeMs: number): boolean => {
  if (oldAgeMs > sameTimeMs) return false
  const initiator = (b: BoundLink): Bytes => (b.link.initiator ? ownDevice : b.theirs.device)
  const byKey = compareBytes(initiator(old), initiator(next))
  if (byKey !== 0) return byKey < 0
  // Whoever dials a relay twice has lost the first link.
  if (next.link.binding.kind === 'url') return false
  return compareBytes(old.mark, next.mark) < 0
}
