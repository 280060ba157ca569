/**
 * Verdicts: what 2f+1 witnesses found against an account, a fact outside every chain (spec: ledger.md, *Verdicts*).
 *
 * A verdict names the offence by its reason's canonical key, so that each counts once however often and in whatever words it is
 * reported. Its cost is burned: nobody is paid for a verdict, so nobody gains by one. No verdict takes part in validity.
 */
import * as v from 'valibot'
import type { PublicKey, Signature, Signer, Verifier } from '../identity/keys.ts'
import { type Bytes, compareBytes, concat, equalBytes, toHex, utf8 } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { bytesUpTo, id32, key32, parse, parseBytes, type SchemaError, sig64 } from '../lib/schema.ts'
import { witnessesMax } from './certificate.ts'
import { type LedgerRules, quorumOf } from './rules.ts'
import type { SwarmId } from './types.ts'

/** Why an account is slashed. */
export const SlashReason = {
  Downtime: 'Downtime',
  Spam: 'Spam',
  InvalidResult: 'InvalidResult',
  DoubleSpend: 'DoubleSpend',
  SybilAttack: 'SybilAttack',
  Malicious: 'Malicious',
} as const
export type SlashReason = (typeof SlashReason)[keyof typeof SlashReason]

export interface SlashRule {
  readonly severity: 'low' | 'medium' | 'high' | 'critical'
  readonly costMicro: number
  /** Nothing further of the account is certified. */
  readonly closes: boolean
  /** Else it is a matter of local views only, and no verdict says it: a requester could frame a worker by withholding. */
  readonly signed: boolean
}

export const slashRules: Readonly<Record<SlashReason, SlashRule>> = {
  Downtime: { severity: 'low', costMicro: 0, closes: false, signed: false },
  Spam: { severity: 'medium', costMicro: 0, closes: false, signed: false },
  InvalidResult: { severity: 'medium', costMicro: 10_000_000, closes: false, signed: true },
  DoubleSpend: { severity: 'high', costMicro: 100_000_000, closes: false, signed: true },
  SybilAttack: { severity: 'critical', costMicro: 0, closes: true, signed: true },
  Malicious: { severity: 'critical', costMicro: 0, closes: true, signed: true },
}

/** What a witness's owner may find by its own judgement: it closes the account. */
export const judgedReasons = ['SybilAttack', 'Malicious'] as const satisfies readonly SlashReason[]
export type JudgedReason = (typeof judgedReasons)[number]
export const isJudged = (reason: string): reason is JudgedReason => judgedReasons.some((one) => one === reason)
/** What a verdict is about; `offence` as `offenceOf` makes it. */
export interface Finding {
  readonly target: PublicKey
  readonly reason: SlashReason
  readonly offence: Bytes
}

/** Signatures over "edge-net/verdict/1" ‖ cbor[swarm, target, reason, offence], sorted by witness. */
export interface Verdict extends Finding {
  readonly signatures: readonly (readonly [witness: PublicKey, signature: Signature])[]
}

/** A hundred witnesses' signatures, and what they are on. */
export const verdictBytesMax = 12 * 1024
/** Bytes of the longest offence key: a fork's. */
export const offenceBytesMax = 64

/** The reason's canonical key: of a fork its author and number, of a result the agreement's id, of a judgement the account. */
export const offenceOf = {
  doubleSpend: (author: PublicKey, seq: number): Bytes => encode([author, seq]),
  invalidResult: (agreement: Bytes): Bytes => agreement,
  judgement: (target: PublicKey): Bytes => target,
}

const verdictSchema = v.pipe(
  v.strictObject({
    target: key32,
    reason: v.picklist(Object.values(SlashReason)),
    offence: bytesUpTo(offenceBytesMax),
    signatures: v.pipe(
      v.array(v.strictTuple([key32, sig64])),
      v.maxLength(witnessesMax),
      v.check((list) => list.every(([key], i) => i === 0 || compareBytes(list[i - 1]![0], key) < 0), 'witnesses not sorted'),
    ),
  }),
  v.check((finding) => isCanonical(finding), 'not the key of such an offence'),
)

