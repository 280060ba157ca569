import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom, shuffled } from '../../../src/lib/random.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { availableOf } from '../../../src/ledger/chain-state.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import type { LedgerRules } from '../../../src/ledger/rules.ts'
import {
  encodeVerdict,
  type Finding,
  mergeVerdicts,
  offenceOf,
  parseVerdict,
  SlashReason,
  slashRules,
  signVerdict,
  type Verdict,
  verifyVerdict,
} from '../../../src/ledger/verdict.ts'
import {
  checkDoubleSpend,
  checkFraud,
  type DoubleSpendProof,
  encodeDoubleSpend,
  encodeFraud,
  fraudsIn,
  parseDoubleSpend,
  parseFraud,
} from '../../../src/ledger/verdict-proof.ts'
import { createWitness, type Witness } from '../../../src/ledger/witness.ts'
import {
  attest,
  certify,
  claim,
  createPerson,
  createWorld,
  next,
  pay,
  type Person,
  settle,
  signerOf,
  startMs,
  verifier,
  type World,
} from './fixtures.ts'

let world: World
let four: World
let ana: Person
let ben: Person
beforeAll(async () => {
  world = await createWorld(1, { allowanceMicro: 1_000_000_000 })
  four = await createWorld(4)
  ana = await createPerson('ana')
  ben = await createPerson('ben')
})

const fork = (of: Person, seq = 7): Finding => ({
  target: of.device.publicKey,
  reason: 'DoubleSpend',
  offence: offenceOf.doubleSpend(of.device.publicKey, seq),
})
const by = async (of: World, finding: Finding, from = 0, to = of.witnesses.length): Promise<Verdict> =>
  (await Promise.all(of.witnesses.slice(from, to).map((w) => signVerdict(w, of.rules.swarm, finding)))).reduce((all, one) =>
    mergeVerdicts(all, one)!,
  )
const check = async (verdict: Verdict, rules: LedgerRules = four.rules) => (await verifyVerdict(verifier, verdict, rules)).ok

