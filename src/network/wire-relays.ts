/**
 * What the relays of a swarm say to each other about the ledger's facts, and what of it nodes are told (spec: ledger.md,
 * *Verdicts*, *Checkpoints, keeping, sync*). From anyone else but another relay of the swarm these cost score, `fraud` and
 * `broken` excepted: they prove themselves, whoever brings them.
 *
 * | type       | body                            | meaning                                                             |
 * | ---------- | ------------------------------- | ------------------------------------------------------------------- |
 * | heads?     | {session, bytes}                | one round of a reconciliation (ledger/reconcile-message.ts)         |
 * | heads      | {session, bytes, root}          | the answer, and the state root of who answers                       |
 * | ranges?    | {parts, facts}                  | these chains from these numbers on; verdicts and frauds by their ids |
 * | ranges     | {runs}                          | parts of chains as in `entries`, as many as fit                     |
 * | fork       | {entries}                       | one or both of an author's two entries at one number: please judge  |
 * | verdict    | {bytes}                         | a verdict, full or with the sender's signature; full also to the account that it is against, and after `devices` |
 * | fraud      | {bytes}                         | a witness's two signatures at one number                            |
 * | propose    | {day, part, last, bytes}        | a piece of a checkpoint's proposal, in order                        |
 * | checkpoint | {bytes}                         | a checkpoint, full or with the sender's signature                   |
 * | leaves?    | {day, authors}                  | these accounts as of that day's checkpoint, as many as an answer holds |
 * | leaves     | {day, part, last, bytes}        | a piece of the answer, in order (ledger/checkpoint-start.ts)        |
 * | broken     | {bytes}                         | two certificates that cannot both be true: also to every node       |
 */
import * as v from 'valibot'
import { bytesUpTo, id32, key32, sig64, uint } from '../lib/schema.ts'

/** Ledger entries are at most 32 KiB; a segment travels in as many messages as it needs. */
export const entryBytesMax = 32 * 1024
export const entriesPerMessageMax = 64
/** A hundred witnesses' signatures, and what they are on. */
export const signedFactBytesMax = 12 * 1024

export const certificateSchema = v.strictObject({
  author: key32,
  seq: uint(),
  id: id32,
  signatures: v.pipe(v.array(v.strictTuple([key32, sig64])), v.maxLength(100)),
})
export const entriesSchema = v.strictObject({
  entries: v.pipe(v.array(bytesUpTo(entryBytesMax)), v.maxLength(entriesPerMessageMax)),
  certificate: v.nullable(certificateSchema),
})

export const roundBytesMax = 32 * 1024
export const rangesAskedMax = 256
export const runsMax = 64
/** Of what comes in pieces. */
export const pieceBytesMax = 48 * 1024
export const leavesAskedMax = 64
export const brokenBytesMax = 60 * 1024

const pieceSchema = v.strictObject({ day: uint(), part: uint(), last: v.boolean(), bytes: bytesUpTo(pieceBytesMax) })

export const relaySchemas = {
  'heads?': v.strictObject({ session: uint(), bytes: bytesUpTo(roundBytesMax) }),
  heads: v.strictObject({ session: uint(), bytes: bytesUpTo(roundBytesMax), root: id32 }),
  'ranges?': v.strictObject({
    parts: v.pipe(v.array(v.strictTuple([key32, uint()])), v.maxLength(rangesAskedMax)),
    facts: v.pipe(v.array(id32), v.maxLength(rangesAskedMax)),
  }),
  ranges: v.strictObject({ runs: v.pipe(v.array(entriesSchema), v.minLength(1), v.maxLength(runsMax)) }),
  fork: v.strictObject({ entries: v.pipe(v.array(bytesUpTo(entryBytesMax)), v.minLength(1), v.maxLength(2)) }),
  verdict: v.strictObject({ bytes: bytesUpTo(signedFactBytesMax) }),
  fraud: v.strictObject({ bytes: bytesUpTo(1024) }),
  propose: pieceSchema,
  checkpoint: v.strictObject({ bytes: bytesUpTo(signedFactBytesMax) }),
  'leaves?': v.strictObject({ day: uint(), authors: v.pipe(v.array(key32), v.minLength(1), v.maxLength(leavesAskedMax)) }),
  leaves: pieceSchema,
  broken: v.strictObject({ bytes: bytesUpTo(brokenBytesMax) }),
} as const
