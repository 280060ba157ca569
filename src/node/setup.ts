/**
 * What a relay keeps about itself: the swarm's policy and secret, its own keys, its address, the invite. A relay that is alone
 * decides it at its first start; one of several finds it in its folder (swarm-create.ts). Each record is written whole before
 * anything of it is told to anyone.
 *
 * | table | key    | value                                                                                |
 * | ----- | ------ | ------------------------------------------------------------------------------------ |
 * | relay | setup  | `aloneSchema`: with the founder's key; `memberSchema`: one of several, without it     |
 * | relay | invite | token of the invite that the printed link carries                                    |
 */
import * as v from 'valibot'
import { createPolicy, encodeSignedPolicy, parseSignedPolicy, signPolicy } from '../economy/policy-codec.ts'
import type { SignedPolicy } from '../economy/policy.ts'
import { certifyDevice } from '../identity/device.ts'
import type { DeviceCertificate, Signer } from '../identity/keys.ts'
import { createNobleSigner } from '../identity/noble.ts'
import type { Bytes } from '../lib/bytes.ts'
import type { Cbor } from '../lib/cbor.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bytesOf, bytesUpTo, key32, parse, sig64, text, uint } from '../lib/schema.ts'
import type { Store, Write } from '../lib/store.ts'
import { frameBytesMax } from '../network/wire.ts'
import type { ModelCard } from '../tasks/model-card.ts'

interface Keys {
  readonly signer: Signer
  readonly certificate: DeviceCertificate
}

export interface Setup {
  readonly port: number
  /** How others reach this relay, where that is not its own port on loopback. */
  readonly url: string | undefined
  readonly signedPolicy: SignedPolicy
  readonly swarmSecret: Bytes
  readonly witness: Signer
  /** Where this relay is alone: it signs the founder's notices. */
  readonly founder: Signer | undefined
  /** The issuer's chain and the relay's links have device keys of their own, certified by the founder's key. */
  readonly issuer: Keys | undefined
  readonly device: Keys
  /** Undefined: this relay is alone. */
  readonly circle: Circle | undefined
}

/** The relays of a swarm of several witnesses, as all of them know each other. */
export interface Circle {
  /** Of this one, from 1. */
  readonly place: number
  readonly relays: readonly { readonly url: string; readonly device: Bytes }[]
}

/** How many may join by the printed link. */
export const inviteUses = 100
export const loopbackUrl = (port: number): string => `ws://127.0.0.1:${port}`

const at = { table: 'relay', key: 'setup' } as const
const inviteAt = { table: 'relay', key: 'invite' } as const
const secret32 = bytesOf(32)
const aloneSchema = v.strictObject({
  v: v.literal(1),
  port: uint(65_535),
  url: v.nullable(text(200)),
  policy: bytesUpTo(frameBytesMax),
  swarmSecret: secret32,
  founder: secret32,
  witness: secret32,
  issuer: secret32,
  device: secret32,
})
/** A device key, and the founder's signature under which it belongs to the swarm. */
const keysSchema = v.strictObject({ secret: secret32, root: key32, signature: sig64 })
const memberSchema = v.strictObject({
  v: v.literal(2),
  port: uint(65_535),
  place: uint(100),
  relays: v.array(v.strictObject({ url: text(200), device: key32 })),
  policy: bytesUpTo(frameBytesMax),
  swarmSecret: secret32,
  witness: secret32,
  issuer: v.nullable(keysSchema),
  device: keysSchema,
})
const recordSchema = v.variant('v', [aloneSchema, memberSchema])
type AloneRecord = v.InferOutput<typeof aloneSchema>

export type Address = Pick<Setup, 'port' | 'url'>

/** damaged: what was written once cannot be read. version: an earlier or later version of the program wrote its policy. */
export type SetupError = { readonly type: 'damaged' | 'version'; readonly what: string }
const damaged = (what: string): Result<never, SetupError> => err({ type: 'damaged', what })

/** Undefined before the first start. */
export const readSetup = async (store: Store): Promise<Result<Setup | undefined, SetupError>> => {
  const stored = await store.get(at.table, at.key)
  if (stored === undefined) return ok(undefined)
  const record = parse(recordSchema, stored)
  if (!record.ok) return damaged(`its setup record cannot be read (${record.error.where}: ${record.error.what})`)
  const policy = parseSignedPolicy(record.value.policy)
  // The record is whole, and it was valid when it was written: it is its form that has changed since.
  if (!policy.ok) return err({ type: 'version', what: policy.error.reason === 'malformed' ? policy.error.what : policy.error.reason })
  if (record.value.v === 1) return ok(await open(record.value, policy.value))
  const relays = record.value.relays.length
  return record.value.place >= 1 && record.value.place <= relays && relays === policy.value.policy.witnesses.length
    ? ok(openMember(record.value, policy.value))
    : damaged('its place among the witnesses is not in its policy')
}

