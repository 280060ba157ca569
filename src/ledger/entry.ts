/**
 * The ledger's entry: its one byte string, its id, its signature, and the rules of its form (spec: ledger.md, *Entry*).
 *
 * Whatever passes `parseEntry` is of right size, canonical, and right in all that can be seen in the entry alone. Whether it
 * is signed (signature.ts) and valid on its chain (apply.ts) is decided elsewhere.
 */
import * as v from 'valibot'
import type { PublicKey, Signer } from '../identity/keys.ts'
import { type Bytes, compareBytes, concat, equalBytes, sha256, toHex, utf8 } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bytesUpTo, id32, key32, parse, parseBytes, type SchemaError, sig64, text, uint } from '../lib/schema.ts'
import { certificateSchema } from './certificate.ts'
import type { ClaimLine, Entry, EntryId, JoinOp, Op, RevokeOp, SettleOp, SponsorLine } from './types.ts'

export const entryBytesMax = 32 * 1024
export const opsMax = 256
/** Entries that one entry may depend on, `prev` among them. */
export const dependenciesMax = 64
/** A proof-of-work stamp; empty where the swarm asks for none. */
export const stampBytesMax = 64
/** UTF-16 code units of what an attest says of its subject. */
export const claimCharsMax = 64
export const zeroId: EntryId = new Uint8Array(32)

export type UnsignedEntry = Omit<Entry, 'sig'>

export interface ParsedEntry {
  readonly entry: Entry
  readonly id: EntryId
  /** The canonical encoding, signature included. */
  readonly bytes: Bytes
}

export type EntryError = { readonly type: 'entry'; readonly reason: 'too-large' | 'malformed'; readonly what: string }

const sortedByFirst = (lines: readonly (readonly [Uint8Array, ...unknown[]])[]): boolean =>
  lines.every(([first], i) => i === 0 || compareBytes(lines[i - 1]![0], first) < 0)

const joinSchema = v.strictObject({
  op: v.literal('join'),
  identity: key32,
  certificate: sig64,
  stamp: bytesUpTo(stampBytesMax),
  referrer: v.exactOptional(key32),
})
const paySchema = v.strictObject({
  op: v.literal('pay'),
  lines: v.pipe(
    v.array(v.strictTuple([key32, uint(), uint(), uint(), uint()])),
    v.minLength(1),
    v.check((lines) => sortedByFirst(lines), 'lines not sorted'),
  ),
})
const claimSchema = v.strictObject({
  op: v.literal('claim'),
  lines: v.pipe(
    v.array(v.strictTuple([key32, id32, certificateSchema])),
    v.minLength(1),
    v.check((lines) => sortedByFirst(lines), 'lines not sorted'),
  ),
})
const stakeSchema = v.strictObject({ op: v.literal('stake'), amount: uint() })
const delegateSchema = v.strictObject({
  op: v.literal('delegate'),
  lines: v.pipe(
    v.array(v.strictTuple([key32, uint()])),
    v.minLength(1),
    v.check((lines) => sortedByFirst(lines), 'lines not sorted'),
  ),
})
const attestSchema = v.strictObject({
  op: v.literal('attest'),
  subject: key32,
  claim: v.pipe(text(claimCharsMax), v.minLength(1)),
  confidence: uint(100),
  expiry: uint(),
})
const revokeSchema = v.strictObject({ op: v.literal('revoke'), entry: id32, index: uint(opsMax - 1) })
const settleSchema = v.strictObject({
  op: v.literal('settle'),
  epoch: uint(),
  lines: v.pipe(
    v.array(v.strictTuple([key32, id32, certificateSchema])),
    v.check((lines) => sortedByFirst(lines), 'lines not sorted'),
  ),
})
const opSchema = v.variant('op', [
  joinSchema,
  paySchema,
  claimSchema,
  stakeSchema,
  delegateSchema,
  attestSchema,
  revokeSchema,
  settleSchema,
])

const entrySchema = v.strictObject({
  v: v.literal(1),
  swarm: id32,
  author: key32,
  seq: uint(),
  prev: id32,
  root: v.exactOptional(v.literal(true)),
  time: uint(),
  ops: v.pipe(v.array(opSchema), v.minLength(1), v.maxLength(opsMax)),
  sig: sig64,
})

export const encodeEntry = (entry: Entry): Bytes => encode(entry as unknown as Cbor)

const encodeUnsigned = ({ v: version, swarm, author, seq, prev, root, time, ops }: UnsignedEntry): Bytes =>
  encode({ v: version, swarm, author, seq, prev, ...(root && { root }), time, ops } as unknown as Cbor)

export const entryId = (entry: UnsignedEntry): EntryId => sha256(encodeUnsigned(entry))

const entryTag = utf8('edge-net/entry/1')
/** What the author, or the root key that its join names, signs. */
export const entryMessage = (entry: UnsignedEntry): Bytes => concat(entryTag, encodeUnsigned(entry))
/** The same, out of the bytes that are here. */
export const messageOf = (parsed: Pick<ParsedEntry, 'entry' | 'bytes'>): Bytes => concat(entryTag, ...unsignedPartsOf(parsed))

/**
 * The encoding without `sig`, cut out of the one with it: a map of one field less. The fields stand in the order of their encoded
 * names, v ops seq sig prev (root) time swarm author; of those after `sig` only the time's length is not fixed.
 */
