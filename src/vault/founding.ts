/**
 * A swarm that this device founded: its three keys, its policy and its invites (spec: network.md, *The relay*, last paragraph).
 * The keys lie where the device key lies; the agent runs witness and issuer and asks here for each signature (founding-signatures.ts).
 *
 * | table   | key      | value                                                                             |
 * | ------- | -------- | --------------------------------------------------------------------------------- |
 * | founded | swarm id | `recordSchema`: policy, keys, the issuer's certificate, invites, session of recall, link when left |
 *
 * A record outlives leaving: who comes back by the link is witness and issuer again. Keys are made before the record that names
 * them; a crash between leaves keys that nobody names, and the next start forgets them.
 */
import * as v from 'valibot'
import type { SwarmLink } from '../economy/link.ts'
import { isTrackerUrl, urlsMax } from '../economy/link-codec.ts'
import type { Policy } from '../economy/policy.ts'
import {
  createPolicy,
  encodeSignedPolicy,
  parseSignedPolicy,
  policyBytesMax,
  privateDefaults,
  signPolicy,
  swarmIdOf,
} from '../economy/policy-codec.ts'
import { certifyDevice } from '../identity/device.ts'
import type { DeviceCertificate, PublicKey } from '../identity/keys.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bytesOf, bytesUpTo, key32, parse, sig64, text, uint } from '../lib/schema.ts'
import type { Store, StoreValue, Write } from '../lib/store.ts'
import type { KeyKeeper } from './key-keeper.ts'
import { linkSchema } from './swarm-record.ts'

/** Beyond these a swarm wants a relay. */
export const invitesMax = 50
export const usesMax = 1_000

/** What the founder decides. */
export interface NewSwarm {
  readonly name: string
  readonly trackers: readonly string[]
  /** What one use of an invite brings, in µcr. */
  readonly grantMicro: number
  /** How many may join by the first invite. */
  readonly uses: number
}

export interface FoundedInvite {
  readonly token: Bytes
  readonly uses: number
  /** The one that brings the founder its own grant: shown to nobody. */
  readonly own: boolean
  /** Nobody can join by it any more. */
  readonly revoked?: true
}

/** What the agent needs to know in order to play the part. */
export interface Founded {
  readonly witness: PublicKey
  readonly issuer: DeviceCertificate
  readonly invites: readonly FoundedInvite[]
  /** In this browser session, members were asked what the witness signed: only then it signs (a restored profile must not sign twice). */
  readonly recalled: boolean
}

/**
 * name, trackers: not of their form. grant: more than all grants together, or less than opens an account. uses: none, or too many.
 * invites: as many as there may be. invite: there is no such. self: the founder's own key to be
 * blocked. recalling: members were not asked yet. key: the founder's key is lost.
 */
export type FoundingError = {
  readonly type: 'founding'
  readonly reason: 'name' | 'trackers' | 'grant' | 'uses' | 'invites' | 'invite' | 'self' | 'recalling' | 'key'
}

const table = 'founded'
const recordSchema = v.strictObject({
  policy: bytesUpTo(policyBytesMax),
  founder: key32,
  witness: key32,
  issuer: v.strictObject({ root: key32, device: key32, signature: sig64 }),
  invites: v.pipe(
    v.array(v.strictObject({ token: bytesOf(16), uses: uint(usesMax), own: v.boolean(), revoked: v.exactOptional(v.literal(true)) })),
    v.maxLength(invitesMax + 1),
  ),
  recalledSession: v.nullable(text(100)),
  /** By which the founder was in when it left: nobody else may have the secret. */
  left: v.exactOptional(linkSchema),
})
export type FoundingRecord = v.InferOutput<typeof recordSchema>

export const readFounding = async (store: Store, swarm: Bytes): Promise<FoundingRecord | undefined> => {
  const record = parse(recordSchema, await store.get(table, toHex(swarm)))
  return record.ok ? record.value : undefined
}

/** Swarms founded here, and left since. */
export const leftSwarms = async (store: Store): Promise<readonly { readonly swarm: Bytes; readonly name: string }[]> =>
  (await store.list(table)).flatMap(([, stored]) => {
    const record = parse(recordSchema, stored)
    if (!record.ok || !record.value.left) return []
    const signed = parseSignedPolicy(record.value.policy)
    return signed.ok ? [{ swarm: record.value.left.swarm, name: signed.value.policy.name }] : []
  })

