import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReputationScore } from '../../../src/economy/reputation.ts'
import { type Reports, weighed, withReport } from '../../../src/economy/reports.ts'
import { accuracyOf, compositeReputation, stakeWeightOf, standingOf, standingTiers, tierOf } from '../../../src/economy/standing.ts'
import { emptyTally, agedTally, halfLifeMs, withOutcome } from '../../../src/economy/tally.ts'
import { uptimeShare } from '../../../src/economy/uptime.ts'

const nowMs = 1_700_000_000_000
const dayMs = 24 * 3_600_000
const share = fc.double({ min: 0, max: 1, noNaN: true })
const anything = fc.double()

describe('standing', () => {
  it('has the formulas of the spec', () => {
    expect(accuracyOf({ ok: 0, bad: 0 })).toBe(0.8)
    expect(accuracyOf({ ok: 96, bad: 4 })).toBeCloseTo(100 / 105, 12)
    expect(standingOf(0.9, 0.5)).toBeCloseTo(0.405, 12)
    expect([0, 9, 999_999, 1e12].map(stakeWeightOf)).toEqual([0, 1 / 6, 1, 1])
    expect(compositeReputation(0.9, 0.5, 9)).toBeCloseTo(0.405 / 6, 12)
  })

  it('has the tiers of the spec, from their bound on', () => {
    expect([1, 0.95, 0.949, 0.85, 0.849, 0.7, 0.699, 0.5, 0.499, 0].map(tierOf)).toEqual([
      'Elite',
      'Elite',
      'Trusted',
      'Trusted',
      'Standard',
      'Standard',
      'Probation',
      'Probation',
      'Restricted',
      'Restricted',
    ])
    expect(standingTiers).toHaveLength(5)
  })

  it('stays within 0 … 1 for any number whatever', () => {
    fc.assert(
      fc.property(anything, anything, anything, (accuracy, uptime, stake) => {
        const score = compositeReputation(accuracy, uptime, stake)
        expect(score >= 0 && score <= 1).toBe(true)
      }),
    )
    expect(compositeReputation(NaN, 1, 1e9)).toBe(0)
    expect(compositeReputation(2, 2, Infinity)).toBe(1)
    expect(tierOf(NaN)).toBe('Restricted')
  })
})

describe('counts', () => {
  it('are half after 30 days, and count what is older for less', () => {
    const fresh = withOutcome(emptyTally, { ok: 8, bad: 2 }, { atMs: nowMs, nowMs })
    expect(agedTally(fresh, nowMs + halfLifeMs)).toEqual({ ok: 4, bad: 1, asOfMs: nowMs + halfLifeMs })
    expect(withOutcome(emptyTally, { ok: 8, bad: 0 }, { atMs: nowMs - 2 * halfLifeMs, nowMs })).toMatchObject({ ok: 2 })
    expect(halfLifeMs).toBe(30 * dayMs)
  })

  it('that were made at once or one by one are the same', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(100 * dayMs), fc.boolean()), { maxLength: 20 }), (events) => {
        const endMs = nowMs + 100 * dayMs
        const told = events.map(([at, good]) => ({ atMs: nowMs + at, outcome: { ok: good ? 1 : 0, bad: good ? 0 : 1 } }))
        const live = [...told]
          .sort((a, b) => a.atMs - b.atMs)
          .reduce((tally, e) => withOutcome(tally, e.outcome, { atMs: e.atMs, nowMs: e.atMs }), emptyTally)
        const late = told.reduce((tally, e) => withOutcome(tally, e.outcome, { atMs: e.atMs, nowMs: endMs }), emptyTally)
        const aged = agedTally(live, endMs)
        expect(late.ok).toBeCloseTo(aged.ok, 9)
        expect(late.bad).toBeCloseTo(aged.bad, 9)
      }),
    )
  })

  it('dated in the future are as of now, so they fade like any other', () => {
    const liar = withOutcome(emptyTally, { ok: 100, bad: 0 }, { atMs: Number.MAX_SAFE_INTEGER, nowMs })
    expect(liar).toEqual({ ok: 100, bad: 0, asOfMs: nowMs })
    expect(agedTally({ ok: 100, bad: 0, asOfMs: Number.MAX_SAFE_INTEGER }, nowMs)).toEqual({ ok: 100, bad: 0, asOfMs: nowMs })
  })
})

