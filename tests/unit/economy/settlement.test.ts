import { describe, expect, it } from 'vitest'
import { epochMsDefault } from '../../../src/ledger/rules.ts'
import { deviations, dueOf, epochAt, settleableEpoch } from '../../../src/economy/settlement.ts'
import { issuanceDefaults, settleEpoch } from '../../../src/ledger/issuance.ts'

describe('an epoch', () => {
  it('may be settled one epoch after its end, not before', () => {
    const endOf = (epoch: number) => (epoch + 1) * epochMsDefault
    expect(epochAt(endOf(5) - 1, epochMsDefault)).toBe(5)
    expect(settleableEpoch(endOf(5), epochMsDefault)).toBe(4)
    expect(settleableEpoch(endOf(5) + epochMsDefault - 1, epochMsDefault)).toBe(4)
    expect(settleableEpoch(endOf(5) + epochMsDefault, epochMsDefault)).toBe(5)
    expect(settleableEpoch(0, epochMsDefault)).toBeLessThan(0)
  })

  it('shows where the issuer paid something else than the split, to anyone', () => {
    const { shares } = settleEpoch({
      epoch: 5,
      unitsBefore: 0n,
      lines: ['w1', 'w2', 'w3'].map((payee) => ({ sponsor: 's', payee, paidMicro: 1_000_000n, units: 1_000_000n })),
      referrals: [],
      rules: issuanceDefaults,
    })
    const dues = shares.map(dueOf)
    const due = new Map(dues.map((d) => [d.account, d.micro]))
    expect([...due.values()]).toEqual([9_100_000n, 9_100_000n, 9_100_000n])
    expect(deviations(dues, due)).toEqual([])
    due.delete('w1')
    due.set('w2', 9_100_001n).set('friend', 5n)
    expect(deviations(dues, due)).toEqual([
      { account: 'friend', expectedMicro: 0n, paidMicro: 5n },
      { account: 'w1', expectedMicro: 9_100_000n, paidMicro: 0n },
      { account: 'w2', expectedMicro: 9_100_000n, paidMicro: 9_100_001n },
    ])
  })
})