export const foundingWrite = (swarm: Bytes, record: FoundingRecord): Write => ({
  table,
  key: toHex(swarm),
  value: record as unknown as StoreValue,
})

/** The keys of every swarm founded here: the keeper is to keep them. */
export const foundingKeys = async (store: Store): Promise<readonly PublicKey[]> =>
  (await store.list(table)).flatMap(([, stored]) => {
    const record = parse(recordSchema, stored)
    return record.ok ? [record.value.founder, record.value.witness, record.value.issuer.device] : []
  })

/** The policy, signed, and the link by which the founder itself is in; nothing is stored but the keys. */
export const found = async (
  {
    keeper,
    random,
    clock,
    session,
  }: { readonly keeper: KeyKeeper; readonly random: Random; readonly clock: Clock; readonly session: string },
  { name, trackers, grantMicro, uses }: NewSwarm,
  models: Policy['models'],
): Promise<Result<{ readonly link: SwarmLink; readonly record: FoundingRecord }, FoundingError>> => {
  const { grantsMicro, openingMicro } = privateDefaults
  if (!isUses(uses)) return refused('uses')
  const places = checkTrackers(trackers)
  if (!places.ok) return places
  // The founder's own grant beside those of the first invite.
  if (!Number.isSafeInteger(grantMicro) || grantMicro < openingMicro || grantMicro * (uses + 1) > grantsMicro) return refused('grant')
  const [founderKey, witness, issuerKey] = [await keeper.generateDevice(), await keeper.generateDevice(), await keeper.generateDevice()]
  const founder = await keeper.signer(founderKey)
  assert(founder, 'the keeper has the key that it made')
  const policy = createPolicy(
    { random, now: clock.now() },
    { name, founder: founderKey, witnesses: [witness], issuer: issuerKey, models, grantMicro },
  )
  const bytes = encodeSignedPolicy(await signPolicy(founder, policy))
  if (!parseSignedPolicy(bytes).ok) return refused('name')
  const own: FoundedInvite = { token: random.bytes(16), uses: 1, own: true }
  const record: FoundingRecord = {
    policy: bytes,
    founder: founderKey,
    witness,
    issuer: await certifyDevice(founder, issuerKey),
    invites: [own, { token: random.bytes(16), uses, own: false }],
    // Nothing is signed yet that could be forgotten.
    recalledSession: session,
  }
  const link = {
    swarm: swarmIdOf(policy),
    founder: founderKey,
    secret: random.bytes(32),
    relays: [],
    trackers: [...trackers],
    invite: own.token,
  }
  return ok({ link, record })
}

/** None is right too: then nobody can join yet. */
export const checkTrackers = (trackers: readonly string[]): Result<void, FoundingError> =>
  trackers.length <= urlsMax && trackers.every(isTrackerUrl) ? ok(undefined) : refused('trackers')

/** With one more invite. What all uses may bring is the ledger's to limit: an invite may come to nothing, but never to more. */
export const withInvite = (record: FoundingRecord, uses: number, random: Random): Result<FoundingRecord, FoundingError> => {
  if (!isUses(uses)) return refused('uses')
  if (record.invites.length > invitesMax) return refused('invites')
  return ok({ ...record, invites: [...record.invites, { token: random.bytes(16), uses, own: false }] })
}

/** Without a way in by this invite; those who came by it stay. */
export const withoutInvite = (record: FoundingRecord, token: Uint8Array): Result<FoundingRecord, FoundingError> =>
  record.invites.some((invite) => !invite.own && equalBytes(invite.token, token))
    ? ok({ ...record, invites: record.invites.map((one) => (equalBytes(one.token, token) ? { ...one, revoked: true } : one)) })
    : refused('invite')

export const foundedOf = ({ witness, issuer, invites, recalledSession }: FoundingRecord, session: string): Founded => ({
  witness,
  issuer,
  invites,
  recalled: recalledSession === session,
})

const isUses = (uses: number): boolean => Number.isSafeInteger(uses) && uses >= 1 && uses <= usesMax
const refused = (reason: FoundingError['reason']): Result<never, FoundingError> => err({ type: 'founding', reason })