describe('reports', () => {
  const report = (payer: string, ok: number, bad: number, atMs = nowMs) => ({ payer, counters: { ok, bad }, atMs })
  const all = (lines: readonly ReturnType<typeof report>[]): Reports =>
    lines.reduce((reports, line) => withReport(reports, line, nowMs), new Map() as Reports)

  it('count once however often they come, and by what they rose', () => {
    const reports = all([report('p', 3, 0), report('p', 3, 0), report('p', 5, 1), report('p', 2, 0)])
    expect(weighed(reports, 'w', () => 1, nowMs)).toMatchObject({ ok: 5, bad: 1 })
    expect(withReport(reports, report('p', 5, 1), nowMs)).toBe(reports)
  })

  it('weigh by the viewer’s trust: a stranger’s nothing, and of oneself nothing', () => {
    const reports = all([report('friend', 10, 0), report('stranger', 0, 1_000), report('w', 1_000, 0)])
    const weights: Readonly<Record<string, number>> = { friend: 0.5, w: 1 }
    expect(weighed(reports, 'w', (payer) => weights[payer] ?? 0, nowMs)).toMatchObject({ ok: 5, bad: 0 })
    // A weight is a share: a broken one neither multiplies nor spreads.
    expect(weighed(reports, 'w', () => 1e9, nowMs)).toMatchObject({ ok: 10, bad: 1_000 })
    expect(weighed(reports, 'w', () => NaN, nowMs)).toMatchObject({ ok: 0, bad: 0 })
  })

  it('give the same view whatever the order of their payers', () => {
    const line = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(50), fc.nat(50), fc.nat(90 * dayMs))
    fc.assert(
      fc.property(fc.uniqueArray(line, { selector: ([payer]) => payer }), (lines) => {
        const told = lines.map(([payer, ok, bad, age]) => report(payer, ok, bad, nowMs - age))
        const view = (reports: Reports) => weighed(reports, 'w', (payer) => payer.charCodeAt(0) / 128, nowMs + dayMs)
        expect(view(all(told.toReversed()))).toEqual(view(all(told)))
      }),
    )
  })
})

