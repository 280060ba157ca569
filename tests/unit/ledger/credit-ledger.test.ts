import { beforeEach, describe, expect, test } from 'vitest'
import { createManualClock } from '../../../src/lib/clock.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { CreditLedger } from '../../../src/ledger/credit-ledger.ts'
import type { WriteError, Written } from '../../../src/ledger/credit-ledger-write.ts'
import { issuanceDefaults } from '../../../src/ledger/issuance.ts'
import { claimOp, createOwnChain } from '../../../src/ledger/own-chain.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import { StakeManager } from '../../../src/ledger/stake-manager.ts'
import { followReplica } from '../../../src/ledger/state-tree-follow.ts'
import { offenceOf, signVerdict } from '../../../src/ledger/verdict.ts'
import { certify, createPerson, createWorld, type Person, startMs, verifier, type World } from './fixtures.ts'

/** One replica that everyone reads, a ledger and a stake manager per person. */
const createBank = async (world: World) => {
  const replica = createReplica({ store: createMemoryStore(), verifier, rules: world.rules })
  const state = await followReplica(replica)
  const clock = createManualClock(startMs)
  return { world, replica, state, clock }
}
type Bank = Awaited<ReturnType<typeof createBank>>

const open = (bank: Bank, person: Person) => {
  const { world, replica, state, clock } = bank
  const chain = createOwnChain({ store: createMemoryStore(), signer: person.device, verifier, rules: world.rules, clock })
  const ledger = new CreditLedger({ chain, replica, state, rules: world.rules })
  const stakes = new StakeManager({ chain, replica, state, rules: world.rules, clock })
  /** The witness's part, and everyone hears of it. */
  const settle = async (): Promise<void> => {
    for (const made of await chain.pending()) {
      const certificate = await certify(world, made)
      await chain.certified(certificate)
      await ledger.merge([made.bytes], certificate, 'witness')
    }
  }
  const done = async (written: Written): Promise<void> => {
    const result = await written
    if (!result.ok) throw new Error(JSON.stringify(result.error))
    await settle()
  }
  const claim = async (from: { chain: typeof chain }, first = false): Promise<void> => {
    const paid = await from.chain.paymentTo(chain.author)
    const income = await chain.checkIncome({ entry: paid!.entry.bytes, certificate: paid!.certificate })
    if (!income.ok) throw new Error(income.error.reason)
    await done(chain.append([...(first ? [person.join] : []), claimOp([income.value])], [], [], [income.value]))
  }
  return {
    chain,
    ledger,
    stakes,
    done,
    claim,
    key: person.device.publicKey,
    join: () => done(chain.append([person.join, { op: 'stake', amount: 0 }])),
  }
}
type Account = ReturnType<typeof open>

const refusal = async (written: Written): Promise<WriteError | 'written'> => {
  const result = await written
  return result.ok ? 'written' : result.error
}
const refused = (reason: string) => ({ type: 'refused', reason })

let bank: Bank
let issuer: Account
let ana: Account
let ben: Account

beforeEach(async () => {
  const world = await createWorld(1, { issuance: issuanceDefaults })
  bank = await createBank(world)
  const people = await Promise.all(['ana', 'ben'].map(createPerson))
  ;[issuer, ana, ben] = [world.issuer, ...people].map((person) => open(bank, person)) as [Account, Account, Account]
  await issuer.join()
  await issuer.done(issuer.ledger.credit(10_000, { payee: ana.key }))
  await ana.claim(issuer, true)
})

