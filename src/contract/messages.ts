/**
 * The signed messages between requester and worker (spec: tasks.md, *The contract*).
 *
 * | kind        | from → to           | says                                                        |
 * | ----------- | ------------------- | ----------------------------------------------------------- |
 * | sow         | requester → all     | what is wanted, how much of it, at what price at most       |
 * | quote       | worker → requester  | price, eta, classes, fresh X25519 key                       |
 * | agreement   | requester → worker  | this quote, this (salted, hashed) payload, this deadline     |
 * | countersign | worker → requester  | agreed                                                       |
 * | refuse      | worker → requester  | not agreed, and why                                          |
 * | prepay      | worker → requester  | not before its certified `pay` total is so high; it waits for that |
 * | progress    | worker → requester  | still at it; prolongs the deadline                           |
 * | result      | worker → requester  | hash, class and cost of the output that follows in chunks    |
 * | reward      | requester → worker  | "I owe you in all" (cumulative), and whether this was accepted |
 * | receipt     | worker → requester  | the total it holds a voucher for                             |
 * | cancel      | requester → worker  | released, and why                                            |
 *
 * A message's id is sha-256 of its canonical encoding without `sig`; the signature is over "edge-net/msg/1" ‖ that encoding.
 * Ids are remembered until `expires`: nothing can be replayed.
 */
import * as v from 'valibot'
import { bytesOf, id32, key32, sig64, text, uint } from '../lib/schema.ts'

const reason = text(200)
/** Far above any task, and small enough that sums and products of them stay safe integers. */
const units = v.pipe(uint(1e10), v.minValue(1))
const price = uint(1e9)
const etaMsMax = 24 * 60 * 60_000

export const bodySchemas = {
  sow: v.strictObject({
    type: v.literal('embedding'),
    model: text(64),
    /** Payload bytes, rounded up to a power of two: the exact size is the workers' business only. */
    size: uint(1 << 26),
    /** Most units that the work can come to, in millionths (economy.md, *Units*). */
    units,
    /** µcr per 10⁶ units. */
    maxPrice: price,
    redundancy: v.pipe(uint(9), v.minValue(1)),
    priority: v.picklist(['low', 'normal', 'high']),
  }),
  quote: v.strictObject({
    sow: id32,
    price,
    /** The list price by which the worker counts the units of this work, whatever the founder makes of it meanwhile. */
    stepMicro: uint(),
    etaMs: uint(etaMsMax),
    classes: v.pipe(v.array(text(80)), v.minLength(1), v.maxLength(8)),
    /** Fresh X25519 public key: the payload is sealed to it. */
    kem: key32,
    /** The identity behind the device, by its certificate: replicas must be of different identities. */
    root: key32,
    certificate: sig64,
  }),
  agreement: v.strictObject({
    sow: id32,
    quote: id32,
    /** sha-256(32-byte salt ‖ plaintext); the salt travels sealed with the payload. */
    commitment: bytesOf(32),
    price,
    units,
    deadline: uint(),
    /** Fresh X25519 public key: the result is sealed to it. */
    kem: key32,
    resultClass: text(80),
  }),
  countersign: v.strictObject({ agreement: id32 }),
  refuse: v.strictObject({ agreement: id32, reason }),
  prepay: v.strictObject({ agreement: id32, total: uint() }),
  progress: v.strictObject({ agreement: id32, done: uint(), of: uint() }),
  result: v.strictObject({ agreement: id32, outputHash: bytesOf(32), bytes: uint(1 << 26), resultClass: text(80), busyMs: uint() }),
  reward: v.strictObject({ agreement: id32, total: uint(), units: uint(), ok: uint(), bad: uint(), accepted: v.boolean() }),
  receipt: v.strictObject({ agreement: id32, total: uint() }),
  cancel: v.strictObject({ agreement: id32, reason }),
} as const

export type Kind = keyof typeof bodySchemas
export type Body<K extends Kind> = v.InferOutput<(typeof bodySchemas)[K]>

export interface Signed<K extends Kind = Kind> {
  readonly v: 1
  readonly kind: K
  readonly swarm: v.InferOutput<typeof id32>
  readonly from: v.InferOutput<typeof key32>
  /** Null: to whoever hears it (a sow). */
  readonly to: v.InferOutput<typeof key32> | null
  /** ms since the epoch; refused afterwards. */
  readonly expires: number
  readonly body: Body<K>
  readonly sig: v.InferOutput<typeof sig64>
}
/** A signed message of some one kind, told apart by `kind`. */
export type AnySigned = { [K in Kind]: Signed<K> }[Kind]