const unsignedPartsOf = ({ entry, bytes }: Pick<ParsedEntry, 'entry' | 'bytes'>): readonly [head: Bytes, before: Bytes, after: Bytes] => {
  const end = bytes.length - afterSigBytes - encode(entry.time).length - (entry.root ? rootBytes : 0)
  return [entry.root ? mapOfEight : mapOfSeven, bytes.subarray(1, end - sigBytes), bytes.subarray(end)]
}
const [mapOfSeven, mapOfEight] = [new Uint8Array([0xa7]), new Uint8Array([0xa8])]
const rootBytes = encode({ root: true }).length - 1
const sigBytes = encode({ sig: new Uint8Array(64) }).length - 1
/** All but the time's own. */
const afterSigBytes = encode({ prev: zeroId, time: 0, swarm: zeroId, author: zeroId }).length - 2

/** By the author, or by the root key that its join names: then the entry says so. */
export const signEntry = async (signer: Signer, fields: UnsignedEntry): Promise<ParsedEntry> => {
  const unsigned: UnsignedEntry = equalBytes(signer.publicKey, fields.author) ? fields : { ...fields, root: true }
  const entry: Entry = { ...unsigned, sig: await signer.sign(entryMessage(unsigned)) }
  return { entry, id: entryId(unsigned), bytes: encodeEntry(entry) }
}

export const parseEntry = (bytes: Uint8Array): Result<ParsedEntry, EntryError> => {
  if (bytes.length > entryBytesMax) return err({ type: 'entry', reason: 'too-large', what: `${bytes.length} bytes` })
  const parsed = parseBytes(entrySchema, bytes)
  if (!parsed.ok) return malformed(`${parsed.error.where} ${parsed.error.what}`.trim())
  const entry: Entry = parsed.value
  const fault = faultOfForm(entry)
  if (fault !== undefined) return malformed(fault)
  const own = bytes.slice() as Bytes
  return ok({ entry, id: sha256(concat(...unsignedPartsOf({ entry, bytes: own }))), bytes: own })
}

export const claimLines = (entry: Pick<Entry, 'ops'>): readonly ClaimLine[] =>
  entry.ops.flatMap((op) => (op.op === 'claim' ? op.lines : []))

export const payLines = (entry: Pick<Entry, 'ops'>) => entry.ops.flatMap((op) => (op.op === 'pay' ? op.lines : []))

export const delegateLines = (entry: Pick<Entry, 'ops'>) => entry.ops.flatMap((op) => (op.op === 'delegate' ? op.lines : []))

export const revokesOf = (entry: Pick<Entry, 'ops'>): readonly RevokeOp[] => entry.ops.filter((op) => op.op === 'revoke')

export const settlesOf = (entry: Pick<Entry, 'ops'>): readonly SettleOp[] => entry.ops.filter((op) => op.op === 'settle')

export const sponsorLines = (entry: Pick<Entry, 'ops'>): readonly SponsorLine[] => settlesOf(entry).flatMap((op) => op.lines)

/** All that name another's entry with the certificate on it: claims and settles. */
export const certifiedLines = (entry: Pick<Entry, 'ops'>): readonly (ClaimLine | SponsorLine)[] => [
  ...claimLines(entry),
  ...sponsorLines(entry),
]

export const joinOf = (entry: Pick<Entry, 'ops'>): JoinOp | undefined => (entry.ops[0]?.op === 'join' ? entry.ops[0] : undefined)

/** A join op by itself, as it travels in `redeem` before its author has a chain. */
export const encodeJoin = (join: JoinOp): Bytes => encode(join as unknown as Cbor)
export const parseJoin = (bytes: Uint8Array): Result<JoinOp, SchemaError> => parseBytes(joinSchema, bytes)

/** An entry that breaks the rules of form is a bug of ours when we made it: the own chain asks before it signs. */
export const checkOps = (ops: readonly Op[], seq: number, author: PublicKey): Result<void, EntryError> => {
  const parsed = parse(entrySchema.entries.ops, ops)
  if (!parsed.ok) return malformed(`${parsed.error.where} ${parsed.error.what}`.trim())
  const fault = faultOfForm({ ops, seq, author, prev: seq === 0 ? zeroId : new Uint8Array(32).fill(1) })
  return fault === undefined ? ok(undefined) : malformed(fault)
}

const faultOfForm = ({ ops, seq, author, prev }: Pick<Entry, 'ops' | 'seq' | 'author' | 'prev'>): string | undefined => {
  if ((seq === 0) !== equalBytes(prev, zeroId)) return 'prev is zero at number 0 and nowhere else'
  if (ops.some((op, i) => (op.op === 'join') !== (seq === 0 && i === 0))) return 'join is the first operation of number 0 and nowhere else'
  if (payLines({ ops }).some(([payee]) => equalBytes(payee, author))) return 'payee is the author'
  if (claimLines({ ops }).some(([payer]) => equalBytes(payer, author))) return 'payer is the author'
  if (delegateLines({ ops }).some(([to]) => equalBytes(to, author))) return 'lent to the author'
  if (sponsorLines({ ops }).some(([sponsor]) => equalBytes(sponsor, author))) return 'sponsor is the author'
  const named = new Set([...certifiedLines({ ops }).map(([, id]) => toHex(id)), ...revokesOf({ ops }).map(({ entry }) => toHex(entry))])
  if (named.size + (seq === 0 ? 0 : 1) > dependenciesMax) return `over ${dependenciesMax} dependencies`
  for (const [payer, id, certificate] of certifiedLines({ ops }))
    if (!equalBytes(certificate.author, payer) || !equalBytes(certificate.id, id))
      return 'certificate is on another entry than the line names'
  return undefined
}

const malformed = (what: string): Result<never, EntryError> => err({ type: 'entry', reason: 'malformed', what })
