import { expect, test } from 'vitest'
import { createVouchers, type TabChange, type Vouchers } from '../../../src/agent/vouchers.ts'
import type { AnySigned } from '../../../src/contract/messages.ts'
import { type Hire, newHire } from '../../../src/contract/worker.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'

const bytes = new Uint8Array(32)
const now = 1_000_000
const dayMs = 24 * 60 * 60_000
const sow = { type: 'embedding', model: 'mini', size: 64, units: 50_000, maxPrice: 1_000_000, redundancy: 1, priority: 'normal' } as const
const hireOf = (requester: string, earnedMicro: number, phase: Hire['phase'] = 'executed'): Hire => ({
  ...newHire({ id: 's', swarm: 'w', requester, sow, kemPrivate: bytes, kemPublic: bytes }, now),
  phase,
  result: { message: bytes, earnedMicro },
})
const voucher = (total: number): AnySigned & { kind: 'reward' } => ({
  v: 1,
  kind: 'reward',
  swarm: bytes,
  from: bytes,
  to: bytes,
  expires: now,
  body: { agreement: bytes, total, units: total, ok: 1, bad: 0, accepted: true },
  sig: bytes,
})
const store = async (into: Store, { writes, stored }: TabChange): Promise<void> => {
  await into.commit(writes)
  stored()
}
const open = () => {
  const disk = createMemoryStore()
  const vouchers = createVouchers(disk, 's')
  const deliver = (requester: string, micro: number, at = now): Promise<void> => store(disk, vouchers.deliver(requester, micro, at))
  const reward = async (requester: string, micro: number, total: number, dayStartMs = 0): Promise<void> => {
    const weighed = vouchers.weigh(hireOf(requester, micro), voucher(total), bytes, dayStartMs)
    if (!weighed.ok) throw new Error(weighed.error.type)
    await store(disk, weighed.value)
  }
  return { disk, vouchers, deliver, reward }
}
const reopened = async (disk: Store): Promise<Vouchers> => {
  const vouchers = createVouchers(disk, 's')
  await vouchers.resume()
  return vouchers
}

test('pending is what was earned of what is promised, whatever a requester signs', async () => {
  const { vouchers, deliver, reward } = open()
  await deliver('x', 50_000)
  await reward('x', 50_000, Number.MAX_SAFE_INTEGER)
  expect(vouchers.pendingMicro()).toBe(50_000)
  await vouchers.paid('x', 20_000)
  expect(vouchers.pendingMicro()).toBe(30_000)
})

test('what is delivered counts as owed before anybody promises it, once, also after a restart', async () => {
  const { disk, vouchers, deliver, reward } = open()
  await deliver('x', 50_000)
  await deliver('x', 70_000)
  expect([vouchers.exposedMicro('x', now), vouchers.pendingMicro()]).toEqual([120_000, 0])
  await reward('x', 50_000, 50_000)
  const again = await reopened(disk)
  expect([again.exposedMicro('x', now), again.pendingMicro(), again.exposedMicro('y', now)]).toEqual([120_000, 50_000, 0])
  await again.paid('x', 50_000)
  // 70 000 without a voucher, of which a tenth of what it paid may be refused.
  expect(again.exposedMicro('x', now)).toBe(65_000)
})

test('a voucher below what is owed is refused, and changes nothing', () => {
  const { vouchers } = open()
  expect(vouchers.weigh(hireOf('x', 50_000), voucher(40_000), bytes, 0)).toEqual({ ok: false, error: { type: 'below-owed' } })
  expect(vouchers.accepted()).toEqual({ contracts: 0, requesters: 0 })
})

test('a late voucher pays for what was given up; said again it counts no more', async () => {
  const { disk, vouchers, deliver } = open()
  await deliver('x', 50_000)
  for (const phase of ['released', 'paid'] as const) {
    const late = vouchers.weigh(hireOf('x', 50_000, phase), voucher(50_000), bytes, 0)
    if (late.ok) await store(disk, late.value)
    expect([vouchers.pendingMicro(), vouchers.exposedMicro('x', now), vouchers.accepted().contracts]).toEqual([50_000, 50_000, 1])
  }
})

test('who refuses one of twelve and pays the others never comes to the end of a tab; who refuses all does', async () => {
  const { vouchers, deliver, reward } = open()
  let total = 0
  for (let i = 0; i < 1_200; i++) {
    await deliver('fair', 50_000)
    await deliver('unfair', 50_000)
    if (i % 12 === 5) continue
    total += 50_000
    await reward('fair', 50_000, total)
    await vouchers.paid('fair', total)
  }
  expect(vouchers.exposedMicro('fair', now)).toBeLessThanOrEqual(50_000)
  expect(vouchers.exposedMicro('unfair', now)).toBe(1_200 * 50_000)
})

test('what was never rewarded is forgotten a month after the last of it, and counts anew from there', async () => {
  const { vouchers, deliver } = open()
  await deliver('x', 50_000)
  expect(vouchers.exposedMicro('x', now + 30 * dayMs)).toBe(50_000)
  expect(vouchers.exposedMicro('x', now + 30 * dayMs + 1)).toBe(0)
  await deliver('x', 7, now + 31 * dayMs)
  expect(vouchers.exposedMicro('x', now + 31 * dayMs)).toBe(7)
})

test('a payment that comes while a voucher is being stored is not lost', async () => {
  const { disk, vouchers, deliver, reward } = open()
  await deliver('x', 50_000)
  await reward('x', 50_000, 50_000)
  let paying: Promise<void> | undefined
  await vouchers.alone('x', async () => {
    const change = vouchers.deliver('x', 70_000, now)
    paying = vouchers.paid('x', 50_000)
    await store(disk, change)
  })
  await paying
  expect(vouchers.pendingMicro()).toBe(0)
  expect((await reopened(disk)).pendingMicro()).toBe(0)
})

test('the day is counted from its start: micro-credits and requesters', async () => {
  const { disk, vouchers, reward } = open()
  await reward('x', 50_000, 50_000, dayMs)
  await reward('x', 50_000, 100_000, dayMs)
  await reward('y', 10_000, 10_000, dayMs)
  expect(vouchers.today(dayMs)).toEqual({ micro: 110_000, requesters: 2 })
  expect((await reopened(disk)).today(dayMs)).toEqual({ micro: 110_000, requesters: 2 })
  await reward('x', 30_000, 130_000, 2 * dayMs)
  expect(vouchers.today(2 * dayMs)).toEqual({ micro: 30_000, requesters: 1 })
})
