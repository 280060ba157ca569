/** What a node makes of workers: its own results in full, others' word by the trust in them, and never much. */
import { expect, test } from 'vitest'
import type { UptimeOf } from '../../../src/agent/presence.ts'
import { createPersonalTrust, reckonedMsMin, reportedMax } from '../../../src/agent/personal-trust.ts'
import { priorAccuracy } from '../../../src/economy/standing.ts'
import { halfLifeMs } from '../../../src/economy/tally.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import type { PaidReport } from '../../../src/vault/reports.ts'
import type { Vault } from '../../../src/vault/vault.ts'

const key = (name: string) => sha256(utf8(name))
const id = (name: string): string => toHex(key(name))
const startMs = 1_700_000_000_000

const line = (payer: string, payee: string, ok: number, bad: number, { micro = 1_000, ageMs = 0 } = {}): PaidReport => ({
  ...{ payer: key(payer), payee: key(payee), micro },
  tally: { ok, bad, asOfMs: startMs - ageMs },
})
const trusting = async (lines: readonly PaidReport[], uptimeOf: UptimeOf = () => undefined) => {
  const clock = createManualClock(startMs)
  let reports = lines
  let [reads, away] = [0, false]
  const vault = {
    call: async () => (reads++, away ? { ok: false, error: { type: 'unavailable' } } : { ok: true, value: { reports } }),
  } as unknown as Vault
  const trust = createPersonalTrust(clock, createSeededRandom('trust'), vault, id('self'), uptimeOf)
  await trust.refresh()
  return {
    clock,
    trust,
    reads: () => reads,
    paidSince: (next: readonly PaidReport[]) => void (reports = next),
    goAway: (is: boolean) => void (away = is),
  }
}
const priorOf = async (lines: readonly PaidReport[], worker = 'ben'): Promise<number> => (await trusting(lines)).trust.of(id(worker)).prior

test('own results stand as the chain has them, and move no prior', async () => {
  const { trust } = await trusting([line('self', 'ana', 7, 2)])
  // (7 + 4) / (9 + 5), squared.
  const standing = { tier: 'Probation', accuracy: 11 / 14, uptime: null }
  expect(trust.of(id('ana'))).toEqual({ own: { ok: 7, bad: 2 }, prior: priorAccuracy, standing })
  expect(trust.of(id('nobody'))).toEqual({ own: { ok: 0, bad: 0 }, prior: priorAccuracy, standing: null })
  const often = [line('self', 'ana', 60, 0)]
  expect((await trusting(often)).trust.of(id('ana')).standing?.tier).toBe('Elite')
  // Who is silent half of the time is not, however right it is.
  expect((await trusting(often, () => 0.5)).trust.of(id('ana')).standing).toMatchObject({ tier: 'Restricted', uptime: 0.5 })
})

test('whom one pays is believed, as five results at most; the farther from oneself, the less', async () => {
  const paid = line('self', 'ana', 3, 0)
  const good = await priorOf([paid, line('ana', 'ben', reportedMax, 0)])
  expect(good).toBeCloseTo((reportedMax + 4) / (reportedMax + 5), 5)
  expect(await priorOf([paid, line('ana', 'ben', 1_000_000, 0)])).toBeCloseTo(good, 5)
  // A million bad ones, which cost ana nothing, do not put ben out for ever.
  expect(await priorOf([paid, line('ana', 'ben', 0, 1_000_000)])).toBeCloseTo(4 / (reportedMax + 5), 5)
  const farther = await priorOf([paid, line('ana', 'cy', 5, 0), line('cy', 'ben', 5, 0)])
  expect(farther).toBeGreaterThan(priorAccuracy)
  expect(farther).toBeLessThan(good)
})

test('whom nobody here has paid says what it likes: nothing follows', async () => {
  const strangers = Array.from({ length: 50 }, (_, n) => line(`stranger ${n}`, 'ben', 0, 1_000))
  expect(await priorOf([line('self', 'ana', 3, 0), ...strangers])).toBe(priorAccuracy)
  // Nor whom one paid once for what was all wrong.
  expect(await priorOf([line('self', 'ana', 0, 3), line('ana', 'ben', 5, 0)])).toBe(priorAccuracy)
})

test('what was long ago counts less', async () => {
  const paid = line('self', 'ana', 3, 0)
  const [fresh, old] = [
    await priorOf([paid, line('ana', 'ben', 5, 0)]),
    await priorOf([paid, line('ana', 'ben', 5, 0, { ageMs: halfLifeMs })]),
  ]
  expect(old).toBeCloseTo((reportedMax / 2 + 4) / (reportedMax / 2 + 5), 5)
  expect((await trusting([line('self', 'ana', 6, 2, { ageMs: halfLifeMs })])).trust.of(id('ana')).own).toEqual({ ok: 3, bad: 1 })
  expect(old).toBeLessThan(fresh)
})

test('is reckoned once in a while; where the vault is away, what was known stays, and it is asked again soon', async () => {
  const { clock, trust, reads, paidSince, goAway } = await trusting([line('self', 'ana', 1, 0)])
  const [before, after] = [1, 2]
  paidSince([line('self', 'ana', after, 0, { ageMs: -2 * reckonedMsMin })])
  await trust.refresh()
  expect([reads(), trust.of(id('ana')).own.ok]).toEqual([1, before])
  await clock.advance(reckonedMsMin)
  goAway(true)
  await trust.refresh()
  await trust.refresh()
  expect([reads(), trust.of(id('ana')).own.ok]).toEqual([2, before])
  goAway(false)
  await clock.advance(60_000)
  await trust.refresh()
  expect([reads(), trust.of(id('ana')).own.ok]).toEqual([3, after])
})
