/**
 * Session descriptions as a private swarm's trackers see them: AES-256-GCM, key = HKDF-SHA-256(secret, info
 * "edge-net/sdp/1"), 12 random bytes ‖ ciphertext. A public swarm has no secret to seal under: there they go as they are.
 */
import { type Bytes, concat, utf8 } from '../../lib/bytes.ts'
import { err, ok } from '../../lib/result.ts'
import type { SdpSeal } from '../../network/ports.ts'

const nonceBytes = 12

export const createSdpSeal = (secret: Bytes | null): SdpSeal => {
  const text = new TextDecoder('utf-8', { fatal: true })
  if (secret === null)
    return {
      seal: async (sdp) => utf8(sdp),
      open: async (bytes) => {
        try {
          return ok(text.decode(bytes))
        } catch {
          return err({ type: 'unsealable' })
        }
      },
    }
  const key = crypto.subtle
    .importKey('raw', secret, 'HKDF', false, ['deriveKey'])
    .then((from) =>
      crypto.subtle.deriveKey(
        { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: utf8('edge-net/sdp/1') },
        from,
        { name: 'AES-GCM', length: 256 },
        false,
        ['encrypt', 'decrypt'],
      ),
    )
  return {
    seal: async (sdp) => {
      const iv = crypto.getRandomValues(new Uint8Array(nonceBytes))
      return concat(iv, new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await key, utf8(sdp))))
    },
    open: async (sealed) => {
      try {
        const iv = sealed.slice(0, nonceBytes)
        return ok(text.decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, await key, sealed.slice(nonceBytes))))
      } catch {
        return err({ type: 'unsealable' })
      }
    },
  }
}
