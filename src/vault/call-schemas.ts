/** Arguments of every call: what comes over a port is parsed here before anything is done with it. */
import * as v from 'valibot'
import { bodySchemas } from '../contract/messages.ts'
import { noticeBytesMax } from '../economy/notice-codec.ts'
import { policyBytesMax } from '../economy/policy-codec.ts'
import { stampBytes } from '../economy/stamp.ts'
import { certificateSchema } from '../ledger/certificate.ts'
import { entryBytesMax } from '../ledger/entry.ts'
import { verdictBytesMax } from '../ledger/verdict.ts'
import { bytesUpTo, id32, key32, text, uint } from '../lib/schema.ts'
import type { VaultCall } from './vault.ts'

export const requestIdCharsMax = 200
/** Nonces and fingerprints; the sizes that each must have are the network's to check. */
const helloBytesMax = 64
const incomesMax = 256
const entriesMax = 1024

/** An entry, and the domain before it. */
const messageBytesMax = entryBytesMax + 64

const none = v.strictObject({})
const entry = bytesUpTo(entryBytesMax)

const signing = <K extends keyof typeof bodySchemas>(kind: K) =>
  v.strictObject({ kind: v.literal(kind), to: v.nullable(key32), expires: uint(), body: bodySchemas[kind] })

export const callSchemas = {
  status: none,
  hello: v.strictObject({
    role: v.picklist(['node', 'relay']),
    peer: key32,
    ownNonce: bytesUpTo(helloBytesMax),
    peerNonce: bytesUpTo(helloBytesMax),
    binding: v.variant('kind', [
      v.strictObject({ kind: v.literal('webrtc'), own: bytesUpTo(helloBytesMax), peer: bytesUpTo(helloBytesMax) }),
      v.strictObject({ kind: v.literal('url'), url: text(300) }),
    ]),
  }),
  policy: v.strictObject({ signedPolicy: bytesUpTo(policyBytesMax) }),
  notice: v.strictObject({ notice: bytesUpTo(noticeBytesMax) }),
  stamp: v.strictObject({ stamp: v.nullable(bytesUpTo(stampBytes)) }),
  joinOp: none,
  sign: v.variant('kind', [
    signing('sow'),
    signing('quote'),
    signing('agreement'),
    signing('countersign'),
    signing('refuse'),
    signing('prepay'),
    signing('progress'),
    signing('result'),
    signing('receipt'),
    signing('cancel'),
  ]),
  reward: v.strictObject({ sow: id32, agreement: id32, payee: key32, accepted: v.boolean(), expires: uint() }),
  prepay: v.strictObject({ agreement: id32, payee: key32, total: uint() }),
  release: v.strictObject({ sow: id32 }),
  settle: none,
  claim: v.strictObject({ incomes: v.pipe(v.array(v.strictObject({ entry, certificate: certificateSchema })), v.maxLength(incomesMax)) }),
  deposit: v.strictObject({ stakedMicro: uint() }),
  pending: none,
  certified: v.strictObject({ certificate: certificateSchema }),
  paidTo: v.strictObject({ payee: key32 }),
  adopt: v.strictObject({ entries: v.pipe(v.array(entry), v.maxLength(entriesMax)), certificate: v.nullable(certificateSchema) }),
  lostDevice: v.strictObject({
    device: key32,
    entries: v.pipe(v.array(entry), v.maxLength(entriesMax)),
    certificate: v.nullable(certificateSchema),
    incomes: v.pipe(v.array(v.strictObject({ entry, certificate: certificateSchema })), v.maxLength(incomesMax)),
  }),
  lostDevices: none,
  carries: none,
  verdict: v.strictObject({ bytes: bytesUpTo(verdictBytesMax) }),
  account: none,
  reports: none,
  statement: v.strictObject({ before: v.nullable(uint()) }),
  entryProof: v.strictObject({ seq: uint() }),
  signFounding: v.strictObject({ role: v.picklist(['witness', 'issuer']), message: bytesUpTo(messageBytesMax) }),
  recalled: none,
} satisfies Record<VaultCall, v.GenericSchema>
