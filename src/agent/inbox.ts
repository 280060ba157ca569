/**
 * The door for signed contract messages: form, swarm, addressee, expiry, signature, and each id once. What passes is handed
 * on by kind; what does not costs the peer that sent it score (forwarded ones cost nobody: the relay cannot judge them).
 */
import { parseMessage, type ReceivedMessage, verifyMessage } from '../contract/signed.ts'
import type { NodeId, Verifier } from '../identity/keys.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Membership } from './deps.ts'

/** Ids remembered against replay; older ones are forgotten first, and they have long expired. */
const rememberedMax = 50_000

export interface Inbox {
  readonly receive: (from: NodeId, bytes: Bytes, forwarded: boolean) => Promise<ReceivedMessage | undefined>
}

/** `again`: kinds that are resent until answered; their receivers are idempotent, so a second copy passes, signed as the first was. */
const again: ReadonlySet<string> = new Set(['sow', 'agreement', 'countersign', 'prepay', 'result', 'reward', 'cancel', 'receipt'])

export const createInbox = ({ clock, verifier }: { readonly clock: Clock; readonly verifier: Verifier }, member: Membership): Inbox => {
  /** An id says nothing of the signature: what was verified is kept with it. */
  const seen = new Map<string, Uint8Array>()
  return {
    receive: async (from, bytes, forwarded) => {
      const parsed = parseMessage(bytes)
      if (!parsed.ok) {
        if (!forwarded) member.network.blame(from, `malformed message: ${parsed.error.what}`)
        return undefined
      }
      const id = toHex(parsed.value.id)
      const { kind, to, sig } = parsed.value.message
      const before = seen.get(id)
      if (before) return again.has(kind) && equalBytes(before, sig) ? parsed.value : undefined
      if (to === null && kind !== 'sow') {
        if (!forwarded) member.network.blame(from, `${kind} to nobody`)
        return undefined
      }
      const verified = await verifyMessage(parsed.value, { verifier, swarm: member.link.swarm, self: member.device.device, now: clock.now() })
      if (!verified.ok) {
        // Who passes a sow on cannot be blamed for it.
        if (!forwarded && toHex(parsed.value.message.from) === from && verified.error.type !== 'expired') member.network.blame(from, verified.error.type)
        return undefined
      }
      seen.set(id, sig.slice())
      if (seen.size > rememberedMax) seen.delete(seen.keys().next().value!)
      return parsed.value
    },
  }
}
