import { expect, test } from 'vitest'
import { deadlineMsMin, deliveredKeepMs, etaFactor, quoteLifeMs, resendMs, resultResendMs } from '../../../src/contract/limits.ts'
import { deadlineMax, dueHire, ended, type Hire, type HireEvent, newHire, onHireEvent } from '../../../src/contract/worker.ts'
import { clockSkewMsMax } from '../../../src/contract/signed.ts'
import { type Bytes, sha256, utf8 } from '../../../src/lib/bytes.ts'

const hash = (text: string): Bytes => sha256(utf8(text))
const now = 1_000_000
const sow = { type: 'embedding', model: 'mini', size: 64, units: 50_000, maxPrice: 1_000_000, redundancy: 3, priority: 'normal' } as const
const fresh = newHire({ id: 's', swarm: 'w', requester: 'r', sow, kemPrivate: hash('p'), kemPublic: hash('q') }, now)
const quote = { sow: hash('s'), price: 1_000_000, stepMicro: 50_000, etaMs: 5, classes: ['c'], kem: hash('q'), root: hash('r'), certificate: new Uint8Array(64) }
const agreement = { sow: hash('s'), quote: hash('quote'), commitment: hash('c'), price: 1_000_000, units: 50_000, deadline: now + deadlineMsMin, kem: hash('k'), resultClass: 'c' }
const events: Record<string, HireEvent> = {
  quoted: { type: 'quoted', id: hash('quote'), message: hash('m'), body: quote },
  agreement: { type: 'agreement', id: hash('agreement'), body: agreement, message: hash('m') },
  countersigned: { type: 'countersigned', message: hash('m') },
  payload: { type: 'payload', texts: 1 },
  executed: { type: 'executed', message: hash('m'), earnedMicro: 50_000, truncated: 0 },
  rewarded: { type: 'rewarded', accepted: true, receipt: hash('m') },
}
const after = (...names: string[]): Hire => names.reduce((hire, name) => onHireEvent(hire, events[name]!, now), fresh)
const path = ['quoted', 'agreement', 'countersigned', 'payload', 'executed', 'rewarded']

test('each stored state asks for its own next step, whatever died in between', () => {
  const asked = path.map((_, i) => dueHire(after(...path.slice(0, i)), now + Math.max(resendMs, resultResendMs)).map((a) => a.do))
  expect(asked).toEqual([['sign-quote'], ['send-quote'], ['countersign'], ['want-payload'], ['execute'], ['send-result']])
  expect(dueHire(after(...path), now + 1e6)).toEqual([])
})

test('an event that does not fit the state changes nothing', () => {
  expect(after('quoted', 'payload').phase).toBe('quoted')
  expect(after('quoted', 'agreement', 'executed').phase).toBe('agreed')
  expect(after('quoted', 'agreement', 'agreement')).toEqual(after('quoted', 'agreement'))
  const paid = after(...path)
  for (const event of Object.values(events)) expect(onHireEvent(paid, event, now)).toBe(paid)
  expect(onHireEvent(paid, { type: 'release', why: 'late' }, now)).toBe(paid)
})

test('what nobody answers is released: a quote, an agreement without payload, a result without reward', () => {
  const late = (hire: Hire, ms: number): boolean => ended(onHireEvent(hire, { type: 'tick' }, now + ms))
  expect(late(after('quoted'), quoteLifeMs)).toBe(false)
  expect(late(after('quoted'), quoteLifeMs + 1)).toBe(true)
  expect(late(after('quoted', 'agreement'), 2 * deadlineMsMin + 1)).toBe(true)
  expect(late(after('quoted', 'agreement', 'countersigned', 'payload', 'executed'), deadlineMsMin + deliveredKeepMs)).toBe(false)
  expect(late(after('quoted', 'agreement', 'countersigned', 'payload', 'executed'), deadlineMsMin + deliveredKeepMs + 1)).toBe(true)
})

test('progress prolongs the deadline', () => {
  const hire = onHireEvent(after('quoted', 'agreement', 'payload'), { type: 'progress', done: 1 }, now + deadlineMsMin)
  expect(hire.deadline).toBe(now + 2 * deadlineMsMin)
})

test('the private key goes with the end, however a contract ends', () => {
  const delivered = after(...path.slice(0, -1))
  for (const running of [fresh, delivered]) expect(running.kemPrivate).toEqual(hash('p'))
  const ends: readonly Hire[] = [
    after(...path),
    onHireEvent(delivered, { type: 'rewarded', accepted: false, receipt: null }, now),
    onHireEvent(delivered, { type: 'release', why: 'cancelled' }, now),
    onHireEvent(delivered, { type: 'tick' }, now + deadlineMsMin + deliveredKeepMs + 1),
  ]
  expect(ends.map((hire) => [hire.phase, hire.kemPrivate.length])).toEqual([['paid', 0], ['rejected', 0], ['released', 0], ['released', 0]])
})

test('a voucher that comes late still pays what was delivered, and nothing else', () => {
  const late = (hire: Hire): Hire => onHireEvent(onHireEvent(hire, { type: 'release', why: 'late' }, now), events.rewarded!, now + 1)
  expect(late(after(...path.slice(0, -1)))).toMatchObject({ phase: 'paid', finishedMs: now + 1, receipt: hash('m') })
  expect(late(after('quoted', 'agreement', 'payload')).phase).toBe('released')
})

test('a deadline may be as late as the quote makes it, and clocks apart', () => {
  expect(deadlineMax(5, now)).toBe(now + deadlineMsMin + clockSkewMsMax)
  expect(deadlineMax(deadlineMsMin, now)).toBe(now + etaFactor * deadlineMsMin + clockSkewMsMax)
})
