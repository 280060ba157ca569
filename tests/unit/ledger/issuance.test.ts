import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allowanceGrantedMicro,
  earnedInEpoch,
  issuanceDefaults,
  type IssuanceRules,
  multiplierPpm,
  type Referral,
  settleEpoch,
  type SponsoredLine,
  sponsoredCpuSeconds,
} from '../../../src/ledger/issuance.ts'

const credit = 1_000_000n
const decay = 3_600_000_000n
const rules: IssuanceRules = { ...issuanceDefaults, budgetMicro: 1_000_000_000 }
const line = (sponsor: string, payee: string, paid: bigint, units = paid): SponsoredLine => ({ sponsor, payee, paidMicro: paid, units })
const settle = (lines: readonly SponsoredLine[], more: Partial<Parameters<typeof settleEpoch>[0]> = {}) =>
  settleEpoch({ epoch: 10, unitsBefore: 0n, lines, referrals: [], rules, ...more })
const total = (shares: ReturnType<typeof settle>['shares']) =>
  shares.reduce((sum, s) => sum + s.bonusMicro + s.uptimeMicro + s.referralMicro, 0n)

describe('the multiplier in parts per million', () => {
  it('is the spec’s figures, rounded down', () => {
    const hours = (h: number) => multiplierPpm(BigInt(h) * 3600n, decay)
    expect([0, 100_000, 500_000, 1_000_000, 5_000_000, 16_999_999, 17_000_000].map(hours)).toEqual([
      10_000_000n,
      9_143_536n,
      6_458_775n,
      4_310_914n,
      1_060_641n,
      1_000_000n,
      1_000_000n,
    ])
  })

  it('is the formula within one part per million, at any D', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 60n), fc.double({ min: 0, max: 20, noNaN: true }), (d, y) => {
        const x = (d * BigInt(Math.round(y * 2 ** 40))) >> 40n
        const exact = (1 + 9 * Math.exp(-Number((x * 2n ** 64n) / d) / 2 ** 64)) * 1e6
        expect(Math.abs(Number(multiplierPpm(x, d)) - exact)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('never rises with x, stays between 1 and 10, and ends for any x', () => {
    const x = fc.bigInt(0n, 2n ** 80n)
    fc.assert(
      fc.property(x, x, fc.bigInt(1n, 2n ** 70n), (a, b, d) => {
        const [low, high] = a < b ? [a, b] : [b, a]
        const [before, after] = [multiplierPpm(low, d), multiplierPpm(high, d)]
        expect(before >= after && after >= 1_000_000n && before <= 10_000_000n).toBe(true)
      }),
    )
  })
})

describe('an epoch', () => {
  it('pays the bonus on the lesser of paid and done, per sponsor, and uptime beside it', () => {
    const {
      shares,
      unitsAfter,
      multiplierPpm: m,
    } = settle([line('s1', 'w1', 10n * credit), line('s2', 'w1', 5n * credit, 1n * credit), line('s1', 'w2', 1n * credit, 50n * credit)])
    expect(m).toBe(10_000_000n)
    expect(shares).toEqual([
      { account: 'w1', bonusMicro: 99n * credit, uptimeMicro: 100_000n, referralMicro: 0n },
      { account: 'w2', bonusMicro: 9n * credit, uptimeMicro: 100_000n, referralMicro: 0n },
    ])
    expect(unitsAfter).toBe(61n * credit)
  })

  it('takes M as of the settle before, from sponsored units alone', () => {
    const unitsBefore = 3_600_000n * 10n ** 9n
    expect(sponsoredCpuSeconds(unitsBefore, 1_000)).toBe(decay)
    const { multiplierPpm: m, shares } = settle([line('s', 'w', 1n * credit)], { unitsBefore })
    expect(m).toBe(4_310_914n)
    expect(shares[0]!.bonusMicro).toBe(3_310_914n)
  })

  it('loses no remainder of work between epochs', () => {
    let units = 0n
    for (let i = 0; i < 1_000; i++) units = settle([line('s', 'w', 999_999n)], { unitsBefore: units }).unitsAfter
    expect(sponsoredCpuSeconds(units, 1_000)).toBe(999n)
  })

  it('gives nothing for work nobody paid for, and for payments without work', () => {
    expect(settle([line('s', 'w', 0n, 5n * credit), line('s', 'v', 5n * credit, 0n)]).shares).toEqual([])
  })

  it('gives nothing in a swarm without a budget', () => {
    const none = settle([line('s', 'w', credit)], {
      rules: { ...rules, budgetMicro: 0 },
      referrals: [{ referee: 'w', referrer: 'r', firstEpoch: 1, paidMicro: 0n }],
    })
    expect([none.shares, none.allowanceMicro]).toEqual([[], 0n])
  })

  it('mints nothing for trading with oneself: payments of those who are no sponsors are not in it', () => {
    // What two identities pay each other is ordinary `pay`; the settle names sponsors' entries only, so no line comes of it.
    const sponsored = [line('s', 'honest', 10n * credit)]
    const before = settle(sponsored)
    expect(before.shares.map((s) => s.account)).toEqual(['honest'])
    const ofPair = (sponsors: ReadonlySet<string>) =>
      total(settle([line('a', 'b', 100n * credit), line('b', 'a', 100n * credit)].filter((l) => sponsors.has(l.sponsor))).shares)
    expect(ofPair(new Set(['s']))).toBe(0n)
    // And the same lines would mint, had anyone's payments counted: this is what the rule forbids.
    expect(ofPair(new Set(['a', 'b']))).toBeGreaterThan(0n)
  })

  it('scales all down together to the budget', () => {
    const small = { ...rules, budgetMicro: 1_000_000 }
    const { shares, allowanceMicro } = settle([line('s', 'w1', 1n * credit), line('s', 'w2', 3n * credit)], { rules: small })
    // Uptime first to a twentieth (50 000, so 25 000 each), then 36 050 000 to 1 000 000.
    expect(shares).toEqual([
      { account: 'w1', bonusMicro: 249_653n, uptimeMicro: 693n, referralMicro: 0n },
      { account: 'w2', bonusMicro: 748_959n, uptimeMicro: 693n, referralMicro: 0n },
    ])
    expect(allowanceMicro).toBe(1_000_000n)
  })
})

describe('a referral', () => {
  const bring = (referral: Partial<Referral>, epoch = 10) =>
    settle([line('s', 'w', 10n * credit)], {
      epoch,
      referrals: [{ referee: 'w', referrer: 'r', firstEpoch: 1, paidMicro: 0n, ...referral }],
    })
  const brought = (referral: Partial<Referral>, epoch?: number) =>
    bring(referral, epoch).shares.find((s) => s.account === 'r')?.referralMicro ?? 0n

  it('is a tenth of the referee’s bonus and uptime, beside it', () => {
    const { shares, referrals } = bring({})
    expect(shares).toEqual([
      { account: 'r', bonusMicro: 0n, uptimeMicro: 0n, referralMicro: 9_010_000n },
      { account: 'w', bonusMicro: 90n * credit, uptimeMicro: 100_000n, referralMicro: 0n },
    ])
    expect(referrals).toEqual([{ referee: 'w', referrer: 'r', firstEpoch: 1, paidMicro: 9_010_000n }])
  })

  it('ends after 30 days and at 1 000 credits, and nobody refers oneself', () => {
    expect(brought({}, 1 + 719)).toBe(9_010_000n)
    expect(brought({}, 1 + 720)).toBe(0n)
    expect(brought({}, 0)).toBe(0n)
    expect(brought({ paidMicro: 999n * credit })).toBe(1n * credit)
    expect(brought({ paidMicro: 1_000n * credit })).toBe(0n)
    expect(bring({ referrer: 'w' }).shares).toEqual(settle([line('s', 'w', 10n * credit)]).shares)
  })

  it('is never more than a twentieth of the budget, all together', () => {
    const { shares } = settle([line('s', 'w', 10n * credit)], {
      rules: { ...rules, budgetMicro: 100_000_000 },
      referrals: [{ referee: 'w', referrer: 'r', firstEpoch: 1, paidMicro: 0n }],
    })
    expect(shares.find((s) => s.account === 'r')?.referralMicro).toBe(5n * credit)
  })
})

const amount = fc.bigInt(0n, 2n ** 53n - 1n)
const linesOf = fc
  .uniqueArray(fc.tuple(fc.constantFrom('s1', 's2', 's3'), fc.constantFrom('a', 'b', 'c', 'd', 'e'), amount, amount), {
    selector: ([sponsor, payee]) => sponsor + payee,
    maxLength: 15,
  })
  .map((all) => all.map(([s, p, paid, units]) => line(s, p, paid, units)))
const referralsOf = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom('a', 'b', 'r'), fc.nat(800), fc.bigInt(0n, 2n ** 30n)), {
    selector: ([referee]) => referee,
  })
  .map((all) => all.map(([referee, referrer, firstEpoch, paidMicro]): Referral => ({ referee, referrer, firstEpoch, paidMicro })))
