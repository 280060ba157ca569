/**
 * Failures that economies like this one have had, one test each: the naive rule fails here in the test, ours does not. Those of the
 * ledger itself stand in tests/unit/ledger/known-failures.test.ts.
 */
import { describe, expect, it } from 'vitest'
import { calculateReward, contributionMultiplier } from '../../../src/economy/multiplier.ts'
import { owedMicro, tabShare } from '../../../src/economy/price.ts'
import { type Reports, weighed, withReport } from '../../../src/economy/reports.ts'
import { ReputationScore } from '../../../src/economy/reputation.ts'
import { accuracyOf, standingOf, tierOf } from '../../../src/economy/standing.ts'
import { halfLifeMs } from '../../../src/economy/tally.ts'
import { uptimeShare } from '../../../src/economy/uptime.ts'
import { issuanceDefaults, settleEpoch, type SponsoredLine } from '../../../src/ledger/issuance.ts'

const credit = 1_000_000n
const nowMs = 1_700_000_000_000
const dayMs = 24 * 3_600_000

/** What an epoch brings an account when these are all payments of the hour and `sponsors` the keys that the issuer attests. */
const issued = (account: string, payments: readonly SponsoredLine[], sponsors: readonly string[], unitsBefore = 0n): bigint => {
  const lines = payments.filter((p) => sponsors.includes(p.sponsor))
  const share = settleEpoch({ epoch: 1, unitsBefore, lines, referrals: [], rules: issuanceDefaults }).shares.find(
    (s) => s.account === account,
  )
  return share ? share.bonusMicro + share.uptimeMicro + share.referralMicro : 0n
}
const paid = (sponsor: string, payee: string, micro: bigint): SponsoredLine => ({ sponsor, payee, paidMicro: micro, units: micro })

