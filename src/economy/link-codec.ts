/**
 * The invite link as text: `edgenet:1:` + unpadded base64url of cbor[swarm, founder, secret | null, [relay], [tracker], invite | null].
 *
 * People copy links by hand and by mail, so a damaged one says what is damaged.
 */
import * as v from 'valibot'
import { fromBase64url, toBase64url } from '../lib/bytes.ts'
import { type Cbor, decodeCanonical, encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bytesOf, id32, key32, parse, text } from '../lib/schema.ts'
import type { SwarmLink } from './link.ts'

export const linkPrefix = 'edgenet:1:'
export const linkCharsMax = 4096
/** Relays, and trackers. */
export const urlsMax = 8
export const urlCharsMax = 200

export type LinkError = {
  readonly type: 'link'
  /**
   * prefix: not one of our links. version: of a later kind. characters: some that no link has. damaged: an end is missing or
   * something changed in it. fields: not the six parts, or one of them not of its form. relay, tracker: an address that is
   * neither wss:// nor ws:// on this very machine. too-long.
   */
  readonly reason: 'prefix' | 'version' | 'characters' | 'damaged' | 'fields' | 'relay' | 'tracker' | 'too-long'
  readonly detail: string
}

const fieldsSchema = v.strictTuple([
  id32,
  key32,
  v.nullable(bytesOf(32)),
  v.pipe(v.array(text(urlCharsMax)), v.maxLength(urlsMax)),
  v.pipe(v.array(text(urlCharsMax)), v.maxLength(urlsMax)),
  v.nullable(bytesOf(16)),
])
const fieldNames = ['swarm id', "founder's key", 'secret', 'relays', 'trackers', 'invite']

export const formatLink = ({ swarm, founder, secret, relays, trackers, invite }: SwarmLink): string =>
  linkPrefix + toBase64url(encode([swarm, founder, secret, relays, trackers, invite] satisfies Cbor))

export const parseLink = (pasted: string): Result<SwarmLink, LinkError> => {
  const link = pasted.trim()
  if (link.length > linkCharsMax) return fault('too-long', `${link.length} characters`)
  if (!link.startsWith(linkPrefix)) {
    const version = /^edgenet:(\d+):/.exec(link)?.[1]
    return version === undefined ? fault('prefix', link.slice(0, linkPrefix.length)) : fault('version', version)
  }
  const body = link.slice(linkPrefix.length)
  const odd = /[^A-Za-z0-9_-]/u.exec(body)
  if (odd) return fault('characters', `“${odd[0]}” at ${linkPrefix.length + odd.index + 1}`)
  const bytes = fromBase64url(body)
  if (!bytes) return fault('damaged', 'the last characters do not end a link')
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok) return fault('damaged', 'incomplete or changed')
  const fields = parse(fieldsSchema, decoded.value)
  if (!fields.ok)
    return fault('fields', `${fieldNames[Number.parseInt(fields.error.where, 10)] ?? 'number of parts'}: ${fields.error.what}`)
  const [swarm, founder, secret, relays, trackers, invite] = fields.value
  const relay = relays.find((url) => !isRelayUrl(url))
  if (relay !== undefined) return fault('relay', relay)
  const tracker = trackers.find((url) => !isTrackerUrl(url))
  if (tracker !== undefined) return fault('tracker', tracker)
  return ok({ swarm, founder, secret, relays, trackers, invite })
}

const host = String.raw`([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])`
/** No `[::1]`: the pages' content security policy can name no IPv6 address (CSP 3, host-source). */
const loopback = String.raw`(127\.0\.0\.1|localhost)`
const origin = `(wss://${host}|ws://${loopback})(:[0-9]{1,5})?`

/** Encrypted, or on this machine: what passes over a relay is bound to identities, but who talks with whom is not for the way. */
export const isRelayUrl = (url: string): boolean => new RegExp(`^${origin}$`).test(url)
export const isTrackerUrl = (url: string): boolean => new RegExp(String.raw`^${origin}(/[\w./?=&%-]*)?$`).test(url)

const fault = (reason: LinkError['reason'], detail: string): Result<never, LinkError> => err({ type: 'link', reason, detail })