const anyRules = fc
  .record({ budgetMicro: fc.nat(2 ** 31 - 1), uptimeMicro: fc.nat(10 ** 6), referralMicroMax: fc.nat(2 ** 31 - 1) })
  .map((some): IssuanceRules => ({ ...issuanceDefaults, ...some }))
const anyEpoch = fc.record({
  epoch: fc.nat(1000),
  unitsBefore: fc.bigInt(0n, 2n ** 62n),
  lines: linesOf,
  referrals: referralsOf,
  rules: anyRules,
})

describe('always', () => {
  it('what is given is within the budget, within the allowance granted, and uptime and referral within a twentieth', () => {
    fc.assert(
      fc.property(anyEpoch, (input) => {
        const { shares, allowanceMicro } = settleEpoch(input)
        const budget = BigInt(input.rules.budgetMicro)
        expect(total(shares) <= budget && total(shares) <= allowanceMicro && allowanceMicro <= budget).toBe(true)
        for (const part of ['uptimeMicro', 'referralMicro'] as const)
          expect(shares.reduce((sum, s) => sum + s[part], 0n) * 20n <= budget).toBe(true)
        for (const s of shares) expect(s.bonusMicro >= 0n && s.uptimeMicro >= 0n && s.referralMicro >= 0n).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('every micro-credit given is booked once: referrals in shares are what the running caps rose by', () => {
    fc.assert(
      fc.property(anyEpoch, (input) => {
        const { shares, referrals } = settleEpoch(input)
        const rose = referrals.reduce((sum, r, i) => sum + r.paidMicro - input.referrals[i]!.paidMicro, 0n)
        expect(shares.reduce((sum, s) => sum + s.referralMicro, 0n)).toBe(rose)
        for (const [i, r] of referrals.entries()) {
          const before = input.referrals[i]!.paidMicro
          const cap = BigInt(input.rules.referralMicroMax)
          expect(r.paidMicro <= (before > cap ? before : cap)).toBe(true)
        }
      }),
    )
  })

  it('the order of lines and referrals changes nothing', () => {
    fc.assert(
      fc.property(anyEpoch, fc.infiniteStream(fc.nat()), (input, keys) => {
        const mixed = <T>(items: readonly T[]): T[] =>
          items
            .map((item) => [keys.next().value as number, item] as const)
            .sort(([a], [b]) => a - b)
            .map(([, item]) => item)
        const other = settleEpoch({ ...input, lines: mixed(input.lines), referrals: mixed(input.referrals) })
        const { referrals, ...rest } = settleEpoch(input)
        expect(other).toMatchObject(rest)
        expect(new Set(other.referrals)).toEqual(new Set(referrals))
      }),
    )
  })

  it('more sponsored work never earns its worker less, and earns nobody else more', () => {
    fc.assert(
      fc.property(anyEpoch, amount, fc.nat(14), (input, more, at) => {
        fc.pre(input.lines.length > 0)
        const index = at % input.lines.length
        const grown = input.lines.map((l, i) => (i === index ? { ...l, paidMicro: l.paidMicro + more, units: l.units + more } : l))
        const payee = input.lines[index]!.payee
        // The bonus alone: the rounding of another line's uptime may leave it a micro-credit of room.
        const noReferrals = { ...input, referrals: [], rules: { ...input.rules, uptimeMicro: 0 } }
        const bonus = (lines: readonly SponsoredLine[]) =>
          new Map(settleEpoch({ ...noReferrals, lines }).shares.map((s) => [s.account, s.bonusMicro]))
        const [before, after] = [bonus(input.lines), bonus(grown)]
        expect((after.get(payee) ?? 0n) >= (before.get(payee) ?? 0n)).toBe(true)
        for (const [account, micro] of after) if (account !== payee) expect(micro <= (before.get(account) ?? 0n)).toBe(true)
      }),
    )
  })

  it('the split into epochs cannot raise the work counted: x is the same, M never higher than at once', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 60n), amount, amount, (unitsBefore, first, second) => {
        const one = settle([line('s', 'w', first + second)], { unitsBefore })
        const a = settle([line('s', 'w', first)], { unitsBefore })
        const b = settle([line('s', 'w', second)], { unitsBefore: a.unitsAfter })
        expect(b.unitsAfter).toBe(one.unitsAfter)
        expect(b.multiplierPpm <= one.multiplierPpm).toBe(true)
      }),
    )
  })

  it('the allowance is a function of the settle’s own past: referrals do not move it', () => {
    fc.assert(
      fc.property(anyEpoch, (input) => {
        expect(settleEpoch(input).allowanceMicro).toBe(settleEpoch({ ...input, referrals: [] }).allowanceMicro)
      }),
    )
    expect(allowanceGrantedMicro({ budgetMicro: 1_000, bonusMicro: 500n, uptimeMicro: 9n })).toBe(559n)
    expect(allowanceGrantedMicro({ budgetMicro: 500, bonusMicro: 500n, uptimeMicro: 9n })).toBe(500n)
    expect(earnedInEpoch([], 10_000_000n, rules)).toEqual({ payees: [], bonusMicro: 0n, uptimeMicro: 0n })
  })
})
