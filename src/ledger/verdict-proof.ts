/**
 * Proofs of what nobody honest does: an author's two entries at one number, a witness's two signatures at one number (spec:
 * ledger.md, *Verdicts*). Anyone checks them from their bytes alone.
 */
import * as v from 'valibot'
import type { PublicKey, Signature, Verifier } from '../identity/keys.ts'
import { type Bytes, compareBytes, equalBytes, toHex } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bytesUpTo, id32, key32, parseBytes, type SchemaError, sig64, uint } from '../lib/schema.ts'
import { certificateMessage } from './certificate.ts'
import { entryBytesMax, joinOf, parseEntry, type ParsedEntry } from './entry.ts'
import type { LedgerRules } from './rules.ts'
import type { Certificate, EntryId } from './types.ts'
import { type Finding, offenceOf } from './verdict.ts'
import { verifyEntry } from './verify-entry.ts'

/**
 * Two signed entries of one author that follow the same one. Where the root key signed, the author's first entry is needed too:
 * it says which root that is; else `join` is null.
 */
export interface DoubleSpendProof {
  readonly first: Bytes
  readonly second: Bytes
  readonly join: Bytes | null
}

/** One witness's signatures on two entries of one author at one number, sorted by id. */
export interface WitnessFraud {
  readonly witness: PublicKey
  readonly author: PublicKey
  readonly seq: number
  readonly signed: readonly [readonly [id: EntryId, signature: Signature], readonly [id: EntryId, signature: Signature]]
}

export type ProofError =
  | SchemaError
  /** same: one entry twice. place: not one author's at one place. */
  | { readonly type: 'proof'; readonly reason: 'entry' | 'same' | 'place' | 'signature' | 'witness' }

const entryBytes = bytesUpTo(entryBytesMax)
const doubleSpendSchema = v.strictObject({ first: entryBytes, second: entryBytes, join: v.nullable(entryBytes) })
const signedSchema = v.strictTuple([id32, sig64])
const fraudSchema = v.strictObject({
  witness: key32,
  author: key32,
  seq: uint(),
  signed: v.pipe(
    v.strictTuple([signedSchema, signedSchema]),
    v.check(([[a], [b]]) => compareBytes(a, b) < 0, 'not two ids, sorted'),
  ),
})

export const encodeDoubleSpend = (proof: DoubleSpendProof): Bytes => encode(proof as unknown as Cbor)
export const parseDoubleSpend = (bytes: Uint8Array): Result<DoubleSpendProof, SchemaError> => parseBytes(doubleSpendSchema, bytes)
export const encodeFraud = (fraud: WitnessFraud): Bytes => encode(fraud as unknown as Cbor)
export const parseFraud = (bytes: Uint8Array): Result<WitnessFraud, SchemaError> => parseBytes(fraudSchema, bytes)

/**
 * What the proof shows: the author signed two entries after the same one. Entries further up two branches show nothing more, so
 * that a fork of any length is one offence. Whether both are valid on their chain takes the chain (`Witness.judge`).
 */
export const checkDoubleSpend = async (
  verifier: Verifier,
  rules: LedgerRules,
  proof: DoubleSpendProof,
): Promise<Result<{ readonly finding: Finding; readonly entries: readonly [ParsedEntry, ParsedEntry] }, ProofError>> => {
  const [first, second, join] = [parseEntry(proof.first), parseEntry(proof.second), proof.join && parseEntry(proof.join)]
  if (!first.ok || !second.ok || (join && !join.ok)) return bad('entry')
  const [a, b] = [first.value, second.value]
  if (equalBytes(a.id, b.id)) return bad('same')
  const { author, seq, prev } = a.entry
  if (!equalBytes(b.entry.author, author) || b.entry.seq !== seq || !equalBytes(b.entry.prev, prev)) return bad('place')
  const identity = join ? await rootIn(verifier, rules, join.value, author) : null
  if (identity === undefined) return bad('signature')
  for (const entry of [a, b]) {
    const signed = await verifyEntry(verifier, rules, entry, identity)
    // Certificates in its claims decide whether an entry is valid, not whether it was signed.
    if (!signed.ok && signed.error !== 'claim-certificate') return bad('signature')
  }
  return ok({ finding: { target: author, reason: 'DoubleSpend', offence: offenceOf.doubleSpend(author, seq) }, entries: [a, b] })
}

const rootIn = async (verifier: Verifier, rules: LedgerRules, first: ParsedEntry, author: PublicKey): Promise<PublicKey | undefined> =>
  equalBytes(first.entry.author, author) && (await verifyEntry(verifier, rules, first, null)).ok ? joinOf(first.entry)?.identity : undefined

/** A listed witness signed two entries at one number. The proof itself closes its account: it takes nobody's word. */
export const checkFraud = async (
  verifier: Verifier,
  { swarm, witnesses }: Pick<LedgerRules, 'swarm' | 'witnesses'>,
  { witness, author, seq, signed }: WitnessFraud,
): Promise<Result<void, ProofError>> => {
  if (!witnesses.some((key) => equalBytes(key, witness))) return bad('witness')
  const [[one], [other]] = signed
  if (compareBytes(one, other) >= 0) return bad('same')
  for (const [id, signature] of signed)
    if (!(await verifier.verify(signature, certificateMessage(swarm, { author, seq, id }), witness))) return bad('signature')
  return ok(undefined)
}

/** Who signed two of these certificates at one number: per witness the lowest pair of ids, whatever order they came in. */
export const fraudsIn = (certificates: readonly Certificate[]): readonly WitnessFraud[] => {
  const sorted = certificates.toSorted((a, b) => a.seq - b.seq || compareBytes(a.id, b.id))
  const found = new Map<string, WitnessFraud>()
  for (const [i, { author, seq, id, signatures }] of sorted.entries())
    for (const other of sorted.slice(i + 1)) {
      if (other.seq !== seq) break
      if (!equalBytes(other.author, author) || equalBytes(other.id, id)) continue
      for (const [witness, signature] of signatures) {
        const twice = other.signatures.find(([key]) => equalBytes(key, witness))
        const key = toHex(witness)
        if (twice && !found.has(key))
          found.set(key, {
            witness,
            author,
            seq,
            signed: [
              [id, signature],
              [other.id, twice[1]],
            ],
          })
      }
    }
  return [...found.values()]
}

const bad = (reason: Extract<ProofError, { type: 'proof' }>['reason']): Result<never, ProofError> => err({ type: 'proof', reason })
