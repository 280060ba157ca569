/**
 * The handshake as plain functions on plain data: what is said, and what of the answer is believed. `handshake.ts` drives
 * it over a link.
 *
 * | frame | body                                                        | meaning                                              |
 * | ----- | ----------------------------------------------------------- | ---------------------------------------------------- |
 * | hello | {versions, swarm, role, root, device, certificate, nonce}   | who I say I am                                       |
 * | proof | {signature, proof}                                          | the device key's word on this channel, and the secret |
 * | bye   | {reason}                                                    | why I hang up                                        |
 *
 * The proof of the swarm's secret is an HMAC-SHA-256 that names the prover first and both nonces; the signature also covers
 * the channel: neither can be reflected or replayed, and no channel can be spliced into another.
 */
import * as v from 'valibot'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { verifyDevice } from '../identity/device.ts'
import { helloMessage, type HelloFields } from '../identity/hello-message.ts'
import type { DeviceCertificate, Signature, Verifier } from '../identity/keys.ts'
import { type Bytes, concat, equalBytes, utf8 } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { encode } from '../lib/cbor.ts'
import { bytesOf, id32, key32, sig64, uint } from '../lib/schema.ts'
import type { Binding } from './ports.ts'

export const protocolVersions: readonly number[] = [1]

const reasons = [
  'malformed',
  'no-common-version',
  'wrong-swarm',
  'wrong-secret',
  'bad-role',
  'bad-certificate',
  'bad-signature',
  'self',
  'wrong-peer',
  'backed-off',
  'blocked',
  'full',
  'timeout',
  'closed',
  'cannot-sign',
] as const
export type HelloReason = (typeof reasons)[number]
/** `by`: which end found the fault. */
export type HelloError = { readonly type: 'hello'; readonly reason: HelloReason; readonly by: 'us' | 'peer' }

export const helloSchemas = {
  hello: v.strictObject({
    versions: v.pipe(v.array(uint(0xffff)), v.minLength(1), v.maxLength(16)),
    swarm: id32,
    role: v.picklist(['node', 'relay']),
    root: key32,
    device: key32,
    certificate: sig64,
    nonce: bytesOf(32),
  }),
  proof: v.strictObject({ signature: sig64, proof: v.nullable(bytesOf(32)) }),
  bye: v.strictObject({ reason: v.picklist(reasons) }),
} as const

export type Hello = v.InferOutput<typeof helloSchemas.hello>
export type Proof = v.InferOutput<typeof helloSchemas.proof>

export interface HelloContext {
  readonly swarm: Bytes
  readonly secret: Bytes | null
  readonly binding: Binding
  /** Where the channel was made for one peer, no other is taken. */
  readonly expected?: Bytes
}

export const makeHello = (swarm: Bytes, role: 'node' | 'relay', certificate: DeviceCertificate, nonce: Bytes): Hello => ({
  versions: [...protocolVersions],
  swarm,
  role,
  root: certificate.root,
  device: certificate.device,
  certificate: certificate.signature,
  nonce,
})

/** What can be judged before any signature. The version is the highest that both speak. */
export const checkHello = (own: Hello, theirs: Hello, context: HelloContext): Result<{ readonly version: number }, HelloReason> => {
  const version = Math.max(...theirs.versions.filter((n) => own.versions.includes(n)))
  if (version === -Infinity) return err('no-common-version')
  if (!equalBytes(own.swarm, theirs.swarm)) return err('wrong-swarm')
  if (equalBytes(own.device, theirs.device)) return err('self')
  if (context.expected && !equalBytes(context.expected, theirs.device)) return err('wrong-peer')
  // A relay is what answers at a relay's URL; over a data channel anyone could call itself one.
  if (theirs.role === 'relay' && context.binding.kind !== 'url') return err('bad-role')
  return ok({ version })
}

/** What this end signs. */
export const ownFields = (own: Hello, theirs: Hello, { binding }: HelloContext): HelloFields => ({
  role: own.role,
  peer: theirs.device,
  ownNonce: own.nonce,
  peerNonce: theirs.nonce,
  binding,
})

/** The same channel as the other end sees it. */
const theirFields = (own: Hello, theirs: Hello, { binding }: HelloContext): HelloFields => ({
  role: theirs.role,
  peer: own.device,
  ownNonce: theirs.nonce,
  peerNonce: own.nonce,
  binding: binding.kind === 'webrtc' ? { kind: 'webrtc', own: binding.peer, peer: binding.own } : binding,
})

/** Over keys and nonces only: the signature already ties them to the channel, and a wrong URL shall not look like a wrong secret. */
const secretProof = (secret: Bytes | null, prover: Hello, verifier: Hello): Bytes | null =>
  secret &&
  (hmac(
    nobleSha256,
    secret,
    concat(utf8('edge-net/hello-secret/1'), encode([prover.swarm, prover.device, verifier.device, prover.nonce, verifier.nonce])),
  ) as Bytes)

export const makeProof = (own: Hello, theirs: Hello, context: Pick<HelloContext, 'secret'>, signature: Signature): Proof => ({
  signature,
  proof: secretProof(context.secret, own, theirs),
})

/** The secret first: it is what a person gets wrong, and it is the cheapest. */
export const checkProof = async (
  verifier: Verifier,
  own: Hello,
  theirs: Hello,
  proof: Proof,
  context: HelloContext,
): Promise<Result<void, HelloReason>> => {
  const wanted = secretProof(context.secret, theirs, own)
  if (wanted === null ? proof.proof !== null : proof.proof === null || !equalBytes(wanted, proof.proof)) return err('wrong-secret')
  if (!(await verifyDevice(verifier, { root: theirs.root, device: theirs.device, signature: theirs.certificate })))
    return err('bad-certificate')
  const message = helloMessage(own.swarm, theirs.device, theirFields(own, theirs, context))
  return (await verifier.verify(proof.signature, message, theirs.device)) ? ok(undefined) : err('bad-signature')
}