describe('uptime', () => {
  it('is answered by connected time; of a newcomer it is whole, and no figures drive it out of 0 … 1', () => {
    expect(uptimeShare({ answeredMs: 90_000, connectedMs: 120_000 })).toBe(0.75)
    expect(uptimeShare({ answeredMs: 0, connectedMs: 0 })).toBe(1)
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (answeredMs, connectedMs) => {
        const share = uptimeShare({ answeredMs, connectedMs })
        expect(share).toBeGreaterThanOrEqual(0)
        expect(share).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('ReputationScore', () => {
  it('carries the figures that it is made from', () => {
    const score = ReputationScore.new(0.9, 0.8, 9)
    expect([score.accuracy, score.uptime, score.stakeCredits, score.stakeWeight()]).toEqual([0.9, 0.8, 9, 1 / 6])
    expect(score.compositeScore()).toBe(compositeReputation(0.9, 0.8, 9))
    const tracked = ReputationScore.newWithTracking(95, 5, 90, 100, 0)
    expect([tracked.accuracy, tracked.uptime]).toEqual([99 / 105, 0.9])
    expect(ReputationScore.newWithTracking(0, 0, 0, 0, 0).tierName()).toBe('Probation')
    expect(ReputationScore.new(1, 1, 0).tierName()).toBe('Elite')
    expect(ReputationScore.new(1, 1, 0).compositeScore()).toBe(0)
  })

  it('compares', () => {
    const [good, better] = [ReputationScore.new(0.8, 0.9, 100), ReputationScore.new(0.9, 0.9, 100)]
    expect([better.isBetterThan(good), good.isBetterThan(better), good.isBetterThan(good)]).toEqual([true, false, false])
    expect([
      good.meetsMinimum(0.8, 0.9, 100),
      good.meetsMinimum(0.81, 0, 0),
      good.meetsMinimum(0, 0.91, 0),
      good.meetsMinimum(0, 0, 101),
    ]).toEqual([true, false, false, false])
  })

  it('moves with outcomes, weighed and aged', () => {
    const score = ReputationScore.newWithTracking(0, 0, 1, 1, 0)
    score.recordSuccess({ nowMs })
    expect(score.accuracy).toBeCloseTo(5 / 6, 12)
    score.recordFailure({ nowMs, weight: 0.5 })
    expect(score.accuracy).toBeCloseTo(5 / 6.5, 12)
    score.recordSuccess({ nowMs: nowMs + halfLifeMs, weight: 0 })
    expect(score.accuracy).toBeCloseTo(4.5 / 5.75, 12)
  })

  it('never falls by a success nor rises by a failure made at once, and stays within 0 … 1', () => {
    fc.assert(
      fc.property(share, fc.array(fc.tuple(fc.boolean(), fc.nat(3 * dayMs)), { maxLength: 40 }), (start, events) => {
        const score = ReputationScore.new(start, 1, 0)
        let clockMs = nowMs
        for (const [good, pauseMs] of events) {
          clockMs += pauseMs
          // What has faded by then is no part of the outcome.
          score.recordSuccess({ nowMs: clockMs, weight: 0 })
          const before = score.accuracy
          if (good) score.recordSuccess({ nowMs: clockMs })
          else score.recordFailure({ nowMs: clockMs })
          expect(good ? score.accuracy >= before - 1e-12 : score.accuracy <= before + 1e-12).toBe(true)
          expect(score.accuracy >= 0 && score.accuracy <= 1).toBe(true)
        }
      }),
    )
  })

  it('comes back from its JSON as it was', () => {
    fc.assert(
      fc.property(share, share, fc.nat(), fc.nat(9), (accuracy, uptime, stake, failures) => {
        const score = ReputationScore.new(accuracy, uptime, stake)
        for (let i = 0; i < failures; i++) score.recordFailure({ nowMs: nowMs + i * dayMs })
        const back = ReputationScore.fromJson(score.toJson())
        expect(back.ok && [back.value.toJson(), back.value.accuracy, back.value.compositeScore()]).toEqual([
          score.toJson(),
          score.accuracy,
          score.compositeScore(),
        ])
      }),
    )
  })

  it('refuses JSON that no score wrote', () => {
    const good = JSON.parse(ReputationScore.new(0.5, 0.5, 5).toJson()) as Record<string, unknown>
    for (const change of [
      { ok: -1 },
      { bad: '1' },
      { uptime: 1.5 },
      { priorAccuracy: 2 },
      { stakeCredits: null },
      { more: 1 },
      { asOfMs: 0.5 },
    ])
      expect([change, ReputationScore.fromJson(JSON.stringify({ ...good, ...change })).ok]).toEqual([change, false])
    for (const text of ['', 'null', '[]', '{', JSON.stringify(good) + ' '.repeat(2000)])
      expect(ReputationScore.fromJson(text).ok).toBe(false)
    fc.assert(fc.property(fc.string(), (text) => void ReputationScore.fromJson(text)))
  })

  it('takes what is out of range as the nearest end, what is no number as 0', () => {
    fc.assert(
      fc.property(anything, anything, anything, anything, anything, (a, b, c, d, e) => {
        for (const score of [ReputationScore.new(a, b, c), ReputationScore.newWithTracking(a, b, c, d, e)]) {
          expect(score.compositeScore() >= 0 && score.compositeScore() <= 1).toBe(true)
          expect(ReputationScore.fromJson(score.toJson()).ok).toBe(true)
        }
      }),
    )
  })
})