describe('a verdict', () => {
  it('has the severity and the cost that the spec gives its reason', () => {
    expect(SlashReason).toEqual(Object.fromEntries(Object.keys(slashRules).map((key) => [key, key])))
    expect(Object.entries(slashRules).map(([reason, r]) => [reason, r.severity, r.costMicro, r.closes])).toEqual([
      ['Downtime', 'low', 0, false],
      ['Spam', 'medium', 0, false],
      ['InvalidResult', 'medium', 10_000_000, false],
      ['DoubleSpend', 'high', 100_000_000, false],
      ['SybilAttack', 'critical', 0, true],
      ['Malicious', 'critical', 0, true],
    ])
  })

  it('takes 2f+1 listed witnesses, each once, on exactly this offence in this swarm', async () => {
    const full = await by(four, fork(ana))
    expect(await check(full)).toBe(true)
    expect(await check(await by(four, fork(ana), 1))).toBe(true)
    expect(await check(await by(four, fork(ana), 2))).toBe(false)
    const [a, b, c] = full.signatures
    expect(await check({ ...full, signatures: [a!, a!, b!, c!] })).toBe(false)
    expect(await check({ ...full, ...fork(ana, 8) })).toBe(false)
    expect(await check({ ...full, ...fork(ben) })).toBe(false)
    expect(await check(full, { ...four.rules, swarm: full.target })).toBe(false)
    const strangers = { ...four, witnesses: ['x', 'y', 'z'].map(signerOf) }
    expect(await check({ ...full, signatures: (await by(strangers, fork(ana))).signatures.toSorted() })).toBe(false)
  })

  it('comes back from its bytes; what has another key than such an offence’s does not, nor what is for local views alone', async () => {
    const full = await by(four, fork(ana))
    expect(parseVerdict(encodeVerdict(full))).toEqual({ ok: true, value: full })
    const form = (finding: Finding) => parseVerdict(encodeVerdict({ ...finding, signatures: [] })).ok
    const target = ana.device.publicKey
    expect(form({ target, reason: 'InvalidResult', offence: offenceOf.invalidResult(new Uint8Array(32)) })).toBe(true)
    expect(form({ target, reason: 'InvalidResult', offence: new Uint8Array(31) })).toBe(false)
    expect(form({ target, reason: 'Malicious', offence: offenceOf.judgement(target) })).toBe(true)
    expect(form({ target, reason: 'Malicious', offence: ben.device.publicKey })).toBe(false)
    expect(form({ ...fork(ana), offence: fork(ben).offence })).toBe(false)
    expect(form({ target, reason: 'Downtime', offence: target })).toBe(false)
    expect(form({ target, reason: 'Spam', offence: target })).toBe(false)
  })

  it('counts once however it is reported; merging is union, in any order, and touches no chain', async () => {
    const findings = [
      fork(ana),
      fork(ana, 8),
      fork(ben),
      { target: ben.device.publicKey, reason: 'Malicious', offence: ben.device.publicKey } as const,
    ]
    const reports = (
      await Promise.all(findings.flatMap((f) => [by(four, f, 0, 3), by(four, f, 1, 4), by(four, f)].map(async (v) => [await v, await v])))
    ).flat()
    const run = async (order: readonly Verdict[]) => {
      const store = createMemoryStore()
      const { verdicts } = createReplica({ store, verifier, rules: four.rules })
      for (const verdict of order) expect(await verdicts.take(verdict)).toEqual({ ok: true, value: undefined })
      return { store, verdicts }
    }
    const expected = (await run(reports)).store.snapshot()
    expect(expected.size).toBe(4)
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const { store, verdicts } = await run(shuffled(createSeededRandom(seed), reports))
        expect(new Map([...store.snapshot()].sort())).toEqual(new Map([...expected].sort()))
        expect(await verdicts.slashedMicro(ana.device.publicKey)).toBe(200_000_000n)
        expect(await verdicts.slashedMicro(ben.device.publicKey)).toBe(100_000_000n)
        expect([await verdicts.closed(ana.device.publicKey), await verdicts.closed(ben.device.publicKey)]).toEqual([false, true])
      }),
      { numRuns: 10 },
    )
  })

  it('burns the stake first, then what is free', () => {
    const head = { claimed: 1000n, paid: 100n, staked: 300 } as Parameters<typeof availableOf>[0]
    expect([0n, 300n, 301n, 2000n].map((slashed) => availableOf(head, slashed))).toEqual([600n, 600n, 599n, -1100n])
  })
})

/** One witness, and ana with an account of some micro-credits. */
const opened = async (amount = 150_000_000, changes: Partial<Parameters<typeof createWitness>[0]> = {}, rules = world.rules) => {
  const store = createMemoryStore()
  const clock = createManualClock(startMs)
  const replica = createReplica({ store, verifier, rules })
  const open = () => createWitness({ store, replica, signer: world.witnesses[0]!, verifier, rules, clock, ...changes })
  const witness = open()
  const granting = await next(world, world.issuer, undefined, [world.issuer.join, pay([ana, amount])])
  const opening = await next(world, ana, undefined, [ana.join, claim(await certify(world, granting))])
  await submit(witness, granting)
  expect(await submit(witness, opening)).toBeUndefined()
  return { store, clock, replica, witness, open, granting, opening }
}
const submit = async (witness: Witness, ...entries: readonly ParsedEntry[]): Promise<string | undefined> => {
  const answer = await witness.submit(entries.map(({ bytes }) => bytes))
  return answer.ok ? undefined : answer.error.reason
}
const proofOf = (first: ParsedEntry, second: ParsedEntry, join: ParsedEntry | null = null): DoubleSpendProof => ({
  first: first.bytes,
  second: second.bytes,
  join: join && join.bytes,
})

