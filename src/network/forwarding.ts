/**
 * Frames for a peer that one has no link with, through a relay that has. What may travel so is signed or sealed by its
 * author or worth nothing to a forger; the relay vouches for `from` with nothing but its own link to the sender.
 */
import { type Cbor, encode } from '../lib/cbor.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { encodeFrame, parseFrame } from './frame.ts'
import type { NodeId } from '../identity/keys.ts'
import type { Session } from './session.ts'
import { priorityOf } from './outbox.ts'
import { createKeyedRate } from './rate.ts'
import { frameBytesMax, type WireBody, type WireMessage, type WireType } from './wire.ts'

const forwardable: ReadonlySet<WireType> = new Set(['signed', 'chunk', 'want', 'entries'])
/** What the wrapping frame adds stays below this. */
const wrappingBytes = 256
const sendersMax = 4_096

/** The frame to send to the relay. Undefined where this message may not travel so, or not in one frame. */
export const wrap = (from: Bytes, to: Bytes, message: WireMessage): Bytes | undefined => {
  const frame = encode(message as Cbor)
  if (!forwardable.has(message[0]) || frame.length > frameBytesMax - wrappingBytes) return undefined
  const outer = encodeFrame(['forward', { to, from, frame }])
  return outer.ok ? outer.value : undefined
}

/** What arrived through a relay; 'fault' where it may not have been passed on. */
export const unwrap = (body: WireBody<'forward'>): WireMessage | 'fault' => {
  const inner = parseFrame(body.frame)
  return inner.ok && !('unknown' in inner.value) && forwardable.has(inner.value[0]) ? inner.value : 'fault'
}

/** The relay's side. */
export const createForwarder = (
  clock: Clock,
  bytesPerMinute: number,
  session: (id: NodeId) => Session | undefined,
): { readonly forward: (from: Session, body: WireBody<'forward'>) => 'done' | 'fault' } => {
  const quota = createKeyedRate(clock, bytesPerMinute, sendersMax)
  return {
    forward: (from, body) => {
      const inner = unwrap(body)
      if (inner === 'fault' || !equalBytes(body.from, from.device)) return 'fault'
      const to = session(toHex(body.to))
      const refusal = !to ? 'no link with that peer' : quota.take(from.id, body.frame.length) ? undefined : 'over the quota'
      if (refusal !== undefined) void from.send(['refused', { re: 'forward', reason: refusal, author: body.to }])
      else {
        const frame = encodeFrame(['forward', body])
        if (to && frame.ok) void to.put(frame.value, priorityOf(inner[0]))
      }
      return 'done'
    },
  }
}
