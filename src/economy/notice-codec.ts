/** Notices as bytes: the next one made and signed, and whatever a peer or a file brings checked against the swarm's id. */
import * as v from 'valibot'
import type { PublicKey, Signer, Verifier } from '../identity/keys.ts'
import type { SwarmId } from '../ledger/types.ts'
import { type Bytes, compareBytes, concat, equalBytes, sha256, utf8 } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { id32, key32, parseBytes, sig64, text, uint } from '../lib/schema.ts'
import { isRelayUrl, urlCharsMax, urlsMax } from './link-codec.ts'
import { termsOf, type Notice, type SignedNotice, type Terms } from './notice.ts'
import { swarmIdOf, termSchemas } from './policy-codec.ts'
import type { Policy } from './policy.ts'

/** A swarm that has changed its mind more often wants a successor. */
export const noticesMax = 1_000
/** Identities and devices. */
export const blockedMax = 512
/** Of the notice without its trail. With a thousand digests it still is one frame of the network, forwarded or not. */
const termsBytesMax = 28 * 1024
export const noticeBytesMax = 63 * 1024

export type NoticeError =
  | { readonly type: 'notice'; readonly reason: 'malformed'; readonly what: string }
  /**
   * wrong-swarm: of another one. signature: not the founder's, or the trail is not the one that it signed. founder-blocked: the list
   * names the key by which relays are certified. last: there may be no further one. price: more than a tab, so that nobody could ask for a text.
   */
  | { readonly type: 'notice'; readonly reason: 'too-large' | 'wrong-swarm' | 'signature' | 'founder-blocked' | 'last' | 'price' }

/** With the hashes of all versions up to it: `hashes[n]` is that of version n. */
export interface KnownNotice extends SignedNotice {
  readonly hashes: readonly Bytes[]
  readonly bytes: Bytes
}

/** What a notice must be of: a link says it. */
export type Of = Pick<Policy, 'founder'> & { readonly swarm: SwarmId }

const rising = v.check((keys: Bytes[]) => keys.every((key, i) => i === 0 || compareBytes(keys[i - 1]!, key) < 0), 'not sorted')
const noticeSchema = v.strictObject({
  v: v.literal(1),
  swarm: id32,
  version: v.pipe(uint(noticesMax), v.minValue(1)),
  time: uint(),
  ...termSchemas,
  relays: v.pipe(
    v.array(v.pipe(text(urlCharsMax), v.check(isRelayUrl, 'neither wss:// nor ws:// on loopback'))),
    v.maxLength(urlsMax),
    v.check((urls) => new Set(urls).size === urls.length, 'a relay twice'),
  ),
  blocked: v.pipe(v.array(key32), v.maxLength(blockedMax), rising),
})
const signedSchema = v.pipe(
  v.strictObject({ notice: noticeSchema, trail: v.pipe(v.array(id32), v.maxLength(noticesMax - 1)), sig: sig64 }),
  v.check(({ notice, trail }) => trail.length === notice.version - 1, 'not the trail of this version'),
)

/** Form only: whose it is, `verifyNotice` says. For bytes that were verified when they were stored. */
export const openNotice = (bytes: Uint8Array): Result<KnownNotice, NoticeError> => {
  if (bytes.length > noticeBytesMax) return refused('too-large')
  const parsed = parseBytes(signedSchema, bytes)
  if (!parsed.ok) return err({ type: 'notice', reason: 'malformed', what: `${parsed.error.where} ${parsed.error.what}`.trim() })
  const { notice, trail } = parsed.value
  const encoded = encode(notice as unknown as Cbor)
  if (encoded.length > termsBytesMax) return refused('too-large')
  return ok({ ...parsed.value, hashes: hashesOf(notice.swarm, [...trail, sha256(encoded)]), bytes: bytes as Bytes })
}

/** A notice of this swarm, signed by its founder as the one that follows its trail, or why it is not. */
export const verifyNotice = async (
  verifier: Verifier,
  bytes: Uint8Array,
  { swarm, founder }: Of,
): Promise<Result<KnownNotice, NoticeError>> => {
  const opened = openNotice(bytes)
  if (!opened.ok) return opened
  const { notice, hashes, sig } = opened.value
  if (!equalBytes(notice.swarm, swarm)) return refused('wrong-swarm')
  if (notice.blocked.some((key) => equalBytes(key, founder))) return refused('founder-blocked')
  return (await verifier.verify(sig, noticeMessage(hashes.at(-1)!), founder)) ? opened : refused('signature')
}

/** The version after `last`, or version 1: all as it was but for `changes`. */
export const nextNotice = async (
  founder: Signer,
  { policy, last, now }: { readonly policy: Policy; readonly last: KnownNotice | undefined; readonly now: number },
  changes: Partial<Terms>,
): Promise<Result<KnownNotice, NoticeError>> => {
  const version = (last?.notice.version ?? 0) + 1
  if (version > noticesMax) return refused('last')
  const { prices, highPriority, storageMicro, models, relays, blocked } = { ...termsOf(policy, last?.notice), ...changes }
  if (blocked.some((key) => equalBytes(key, policy.founder))) return refused('founder-blocked')
  if (prices.embedding > policy.tabMicro) return refused('price')
  const swarm = swarmIdOf(policy)
  const notice: Notice = {
    ...{ v: 1, swarm, version, time: now, prices, highPriority, storageMicro, models, relays },
    blocked: sortedOnce(blocked),
  }
  const trail = last ? [...last.trail, digestOf(last.notice)] : []
  const sig = await founder.sign(noticeMessage(hashesOf(swarm, [...trail, digestOf(notice)]).at(-1)!))
  return openNotice(encode({ notice, trail, sig } satisfies SignedNotice as unknown as Cbor))
}

const sortedOnce = (keys: readonly PublicKey[]): readonly PublicKey[] =>
  [...keys].sort(compareBytes).filter((key, i, all) => i === 0 || !equalBytes(all[i - 1]!, key))

const digestOf = (notice: Notice): Bytes => sha256(encode(notice as unknown as Cbor))
const hashesOf = (swarm: SwarmId, digests: readonly Bytes[]): readonly Bytes[] => {
  const hashes = [swarm]
  for (const digest of digests) hashes.push(sha256(encode([hashes.at(-1)!, digest])))
  return hashes
}
const noticeMessage = (hash: Bytes): Bytes => concat(utf8('edge-net/notice/1'), hash)

const refused = (reason: Exclude<NoticeError['reason'], 'malformed'>): Result<never, NoticeError> => err({ type: 'notice', reason })