describe('proof of a double spend', () => {
  const told = async (proof: DoubleSpendProof, rules = world.rules) => {
    const checked = await checkDoubleSpend(verifier, rules, proof)
    return checked.ok ? checked.value.finding : 'reason' in checked.error ? checked.error.reason : checked.error.type
  }
  it('is checked from its bytes alone', async () => {
    const { opening } = await opened()
    const [one, other] = [await next(world, ana, opening, [pay([ben, 1])]), await next(world, ana, opening, [pay([ben, 2])])]
    const proof = proofOf(one, other)
    expect(await told(proof)).toEqual(fork(ana, 1))
    expect(parseDoubleSpend(encodeDoubleSpend(proof))).toEqual({ ok: true, value: proof })
    expect(await told(proofOf(one, one))).toBe('same')
    expect(await told(proofOf(one, opening))).toBe('place')
    expect(await told({ ...proof, first: new Uint8Array(3) })).toBe('entry')
    expect(await told(proof, { ...world.rules, swarm: one.id })).toBe('signature')
    // Further up the branches it is the same fork.
    const up = [await next(world, ana, one, [pay([ben, 3])]), await next(world, ana, other, [pay([ben, 4])])] as const
    expect(await told(proofOf(...up))).toBe('place')
    // Anyone can write down an entry; without the author's signature it shows nothing.
    expect(await told(proofOf(one, await next(world, ana, opening, [pay([ben, 2])], { signer: ben.device })))).toBe('signature')
  })

  it('knows the root key by the chain’s first entry', async () => {
    const { opening } = await opened()
    const one = await next(world, ana, opening, [pay([ben, 1])])
    const rescue = await next(world, ana, opening, [pay([ben, 2])], { signer: ana.root })
    expect(await told(proofOf(one, rescue))).toBe('signature')
    expect(await told(proofOf(one, rescue, opening))).toEqual(fork(ana, 1))
    const bens = await next(world, ben, undefined, [ben.join])
    expect(await told(proofOf(one, rescue, bens))).toBe('signature')
  })

  it('makes a witness sign a verdict; of what is not valid it says so, and twice shown it costs once', async () => {
    const { witness, replica, opening } = await opened()
    const one = await next(world, ana, opening, [pay([ben, 1])])
    const other = await next(world, ana, opening, [pay([ben, 2])])
    const overdrawn = await next(world, ana, opening, [pay([ben, 200_000_000])])
    expect(await witness.judge(proofOf(one, overdrawn))).toEqual({ ok: false, error: { reason: 'invalid' } })
    const orphans = [await next(world, ana, overdrawn, [pay([ben, 1])]), await next(world, ana, overdrawn, [pay([ben, 2])])] as const
    expect(await witness.judge(proofOf(...orphans))).toEqual({ ok: false, error: { reason: 'missing' } })
    expect(await witness.judge(proofOf(one, one))).toMatchObject({ ok: false, error: { reason: 'proof' } })
    expect(await replica.verdicts.slashedMicro(ana.device.publicKey)).toBe(0n)
    for (const proof of [proofOf(one, other), proofOf(other, one)]) {
      const judged = await witness.judge(proof)
      expect(judged.ok && (await check(judged.value, world.rules))).toBe(true)
    }
    expect(await replica.verdicts.slashedMicro(ana.device.publicKey)).toBe(100_000_000n)
  })

  it('of four, verdicts of three add up to one that all accept', async () => {
    const granting = await next(four, four.issuer, undefined, [four.issuer.join, pay([ana, 1000])])
    const opening = await next(four, ana, undefined, [ana.join, claim(await certify(four, granting))])
    const proof = proofOf(await next(four, ana, opening, [pay([ben, 1])]), await next(four, ana, opening, [pay([ben, 2])]))
    let verdict: Verdict | undefined
    for (const signer of four.witnesses.slice(0, 3)) {
      const parts = { store: createMemoryStore(), verifier, rules: four.rules, clock: createManualClock(startMs) }
      const replica = createReplica(parts)
      await replica.ingest([granting.bytes], await certify(four, granting), 'peer')
      await replica.ingest([opening.bytes], await certify(four, opening), 'peer')
      const judged = await createWitness({ ...parts, replica, signer }).judge(proof)
      if (!judged.ok) throw new Error(judged.error.reason)
      expect((await replica.verdicts.verdicts()).length).toBe(0)
      verdict = verdict ? mergeVerdicts(verdict, judged.value) : judged.value
    }
    expect(await check(verdict!)).toBe(true)
  })
})

