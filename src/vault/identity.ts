/**
 * Who this device is: a root key from 24 words, and a device key that it certifies (spec: ledger.md, *Keys and accounts*).
 *
 * The root secret is made, used for one signature and dropped. The words stay, wrapped, until their owner has confirmed the
 * backup. The device key is in the keeper before the record that names it is stored: a crash between leaves a key that
 * nobody names, and the next start forgets it.
 */
import * as v from 'valibot'
import { certifyDevice } from '../identity/device.ts'
import type { DeviceCertificate, Signer } from '../identity/keys.ts'
import { createNobleSigner } from '../identity/noble.ts'
import { newPhrase, type PhraseError, rootSecretFromPhrase } from '../identity/recovery.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, utf8 } from '../lib/bytes.ts'
import type { Random } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bytesUpTo, key32, parse, sig64 } from '../lib/schema.ts'
import type { Expect, Store, StoreError } from '../lib/store.ts'
import { foundingKeys } from './founding.ts'
import type { KeyKeeper } from './key-keeper.ts'

export interface Identity {
  readonly certificate: DeviceCertificate
  readonly signer: Signer
  /** The words, wrapped by the keeper; null once the backup is confirmed. */
  readonly wrappedPhrase: Bytes | null
}

export type IdentityError = StoreError | { readonly type: 'key-lost' } | { readonly type: 'damaged'; readonly what: string }

export interface IdentityDeps {
  readonly store: Store
  readonly keeper: KeyKeeper
  readonly random: Random
}

const at = { table: 'identity', key: 'self' } as const

/** 24 words are at most 215 bytes; the rest is for what a keeper adds. */
const wrappedBytesMax = 1024

const recordSchema = v.strictObject({ root: key32, device: key32, signature: sig64, phrase: v.nullable(bytesUpTo(wrappedBytesMax)) })

/** The stored identity, or a new one where there is none yet. */
export const openIdentity = async (deps: IdentityDeps): Promise<Result<Identity, IdentityError>> => {
  const stored = await deps.store.get(at.table, at.key)
  if (stored === undefined) {
    const phrase = newPhrase(deps.random)
    const secret = rootSecretFromPhrase(phrase)
    assert(secret.ok, 'a new phrase is a phrase')
    return create(deps, secret.value, await deps.keeper.wrap(utf8(phrase)), [{ ...at, equals: undefined }])
  }
  const record = parse(recordSchema, stored)
  if (!record.ok) return err({ type: 'damaged', what: `identity: ${record.error.where} ${record.error.what}` })
  const { root, device, signature, phrase } = record.value
  const signer = await deps.keeper.signer(device)
  if (!signer) return err({ type: 'key-lost' })
  await deps.keeper.retain([device, ...(await foundingKeys(deps.store))])
  return ok({ certificate: { root, device, signature }, signer, wrappedPhrase: phrase })
}

/** The identity of these words on this device: a new device key, as no backup holds one. */
export const restoreIdentity = async (deps: IdentityDeps, phrase: string): Promise<Result<Identity, IdentityError | PhraseError>> => {
  const secret = rootSecretFromPhrase(phrase)
  if (!secret.ok) return secret
  const restored = await create(deps, secret.value, null, [])
  if (restored.ok) await deps.keeper.retain([restored.value.certificate.device, ...(await foundingKeys(deps.store))])
  return restored
}

/** Forgets the words: from now on only their owner has them. */
export const confirmPhrase = async ({ store }: Pick<IdentityDeps, 'store'>, identity: Identity): Promise<Result<Identity, StoreError>> => {
  const committed = await store.commit([{ ...at, value: { ...identity.certificate, phrase: null } }])
  return committed.ok ? ok({ ...identity, wrappedPhrase: null }) : committed
}

export const phraseWordsOf = async (
  { keeper }: Pick<IdentityDeps, 'keeper'>,
  { wrappedPhrase }: Identity,
): Promise<readonly string[] | null> => {
  const phrase = wrappedPhrase && (await keeper.unwrap(wrappedPhrase))
  return phrase ? new TextDecoder().decode(phrase).split(' ') : null
}

const create = async (
  { store, keeper }: IdentityDeps,
  rootSecret: Bytes,
  wrappedPhrase: Bytes | null,
  expects: readonly Expect[],
): Promise<Result<Identity, IdentityError>> => {
  const device = await keeper.generateDevice()
  const certificate = await certifyDevice(createNobleSigner(rootSecret), device)
  rootSecret.fill(0)
  const committed = await store.commit([{ ...at, value: { ...certificate, phrase: wrappedPhrase } }], expects)
  if (!committed.ok) return committed
  const signer = await keeper.signer(device)
  assert(signer, 'the keeper has the key that it made')
  return ok({ certificate, signer, wrappedPhrase })
}
