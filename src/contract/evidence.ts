/**
 * What shows that a worker's result was wrong (spec: ledger.md, *Verdicts*, InvalidResult): the agreement that its requester signed,
 * the result that the worker signed under it, and, sealed to whoever judges, the payload that the agreement commits to and the output
 * that the result hashes.
 *
 * The worker's one signature is enough: a result names its agreement by id, and the id is the hash of all that was agreed. The
 * commitment leaves the requester no choice of payload afterwards, and the result's hash none of output.
 */
import * as v from 'valibot'
import type { PublicKey, Verifier } from '../identity/keys.ts'
import type { SwarmId } from '../ledger/types.ts'
import { type Bytes, concat, equalBytes, sha256, utf8 } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bytesUpTo, parseBytes } from '../lib/schema.ts'
import { embedding, type EmbeddingOutput, type EmbeddingPayload } from '../tasks/embedding/embedding.ts'
import type { ResultClass } from '../tasks/engine.ts'
import { parseMessage, verifyMessage } from './signed.ts'

/** Payload and output of a task together. What is larger is not reported: its worker is outvoted and unpaid, and not fined. */
export const evidenceBytesMax = 1 << 20
export const saltBytes = 32
/** A result can be reported for so long after the deadline that was agreed on: its worker has no say in it. */
export const reportableMs = 60 * 60_000

/** The two signed messages, as they came. */
export interface SignedResult {
  readonly agreement: Bytes
  readonly result: Bytes
}

/** What the two messages say together. */
export interface Claim {
  readonly agreement: Bytes
  readonly requester: PublicKey
  readonly worker: PublicKey
  readonly commitment: Bytes
  readonly outputHash: Bytes
  readonly resultClass: ResultClass
}

export interface Evidence {
  /** 32-byte salt ‖ payload. */
  readonly payload: Bytes
  readonly output: Bytes
}

/** expired: see `reportableMs`. pair: not a result under this agreement. inexact: see `exactIn`. */
export type ClaimFault = 'malformed' | 'signature' | 'expired' | 'pair' | 'inexact'
export type EvidenceFault = 'malformed' | 'payload' | 'output'

const schema = v.strictObject({ payload: bytesUpTo(evidenceBytesMax), output: bytesUpTo(evidenceBytesMax) })

/** Undefined where it is too large to be reported. */
export const encodeEvidence = ({ payload, output }: Evidence): Bytes | undefined => {
  const bytes = encode({ payload, output })
  return bytes.length <= evidenceBytesMax ? bytes : undefined
}

/** All that can be said of a report before anything of the work is known. */
export const checkClaim = async (
  verifier: Verifier,
  swarm: SwarmId,
  now: number,
  signed: SignedResult,
): Promise<Result<Claim, ClaimFault>> => {
  const [agreed, resulted] = [parseMessage(signed.agreement), parseMessage(signed.result)]
  if (!agreed.ok || !resulted.ok) return err('malformed')
  const [agreement, result] = [agreed.value.message, resulted.value.message]
  if (agreement.kind !== 'agreement' || result.kind !== 'result' || !agreement.to || !result.to) return err('pair')
  const { id } = agreed.value
  const { resultClass } = result.body
  if (!equalBytes(result.body.agreement, id) || resultClass !== agreement.body.resultClass) return err('pair')
  if (!equalBytes(result.from, agreement.to) || !equalBytes(result.to, agreement.from)) return err('pair')
  if (!embedding.exactIn(resultClass)) return err('inexact')
  if (agreement.body.deadline + reportableMs < now) return err('expired')
  // The work may have outlived the message of its agreement, and the report that of the result.
  const agreedOn = await verifyMessage(agreed.value, { verifier, swarm, self: agreement.to, now: agreement.expires })
  if (!agreedOn.ok) return err('signature')
  const done = await verifyMessage(resulted.value, { verifier, swarm, self: result.to, now: result.expires })
  if (!done.ok) return err('signature')
  const { commitment } = agreement.body
  return ok({
    ...{ agreement: id, requester: agreement.from, worker: result.from, commitment },
    ...{ outputHash: result.body.outputHash, resultClass },
  })
}

/** The work as it was agreed on, and what came of it; null: an output of no form that the payload allows. */
export const openEvidence = (
  claim: Pick<Claim, 'commitment' | 'outputHash'>,
  bytes: Uint8Array,
): Result<{ readonly payload: EmbeddingPayload; readonly output: EmbeddingOutput | null }, EvidenceFault> => {
  const parsed = parseBytes(schema, bytes)
  if (!parsed.ok) return err('malformed')
  if (!equalBytes(sha256(parsed.value.payload), claim.commitment)) return err('payload')
  if (!equalBytes(sha256(parsed.value.output), claim.outputHash)) return err('output')
  // No honest worker signs a result of what it cannot read.
  const payload = embedding.parsePayload(parsed.value.payload.subarray(saltBytes))
  if (!payload.ok) return err('payload')
  const output = embedding.parseOutput(parsed.value.output, payload.value)
  return ok({ payload: payload.value, output: output.ok ? output.value : null })
}

/** What a witness's key signs of the fresh X25519 key that evidence is to be sealed to, so that nobody on the way can put another. */
export const evidenceKeyMessage = (swarm: SwarmId, agreement: Bytes, kem: Bytes): Bytes =>
  concat(utf8('edge-net/evidence-key/1'), encode([swarm, agreement, kem]))
