/** What a worker agrees to: within a tab that the requester's payments have earned, and so many tasks an hour. */
import { expect, test } from 'vitest'
import { createVouchers } from '../../../src/agent/vouchers.ts'
import { type Admissions, createAdmissions } from '../../../src/agent/worker-admission.ts'
import { agreementsPerRequesterAndHour, agreementsPerRequesterMax } from '../../../src/contract/limits.ts'
import { type Hire, newHire } from '../../../src/contract/worker.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'

const credit = 1_000_000
const hash = (name: string) => sha256(utf8(name))
const [laptop, phone, root] = [hash('laptop'), hash('phone'), hash('root')]
const requester = toHex(laptop)

const open = ({ tabMicro = 100 * credit, prepayMicro = 5 * credit } = {}) => {
  const clock = createManualClock()
  const vouchers = createVouchers(createMemoryStore(), 's')
  const network = { peer: (id: string) => ([laptop, phone].map(toHex).includes(id) ? { id, root } : undefined) }
  const admissions = createAdmissions(
    { clock, vault: {} } as unknown as Parameters<typeof createAdmissions>[0],
    { network, policy: { tabMicro, prepayMicro } } as unknown as Parameters<typeof createAdmissions>[1],
    { vouchers, willing: () => true },
    60_000,
  )
  return { clock, vouchers, admissions }
}

/** What it was quoted for, and the agreement to it. */
const offer = (micro: number, now: number, from = requester) => {
  const sow = { type: 'embedding', model: 'mini', size: 64, units: micro, maxPrice: credit, redundancy: 1, priority: 'normal' } as const
  const quote = { sow: hash('s'), price: credit, stepMicro: 1, etaMs: 10, classes: ['x'], kem: hash('k'), root, certificate: new Uint8Array(64) }
  const fresh = newHire({ id: 's', swarm: 'w', requester: from, sow, kemPrivate: hash('k'), kemPublic: hash('k') }, now)
  const hire: Hire = { ...fresh, quote: { id: hash('q'), message: hash('m'), body: quote } }
  const body = {
    sow: hash('s'),
    quote: hash('q'),
    commitment: hash('c'),
    price: credit,
    units: micro,
    deadline: now + 1,
    kem: hash('r'),
    resultClass: 'x',
  }
  return {
    hire,
    body,
    agreed: { ...hire, phase: 'agreed', agreement: { id: hash('a'), body, message: hash('m'), countersign: null } } as Hire,
  }
}
const decide = (admissions: Admissions, micro: number, now: number, hires: readonly Hire[] = [], from = requester) => {
  const { hire, body } = offer(micro, now, from)
  return admissions.decide(hire, from, body, hires)
}

test('an unknown requester is asked for the whole; who has paid has a tenth of that unpaid, what is agreed on counted in', async () => {
  const { clock, vouchers, admissions } = open({ prepayMicro: 100 * credit })
  const now = clock.now()
  expect(decide(admissions, 4 * credit, now)).toEqual({ do: 'ask', total: 4 * credit })
  await vouchers.certified(requester, 4 * credit)
  expect(decide(admissions, 4 * credit, now)).toEqual({ do: 'agree' })
  await vouchers.certified(requester, 44 * credit)
  expect(decide(admissions, 48 * credit, now)).toEqual({ do: 'agree' })
  expect(decide(admissions, 48_400_001, now)).toEqual({ do: 'ask', total: 44 * credit + 1 })
  // Its credit is used up: of a second task within the tab the rest is asked for.
  vouchers.deliver(requester, 48_400_000, now).stored()
  expect(decide(admissions, 4 * credit, now, [offer(4 * credit, now).agreed])).toEqual({ do: 'ask', total: 44 * credit + 3_600_000 })
})

test('no more is asked for than this work comes to: where other work is paid for and not done, that comes first', async () => {
  const { clock, vouchers, admissions } = open()
  const now = clock.now()
  await vouchers.certified(requester, 50_000)
  const other = [offer(50_000, now).agreed]
  expect(decide(admissions, 50_000, now, other)).toEqual({ do: 'refuse', reason: 'too much to be paid ahead' })
  vouchers.deliver(requester, 50_000, now).stored()
  // 5_000 of what was delivered may stay unpaid, and as much of the tab.
  expect(decide(admissions, 50_000, now)).toEqual({ do: 'ask', total: 90_000 })
  expect(decide(admissions, 5 * credit + 5_001, now)).toEqual({ do: 'refuse', reason: 'too much to be paid ahead' })
})

test('a tab that is earned ends at the policy’s', async () => {
  const { clock, vouchers, admissions } = open({ tabMicro: 3 * credit, prepayMicro: 2_000 * credit })
  await vouchers.certified(requester, 1_000 * credit)
  expect(decide(admissions, 1_003 * credit, clock.now())).toEqual({ do: 'agree' })
  expect(decide(admissions, 1_004 * credit, clock.now())).toEqual({ do: 'ask', total: 1_001 * credit })
})

test('where nobody pays ahead nobody is asked to', () => {
  const { clock, admissions } = open({ prepayMicro: 0 })
  expect(decide(admissions, 1_000 * credit, clock.now())).toEqual({ do: 'agree' })
})

test('an identity has so many tasks an hour, whichever of its devices asks; then time brings more', async () => {
  const { clock, admissions } = open({ prepayMicro: 0 })
  for (let n = 0; n < agreementsPerRequesterAndHour; n++)
    expect(decide(admissions, 1, clock.now(), [], toHex(n % 2 ? laptop : phone)).do).toBe('agree')
  const refused = { do: 'refuse', reason: 'too many tasks within an hour' }
  expect(decide(admissions, 1, clock.now())).toEqual(refused)
  expect(decide(admissions, 1, clock.now(), [], toHex(hash('a stranger')))).toEqual({ do: 'agree' })
  await clock.advance(60_000)
  expect(decide(admissions, 1, clock.now()).do).toBe('agree')
})

test('places are an identity’s: what one device has taken its other one does not get', () => {
  const { clock, admissions } = open({ prepayMicro: 0 })
  const now = clock.now()
  const taken = Array.from({ length: agreementsPerRequesterMax }, () => offer(1, now).agreed)
  expect(decide(admissions, 1, now, taken)).toEqual({ do: 'refuse', reason: 'no place left' })
  expect(decide(admissions, 1, now, taken, toHex(phone))).toEqual({ do: 'refuse', reason: 'no place left' })
  expect(decide(admissions, 1, now, taken, toHex(hash('stranger')))).toEqual({ do: 'agree' })
})