export const createSetup = async (
  { store, random, clock }: { readonly store: Store; readonly random: Random; readonly clock: Clock },
  { port, url, name, models }: { readonly name: string; readonly models: readonly ModelCard[] } & Address,
): Promise<Result<Setup, string>> => {
  const [founder, witness, issuer, device] = [random.bytes(32), random.bytes(32), random.bytes(32), random.bytes(32)]
  const founderSigner = createNobleSigner(founder)
  const policy = createPolicy(
    { random, now: clock.now() },
    {
      name,
      founder: founderSigner.publicKey,
      witnesses: [createNobleSigner(witness).publicKey],
      issuer: createNobleSigner(issuer).publicKey,
      models,
    },
  )
  const policyBytes = encodeSignedPolicy(await signPolicy(founderSigner, policy))
  const checked = parseSignedPolicy(policyBytes)
  if (!checked.ok)
    return err(`the policy would not be valid: ${checked.error.reason === 'malformed' ? checked.error.what : checked.error.reason}`)
  const record: AloneRecord = {
    v: 1,
    port,
    url: url ?? null,
    policy: policyBytes,
    swarmSecret: random.bytes(32),
    founder,
    witness,
    issuer,
    device,
  }
  const written = await store.commit([{ ...at, value: record satisfies Cbor }], [{ ...at, equals: undefined }])
  return written.ok
    ? ok(await open(record, checked.value))
    : err(`the setup could not be written: ${written.error.type === 'storage' ? written.error.message : 'it is there already'}`)
}

/** What `swarm create` puts into a new folder, all of it or nothing. */
export interface Member {
  readonly record: v.InferOutput<typeof memberSchema>
  readonly invite: Bytes
  readonly more: readonly Write[]
}
export const writeMember = async (store: Store, { record, invite, more }: Member): Promise<Result<void, string>> => {
  const written = await store.commit(
    [{ ...at, value: record satisfies Cbor }, { ...inviteAt, value: invite }, ...more],
    [{ ...at, equals: undefined }],
  )
  return written.ok ? ok(undefined) : err('the setup could not be written')
}

/** The owner has given the relay another address: links given out from now on name it. One of several changes its port only. */
export const changeAddress = async (store: Store, { port, url }: Address): Promise<Result<void, string>> => {
  const stored = await store.get(at.table, at.key)
  const record = parse(recordSchema, stored)
  if (!record.ok) return err('its setup record cannot be read')
  const value = record.value.v === 1 ? { ...record.value, port, url: url ?? null } : { ...record.value, port }
  const written = await store.commit([{ ...at, value }])
  return written.ok ? ok(undefined) : err('the new address could not be written')
}

/** The printed link's invite: made once, kept by its token. */
export const keptInvite = async (store: Store, create: () => Promise<Result<Bytes, unknown>>): Promise<Result<Bytes, string>> => {
  const token = await store.get(inviteAt.table, inviteAt.key)
  if (token instanceof Uint8Array) return ok(token as Bytes)
  const created = await create()
  const written = created.ok && (await store.commit([{ ...inviteAt, value: created.value }]))
  return created.ok && written && written.ok ? created : err('the invite could not be written')
}

const open = async (record: AloneRecord, signedPolicy: SignedPolicy): Promise<Setup> => {
  const founder = createNobleSigner(record.founder)
  const certified = async (secret: Bytes) => {
    const signer = createNobleSigner(secret)
    return { signer, certificate: await certifyDevice(founder, signer.publicKey) }
  }
  return {
    port: record.port,
    url: record.url ?? undefined,
    signedPolicy,
    swarmSecret: record.swarmSecret,
    witness: createNobleSigner(record.witness),
    founder,
    issuer: await certified(record.issuer),
    device: await certified(record.device),
    circle: undefined,
  }
}

const openMember = (record: Member['record'], signedPolicy: SignedPolicy): Setup => {
  const keys = ({ secret, root, signature }: v.InferOutput<typeof keysSchema>): Keys => {
    const signer = createNobleSigner(secret)
    return { signer, certificate: { root, device: signer.publicKey, signature } }
  }
  return {
    port: record.port,
    url: record.relays[record.place - 1]!.url,
    signedPolicy,
    swarmSecret: record.swarmSecret,
    witness: createNobleSigner(record.witness),
    founder: undefined,
    issuer: record.issuer ? keys(record.issuer) : undefined,
    device: keys(record.device),
    circle: { place: record.place, relays: record.relays },
  }
}
