/** Entries of every operation, valid and invalid, with the reason. Writes `entries.json` (format: README.md here). */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import * as ed from '@noble/ed25519'
import { certifyDevice } from '../../src/identity/device.ts'
import type { Signer } from '../../src/identity/keys.ts'
import type { ApplyError, InvalidReason } from '../../src/ledger/apply.ts'
import { type ChainHead, emptyChain } from '../../src/ledger/chain-state.ts'
import { type EntryError, opsMax, parseEntry, type ParsedEntry } from '../../src/ledger/entry.ts'
import { foldSegment } from '../../src/ledger/fold.ts'
import { createReplicaRecords } from '../../src/ledger/replica-records.ts'
import type { LedgerRules } from '../../src/ledger/rules.ts'
import { verifyEntry } from '../../src/ledger/verify-entry.ts'
import type { Op } from '../../src/ledger/types.ts'
import { type Bytes, concat, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { type Cbor, encode } from '../../src/lib/cbor.ts'
import { err, ok, type Result } from '../../src/lib/result.ts'
import { createMemoryStore } from '../../src/lib/store.ts'
import {
  attest,
  certify,
  claim,
  createPerson,
  delegate,
  next,
  pay,
  type Person,
  settle,
  signerOf,
  verifier,
} from '../unit/ledger/fixtures.ts'
import { rulesToVector, type RulesVector, vectorWorld } from './ledger-world.ts'

export const entriesFile = 'tests/vectors/entries.json'

export interface EntryVectors {
  readonly rules: RulesVector
  /** In this order each is valid after those before it. */
  readonly valid: readonly {
    readonly what: string
    readonly entry: string
    readonly id: string
    readonly signedBy: 'author' | 'root'
    readonly after: HeadVector
  }[]
  /** Each by itself after all valid ones. */
  readonly invalid: readonly { readonly what: string; readonly entry: string; readonly reason: InvalidReason }[]
  readonly missing: readonly { readonly what: string; readonly entry: string; readonly needs: string }[]
  readonly malformed: readonly {
    readonly what: string
    readonly entry: string
    readonly reason: EntryError['reason']
    readonly fault: string
  }[]
}

export interface HeadVector {
  readonly seq: number
  readonly identity: string
  readonly rootSigned: boolean
  readonly claimed: string
  readonly paid: string
  readonly staked: number
  readonly lent: string
  readonly epoch: number | null
  readonly settled: string
  readonly sponsoredUnits: string
}

export const headToVector = (head: ChainHead): HeadVector => ({
  seq: head.seq,
  identity: toHex(head.identity!),
  rootSigned: head.rootSigned,
  claimed: `${head.claimed}`,
  paid: `${head.paid}`,
  staked: head.staked,
  lent: `${head.lent}`,
  epoch: head.epoch < 0 ? null : head.epoch,
  settled: `${head.settled}`,
  sponsoredUnits: `${head.sponsoredUnits}`,
})

export type Judged = Result<{ readonly id: Bytes; readonly signedBy: 'author' | 'root'; readonly head: ChainHead }, EntryError | ApplyError>

/** Validity as a replica decides it, one entry after the other. `keep`: a valid one counts for those that follow. */
export const createJudge = (rules: LedgerRules): { readonly judge: (bytes: Bytes, keep: boolean) => Promise<Judged> } => {
  const store = createMemoryStore()
  const records = createReplicaRecords(store)
  return {
    judge: async (bytes, keep) => {
      const read = parseEntry(bytes)
      if (!read.ok) return read
      const parsed = read.value
      const [known] = await records.head(parsed.entry.author)
      const before = known.seq < 0 ? emptyChain(parsed.entry.author).head : known
      const signed = await verifyEntry(verifier, rules, parsed, before.identity)
      if (!signed.ok) return err({ type: 'invalid', reason: signed.error })
      const start = await records.stateFor(before, [parsed])
      const { change, stopped } = await foldSegment({ rules, records, verifier }, start, [{ parsed, signedBy: signed.value }])
      if (stopped) return err(stopped)
      if (keep) await store.commit(records.entryWrites([parsed], change))
      return ok({ id: parsed.id, signedBy: signed.value, head: change.head })
    },
  }
}

/** A point of order 8, by its encoding. */
const torsion = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'
const order = 2n ** 252n + 27742317777372353535851937790883648493n
const littleEndian = (n: bigint): Bytes => Uint8Array.from({ length: 32 }, (_, i) => Number((n >> BigInt(8 * i)) & 255n))
const numberOf = (bytes: Uint8Array): bigint => bytes.reduceRight((n, byte) => (n << 8n) | BigInt(byte), 0n)

/** The same key's signature with a point of small order added to R: right in the cofactored equation, wrong in the other. */
const cofactoredSigner = (secret: Bytes): Signer => {
  const { scalar, pointBytes } = ed.utils.getExtendedPublicKey(secret)
  const nonce = 1_234_567_890_123n
  return {
    publicKey: pointBytes as Bytes,
    sign: async (message) => {
      const r = ed.Point.BASE.multiply(nonce).add(ed.Point.fromHex(torsion)).toBytes()
      const k = numberOf(ed.hash(concat(r as Bytes, pointBytes as Bytes, message as Bytes))) % order
      return concat(r as Bytes, littleEndian((nonce + k * scalar) % order))
    },
  }
}
/** Key and R the neutral element, s = 0: right for every message. */
const neutralSigner = (key: string): Signer => ({
  publicKey: Uint8Array.from(Buffer.from(key, 'hex')),
  sign: async () => Uint8Array.from(Buffer.from(`01${'00'.repeat(63)}`, 'hex')),
})
const neutral = `01${'00'.repeat(31)}`
/** The same point, y written as p + 1. */
const neutralAgain = `ee${'ff'.repeat(30)}7f`

type Pair = readonly [key: string, value: Bytes]
/** The entry's fields in canonical order, each encoded. */
const fieldsOf = ({ entry }: ParsedEntry): readonly Pair[] =>
  (['v', 'ops', 'seq', 'sig', 'prev', 'time', 'swarm', 'author'] as const).map((key) => [key, encode(entry[key] as unknown as Cbor)])
const mapOf = (pairs: readonly Pair[], head: readonly number[] = [0xa0 + pairs.length], tail: readonly number[] = []): Bytes =>
  concat(Uint8Array.from(head), ...pairs.flatMap(([key, value]) => [encode(key), value]), Uint8Array.from(tail))
const withField = (pairs: readonly Pair[], key: string, value: readonly number[]): readonly Pair[] =>
  pairs.map((pair) => (pair[0] === key ? [key, Uint8Array.from(value)] : pair))

export const entryVectors = async (): Promise<EntryVectors> => {
  const world = await vectorWorld()
  const { issuer, rules } = world
  const [ana, ben, cy, dee] = await Promise.all([createPerson('ana'), createPerson('ben'), createPerson('cy'), createPerson('dee')])
  const { judge } = createJudge(rules)
  const valid: EntryVectors['valid'][number][] = []
  const heads = new Map<Person, ParsedEntry>()

  const add = async (what: string, who: Person, ops: readonly Op[], signer?: Signer): Promise<ParsedEntry> => {
    const entry = await next(world, who, heads.get(who), ops, signer && { signer })
    const judged = await judge(entry.bytes, true)
    if (!judged.ok) throw new Error(`${what}: ${JSON.stringify(judged.error)}`)
    const { id, signedBy, head } = judged.value
    valid.push({ what, entry: toHex(entry.bytes), id: toHex(id), signedBy, after: headToVector(head) })
    heads.set(who, entry)
    return entry
  }
  /** A person whose device is this signer, certified by its root as any other. */
  const withDevice = async (name: string, device: Signer): Promise<Person> => {
    const { join, root } = await createPerson(name)
    const { signature } = await certifyDevice(root, device.publicKey)
    return { name, device, root, join: { ...join, certificate: signature } }
  }

  await add('join', issuer, [issuer.join])
  const granted = await add('pay to three; attest of a sponsor', issuer, [
    pay([ana, 1_000_000], [ben, 500_000], [cy, 300_000]),
    attest(ana, 'sponsor'),
  ])
  const grant = await certify(world, granted)
  await add('join and claim in one', ana, [ana.join, claim(grant)])
  const firstPay = await add('pay with units and results; stake', ana, [
    pay([ben, 300_000, 250_000_000, 2, 1]),
    { op: 'stake', amount: 400_000 },
  ])
  const attested = await add('delegate; attest', ana, [delegate([ben, 150_000], [cy, 50_000]), attest(ben, 'works well', 80)])
  await add('revoke of the own attest; weight taken back', ana, [{ op: 'revoke', entry: attested.id, index: 1 }, delegate([cy, 0])])
  await add('join with a referrer; claims of two payers', ben, [
    { ...ben.join, referrer: ana.device.publicKey },
    claim(grant, await certify(world, firstPay)),
  ])
  await add('stake lowered, in an entry without pay', ana, [{ op: 'stake', amount: 200_000 }])
  const secondPay = await add('figures raised without the total; the largest counter', ana, [
    pay([ben, 300_000, Number.MAX_SAFE_INTEGER, 2, 2]),
  ])
  const third = await add('another payment, that nobody has claimed yet', ana, [pay([ben, 310_000, Number.MAX_SAFE_INTEGER, 3, 2])])
  await add('settle: the rise of a sponsor adds to the allowance', issuer, [settle(0, await certify(world, firstPay))])
  await add('settle of an epoch without work, epochs left out', issuer, [settle(5)])
  await add('join and claim', cy, [cy.join, claim(grant), { op: 'stake', amount: 100_000 }])
  await add('root-signed: stake back', cy, [{ op: 'stake', amount: 0 }], cy.root)
  await add('root-signed: all on to the new device', cy, [pay([dee, 300_000])], cy.root)
  const moved = heads.get(cy)!
  await add('the new device claims it', dee, [dee.join, claim(await certify(world, moved))])
  for (const [what, device] of [
    ['ZIP-215: the key is the neutral element', neutralSigner(neutral)],
    ['ZIP-215: the key is not canonically encoded (y = p + 1)', neutralSigner(neutralAgain)],
    ['ZIP-215: right in the cofactored equation only', cofactoredSigner(sha256(utf8('cofactored/device')))],
  ] as const) {
    const person = await withDevice(what, device)
    await add(what, person, [person.join])
  }

  const invalid: EntryVectors['invalid'][number][] = []
  const push = (what: string, { bytes }: Pick<ParsedEntry, 'bytes'>, reason: InvalidReason): void =>
    void invalid.push({ what, entry: toHex(bytes), reason })
  const refuse = async (what: string, who: Person, ops: readonly Op[], reason: InvalidReason, signer = who.device): Promise<void> =>
    push(what, await next(world, who, heads.get(who), ops, { signer }), reason)
  const unit: Op = attest(dee, 'anything')
  const elsewhere = { ...world, rules: { ...rules, swarm: sha256(utf8('another swarm')) } }

  push('made for another swarm', await next(elsewhere, ana, third, [unit]), 'swarm')
  push('a number left out', await next(world, ana, { ...third, entry: { ...third.entry, seq: third.entry.seq + 1 } }, [unit]), 'seq')
  push('a number again', await next(world, ana, secondPay, [unit]), 'seq')
  push('prev is not the entry before', await next(world, ana, { ...third, id: secondPay.id }, [unit]), 'prev')
  await refuse('signed by another device', ana, [unit], 'signature', ben.device)
  await refuse('signed by another root key', ana, [unit], 'signature', ben.root)
  const eve = await createPerson('eve')
  await refuse('a join signed by its root key', eve, [eve.join], 'signature', eve.root)
  const canonical = await next(world, ana, third, [unit])
  const s = numberOf(canonical.entry.sig.slice(32))
  const malleable = { ...canonical.entry, sig: concat(canonical.entry.sig.slice(0, 32), littleEndian(s + order)) }
  push('s of the signature not below the order of the group', { bytes: encode(malleable as unknown as Cbor) }, 'signature')
  await refuse('device certificate by another root', eve, [{ ...eve.join, identity: ana.root.publicKey }], 'device-certificate')
  const full = await certify(world, third)
  await refuse('claim: too few witnesses', ben, [claim({ ...full, signatures: full.signatures.slice(0, 2) })], 'claim-certificate')
  const strangers = ['one', 'two', 'three'].map((name) => signerOf(`stranger ${name}`))
  const unknown = await certify(world, third, strangers)
  const sorted = { ...unknown, signatures: unknown.signatures.toSorted(([a], [b]) => (toHex(a) < toHex(b) ? -1 : 1)) }
  await refuse('claim: a certificate of keys that are no witnesses', ben, [claim(sorted)], 'claim-certificate')
  const onSecond = await certify(world, secondPay)
  await refuse('claim: signatures on another entry', ben, [claim({ ...full, signatures: onSecond.signatures })], 'claim-certificate')
  const seqOff = await certify(world, { ...third, entry: { ...third.entry, seq: third.entry.seq + 1 } })
  await refuse('claim: certified under a number that is not the entry’s', ben, [claim(seqOff)], 'claim-seq')
  await refuse('claim of what is claimed', ben, [claim(grant)], 'claim-old')
  await refuse('device signs after the root key', cy, [unit], 'root-signed')
  for (const [what, figures] of [
    ['total', [309_999, Number.MAX_SAFE_INTEGER, 3, 2]],
    ['units', [310_001, 5, 3, 2]],
    ['accepted', [310_001, Number.MAX_SAFE_INTEGER, 2, 2]],
    ['rejected', [310_001, Number.MAX_SAFE_INTEGER, 3, 1]],
  ] as const)
    await refuse(`pay: ${what} falls`, ana, [pay([ben, ...figures])], 'pay-falls')
  await refuse('pay: no figure rises', ana, [pay([ben, 310_000, Number.MAX_SAFE_INTEGER, 3, 2])], 'pay-same')
  await refuse('pay of more than there is', ana, [pay([dee, 490_001])], 'overdrawn')
  await refuse('stake of more than there is', ana, [{ op: 'stake', amount: 690_001 }], 'overdrawn')
  await refuse('issuer beyond its allowance', issuer, [pay([dee, 900_000_000])], 'overdrawn')
  await refuse('stake lowered beside a pay', ana, [{ op: 'stake', amount: 199_999 }, pay([dee, 1])], 'unstake-with-pay')
  await refuse('more lent than staked', ana, [delegate([cy, 50_001])], 'overlent')
  await refuse('stake lowered below what is lent', ana, [{ op: 'stake', amount: 149_999 }], 'overlent')
  await refuse('revoke twice', ana, [{ op: 'revoke', entry: attested.id, index: 1 }], 'revoke-unknown')
  await refuse('revoke of an operation that is no attest', ana, [{ op: 'revoke', entry: attested.id, index: 0 }], 'revoke-unknown')
  await refuse('revoke of another’s attest', ben, [{ op: 'revoke', entry: granted.id, index: 1 }], 'revoke-unknown')
  await refuse('settle by another than the issuer', ana, [settle(6)], 'settle-issuer')
  await refuse('settle: the epoch does not rise', issuer, [settle(5)], 'settle-epoch')
  await refuse('settle: certified under a number that is not the entry’s', issuer, [settle(6, seqOff)], 'settle-seq')
  await refuse('settle: no sponsor', issuer, [settle(6, await certify(world, moved))], 'settle-sponsor')
  const anasFirst = await next(world, ana, undefined, [ana.join, claim(grant)])
  await refuse('settle: older than the one named before', issuer, [settle(6, await certify(world, anasFirst))], 'settle-old')

  const missing: EntryVectors['missing'][number][] = []
  const absent = await next(world, ana, third, [pay([ben, 320_000, Number.MAX_SAFE_INTEGER, 3, 2])])
  for (const [what, who, op] of [
    ['claim of an entry that is not here: neither valid nor invalid', ben, claim(await certify(world, absent))],
    ['settle that names an entry that is not here', issuer, settle(6, await certify(world, absent))],
  ] as const)
    missing.push({ what, entry: toHex((await next(world, who, heads.get(who), [op])).bytes), needs: toHex(absent.id) })

  const malformed: EntryVectors['malformed'][number][] = []
  const broken = (what: string, bytes: Bytes): void => {
    const read = parseEntry(bytes)
    if (read.ok) throw new Error(`${what} is not refused`)
    malformed.push({ what, entry: toHex(bytes), reason: read.error.reason, fault: read.error.what })
  }
  const form = async (what: string, ops: readonly unknown[], at: ParsedEntry | null = third): Promise<void> =>
    broken(what, (await next(world, ana, at ?? undefined, ops as readonly Op[])).bytes)

  const good = await next(world, ana, third, [unit])
  const fields = fieldsOf(good)
  if (toHex(mapOf(fields)) !== toHex(good.bytes)) throw new Error('fields are not in canonical order')
  broken('nothing', new Uint8Array(0))
  broken('cut short', good.bytes.slice(0, -1) as Bytes)
  broken('a byte more', concat(good.bytes, Uint8Array.of(0)))
  broken('an integer longer than need be', mapOf(withField(fields, 'v', [0x18, 1])))
  broken('fields in another order', mapOf([...fields.slice(1), fields[0]!]))
  broken('a field twice', mapOf([fields[0]!, ...fields]))
  broken('a map of no stated length', mapOf(fields, [0xbf], [0xff]))
  broken('a tag', mapOf(withField(fields, 'v', [0xc1, 1])))
  broken('a float', mapOf(withField(fields, 'time', [0xf9, 0x3c, 0])))
  broken('a number above 2^53 − 1', mapOf(withField(fields, 'time', [0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0])))
  broken('a negative number', mapOf(withField(fields, 'time', [0x20])))
  broken('a field more', mapOf([...fields.slice(0, 1), ['x', Uint8Array.of(0)], ...fields.slice(1)]))
  broken('a field less', mapOf(fields.filter(([key]) => key !== 'time')))
  broken('another version', mapOf(withField(fields, 'v', [2])))
  const beforeTime = fields.findIndex(([key]) => key === 'time')
  broken(
    'not signed by the root key, and said so',
    mapOf([...fields.slice(0, beforeTime), ['root', Uint8Array.of(0xf4)], ...fields.slice(beforeTime)]),
  )
  broken('a signature of 63 bytes', mapOf(withField(fields, 'sig', [0x58, 63, ...new Uint8Array(63)])))

  await form('no operation', [])
  await form(
    'more than 256 operations',
    Array.from({ length: opsMax + 1 }, () => ({ op: 'stake', amount: 0 })),
  )
  await form('an operation that is none', [{ op: 'mint', amount: 1 }])
  await form('join at another number than 0', [ana.join])
  await form('number 0 without join', [unit], null)
  await form('join after another operation', [unit, ana.join], null)
  const zero = new Uint8Array(32)
  broken('prev is zero above number 0', (await next(world, ana, { ...third, id: zero }, [unit])).bytes)
  const [low, high] = pay([ben, 400_000], [cy, 1]).lines
  await form('pay lines not sorted', [{ op: 'pay', lines: [high, low] }])
  await form('a payee twice', [{ op: 'pay', lines: [low, low] }])
  await form('pay without lines', [{ op: 'pay', lines: [] }])
  await form('pay to the author', [pay([ana, 1])])
  await form('a pay line without units', [{ op: 'pay', lines: [low!.slice(0, 2)] }])
  await form('claim lines not sorted', [{ op: 'claim', lines: claim(grant, await certify(world, moved)).lines.toReversed() }])
  await form('claim of the author’s own entry', [claim(await certify(world, third))])
  await form('a certificate on another entry than the line names', [{ op: 'claim', lines: [[ben.device.publicKey, third.id, grant]] }])
  await form('witnesses of a certificate not sorted', [claim({ ...grant, signatures: grant.signatures.toReversed() })])
  await form('delegate lines not sorted', [{ op: 'delegate', lines: delegate([ben, 1], [cy, 1]).lines.toReversed() }])
  await form('weight lent to the author', [delegate([ana, 1])])
  await form('confidence above 100', [attest(ben, 'works well', 101)])
  await form('an attest that says nothing', [attest(ben, '')])
  await form('an attest of 65 characters', [attest(ben, 'x'.repeat(65))])
  await form('settle lines not sorted', [{ op: 'settle', epoch: 6, lines: claim(grant, await certify(world, moved)).lines.toReversed() }])
  await form(
    'over 64 entries that it depends on',
    Array.from({ length: 64 }, (_, n) => ({ op: 'revoke', entry: sha256(utf8(`${n}`)), index: 0 })),
  )
  await form(
    'over 32 KiB',
    Array.from({ length: opsMax }, () => attest(ben, 'x'.repeat(64))),
  )
  return { rules: rulesToVector(rules), valid, invalid, missing, malformed }
}

export const formatEntries = (vectors: EntryVectors): string => `${JSON.stringify(vectors, null, 1)}\n`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(entriesFile, formatEntries(await entryVectors()))
