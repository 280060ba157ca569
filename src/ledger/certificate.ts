/**
 * Certificates: 2f+1 of the 3f+1 witnesses signed one entry, and with it all earlier ones of its author (spec: ledger.md,
 * *Witnesses and certificates*). A witness's answer is a certificate with its one signature; merged, they become a full one.
 */
import * as v from 'valibot'
import type { PublicKey, Signer, Verifier } from '../identity/keys.ts'
import { type Bytes, compareBytes, concat, equalBytes, utf8 } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { parse, id32, key32, parseBytes, sig64, type SchemaError, uint } from '../lib/schema.ts'
import type { Result } from '../lib/result.ts'
import { type LedgerRules, quorumOf } from './rules.ts'
import type { Certificate, EntryId, SwarmId } from './types.ts'

/** More witnesses than any swarm has; bounds what a claim can carry. */
export const witnessesMax = 100

/** Sorted by witness and each once, so that one set of signatures has one form. */
export const certificateSchema = v.strictObject({
  author: key32,
  seq: uint(),
  id: id32,
  signatures: v.pipe(
    v.array(v.strictTuple([key32, sig64])),
    v.maxLength(witnessesMax),
    v.check((list) => list.every(([key], i) => i === 0 || compareBytes(list[i - 1]![0], key) < 0), 'witnesses not sorted'),
  ),
})

export const encodeCertificate = (certificate: Certificate): Bytes => encode(certificate as unknown as Cbor)
export const parseCertificate = (bytes: Uint8Array): Result<Certificate, SchemaError> => parseBytes(certificateSchema, bytes)
/** For a certificate that lies decoded inside a message or a record. */
export const checkCertificate = (value: unknown): Result<Certificate, SchemaError> => parse(certificateSchema, value)

/** What a witness signs. */
export const certificateMessage = (swarm: SwarmId, { author, seq, id }: { author: PublicKey; seq: number; id: EntryId }): Bytes =>
  concat(utf8('edge-net/cert/1'), encode([swarm, author, seq, id]))

/** The certificate with this one witness's signature. */
export const signCertificate = async (
  witness: Signer,
  swarm: SwarmId,
  entry: { readonly author: PublicKey; readonly seq: number; readonly id: EntryId },
): Promise<Certificate> => ({
  author: entry.author,
  seq: entry.seq,
  id: entry.id,
  signatures: [[witness.publicKey, await witness.sign(certificateMessage(swarm, entry))]],
})

/** Every signature is a listed witness's own, each witness once: true also for a certificate that is not full yet. */
export const verifySignatures = async (
  verifier: Verifier,
  certificate: Certificate,
  { swarm, witnesses }: Pick<LedgerRules, 'swarm' | 'witnesses'>,
): Promise<boolean> => {
  const message = certificateMessage(swarm, certificate)
  let last: PublicKey | undefined
  for (const [witness, signature] of certificate.signatures) {
    if (last !== undefined && compareBytes(last, witness) >= 0) return false
    last = witness
    if (!witnesses.some((key) => equalBytes(key, witness))) return false
    if (!(await verifier.verify(signature, message, witness))) return false
  }
  return true
}

/** A full certificate, nothing in it false. Whether it is true of an entry is for the caller to compare. */
export const verifyCertificate = async (
  verifier: Verifier,
  certificate: Certificate,
  rules: Pick<LedgerRules, 'swarm' | 'witnesses'>,
): Promise<boolean> =>
  certificate.signatures.length >= quorumOf(rules.witnesses.length) && (await verifySignatures(verifier, certificate, rules))

/** Both on the same entry, else undefined. */
export const mergeCertificates = (a: Certificate, b: Certificate): Certificate | undefined => {
  if (!equalBytes(a.author, b.author) || a.seq !== b.seq || !equalBytes(a.id, b.id)) return undefined
  const added = b.signatures.filter(([witness]) => !a.signatures.some(([known]) => equalBytes(known, witness)))
  return { ...a, signatures: [...a.signatures, ...added].sort(([x], [y]) => compareBytes(x, y)) }
}
