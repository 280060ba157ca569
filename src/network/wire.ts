/**
 * Everything that passes over a link once `hello` has bound it (spec: network.md). A frame is the canonical CBOR of
 * [type, body], ≤ 64 KiB; unknown types are ignored, malformed ones cost score.
 *
 * | type      | body                                    | meaning                                                            |
 * | --------- | --------------------------------------- | ------------------------------------------------------------------ |
 * | policy?   | {}                                      | asks for the swarm's signed policy                                 |
 * | policy    | {bytes}                                 | cbor of SignedPolicy                                               |
 * | notice?   | {version, hash, contradicted}           | the newest notice that I know (0: the policy), and whether I know of two histories; send what I lack |
 * | notice    | {bytes}                                 | cbor of SignedNotice, checked against the swarm's id                |
 * | redeem    | {token, join}                           | newcomer: one use of an invite, with its join op (cbor)            |
 * | refused   | {re, reason}                            | why a redeem, certify, carry or forward was not done               |
 * | certify   | {entries}                               | witness: please sign the furthest of this chain segment            |
 * | entries   | {entries, certificate}                  | a chain segment (oldest first) and the certificate on its last      |
 * | head?     | {author}                                | witness: your highest certified entry of this author               |
 * | head      | {author, summary, penalties?, block?}   | the answer; summary null where none is known; `penalties` where verdicts are held against it; `block` where the relay sees the device and the policy asks |
 * | range?    | {author, from}                          | that author's certified entries from this seq                       |
 * | balance?  | {account, root}                         | relay: prove this account in the newest checkpoint (root null), or in this state of the predecessor |
 * | balance   | {account, checkpoint, proof}            | the answer (ledger/account-proof.ts); null what is not here         |
 * | carry     | {account, proof, signature}             | member of the predecessor: please pay me what that account has there |
 * | witness   | {witness, device, signature}            | this device answers for that witness; anyone passes it on            |
 * | devices?  | {identity}                              | relay: which devices has this root key certified, here and in the predecessor |
 * | devices   | {identity, devices}                     | the answer; after it, what is certified for them and not claimed, and verdicts against them |
 * | signed    | {message, hops}                         | a signed contract message; hops left for gossip (sow only, else 0)  |
 * | chunk     | {agreement, direction, index, last, enc, data} | sealed payload (0) or result (1)                            |
 * | want      | {agreement, direction, from}            | send the chunks from this index on (again)                          |
 * | wrong-result | {agreement, result, kem}          | witness: please judge this result, which others outvoted (contract/evidence.ts) |
 * | evidence? | {agreement, key}                        | witness: seal to this key what shows it; null: it does not judge it  |
 * | evidence  | {agreement, index, last, enc, data}     | payload and output, sealed to the witness                           |
 * | forward   | {to, from, frame}                       | relay: pass this frame on to a peer I have no link with             |
 * | neighbours| {peers, relays}                         | who is linked with me: for introductions, and who need not be told what I said |
 * | introduce | {to, from, id, kind, sdp}               | sealed offer or answer, passed on by a common neighbour              |
 * | ping/pong | {nonce}                                 | liveness and latency                                                |
 *
 * What relays say among themselves stands in wire-relays.ts.
 */
import * as v from 'valibot'
import { accountProofBytesMax } from '../ledger/account-proof.ts'
import { noticeBytesMax, noticesMax } from '../economy/notice-codec.ts'
import { bytesOf, bytesUpTo, id32, key32, sig64, text, uint } from '../lib/schema.ts'
import { entriesSchema, relaySchemas, signedFactBytesMax } from './wire-relays.ts'

export { entryBytesMax } from './wire-relays.ts'

export const frameBytesMax = 64 * 1024
/** Plaintext of one sealed chunk: with the tag, the header and CBOR it stays below a frame, forwarded or not. */
export const chunkBytes = 48 * 1024

/** One signed contract message. */
const signedBytesMax = 8 * 1024

/** Blocks of addresses in which a relay says that it has seen one device. */
export const blocksPerDeviceMax = 4