describe('known failures', () => {
  it('caller-set network hours blow up the multiplier', () => {
    const naive = (base: number, callersHours: number) => base * (1 + 9 * Math.exp(-callersHours / 1_000_000))
    expect(naive(1, -10_000_000)).toBeGreaterThan(100_000)
    expect(naive(1, -1e300)).toBe(Infinity)
    expect(naive(1, NaN)).toBeNaN()

    for (const hours of [-10_000_000, -1e300, NaN, Infinity]) {
      expect(contributionMultiplier(hours).ok).toBe(false)
      expect(calculateReward(credit, hours).ok).toBe(false)
    }
    // Where it mints, no caller says the hours: M follows from the units that sponsors' certified entries hold.
    const spent = 17n * 3_600_000n * 10n ** 9n
    expect(issued('w', [paid('s', 'w', credit)], ['s'])).toBe(9n * credit + 100_000n)
    expect(issued('w', [paid('s', 'w', credit)], ['s'], spent)).toBe(100_000n)
  })

  it('float money', () => {
    const naive = (prices: readonly number[]) => prices.reduce((sum, price) => sum + price, 0)
    // Two replicas that heard of the same payments in another order hold other balances, and one of a micro-credit is lost.
    expect(naive([0.1, 0.2, 0.3])).not.toBe(naive([0.3, 0.2, 0.1]))
    expect(naive([9_007_199_254_740_992, 0.000_001])).toBe(9_007_199_254_740_992)
    const naiveReward = (base: number, hours: number) => Math.floor(base * (1 + 9 * Math.exp(-hours / 1_000_000)))
    expect(BigInt(naiveReward(2 ** 53 + 1, 0))).not.toBe(10n * (2n ** 53n + 1n))

    const tab = (units: readonly number[]) => owedMicro(units.reduce((sum, u) => sum + tabShare(u, 1_000_000), 0n))
    expect(tab([100_000, 200_000, 300_000])).toBe(600_000n)
    expect(tab([300_000, 200_000, 100_000])).toBe(600_000n)
    expect(tab([Number.MAX_SAFE_INTEGER, 1])).toBe(2n ** 53n)
    expect(calculateReward(2n ** 53n + 1n, 0)).toEqual({ ok: true, value: 10n * (2n ** 53n + 1n) })
    const payments = [1n, 2n, 3n].map((n) => paid(`s${n}`, 'w', n * 10n ** 5n))
    const sponsors = payments.map((p) => p.sponsor)
    expect(issued('w', payments, sponsors)).toBe(5_400_000n + 100_000n)
    expect(issued('w', payments.toReversed(), sponsors)).toBe(5_400_000n + 100_000n)
  })

  it('worker mints its own reward', () => {
    // The worker books what it says it did, times the multiplier, to itself.
    const naive = { balance: 0n, creditWithMultiplier: (micro: bigint) => (naive.balance += 10n * micro) }
    for (let i = 0; i < 100; i++) naive.creditWithMultiplier(credit)
    expect(naive.balance).toBe(1_000n * credit)

    // Its own word is no input of the settle; a second identity of its own that pays it is no sponsor.
    const washed = [paid('w', 'twin', 100n * credit), paid('twin', 'w', 100n * credit)]
    expect(issued('w', washed, ['s'])).toBe(0n)
    // Nor does a sponsor's payment mint for work beyond it, or without any.
    expect(issued('w', [{ sponsor: 's', payee: 'w', paidMicro: 0n, units: 100n * credit }], ['s'])).toBe(0n)
    expect(issued('w', [{ sponsor: 's', payee: 'w', paidMicro: 100n * credit, units: 0n }], ['s'])).toBe(0n)
  })

  it('cold start impossible', () => {
    const naiveAccuracy = (good: number, bad: number) => good / (good + bad)
    const naiveAdmits = (good: number, bad: number) => naiveAccuracy(good, bad) >= 0.5
    // No work without a score, no score without work.
    expect(naiveAdmits(0, 0)).toBe(false)

    const newcomer = standingOf(accuracyOf({ ok: 0, bad: 0 }), uptimeShare({ answeredMs: 0, connectedMs: 0 }))
    expect(tierOf(newcomer)).toBe('Probation')
    const score = ReputationScore.newWithTracking(0, 0, 0, 0, 0)
    let tasks = 0
    for (; score.tierName() !== 'Standard'; tasks++) score.recordSuccess({ nowMs: nowMs + tasks * 60_000 })
    expect(tasks).toBeLessThan(10)
    // A first sponsored task pays, whatever stake or standing its worker has.
    expect(issued('newcomer', [paid('s', 'newcomer', 50_000n)], ['s'])).toBe(450_000n + 100_000n)
  })

  it('one failure bans for ever, one success makes perfect', () => {
    const naive = (good: number, bad: number) => good / (good + bad)
    expect(tierOf(standingOf(naive(0, 1), 1))).toBe('Restricted')
    expect(naive(0, 1)).toBe(0)
    expect(tierOf(standingOf(naive(1, 0), 1))).toBe('Elite')

    const once = ReputationScore.newWithTracking(1, 0, 1, 1, 0)
    expect(once.tierName()).toBe('Probation')
    const failed = ReputationScore.newWithTracking(0, 1, 1, 1, 0)
    // Still offered checked work, so it can work its way back.
    expect(failed.accuracy).toBeGreaterThan(0.6)
    for (let i = 0; i < 20; i++) failed.recordSuccess({ nowMs })
    expect(['Standard', 'Trusted']).toContain(failed.tierName())
    // And who did well for long loses a step for one failure, not all.
    const veteran = ReputationScore.newWithTracking(200, 0, 1, 1, 0)
    expect(veteran.tierName()).toBe('Elite')
    veteran.recordFailure({ nowMs })
    expect(['Elite', 'Trusted']).toContain(veteran.tierName())
  })

  it('last-writer reputation with a future clock', () => {
    interface Record {
      readonly accuracy: number
      readonly atMs: number
    }
    const naiveMerge = (a: Record, b: Record): Record => (b.atMs > a.atMs ? b : a)
    const forged: Record = { accuracy: 1, atMs: Number.MAX_SAFE_INTEGER }
    const naive = [forged, { accuracy: 0.1, atMs: nowMs }, { accuracy: 0.1, atMs: nowMs + dayMs }].reduce(naiveMerge)
    // Written once, never to be corrected by anybody, never to fade.
    expect(naive.accuracy).toBe(1)

    const accomplice = { payer: 'accomplice', counters: { ok: 100, bad: 0 }, atMs: Number.MAX_SAFE_INTEGER }
    const victim = { payer: 'victim', counters: { ok: 0, bad: 10 }, atMs: nowMs }
    const view = (reports: Reports, atMs: number) =>
      weighed(reports, 'liar', (payer) => (payer === 'victim' ? 1 : payer === 'accomplice' ? 0.05 : 0), atMs)
    const orders = [
      [accomplice, victim],
      [victim, accomplice],
    ].map((told) => told.reduce((reports, one) => withReport(reports, one, nowMs), new Map() as Reports))
    for (const reports of orders) {
      // Nobody's word replaces another's: each counts by the viewer's trust in who gave it.
      expect(view(reports, nowMs)).toEqual({ ok: 5, bad: 10, asOfMs: nowMs })
      expect(accuracyOf(view(reports, nowMs))).toBeLessThan(0.5)
      // And a date in the future makes nothing last: it is half after 30 days like all.
      expect(view(reports, nowMs + halfLifeMs)).toMatchObject({ ok: 2.5, bad: 5 })
    }
    // Nor does a score that was stored with such a date.
    const kept = ReputationScore.fromJson(
      JSON.stringify({ ok: 1_000, bad: 0, asOfMs: Number.MAX_SAFE_INTEGER, priorAccuracy: 0.8, uptime: 1, stakeCredits: 0 }),
    )
    if (!kept.ok) throw new Error('a well-formed score')
    kept.value.recordFailure({ nowMs })
    for (let i = 0; i < 10; i++) kept.value.recordFailure({ nowMs: nowMs + 12 * halfLifeMs })
    expect(kept.value.accuracy).toBeLessThan(0.4)
  })

  it('reporter rewards himself', () => {
    // A share of what a report takes from its target goes to the reporter: so report whom you can, or yourself by a second key.
    const naive = { reporter: 0n, target: 100n * credit }
    const naiveReport = (slashMicro: bigint) => {
      naive.target -= slashMicro
      naive.reporter += slashMicro / 2n
    }
    naiveReport(100n * credit)
    expect(naive.reporter).toBe(50n * credit)

    // Reports are counts beside a payment: they are no input of what is issued, and cost their target standing only.
    const honest = [paid('s', 'target', credit)]
    expect(issued('reporter', honest, ['s'])).toBe(0n)
    const told = (reports: Reports, payer: string, ok: number, bad: number) =>
      withReport(reports, { payer, counters: { ok, bad }, atMs: nowMs }, nowMs)
    const trusting = () => 1
    const ofReporter = (reports: Reports) => weighed(reports, 'reporter', trusting, nowMs)
    expect(ofReporter(told(new Map(), 'reporter', 1_000, 0))).toEqual({ ok: 0, bad: 0, asOfMs: nowMs })
    // Whom nobody trusts takes nothing from its target by it either.
    const target = weighed(told(told(new Map(), 'friend', 20, 0), 'reporter', 0, 1_000), 'target', (p) => (p === 'friend' ? 1 : 0), nowMs)
    expect(target).toEqual({ ok: 20, bad: 0, asOfMs: nowMs })
  })
})