const forkSchema = v.strictTuple([key32, v.pipe(v.number(), v.safeInteger(), v.minValue(0))])

/** One offence has one key: else it could be counted twice. */
const isCanonical = ({ target, reason, offence }: Finding): boolean => {
  if (!slashRules[reason].signed) return false
  if (reason === 'InvalidResult') return parse(id32, offence).ok
  if (reason !== 'DoubleSpend') return equalBytes(offence, target)
  const fork = parseBytes(forkSchema, offence)
  return fork.ok && equalBytes(fork.value[0], target)
}

export const encodeVerdict = (verdict: Verdict): Bytes => encode(verdict as unknown as Cbor)
export const parseVerdict = (bytes: Uint8Array): Result<Verdict, SchemaError> => parseBytes(verdictSchema, bytes)

/** Which offence it is, as text: two verdicts with one key are one. */
export const verdictKey = ({ target, reason, offence }: Finding): string => `${toHex(target)}/${reason}/${toHex(offence)}`

const verdictMessage = (swarm: SwarmId, { target, reason, offence }: Finding): Bytes =>
  concat(utf8('edge-net/verdict/1'), encode([swarm, target, reason, offence]))

/** The verdict with this one witness's signature. */
export const signVerdict = async (witness: Signer, swarm: SwarmId, { target, reason, offence }: Finding): Promise<Verdict> => ({
  target,
  reason,
  offence,
  signatures: [[witness.publicKey, await witness.sign(verdictMessage(swarm, { target, reason, offence }))]],
})

/** Both on the same offence, else undefined. */
export const mergeVerdicts = (a: Verdict, b: Verdict): Verdict | undefined => {
  if (verdictKey(a) !== verdictKey(b)) return undefined
  const added = b.signatures.filter(([witness]) => !a.signatures.some(([known]) => equalBytes(known, witness)))
  return { ...a, signatures: [...a.signatures, ...added].sort(([x], [y]) => compareBytes(x, y)) }
}

export type VerdictError = SchemaError | { readonly type: 'verdict'; readonly reason: 'few' | 'witness' | 'signature' }

/** Right in form, every signature a listed witness's own: true also for a verdict that is not full yet. */
export const verifyVerdictSignatures = async (
  verifier: Verifier,
  verdict: Verdict,
  { swarm, witnesses }: Pick<LedgerRules, 'swarm' | 'witnesses'>,
): Promise<Result<void, VerdictError>> => {
  const form = parse(verdictSchema, verdict)
  if (!form.ok) return form
  const message = verdictMessage(swarm, verdict)
  for (const [witness, signature] of verdict.signatures) {
    if (!witnesses.some((key) => equalBytes(key, witness))) return err({ type: 'verdict', reason: 'witness' })
    if (!(await verifier.verify(signature, message, witness))) return err({ type: 'verdict', reason: 'signature' })
  }
  return ok(undefined)
}

/** A full verdict: right in form, by 2f+1 listed witnesses, nothing in it false. */
export const verifyVerdict = async (
  verifier: Verifier,
  verdict: Verdict,
  rules: Pick<LedgerRules, 'swarm' | 'witnesses'>,
): Promise<Result<void, VerdictError>> => {
  const form = parse(verdictSchema, verdict)
  if (!form.ok) return form
  if (verdict.signatures.length < quorumOf(rules.witnesses.length)) return err({ type: 'verdict', reason: 'few' })
  return verifyVerdictSignatures(verifier, verdict, rules)
}

/** What verdicts against one account cost it together, in µcr; each key given once. */
export const slashedMicroOf = (verdicts: readonly Finding[]): bigint =>
  verdicts.reduce((sum, { reason }) => sum + BigInt(slashRules[reason].costMicro), 0n)
