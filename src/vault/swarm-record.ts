/** The swarm that this device is in, as it is stored, and what of it the agent is told. */
import * as v from 'valibot'
import type { SwarmLink } from '../economy/link.ts'
import { policyBytesMax } from '../economy/policy-codec.ts'
import type { Bytes } from '../lib/bytes.ts'
import { bytesOf, bytesUpTo, id32, key32, parse, text } from '../lib/schema.ts'
import type { StoreValue } from '../lib/store.ts'

export const swarmAt = { table: 'swarm', key: 'current' } as const

export interface SwarmRecord {
  readonly link: SwarmLink
  /** cbor(SignedPolicy), verified when it was stored. */
  readonly policy: Bytes | null
  /** The browser session in which the witness's word on our own head was taken; an older copy of the profile names another. */
  readonly headSession: string | null
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
  headSession: v.nullable(text(100)),
})

export const swarmToRecord = (record: SwarmRecord): StoreValue => record as unknown as StoreValue

/** Undefined where there is none. */
export const swarmFromRecord = (record: StoreValue | undefined): SwarmRecord | undefined => {
  const parsed = parse(schema, record)
  return parsed.ok ? parsed.value : undefined
}
