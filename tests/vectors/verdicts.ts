/** Verdicts and the proofs behind them, valid and refused, with the reason. Writes `verdicts.json` (format: README.md here). */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { ParsedEntry } from '../../src/ledger/entry.ts'
import type { Certificate } from '../../src/ledger/types.ts'
import {
  encodeVerdict,
  type Finding,
  mergeVerdicts,
  offenceOf,
  type SlashReason,
  slashRules,
  signVerdict,
  type Verdict,
  verdictKey,
} from '../../src/ledger/verdict.ts'
import { type DoubleSpendProof, encodeDoubleSpend, encodeFraud, fraudsIn, type WitnessFraud } from '../../src/ledger/verdict-proof.ts'
import { type Bytes, compareBytes, concat, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { encode } from '../../src/lib/cbor.ts'
import { attest, certify, createPerson, next, pay, type Person, signerOf, type World } from '../unit/ledger/fixtures.ts'
import { rulesToVector, type RulesVector, vectorWorld } from './ledger-world.ts'

export const verdictsFile = 'tests/vectors/verdicts.json'

export type VerdictReason = 'malformed' | 'few' | 'witness' | 'signature'
export type ProofReason = 'malformed' | 'entry' | 'same' | 'place' | 'signature' | 'witness'
interface Refused<R extends string> {
  readonly what: string
  readonly bytes: string
  readonly reason: R
}

export interface VerdictVectors {
  readonly rules: Pick<RulesVector, 'swarm' | 'witnesses'>
  readonly costs: readonly { readonly reason: SlashReason; readonly costMicro: number; readonly closes: boolean; readonly signed: boolean }[]
  readonly valid: readonly { readonly what: string; readonly bytes: string; readonly key: string }[]
  readonly invalid: readonly Refused<VerdictReason>[]
  readonly doubleSpends: {
    readonly valid: readonly { readonly what: string; readonly bytes: string; readonly key: string }[]
    readonly invalid: readonly Refused<ProofReason>[]
  }
  readonly frauds: {
    readonly valid: readonly { readonly what: string; readonly bytes: string; readonly witness: string }[]
    readonly invalid: readonly Refused<ProofReason>[]
  }
}

type Signed = Verdict['signatures'][number]
const sorted = (signatures: readonly Signed[]): readonly Signed[] => signatures.toSorted(([a], [b]) => compareBytes(a, b))
const fork = (of: Person, seq: number): Finding => ({
  target: of.device.publicKey,
  reason: 'DoubleSpend',
  offence: offenceOf.doubleSpend(of.device.publicKey, seq),
})
const by = async (world: World, finding: Finding, signers = world.witnesses): Promise<Verdict> => {
  const parts = await Promise.all(signers.map((witness) => signVerdict(witness, world.rules.swarm, finding)))
  return parts.reduce((all, one) => mergeVerdicts(all, one)!)
}

export const verdictVectors = async (): Promise<VerdictVectors> => {
  const world = await vectorWorld()
  const [ana, ben] = await Promise.all([createPerson('ana'), createPerson('ben')])
  const { swarm, witnesses } = rulesToVector(world.rules)
  const elsewhere = { ...world, rules: { ...world.rules, swarm: sha256(utf8('another swarm')) } }
  return {
    rules: { swarm, witnesses },
    costs: (Object.keys(slashRules) as SlashReason[]).map((reason) => {
      const { costMicro, closes, signed } = slashRules[reason]
      return { reason, costMicro, closes, signed }
    }),
    ...(await verdicts(world, elsewhere, ana, ben)),
    doubleSpends: await doubleSpends(world, elsewhere, ana, ben),
    frauds: await frauds(world, ana, ben),
  }
}

const verdicts = async (world: World, elsewhere: World, ana: Person, ben: Person): Promise<Pick<VerdictVectors, 'valid' | 'invalid'>> => {
  const target = ana.device.publicKey
  const full = await by(world, fork(ana, 7))
  const [first, second, third] = full.signatures
  const judged = async (reason: SlashReason, offence: Bytes): Promise<Verdict> => by(world, { target, reason, offence })
  const valid: readonly (readonly [what: string, verdict: Verdict])[] = [
    ['a double spend, by all', full],
    ['a double spend at number 0, by 2f + 1', await by(world, fork(ana, 0), world.witnesses.slice(1))],
    ['a wrong result: the agreement’s id', await judged('InvalidResult', sha256(utf8('agreement')))],
    ['witnesses’ judgement', await judged('Malicious', offenceOf.judgement(target))],
    ['sybils', await judged('SybilAttack', offenceOf.judgement(target))],
  ]
  const stranger = signerOf('stranger')
  const strange = [...full.signatures, ...(await by(world, fork(ana, 7), [stranger])).signatures]
  const invalid: readonly (readonly [what: string, verdict: Verdict | Bytes, reason: VerdictReason])[] = [
    ['one witness too few', { ...full, signatures: [first!, second!] }, 'few'],
    ['a key that is no witness', { ...full, signatures: sorted(strange) }, 'witness'],
    ['another offence', { ...full, ...fork(ana, 8) }, 'signature'],
    ['another account', { ...full, ...fork(ben, 7) }, 'signature'],
    ['made for another swarm', await by(elsewhere, fork(ana, 7)), 'signature'],
    ['a witness twice', { ...full, signatures: [first!, first!, second!] }, 'malformed'],
    ['witnesses not sorted', { ...full, signatures: [second!, first!, third!] }, 'malformed'],
    ['a reason that no witness signs', await judged('Downtime', target), 'malformed'],
    ['another that no witness signs', await judged('Spam', target), 'malformed'],
    ['a fork’s key that names another author', { ...full, offence: fork(ben, 7).offence }, 'malformed'],
    ['a fork’s key in another encoding', { ...full, offence: concat(encode([target]), encode(7)) }, 'malformed'],
    ['a judgement’s key of another account', await judged('Malicious', ben.device.publicKey), 'malformed'],
    ['a result’s key of 31 bytes', await judged('InvalidResult', new Uint8Array(31)), 'malformed'],
    ['a byte more', concat(encodeVerdict(full), Uint8Array.of(0)), 'malformed'],
  ]
  const hex = (verdict: Verdict | Bytes): string => toHex(verdict instanceof Uint8Array ? verdict : encodeVerdict(verdict))
  return {
    valid: valid.map(([what, verdict]) => ({ what, bytes: hex(verdict), key: verdictKey(verdict) })),
    invalid: invalid.map(([what, verdict, reason]) => ({ what, bytes: hex(verdict), reason })),
  }
}

const doubleSpends = async (world: World, elsewhere: World, ana: Person, ben: Person): Promise<VerdictVectors['doubleSpends']> => {
  const opening = await next(world, ana, undefined, [ana.join])
  const after = (prev: ParsedEntry, total: number, signer = ana.device) => next(world, ana, prev, [pay([ben, total])], { signer })
  const [one, other, rescue] = [await after(opening, 1), await after(opening, 2), await after(opening, 3, ana.root)]
  const bens = await next(world, ben, undefined, [ben.join])
  const proof = (first: ParsedEntry, second: ParsedEntry, join: ParsedEntry | null = null): DoubleSpendProof => ({
    first: first.bytes,
    second: second.bytes,
    join: join && join.bytes,
  })
  const key = verdictKey(fork(ana, 1))
  const valid: readonly (readonly [what: string, proof: DoubleSpendProof, key: string])[] = [
    ['two entries after the same one', proof(one, other), key],
    ['the same, the other way round', proof(other, one), key],
    ['one by the root key: with the first entry, that names it', proof(one, rescue, opening), key],
    ['two first entries', proof(opening, await next(world, ana, undefined, [ana.join, attest(ben, 'anything')])), verdictKey(fork(ana, 0))],
  ]
  const foreign = [await next(elsewhere, ana, opening, [pay([ben, 1])]), await next(elsewhere, ana, opening, [pay([ben, 2])])] as const
  const whole = encodeDoubleSpend(proof(one, other))
  const invalid: readonly (readonly [what: string, proof: DoubleSpendProof | Bytes, reason: ProofReason])[] = [
    ['one entry twice', proof(one, one), 'same'],
    ['entries at two numbers', proof(one, opening), 'place'],
    ['of two authors', proof(opening, bens), 'place'],
    ['further up two branches', proof(await after(one, 5), await after(other, 6)), 'place'],
    ['one that anyone could have written', proof(one, await after(opening, 2, ben.device)), 'signature'],
    ['one by the root key, without the first entry', proof(one, rescue), 'signature'],
    ['one by the root key, with another’s first entry', proof(one, rescue, bens), 'signature'],
    ['made for another swarm', proof(...foreign), 'signature'],
    ['bytes that are no entry', { ...proof(one, other), first: new Uint8Array(3) }, 'entry'],
    ['a byte more', concat(whole, Uint8Array.of(0)), 'malformed'],
    ['cut short', whole.slice(0, -1) as Bytes, 'malformed'],
  ]
  const hex = (given: DoubleSpendProof | Bytes): string => toHex(given instanceof Uint8Array ? given : encodeDoubleSpend(given))
  return {
    valid: valid.map(([what, given, shows]) => ({ what, bytes: hex(given), key: shows })),
    invalid: invalid.map(([what, given, reason]) => ({ what, bytes: hex(given), reason })),
  }
}

const frauds = async (world: World, ana: Person, ben: Person): Promise<VerdictVectors['frauds']> => {
  const entries = [await next(world, ana, undefined, [ana.join]), await next(world, ana, undefined, [ana.join, attest(ben, 'anything')])]
  const certificates: readonly Certificate[] = await Promise.all(entries.map((entry) => certify(world, entry)))
  const found = fraudsIn(certificates)
  const fraud = found[0]!
  const invalid: readonly (readonly [what: string, fraud: WitnessFraud | Bytes, reason: ProofReason])[] = [
    ['one signature twice', { ...fraud, signed: [fraud.signed[0], fraud.signed[0]] }, 'malformed'],
    ['not sorted by id', { ...fraud, signed: [fraud.signed[1], fraud.signed[0]] }, 'malformed'],
    ['another number', { ...fraud, seq: 1 }, 'signature'],
    ['another author', { ...fraud, author: ben.device.publicKey }, 'signature'],
    ['another witness’s signatures', { ...fraud, witness: found[1]!.witness }, 'signature'],
    ['by no witness', { ...fraud, witness: ana.device.publicKey }, 'witness'],
    ['a byte more', concat(encodeFraud(fraud), Uint8Array.of(0)), 'malformed'],
  ]
  const hex = (given: WitnessFraud | Bytes): string => toHex(given instanceof Uint8Array ? given : encodeFraud(given))
  return {
    valid: found.slice(0, 2).map((one) => ({ what: 'two entries at one number', bytes: hex(one), witness: toHex(one.witness) })),
    invalid: invalid.map(([what, given, reason]) => ({ what, bytes: hex(given), reason })),
  }
}

export const formatVerdicts = (vectors: VerdictVectors): string => `${JSON.stringify(vectors, null, 1)}\n`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(verdictsFile, formatVerdicts(await verdictVectors()))
