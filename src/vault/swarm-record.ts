/** The swarm that this device is in, as it is stored, and what of it the agent is told. */
import * as v from 'valibot'
import type { SwarmLink } from '../economy/link.ts'
import { noNotices, type Notices } from '../economy/notice-book.ts'
import { type KnownNotice, noticeBytesMax, openNotice } from '../economy/notice-codec.ts'
import { policyBytesMax } from '../economy/policy-codec.ts'
import type { Bytes } from '../lib/bytes.ts'
import { ok, type Result } from '../lib/result.ts'
import { bytesOf, bytesUpTo, id32, key32, parse, type SchemaError, text } from '../lib/schema.ts'
import type { StoreValue } from '../lib/store.ts'

export const swarmAt = { table: 'swarm', key: 'current' } as const

export interface SwarmRecord {
  readonly link: SwarmLink
  /** cbor(SignedPolicy), verified when it was stored. */
  readonly policy: Bytes | null
  /** The founder's, each verified when it was stored: the one that holds, and one that contradicts it. Absent while there is none. */
  readonly notices?: StoredNotices
  /** The browser session in which the witness's word on our own head was taken; an older copy of the profile names another. */
  readonly headSession: string | null
}

export interface StoredNotices {
  readonly newest: Bytes
  readonly against: Bytes | null
}

const urls = v.pipe(v.array(text(200)), v.maxLength(8), v.readonly())
export const linkSchema = v.strictObject({
  swarm: id32,
  founder: key32,
  secret: v.nullable(bytesOf(32)),
  relays: urls,
  trackers: urls,
  invite: v.nullable(bytesOf(16)),
})
const schema = v.strictObject({
  link: linkSchema,
  policy: v.nullable(bytesUpTo(policyBytesMax)),
  notices: v.exactOptional(v.strictObject({ newest: bytesUpTo(noticeBytesMax), against: v.nullable(bytesUpTo(noticeBytesMax)) })),
  headSession: v.nullable(text(100)),
})

export const swarmToRecord = (record: SwarmRecord): StoreValue => record as unknown as StoreValue

/** Undefined where there is none. What cannot be read is another version's or damaged: whoever takes it for none would lose it. */
export const swarmFromRecord = (record: StoreValue | undefined): Result<SwarmRecord | undefined, SchemaError> =>
  record === undefined ? ok(undefined) : parse(schema, record)

export const noticesOf = ({ notices }: SwarmRecord): Notices => ({
  ...noNotices,
  ...(notices && { newest: known(notices.newest), against: notices.against ? known(notices.against) : undefined }),
})
const known = (bytes: Bytes): KnownNotice | undefined => {
  const opened = openNotice(bytes)
  return opened.ok ? opened.value : undefined
}

export const withNotices = (record: SwarmRecord, { newest, against }: Notices): SwarmRecord =>
  newest ? { ...record, notices: { newest: newest.bytes, against: against?.bytes ?? null } } : record
