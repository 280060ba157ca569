/**
 * What shows to anyone that more witnesses of a swarm lie than it bears (spec: ledger.md, *State*): two full certificates on one
 * author's chain that cannot both be true. Whoever knows the policy checks it from its bytes alone and takes nobody's word.
 *
 * The certificates stand at one number on two entries; or the upper one's chain, which is then told down to the lower one's number,
 * has another entry there. A certified entry that is not valid breaks a swarm as well, but that takes the whole chain to see.
 */
import * as v from 'valibot'
import type { Verifier } from '../identity/keys.ts'
import { type Bytes, equalBytes } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import type { Result } from '../lib/result.ts'
import { bytesUpTo, parseBytes, type SchemaError } from '../lib/schema.ts'
import type { Store } from '../lib/store.ts'
import { certificateSchema, verifyCertificate } from './certificate.ts'
import { entryBytesMax, parseEntry, type ParsedEntry } from './entry.ts'
import type { ReplicaRecords } from './replica-records.ts'
import type { LedgerRules } from './rules.ts'
import type { Certificate } from './types.ts'

export interface BrokenProof {
  readonly lower: Certificate
  readonly upper: Certificate
  /** From the lower one's number up to the upper one's entry; empty where both stand at one number. */
  readonly chain: readonly Bytes[]
}

/** Of one proof: fits a frame. A fork that takes more to show is shown by the replicas that hold it, and not told. */
export const brokenProofBytesMax = 60 * 1024
const chainEntriesMax = 64

const schema = v.strictObject({
  lower: certificateSchema,
  upper: certificateSchema,
  chain: v.pipe(v.array(bytesUpTo(entryBytesMax)), v.maxLength(chainEntriesMax)),
})

export const encodeBrokenProof = (proof: BrokenProof): Bytes => encode(proof as unknown as Cbor)
export const parseBrokenProof = (bytes: Uint8Array): Result<BrokenProof, SchemaError> => parseBytes(schema, bytes)

/** Signatures of the entries do not matter: the certificate is on the last one's id, and that one's chain is in its links. */
export const checkBrokenProof = async (
  verifier: Verifier,
  rules: Pick<LedgerRules, 'swarm' | 'witnesses'>,
  { lower, upper, chain }: BrokenProof,
): Promise<boolean> => {
  if (!equalBytes(lower.author, upper.author)) return false
  const there = chain.length === 0 ? at(upper, lower.seq) : downTo(lower.seq, chain, upper)
  if (!there || equalBytes(there, lower.id)) return false
  return (await verifyCertificate(verifier, lower, rules)) && (await verifyCertificate(verifier, upper, rules))
}

const at = ({ seq, id }: Certificate, wanted: number): Bytes | undefined => (seq === wanted ? id : undefined)

/** The id at this number of the chain that the certificate is on. */
const downTo = (seq: number, chain: readonly Bytes[], { author, seq: top, id: topId }: Certificate): Bytes | undefined => {
  if (chain.length !== top - seq + 1) return undefined
  let [id, number] = [topId, top]
  for (const bytes of chain.toReversed()) {
    const parsed = parseEntry(bytes)
    if (!parsed.ok || !equalBytes(parsed.value.id, id)) return undefined
    const { entry } = parsed.value
    if (entry.seq !== number || !equalBytes(entry.author, author)) return undefined
    if (number === seq) return id
    id = entry.prev
    number--
  }
  return undefined
}

/** What this replica's records show, the first that fits; undefined: nothing that can be told. */
export const findBrokenProof = async (store: Store, records: ReplicaRecords): Promise<BrokenProof | undefined> => {
  const beside = [...(await store.list('branchCertificates')), ...(await store.list('conflicts'))]
  for (const [, record] of beside) {
    const proof = await proofWith(records, record as unknown as Certificate)
    if (proof && proof.chain.length <= chainEntriesMax && encodeBrokenProof(proof).length <= brokenProofBytesMax) return proof
  }
  return undefined
}

/** This certificate, which is not on the head's chain, beside one that is. */
const proofWith = async (records: ReplicaRecords, other: Certificate): Promise<BrokenProof | undefined> => {
  const { author } = other
  const branch = await branchDown(records, other)
  const fork = branch[0]?.entry.seq ?? other.seq
  const [above] = await records.certificates(author, fork, 1)
  if (!above) return undefined
  const same = await records.certificateAt(author, other.seq)
  if (same) return equalBytes(same.id, other.id) ? undefined : { lower: other, upper: same, chain: [] }
  if (above.seq <= other.seq) {
    const chain = branch.filter(({ entry }) => entry.seq >= above.seq)
    return chain.length === 0 ? undefined : { lower: above, upper: other, chain: chain.map(({ bytes }) => bytes) }
  }
  const chain = await records.entriesFrom(author, other.seq, above.seq - other.seq + 1)
  const here = chain[0]
  return here && !equalBytes(here.id, other.id) ? { lower: other, upper: above, chain: chain.map(({ bytes }) => bytes) } : undefined
}

/** From where the branch leaves the head's chain up to this certificate's entry, as far as it is here. */
export const branchDown = async (records: ReplicaRecords, { author, id }: Certificate): Promise<readonly ParsedEntry[]> => {
  const found: ParsedEntry[] = []
  for (let step = await records.entryById(id); step; step = await records.entryById(step.entry.prev)) {
    const onChain = await records.entryAt(author, step.entry.seq)
    if (onChain && equalBytes(onChain.id, step.id)) break
    found.push(step)
  }
  return found.reverse()
}
