/** Making and checking signed contract messages: canonical form, id, signature, addressee, expiry (table in messages.ts). */
import * as v from 'valibot'
import type { PublicKey, Signer, Verifier } from '../identity/keys.ts'
import type { SwarmId } from '../ledger/types.ts'
import { type Bytes, concat, equalBytes, sha256, utf8 } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { id32, key32, parse, parseBytes, type SchemaError, sig64, uint } from '../lib/schema.ts'
import { type AnySigned, type Body, bodySchemas, type Kind, type Signed } from './messages.ts'

/** How far ahead of now a message may expire: what must be remembered against replay is bounded by it. */
export const expiryAheadMsMax = 30 * 60_000
/** A peer's clock may be this far behind ours before its messages look expired. */
export const clockSkewMsMax = 2 * 60_000

export type SignedError =
  | SchemaError
  | { readonly type: 'wrong-swarm' }
  | { readonly type: 'not-addressed-to-me' }
  | { readonly type: 'expired' }
  | { readonly type: 'expires-too-late' }
  | { readonly type: 'bad-signature' }

const headSchema = v.strictObject({
  v: v.literal(1),
  kind: v.picklist(Object.keys(bodySchemas) as [Kind, ...Kind[]]),
  swarm: id32,
  from: key32,
  to: v.nullable(key32),
  expires: uint(),
  body: v.unknown(),
  sig: sig64,
})

export interface ReceivedMessage {
  readonly message: AnySigned
  readonly id: Bytes
}

const signedPart = (message: Omit<Signed, 'sig'>): Bytes => {
  const { v, kind, swarm, from, to, expires, body } = message
  return encode({ v, kind, swarm, from, to, expires, body: body as unknown as Cbor })
}
const toSign = (part: Bytes): Bytes => concat(utf8('edge-net/msg/1'), part)

/** sha-256 of the canonical encoding without `sig`. */
export const messageId = (message: Omit<Signed, 'sig'>): Bytes => sha256(signedPart(message))

export const signMessage = async <K extends Kind>(
  signer: Signer,
  fields: { readonly kind: K; readonly swarm: SwarmId; readonly to: PublicKey | null; readonly expires: number; readonly body: Body<K> },
): Promise<{ readonly message: Signed<K>; readonly id: Bytes; readonly bytes: Bytes }> => {
  const unsigned = { v: 1 as const, from: signer.publicKey, ...fields }
  const part = signedPart(unsigned as unknown as Omit<Signed, 'sig'>)
  const message = { ...unsigned, sig: await signer.sign(toSign(part)) }
  return { message, id: sha256(part), bytes: encode(message as unknown as Cbor) }
}

/** Form only; `verifyMessage` does the rest. */
export const parseMessage = (bytes: Uint8Array): Result<ReceivedMessage, SchemaError> => {
  const head = parseBytes(headSchema, bytes)
  if (!head.ok) return head
  const body = parse(bodySchemas[head.value.kind], head.value.body)
  if (!body.ok) return body
  const message = { ...head.value, body: body.value } as AnySigned
  return ok({ message, id: messageId(message) })
}

/** Everything that does not depend on what was said before. Replays are the receiver's memory to refuse. */
export const verifyMessage = async (
  { message }: ReceivedMessage,
  { verifier, swarm, self, now }: { readonly verifier: Verifier; readonly swarm: SwarmId; readonly self: PublicKey; readonly now: number },
): Promise<Result<void, SignedError>> => {
  if (!equalBytes(message.swarm, swarm)) return err({ type: 'wrong-swarm' })
  if (message.to !== null && !equalBytes(message.to, self)) return err({ type: 'not-addressed-to-me' })
  if (message.expires + clockSkewMsMax < now) return err({ type: 'expired' })
  if (message.expires > now + expiryAheadMsMax + clockSkewMsMax) return err({ type: 'expires-too-late' })
  const { sig, ...unsigned } = message
  const good = await verifier.verify(sig, toSign(signedPart(unsigned as Omit<Signed, 'sig'>)), message.from)
  return good ? ok(undefined) : err({ type: 'bad-signature' })
}