describe('proof of a witness’s fraud', () => {
  it('is found between certificates, checked from its bytes, and closes the account', async () => {
    const [a, b] = await Promise.all([1, 2].map((time) => next(four, ana, undefined, [ana.join], { time })))
    const found = fraudsIn([await certify(four, a!), await certify(four, b!, four.witnesses.slice(0, 2))])
    expect(found.map(({ witness }) => witness)).toEqual(four.rules.witnesses.slice(0, 2))
    const fraud = found[0]!
    expect(await checkFraud(verifier, four.rules, fraud)).toEqual({ ok: true, value: undefined })
    expect(parseFraud(encodeFraud(fraud))).toEqual({ ok: true, value: fraud })
    const reason = async (changes: Partial<typeof fraud>) => {
      const done = await checkFraud(verifier, four.rules, { ...fraud, ...changes })
      return done.ok ? undefined : 'reason' in done.error ? done.error.reason : done.error.type
    }
    expect(await reason({ signed: [fraud.signed[0], fraud.signed[0]] })).toBe('same')
    expect(await reason({ seq: 1 })).toBe('signature')
    expect(await reason({ witness: four.rules.witnesses[2]! })).toBe('signature')
    expect(await reason({ witness: ana.device.publicKey })).toBe('witness')
    expect(parseFraud(encodeFraud({ ...fraud, signed: [fraud.signed[1], fraud.signed[0]] })).ok).toBe(false)

    const { verdicts } = createReplica({ store: createMemoryStore(), verifier, rules: four.rules })
    expect(await verdicts.takeFraud({ ...fraud, seq: 1 })).toMatchObject({ ok: false })
    expect(await verdicts.closed(fraud.witness)).toBe(false)
    expect(await verdicts.takeFraud(fraud)).toMatchObject({ ok: true })
    expect(await verdicts.closed(fraud.witness)).toBe(true)
    expect(await verdicts.frauds()).toEqual([fraud])
  })
})

describe('a witness under verdicts', () => {
  it('signs no payment of what a verdict burned; a stake burns first', async () => {
    const { witness, opening } = await opened(120_000_000)
    const proof = proofOf(await next(world, ana, opening, [pay([ben, 1])]), await next(world, ana, opening, [pay([ben, 2])]))
    expect(await witness.judge(proof)).toMatchObject({ ok: true })
    expect(await submit(witness, await next(world, ana, opening, [pay([ben, 20_000_001])]))).toBe('slashed')
    const staking = await next(world, ana, opening, [{ op: 'stake', amount: 100_000_000 }, pay([ben, 20_000_000])])
    expect(await submit(witness, staking)).toBeUndefined()
  })

  it('an account under zero may still claim, stake less, and go on from there', async () => {
    const { witness, replica, granting, opening } = await opened(50_000_000)
    await witness.find(fork(ana))
    const staking = await next(world, ana, opening, [{ op: 'stake', amount: 1 }])
    expect(await submit(witness, staking)).toBe('slashed')
    const attesting = await next(world, ana, opening, [attest(ben, 'x')])
    expect(await submit(witness, attesting)).toBeUndefined()
    const more = await next(world, world.issuer, granting, [pay([ana, 101_000_000])])
    expect(await submit(witness, more)).toBeUndefined()
    const paying = await next(world, ana, attesting, [pay([ben, 1_000_000])])
    const claiming = await next(world, ana, paying, [claim(await certify(world, more))])
    expect(await submit(witness, paying)).toBe('slashed')
    // Of a chain shown whole the furthest entry counts, and by then it has the income.
    expect(await submit(witness, paying, claiming)).toBeUndefined()
    expect(await replica.account(ana.device.publicKey)).toMatchObject({ seq: 3, paid: 1_000_000 })
  })

  it('signs nothing further of a closed account, and shows what it signed before', async () => {
    const { witness, opening } = await opened()
    const target = ana.device.publicKey
    expect(await witness.find({ target, reason: 'Downtime', offence: target })).toMatchObject({ ok: false, error: { reason: 'proof' } })
    expect(await witness.find({ target, reason: 'SybilAttack', offence: offenceOf.judgement(target) })).toMatchObject({ ok: true })
    expect(await submit(witness, await next(world, ana, opening, [{ op: 'stake', amount: 0 }]))).toBe('closed')
    expect(await submit(witness, opening)).toBeUndefined()
  })

  it('a verdict takes no part in validity: what is certified counts on a replica that knows it', async () => {
    const { replica, opening } = await opened()
    await replica.verdicts.take(await by(world, { ...fork(ana) }))
    const paying = await next(world, ana, opening, [pay([ben, 150_000_000])])
    expect(await replica.ingest([paying.bytes], await certify(world, paying), 'peer')).toMatchObject({ value: { refused: [] } })
  })
})