describe('CreditLedger', () => {
  test('credits come from the issuer, within its allowance; anyone else is told why not', async () => {
    expect(await ana.ledger.balance()).toBe(10_000n)
    expect(await refusal(ana.ledger.credit(5, { payee: ben.key }))).toEqual(refused('not-issuer'))
    expect(await refusal(ana.ledger.creditWithMultiplier(5, { payee: ben.key }))).toEqual(refused('not-issuer'))
    expect(await refusal(issuer.ledger.credit(1_000_000, { payee: ben.key }))).toEqual(refused('overdrawn'))
    await issuer.done(issuer.ledger.credit(990_000, { payee: ben.key }))
    expect(await issuer.ledger.available()).toBe(-1_000_000n)
  })

  test('the multiplier is that of the issuer’s own settles: ten before the first', async () => {
    await issuer.done(issuer.ledger.creditWithMultiplier(7, { payee: ben.key }))
    expect((await issuer.ledger.exportSpent()).get(toHex(ben.key))).toEqual({ paid: 70, returned: 0 })
  })

  test('pays, is paid back, and counts both', async () => {
    await ana.done(ana.ledger.pay(ben.key, 4_000, { units: 3_500, ok: 2, bad: 1 }))
    await ben.claim(ana, true)
    await ben.done(ben.ledger.refund(ana.key, 1_500))
    await ana.claim(ben)
    await ana.done(ana.ledger.deduct(500, ben.key))
    expect(await ana.ledger.balance()).toBe(7_000n)
    expect(await ana.ledger.totalEarned()).toBe(11_500n)
    expect(await ana.ledger.totalSpent()).toBe(4_500n)
    expect(await ana.ledger.exportEarned()).toEqual(
      new Map([
        [toHex(issuer.key), 10_000],
        [toHex(ben.key), 1_500],
      ]),
    )
    expect(await ana.ledger.exportSpent()).toEqual(new Map([[toHex(ben.key), { paid: 4_500, returned: 1_500 }]]))
    expect((await ana.chain.state()).paid.get(toHex(ben.key))).toEqual({ total: 4_500, units: 3_500, ok: 2, bad: 1 })
  })

  test('what the money rules forbid is refused with the reason, and changes nothing', async () => {
    const before = await ana.ledger.eventCount()
    for (const amount of [0, -1, 0.5, NaN, Infinity, 2 ** 53]) {
      expect(await refusal(ana.ledger.pay(ben.key, amount))).toEqual(refused('amount'))
      expect(await refusal(ana.ledger.stake(amount))).toEqual(refused('amount'))
      expect(await refusal(ana.ledger.unstake(amount))).toEqual(refused('amount'))
    }
    expect(await refusal(ana.ledger.pay(ben.key, 1, { units: 0.5, ok: 0, bad: 0 }))).toEqual(refused('amount'))
    expect(await refusal(ana.ledger.pay(ben.key, 1, { units: -1, ok: 0, bad: 0 }))).toEqual({ type: 'invalid', reason: 'malformed' })
    expect(await refusal(ana.ledger.pay(ben.key, 10_001))).toEqual(refused('overdrawn'))
    expect(await refusal(ana.ledger.pay(ana.key, 1))).toEqual(refused('self'))
    expect(await refusal(ana.ledger.refund(ben.key, 1))).toEqual(refused('refund-exceeds'))
    expect(await refusal(ana.ledger.refund(issuer.key, 10_001))).toEqual(refused('refund-exceeds'))
    expect(await refusal(ana.ledger.stake(10_001))).toEqual(refused('overdrawn'))
    expect(await refusal(ana.ledger.unstake(1))).toEqual(refused('unstake-exceeds'))
    expect(await refusal(ben.ledger.pay(ana.key, 1))).toEqual(refused('no-account'))
    expect(await ana.ledger.eventCount()).toBe(before)
  })

  test('payments asked for at once are made one after another: none is lost in another', async () => {
    const [first, second] = await Promise.all([ana.ledger.pay(ben.key, 10), ana.ledger.pay(ben.key, 20)])
    expect(first.ok).toBe(true)
    expect(second).toEqual({ ok: false, error: { type: 'pending' } })
  })

  test('the history comes newest first, page by page', async () => {
    for (const amount of [1, 2, 3]) await ana.done(ana.ledger.pay(ben.key, amount))
    const seqs = async (page: Parameters<CreditLedger['history']>[0]) => (await ana.ledger.history(page)).map(({ entry }) => entry.seq)
    expect(await seqs({ limit: 2 })).toEqual([3, 2])
    expect(await seqs({ before: 2, limit: 5 })).toEqual([1, 0])
    expect(await seqs({ before: 0, limit: 5 })).toEqual([])
  })

  test('a balance is proved against the state root, to whoever holds it', async () => {
    await ana.done(ana.ledger.pay(ben.key, 4_000))
    const root = ana.ledger.stateRoot()
    expect(toHex(root)).toBe(ana.ledger.stateRootHex())
    expect(ana.ledger.verifyStateRoot(root)).toBe(true)
    const proof = ana.ledger.proveBalance()
    expect(ben.ledger.verifyBalanceProof(root, ana.key, proof)).toMatchObject({ ok: true, value: { claimed: '10000', paid: '4000' } })
    expect(ben.ledger.verifyBalanceProof(root, ben.key, ana.ledger.proveBalance(ben.key))).toEqual({ ok: true, value: undefined })
    expect(ben.ledger.verifyBalanceProof(sha256(utf8('another')), ana.key, proof).ok).toBe(false)
    await ana.done(ana.ledger.pay(ben.key, 1))
    expect(ana.ledger.verifyStateRoot(root)).toBe(false)
  })

  test('merging again changes nothing', async () => {
    const entries = (await ana.chain.entriesFrom(0)).map(({ bytes }) => bytes)
    const root = ana.ledger.stateRootHex()
    expect(await ben.ledger.merge(entries, (await ana.chain.certificate())!, 'peer')).toMatchObject({ ok: true, value: { certified: [] } })
    expect(ana.ledger.stateRootHex()).toBe(root)
  })
})

