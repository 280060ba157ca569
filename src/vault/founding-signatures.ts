/**
 * Signatures of a founded swarm's witness and issuer. What is to be signed is read first: a certificate's message, an issuer's
 * entry, and the few others that a witness signs; what cannot be read, or is of another swarm, is refused.
 *
 * | table     | key    | value                                                    |
 * | --------- | ------ | -------------------------------------------------------- |
 * | witnessed | author | [number, id] of what the witness signed last of that author |
 *
 * Invariant: of one author the witness signs rising numbers only, or the same again, and the record is on disk before the signature
 * leaves. That the next descends from the last is the witness's own care (ledger/witness.ts), whose store lies with the agent: this
 * record holds even where that one is lost.
 */
import * as v from 'valibot'
import type { PublicKey } from '../identity/keys.ts'
import { type Bytes, equalBytes, toHex, utf8 } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { id32, key32, parse, parseBytes, uint } from '../lib/schema.ts'
import type { Store } from '../lib/store.ts'
import { refused, storeFailed } from './errors.ts'
import type { FoundingRecord } from './founding.ts'
import type { VaultError } from './vault.ts'

export interface SignatureDeps {
  /** Tables of the swarm, whatever device key this browser has now: they are there as long as the witness's key. */
  readonly witnessed: Store
  readonly swarm: Bytes
  /** This device's key: the one that may be bound to the witness. */
  readonly device: PublicKey
  readonly record: FoundingRecord
  /** What was signed in sessions before is known here. */
  readonly recalled: boolean
}

const certificateSchema = v.strictTuple([id32, key32, uint(), id32])
const bindingSchema = v.strictTuple([id32, key32])
/** Verdicts, checkpoints and keys for evidence: whose they are is what is looked at here. */
const otherDomains = ['edge-net/verdict/1', 'edge-net/checkpoint/1', 'edge-net/evidence-key/1']
const otherSchema = v.pipe(v.array(v.unknown()), v.minLength(1), v.maxLength(8))
const ops = v.pipe(v.array(v.looseObject({ op: v.picklist(['join', 'pay', 'attest', 'revoke', 'settle']) })), v.minLength(1))
const entrySchema = v.strictObject({ v: v.literal(1), swarm: id32, author: key32, seq: uint(), prev: id32, time: uint(), ops })
const witnessedSchema = v.strictTuple([uint(), id32])

/** Whether the witness may sign this; where it is a certificate's message, that is now on record. */
export const admitWitness = async (
  { witnessed, swarm, device, recalled }: SignatureDeps,
  message: Bytes,
): Promise<Result<void, VaultError>> => {
  const certificate = bodyOf('edge-net/cert/1', certificateSchema, message)
  if (certificate && !recalled) return err({ type: 'head-unchecked' })
  if (certificate) return equalBytes(certificate[0], swarm) ? record(witnessed, certificate[1], certificate[2], certificate[3]) : otherSwarm
  const binding = bodyOf('edge-net/witness-at/1', bindingSchema, message)
  if (binding)
    return equalBytes(binding[0], swarm) && equalBytes(binding[1], device) ? ok(undefined) : refused('the witness is not at that device')
  const other = otherDomains.map((domain) => bodyOf(domain, otherSchema, message)).find((body) => body !== undefined)
  const whose = parse(id32, other?.[0])
  if (!whose.ok) return refused('nothing that a witness signs')
  return equalBytes(whose.value, swarm) ? ok(undefined) : otherSwarm
}

/** Whether the issuer may sign this: an entry of its chain, above all that the witness has signed of it. One that is not certified has left nobody. */
export const admitIssuer = async (
  { witnessed, swarm, recalled, record: { issuer } }: SignatureDeps,
  message: Bytes,
): Promise<Result<void, VaultError>> => {
  if (!recalled) return err({ type: 'head-unchecked' })
  const entry = bodyOf('edge-net/entry/1', entrySchema, message)
  if (!entry) return refused('nothing that an issuer signs')
  if (!equalBytes(entry.swarm, swarm) || !equalBytes(entry.author, issuer.device)) return refused('an entry of another chain')
  const last = parse(witnessedSchema, await witnessed.get('witnessed', toHex(issuer.device)))
  return last.ok && entry.seq <= last.value[0] ? refused(`the issuer's entry ${entry.seq} is certified`) : ok(undefined)
}

const record = async (store: Store, author: PublicKey, seq: number, id: Bytes): Promise<Result<void, VaultError>> => {
  const at = { table: 'witnessed', key: toHex(author) }
  const stored = await store.get(at.table, at.key)
  const last = parse(witnessedSchema, stored)
  if (last.ok) {
    const [lastSeq, lastId] = last.value
    if (seq === lastSeq && equalBytes(id, lastId)) return ok(undefined)
    if (seq <= lastSeq) return refused(`the witness has signed ${lastSeq} of this author`)
  }
  const done = await store.commit([{ ...at, value: [seq, id] }], [{ ...at, equals: stored }])
  return done.ok ? done : storeFailed(done.error)
}

/** What follows the domain, if the message is of that domain and form. */
const bodyOf = <S extends v.GenericSchema>(domain: string, schema: S, message: Bytes): v.InferOutput<S> | undefined => {
  const head = utf8(domain)
  if (message.length > head.length && equalBytes(message.subarray(0, head.length), head)) {
    const parsed = parseBytes(schema, message.subarray(head.length))
    return parsed.ok ? parsed.value : undefined
  }
  return undefined
}

const otherSwarm = refused('of another swarm')
