/**
 * The policy document as bytes: made, signed, checked. Its canonical encoding's sha-256 is the swarm's id, so a policy that
 * fits the id in a link is the one that its founder signed for that swarm, whoever handed it over.
 */
import * as v from 'valibot'
import type { PublicKey, Signer, Verifier } from '../identity/keys.ts'
import { witnessesMax } from '../ledger/certificate.ts'
import { issuanceDefaults } from '../ledger/issuance.ts'
import { epochMsDefault, faultyMax, type LedgerRules, unlockMsDefault } from '../ledger/rules.ts'
import type { SwarmId } from '../ledger/types.ts'
import { type Bytes, compareBytes, concat, equalBytes, sha256, utf8 } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import type { Random } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bytesOf, id32, key32, parseBytes, sig64, text, uint } from '../lib/schema.ts'
import type { Policy, SignedPolicy } from './policy.ts'

export const microPerCredit = 1_000_000
/** One frame of the network carries it. */
export const policyBytesMax = 60 * 1024
export const modelsMax = 32
/** A day of one core: what asks for more asks for a mistake. */
export const stampBitsMax = 22
const epochMsMax = 7 * 24 * 60 * 60_000
const highPriorityMax = 100

/** What a swarm of each kind starts with (economy.md, the table). */
const commonDefaults = {
  openingMicro: 1 * microPerCredit,
  unlockMs: unlockMsDefault,
  tabMicro: 100 * microPerCredit,
  prices: { embedding: 50_000 },
  highPriority: 2,
  storageMicro: microPerCredit / 100,
  predecessor: null,
} as const
export const privateDefaults = {
  ...commonDefaults,
  kind: 'private',
  grantsMicro: 50_000 * microPerCredit,
  grantMicro: 500 * microPerCredit,
  stampBits: 3,
  stakeMicro: 0,
  prepayMicro: 0,
  independence: 'identity',
  issuance: { ...issuanceDefaults, epochMs: epochMsDefault, budgetMicro: 0 },
} as const
export const publicDefaults = {
  ...commonDefaults,
  kind: 'public',
  grantsMicro: 0,
  grantMicro: 0,
  stampBits: 8,
  stakeMicro: 100 * microPerCredit,
  prepayMicro: 5 * microPerCredit,
  independence: 'identity-and-address',
  issuance: { ...issuanceDefaults, epochMs: epochMsDefault, budgetMicro: 10_000_000 * microPerCredit },
} as const

export type PolicyError =
  | { readonly type: 'policy'; readonly reason: 'malformed'; readonly what: string }
  /**
   * version: this swarm's, of a form that an earlier or a later version of the program writes. The others: another swarm's, another
   * founder's, or changed on the way.
   */
  | { readonly type: 'policy'; readonly reason: 'version' | 'too-large' | 'wrong-swarm' | 'wrong-founder' | 'signature' }

/** Names below the model's folder only: a card can never lead a mirror or a cache out of it. */
const filePath = v.pipe(text(200), v.regex(/^(?!\.)[\w.-]+(\/(?!\.)[\w.-]+)*$/, 'not a plain path'))
const modelSchema = v.strictObject({
  name: v.pipe(text(64), v.regex(/^[\w.-]+$/, 'not a plain name')),
  repo: v.pipe(filePath, v.maxLength(120)),
  revision: v.pipe(text(64), v.regex(/^(?!\.)[\w.-]+$/, 'not a plain name')),
  dtype: v.picklist(['q8', 'f32']),
  dimension: v.pipe(uint(65_536), v.minValue(1)),
  tokensMax: v.pipe(uint(65_536), v.minValue(1)),
  pooling: v.picklist(['mean', 'cls']),
  licence: text(100),
  files: v.pipe(
    v.array(v.strictObject({ path: filePath, bytes: uint(), sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'not a sha-256')) })),
    v.minLength(1),
    v.maxLength(16),
  ),
})

const positive = (max?: number) => v.pipe(uint(max), v.minValue(1))
/** What a notice may change (notice-codec.ts). */
export const termSchemas = {
  prices: v.strictObject({ embedding: positive() }),
  highPriority: positive(highPriorityMax),
  storageMicro: uint(),
  models: v.pipe(
    v.array(modelSchema),
    v.maxLength(modelsMax),
    v.check((models) => new Set(models.map((m) => m.name)).size === models.length, 'two models of one name'),
  ),
} as const