describe('a witness by its own clock', () => {
  it('keeps what is unstaked out of payments for the unlock time, over a restart, whatever the author’s clock says', async () => {
    const { witness, open, clock, opening } = await opened(1000, {}, { ...world.rules, unlockMs: 5000 })
    const staking = await next(world, ana, opening, [{ op: 'stake', amount: 900 }])
    const unstaking = await next(world, ana, staking, [{ op: 'stake', amount: 100 }], { time: 0 })
    expect(await submit(witness, staking, unstaking)).toBeUndefined()
    const paying = await next(world, ana, unstaking, [pay([ben, 101])])
    const less = await next(world, ana, unstaking, [pay([ben, 100])])
    expect(await submit(witness, paying)).toBe('unlocking')
    await clock.advance(4999)
    expect(await submit(open(), paying)).toBe('unlocking')
    expect(await submit(open(), less)).toBeUndefined()
    const rest = await next(world, ana, less, [pay([ben, 101])])
    expect(await submit(open(), rest)).toBe('unlocking')
    await clock.advance(1)
    expect(await submit(open(), rest)).toBeUndefined()
  })

  it('lets what is unlocking be staked again, and no more than that', async () => {
    const { witness, opening } = await opened(1000)
    const staking = await next(world, ana, opening, [{ op: 'stake', amount: 900 }])
    const unstaking = await next(world, ana, staking, [{ op: 'stake', amount: 0 }])
    expect(await submit(witness, staking)).toBeUndefined()
    expect(await submit(witness, unstaking)).toBeUndefined()
    const again = await next(world, ana, unstaking, [{ op: 'stake', amount: 600 }])
    expect(await submit(witness, again)).toBeUndefined()
    expect(await submit(witness, await next(world, ana, again, [pay([ben, 101])]))).toBe('unlocking')
    expect(await submit(witness, await next(world, ana, again, [pay([ben, 100])]))).toBeUndefined()
  })

  it('settles no epoch whose lock has not run out', async () => {
    const hour = 60 * 60_000
    const { witness, granting, clock } = await opened()
    const epoch = Math.floor(startMs / hour) - 1
    const settling = await next(world, world.issuer, granting, [settle(epoch)])
    expect(await submit(witness, settling)).toBe('ahead')
    await clock.advance((epoch + 2) * hour - startMs)
    expect(await submit(witness, settling)).toBeUndefined()
  })

  it('asks a new account’s stamp, and nobody else’s', async () => {
    let good = false
    const asked: string[] = []
    const checkStamp = (join: { readonly op: string }) => {
      asked.push(join.op)
      return good
    }
    const { witness, granting } = await opened(1000, {})
    const picky = await opened(1000, {}).then(({ replica, store, clock }) =>
      createWitness({ store, replica, signer: world.witnesses[0]!, verifier, rules: world.rules, clock, checkStamp }),
    )
    expect(await submit(witness, granting)).toBeUndefined()
    const more = await next(world, world.issuer, granting, [pay([ben, 1000])])
    expect(await submit(picky, more)).toBeUndefined()
    const bens = await next(world, ben, undefined, [ben.join, claim(await certify(world, more))])
    expect(await submit(picky, bens)).toBe('stamp')
    good = true
    expect(await submit(picky, bens)).toBeUndefined()
    expect(asked).toEqual(['join', 'join'])
  })
})
