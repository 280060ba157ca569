/**
 * What a relay decides once, at its first start, and keeps: the swarm's keys and policy, the secret, the port, the invite.
 * Each record is written whole before anything of it is told to anyone.
 *
 * | table | key    | value                                             |
 * | ----- | ------ | ------------------------------------------------- |
 * | relay | setup  | port, url, policy, secret keys (`recordSchema`)   |
 * | relay | invite | token of the invite that the printed link carries |
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
import { bytesOf, bytesUpTo, parse, text, uint } from '../lib/schema.ts'
import type { Store } from '../lib/store.ts'
import { frameBytesMax } from '../network/wire.ts'
import type { ModelCard } from '../tasks/model-card.ts'

export interface Setup {
  readonly port: number
  /** How others reach this relay, where that is not its own port on loopback. */
  readonly url: string | undefined
  readonly signedPolicy: SignedPolicy
  readonly swarmSecret: Bytes
  readonly witness: Signer
  /** The issuer's chain and the relay's links have device keys of their own, certified by the founder's key. */
  readonly issuer: { readonly signer: Signer; readonly certificate: DeviceCertificate }
  readonly device: { readonly signer: Signer; readonly certificate: DeviceCertificate }
}

const at = { table: 'relay', key: 'setup' } as const
const secret32 = bytesOf(32)
const recordSchema = v.strictObject({
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
type SetupRecord = v.InferOutput<typeof recordSchema>

export type Address = Pick<Setup, 'port' | 'url'>

/** Undefined before the first start. */
export const readSetup = async (store: Store): Promise<Result<Setup | undefined, string>> => {
  const stored = await store.get(at.table, at.key)
  if (stored === undefined) return ok(undefined)
  const record = parse(recordSchema, stored)
  if (!record.ok) return err(`its setup record cannot be read (${record.error.where}: ${record.error.what})`)
  const policy = parseSignedPolicy(record.value.policy)
  return policy.ok ? ok(await open(record.value, policy.value)) : err('its policy cannot be read')
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
  const record: SetupRecord = {
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

/** The owner has given the relay another address: links given out from now on name it. */
export const changeAddress = async (store: Store, { port, url }: Address): Promise<Result<void, string>> => {
  const stored = await store.get(at.table, at.key)
  const record = parse(recordSchema, stored)
  if (!record.ok) return err('its setup record cannot be read')
  const written = await store.commit([{ ...at, value: { ...record.value, port, url: url ?? null } }])
  return written.ok ? ok(undefined) : err('the new address could not be written')
}

/** The printed link's invite: made once, kept by its token. */
export const keptInvite = async (store: Store, create: () => Promise<Result<Bytes, unknown>>): Promise<Result<Bytes, string>> => {
  const token = await store.get('relay', 'invite')
  if (token instanceof Uint8Array) return ok(token as Bytes)
  const created = await create()
  const written = created.ok && (await store.commit([{ table: 'relay', key: 'invite', value: created.value }]))
  return created.ok && written && written.ok ? created : err('the invite could not be written')
}

const open = async (record: SetupRecord, signedPolicy: SignedPolicy): Promise<Setup> => {
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
    issuer: await certified(record.issuer),
    device: await certified(record.device),
  }
}