export const wireSchemas = {
  'policy?': v.strictObject({}),
  policy: v.strictObject({ bytes: bytesUpTo(frameBytesMax) }),
  'notice?': v.strictObject({ version: uint(noticesMax), hash: id32, contradicted: v.boolean() }),
  notice: v.strictObject({ bytes: bytesUpTo(noticeBytesMax) }),
  redeem: v.strictObject({ token: bytesOf(16), join: bytesUpTo(1024) }),
  refused: v.strictObject({
    re: v.picklist(['redeem', 'certify', 'carry', 'forward']),
    reason: text(200),
    author: v.optional(key32),
    seq: v.optional(uint()),
  }),
  certify: v.strictObject({ entries: entriesSchema.entries.entries }),
  entries: entriesSchema,
  'head?': v.strictObject({ author: key32 }),
  head: v.strictObject({
    author: key32,
    summary: v.nullable(v.strictObject({ author: key32, seq: uint(), id: id32, claimed: uint(), paid: uint(), staked: uint() })),
    /** What the verdicts that the relay knows burn of it, in µcr, and whether nothing further of it is certified. Absent: there are none. */
    penalties: v.optional(v.strictObject({ slashed: uint(), closed: v.boolean() })),
    /** In which blocks of addresses the relay has seen this device: comparable under one salt, and meaning nothing else (agent/relay-blocks.ts). */
    block: v.optional(
      v.strictObject({ salt: bytesOf(16), labels: v.pipe(v.array(bytesOf(16)), v.minLength(1), v.maxLength(blocksPerDeviceMax)) }),
    ),
  }),
  'range?': v.strictObject({ author: key32, from: uint() }),
  'devices?': v.strictObject({ identity: key32 }),
  devices: v.strictObject({ identity: key32, devices: v.pipe(v.array(key32), v.maxLength(32)) }),
  'balance?': v.strictObject({ account: key32, root: v.nullable(id32) }),
  balance: v.strictObject({
    account: key32,
    checkpoint: v.nullable(bytesUpTo(signedFactBytesMax)),
    proof: v.nullable(bytesUpTo(accountProofBytesMax)),
  }),
  carry: v.strictObject({ account: key32, proof: bytesUpTo(accountProofBytesMax), signature: v.nullable(sig64) }),
  witness: v.strictObject({ witness: key32, device: key32, signature: sig64 }),
  signed: v.strictObject({ message: bytesUpTo(signedBytesMax), hops: uint(3) }),
  chunk: v.strictObject({
    agreement: id32,
    direction: v.picklist([0, 1]),
    index: uint(1 << 16),
    last: v.boolean(),
    /** HPKE encapsulated key, in chunk 0 only. */
    enc: v.nullable(bytesOf(32)),
    data: bytesUpTo(chunkBytes + 16),
  }),
  want: v.strictObject({ agreement: id32, direction: v.picklist([0, 1]), from: uint(1 << 16) }),
  'wrong-result': v.strictObject({ agreement: bytesUpTo(signedBytesMax), result: bytesUpTo(signedBytesMax), kem: key32 }),
  'evidence?': v.strictObject({
    agreement: id32,
    key: v.nullable(v.strictObject({ witness: key32, kem: key32, signature: sig64 })),
  }),
  evidence: v.strictObject({
    agreement: id32,
    index: uint(1 << 8),
    last: v.boolean(),
    enc: v.nullable(bytesOf(32)),
    data: bytesUpTo(chunkBytes + 16),
  }),
  forward: v.strictObject({ to: key32, from: key32, frame: bytesUpTo(frameBytesMax - 256) }),
  neighbours: v.strictObject({ peers: v.pipe(v.array(key32), v.maxLength(64)), relays: v.pipe(v.array(key32), v.maxLength(8)) }),
  introduce: v.strictObject({
    to: key32,
    from: key32,
    id: bytesOf(16),
    kind: v.picklist(['offer', 'answer', 'refuse']),
    sdp: bytesUpTo(16 * 1024),
  }),
  ping: v.strictObject({ nonce: uint() }),
  pong: v.strictObject({ nonce: uint() }),
  ...relaySchemas,
} as const

export type WireType = keyof typeof wireSchemas
export type WireBody<T extends WireType> = v.InferOutput<(typeof wireSchemas)[T]>
export type WireMessage = { [T in WireType]: readonly [type: T, body: WireBody<T>] }[WireType]