describe('StakeManager', () => {
  test('stakes and takes back; what is staked is not spent, and stays locked for the unlock time', async () => {
    await ana.done(ana.stakes.stake(6_000))
    expect([await ana.ledger.balance(), await ana.ledger.available(), await ana.ledger.stakedAmount()]).toEqual([10_000n, 4_000n, 6_000])
    expect(await refusal(ana.ledger.pay(ben.key, 4_001))).toEqual(refused('overdrawn'))
    expect(await ana.stakes.isLocked()).toBe(false)
    await ana.done(ana.stakes.unstake(1_000))
    expect(await ana.stakes.getStake(ana.key)).toBe(5_000)
    expect(await ana.stakes.isLocked()).toBe(true)
    await bank.clock.advance(24 * 60 * 60_000)
    expect(await ana.stakes.isLocked()).toBe(false)
    expect(await refusal(ana.stakes.unstake(5_001))).toEqual(refused('unstake-exceeds'))
    expect([await ben.stakes.totalStaked(), await ben.stakes.stakerCount()]).toEqual([5_000n, 1])
  })

  test('weight is lent and taken back by its lender alone; it is never credits', async () => {
    await ana.done(ana.stakes.stake(6_000))
    await ana.done(ana.stakes.delegate(ben.key, 4_000))
    expect(await ana.stakes.getEffectiveStake(ben.key)).toBe(4_000n)
    expect(await ben.stakes.meetsMinimum(ben.key, 4_000)).toBe(true)
    expect(await ben.stakes.meetsMinimum(ben.key, 4_001)).toBe(false)
    expect(await ana.ledger.balance()).toBe(10_000n)
    expect(await refusal(ana.stakes.delegate(ben.key, 2_001))).toEqual(refused('delegate-exceeds'))
    expect(await refusal(ana.stakes.delegate(ana.key, 1))).toEqual(refused('self'))
    expect(await refusal(ana.stakes.unstake(2_001))).toEqual(refused('unstake-exceeds'))
    expect(await refusal(ben.stakes.undelegate(ana.key, ben.key, 1))).toEqual(refused('not-delegator'))
    expect(await refusal(ana.stakes.undelegate(ana.key, ben.key, 4_001))).toEqual(refused('undelegate-exceeds'))
    await ana.done(ana.stakes.undelegate(ana.key, ben.key, 1_500))
    expect(await ana.stakes.getEffectiveStake(ben.key)).toBe(2_500n)
  })

  test('slashing takes a verdict; each offence burns once, what stays is not there to be spent or staked again', async () => {
    await issuer.done(issuer.ledger.credit(500_000, { payee: ana.key }))
    await ana.claim(issuer)
    await ana.done(ana.stakes.stake(6_000))
    const verdict = await signVerdict(bank.world.witnesses[0]!, bank.world.rules.swarm, {
      target: ana.key,
      reason: 'InvalidResult',
      offence: sha256(utf8('agreement')),
    })
    const root = ana.ledger.stateRootHex()
    expect(await ben.stakes.slash({ ...verdict, signatures: [] })).toEqual({ ok: false, error: refused('no-verdict') })
    const forged = { ...verdict, offence: sha256(utf8('another')) }
    expect(await ben.stakes.slash(forged)).toEqual({ ok: false, error: { type: 'verdict', reason: 'signature' } })
    expect(ana.ledger.stateRootHex()).toBe(root)
    for (let again = 0; again < 2; again++) expect((await ben.stakes.slash(verdict)).ok).toBe(true)
    expect(ana.ledger.stateRootHex()).not.toBe(root)
    expect(await ben.stakes.totalSlashed()).toBe(10_000_000n)
    expect(await ana.stakes.getEffectiveStake(ana.key)).toBe(0n)
    expect(await ana.ledger.available()).toBe(510_000n - 10_000_000n)
    expect(await refusal(ana.ledger.pay(ben.key, 1))).toEqual(refused('overdrawn'))
    expect(await refusal(ana.stakes.stake(1))).toEqual(refused('overdrawn'))
  })

  test('a closed account writes nothing more', async () => {
    const verdict = await signVerdict(bank.world.witnesses[0]!, bank.world.rules.swarm, {
      target: ana.key,
      reason: 'Malicious',
      offence: offenceOf.judgement(ana.key),
    })
    expect((await ben.stakes.slash(verdict)).ok).toBe(true)
    expect(await refusal(ana.ledger.pay(ben.key, 1))).toEqual(refused('closed'))
    expect(await refusal(ana.stakes.stake(1))).toEqual(refused('closed'))
  })
})