const policySchema = v.strictObject({
  v: v.literal(1),
  name: v.pipe(text(80), v.minLength(1)),
  founder: key32,
  kind: v.picklist(['private', 'public']),
  created: uint(),
  nonce: bytesOf(16),
  witnesses: v.pipe(
    v.array(key32),
    v.maxLength(witnessesMax),
    v.check((keys) => keys.length === 3 * faultyMax(keys.length) + 1, 'not 3f+1 witnesses'),
    v.check((keys) => keys.every((key, i) => i === 0 || compareBytes(keys[i - 1]!, key) < 0), 'witnesses not sorted'),
  ),
  issuer: key32,
  grantsMicro: uint(),
  grantMicro: uint(),
  openingMicro: uint(),
  stampBits: uint(stampBitsMax),
  stakeMicro: uint(),
  unlockMs: uint(),
  tabMicro: uint(),
  prepayMicro: uint(),
  independence: v.picklist(['identity', 'identity-and-address']),
  issuance: v.strictObject({
    epochMs: positive(epochMsMax),
    budgetMicro: uint(),
    decayCpuSeconds: positive(),
    cpuSecondsPerGigaunit: uint(),
    uptimeMicro: uint(),
    referralMicroMax: uint(),
    referralEpochs: uint(),
  }),
  predecessor: v.nullable(v.strictObject({ swarm: id32, day: uint(), root: id32 })),
  ...termSchemas,
})

const signedSchema = v.strictObject({ policy: policySchema, sig: sig64 })

/** Who has which part in a swarm, and what differs from the defaults of its kind. */
export type PolicyParts = Pick<Policy, 'name' | 'founder' | 'witnesses' | 'issuer' | 'models'> &
  Partial<Omit<Policy, 'v' | 'created' | 'nonce'>>

/** A policy with the defaults of its kind, which is private where nothing is said. */
export const createPolicy = ({ random, now }: { readonly random: Random; readonly now: number }, parts: PolicyParts): Policy => ({
  ...(parts.kind === 'public' ? publicDefaults : privateDefaults),
  ...parts,
  v: 1,
  created: now,
  nonce: random.bytes(16),
  witnesses: [...parts.witnesses].sort(compareBytes),
})

export const encodePolicy = (policy: Policy): Bytes => encode(policy as unknown as Cbor)

export const swarmIdOf = (policy: Policy): SwarmId => sha256(encodePolicy(policy))

export const policyMessage = (policy: Policy): Bytes => concat(utf8('edge-net/policy/1'), encodePolicy(policy))

export const signPolicy = async (founder: Signer, policy: Policy): Promise<SignedPolicy> => ({
  policy,
  sig: await founder.sign(policyMessage(policy)),
})

export const encodeSignedPolicy = (signed: SignedPolicy): Bytes => encode(signed as unknown as Cbor)

/** Form only: whose it is, `verifyPolicy` says. For bytes that were verified when they were stored. */
export const parseSignedPolicy = (bytes: Uint8Array): Result<SignedPolicy, PolicyError> => {
  if (bytes.length > policyBytesMax) return err({ type: 'policy', reason: 'too-large' })
  const parsed = parseBytes(signedSchema, bytes)
  return parsed.ok
    ? ok(parsed.value)
    : err({ type: 'policy', reason: 'malformed', what: `${parsed.error.where} ${parsed.error.what}`.trim() })
}

/** The swarm's own policy, as a link names it, or why it is not. */
export const verifyPolicy = async (
  verifier: Verifier,
  bytes: Uint8Array,
  { swarm, founder }: { readonly swarm: SwarmId; readonly founder: PublicKey },
): Promise<Result<SignedPolicy, PolicyError>> => {
  const parsed = parseSignedPolicy(bytes)
  if (!parsed.ok) return isOf(swarm, bytes) ? err({ type: 'policy', reason: 'version' }) : parsed
  const { policy, sig } = parsed.value
  if (!equalBytes(swarmIdOf(policy), swarm)) return err({ type: 'policy', reason: 'wrong-swarm' })
  if (!equalBytes(policy.founder, founder)) return err({ type: 'policy', reason: 'wrong-founder' })
  if (!(await verifier.verify(sig, policyMessage(policy), founder))) return err({ type: 'policy', reason: 'signature' })
  return parsed
}

/** Whatever its form: nobody can make up what has this hash. */
const isOf = (swarm: SwarmId, bytes: Uint8Array): boolean => {
  const open = parseBytes(v.looseObject({ policy: v.unknown() }), bytes)
  return open.ok && equalBytes(sha256(encode(open.value.policy as Cbor)), swarm)
}

/** What the ledger reads of it. */
export const rulesOf = (policy: Policy): LedgerRules => {
  const { epochMs, ...issuance } = policy.issuance
  return {
    swarm: swarmIdOf(policy),
    witnesses: policy.witnesses,
    issuer: policy.issuer,
    allowanceMicro: policy.grantsMicro,
    issuance,
    epochMs,
    founder: policy.founder,
    openingMicro: policy.openingMicro,
    unlockMs: policy.unlockMs,
  }
}
