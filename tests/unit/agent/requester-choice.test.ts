/** What a requester knows of a worker when it chooses: a silent relay changes none of it. */
import { expect, test } from 'vitest'
import { type Experience, unknown } from '../../../src/agent/personal-trust.ts'
import { createChoice } from '../../../src/agent/requester-choice.ts'
import { newTask, type Quote, type Replica } from '../../../src/contract/requester.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'

const hash = (name: string) => sha256(utf8(name))
const stakeMicro = 100
const inPrivate = { stakeMicro: 0, independence: 'identity', witnesses: [hash('witness')] } as const
const workers = ['a', 'b', 'c'].map((name) => toHex(hash(name)))

test('a known stake is not taken away because no relay could tell', () => {
  const clock = createManualClock()
  const quotes = workers.map((worker) => {
    const body = { price: 1, etaMs: 10, classes: ['x'], root: hash(`root of ${worker}`) }
    return { id: hash(worker), worker, body, receivedMs: 0 } as unknown as Quote
  })
  // Of one replica those with a stake come first; where nobody has any, one is drawn.
  const sowBody = { type: 'embedding', model: 'mini', size: 64, units: 1, maxPrice: 1, redundancy: 1, priority: 'normal' } as const
  const task = newTask({ id: 't', job: 'j', index: 0, texts: 1, sowBody }, clock.now())
  for (const worker of workers) {
    const choice = createChoice(
      { clock, random: createSeededRandom('choice') },
      { policy: { ...inPrivate, stakeMicro } },
      { tasks: () => [], paidAhead: () => false, experience: () => unknown },
    )
    choice.told(worker, { stakedMicro: stakeMicro, blocks: new Map() })
    choice.told(worker, undefined)
    expect(choice.pick(task, quotes, 1).map((quote) => quote.worker)).toEqual([worker])
  }
})

test('who failed is not hired from its other device either', () => {
  const clock = createManualClock()
  const choice = createChoice(
    { clock, random: createSeededRandom('choice') },
    { policy: inPrivate },
    { tasks: () => [], paidAhead: () => false, experience: () => unknown },
  )
  const quoteOf = (worker: string, root: string, price: number) => {
    const body = { price, etaMs: 10, classes: ['x'], root: hash(root) }
    return { id: hash(worker), worker: toHex(hash(worker)), body, receivedMs: 0 } as unknown as Quote
  }
  const quotes = [quoteOf('laptop', 'ana', 1), quoteOf('phone', 'ana', 1), quoteOf('other', 'ben', 1_000)]
  const sowBody = { type: 'embedding', model: 'mini', size: 64, units: 1, maxPrice: 1, redundancy: 1, priority: 'normal' } as const
  const task = newTask({ id: 't', job: 'j', index: 0, texts: 1, sowBody }, clock.now())
  const picked = () => choice.pick(task, quotes, 1).map(({ worker }) => worker)
  const replica = { worker: quotes[0]!.worker, root: toHex(hash('ana')), phase: 'missing', verdict: null } as unknown as Replica
  expect(picked()).toEqual([quotes[0]!.worker])
  choice.note(task, { ...task, replicas: [replica] })
  expect(picked()).toEqual([quotes[2]!.worker])
})

test('a relay begins anew while a task is worked on: whoever works there is asked about again, and can be told from the others', async () => {
  const clock = createManualClock()
  const choice = createChoice(
    { clock, random: createSeededRandom('choice') },
    { policy: { ...inPrivate, independence: 'identity-and-address' } },
    { tasks: () => [], paidAhead: () => false, experience: () => unknown },
  )
  const [working, other, same] = workers as [string, string, string]
  const seen = (salt: string, label: string) => ({ stakedMicro: 0, blocks: new Map([['relay', { salt, labels: [`${salt} ${label}`] }]]) })
  const quotes = [other, same].map((worker) => {
    const body = { price: 1, etaMs: 10, classes: ['x'], root: hash(`root of ${worker}`) }
    return { id: hash(worker), worker, body, receivedMs: 0 } as unknown as Quote
  })
  const sowBody = { type: 'embedding', model: 'mini', size: 64, units: 1, maxPrice: 1, redundancy: 2, priority: 'normal' } as const
  const replica = {
    worker: working,
    root: toHex(hash('root of it')),
    phase: 'agreed',
    verdict: null,
    outputHash: null,
  } as unknown as Replica
  const fresh = newTask({ id: 't', job: 'j', index: 0, texts: 1, sowBody }, clock.now())
  const task = { ...fresh, replicas: [replica], quotes }
  choice.told(working, seen('old', 'one'))
  await clock.advance(40_000)
  expect(choice.unplaced({ ...task, quotes: [] })).toEqual([])
  choice.told(other, seen('new', 'two'))
  choice.told(same, seen('new', 'one'))
  expect(choice.pick(task, quotes, 1)).toEqual([])
  expect(choice.unplaced(task)).toEqual([working])
  choice.told(working, seen('new', 'one'))
  expect(choice.unplaced(task)).toEqual([])
  expect(choice.pick(task, quotes, 2).map(({ worker }) => worker)).toEqual([other])
})

test('a relay that changes its labels with every word has those at work asked about once in a while', async () => {
  const clock = createManualClock()
  const choice = createChoice(
    { clock, random: createSeededRandom('choice') },
    { policy: { ...inPrivate, independence: 'identity-and-address' } },
    { tasks: () => [], paidAhead: () => false, experience: () => unknown },
  )
  const [working, quoting] = workers as [string, string]
  const sowBody = { type: 'embedding', model: 'mini', size: 64, units: 1, maxPrice: 1, redundancy: 2, priority: 'normal' } as const
  const replica = { worker: working, phase: 'agreed', verdict: null, outputHash: null } as unknown as Replica
  const fresh = newTask({ id: 't', job: 'j', index: 0, texts: 1, sowBody }, clock.now())
  const task = { ...fresh, replicas: [replica], quotes: [{ worker: quoting } as unknown as Quote] }
  let told = 0
  const tell = (worker: string): void =>
    choice.told(worker, { stakedMicro: 0, blocks: new Map([['relay', { salt: `${told++}`, labels: ['x'] }]]) })
  tell(working)
  let asked = 0
  for (let second = 0; second < 300; second++) {
    await clock.advance(1_000)
    tell(quoting)
    for (const worker of choice.unplaced(task)) {
      expect(worker).toBe(working)
      tell(worker)
      asked++
    }
  }
  expect(asked).toBe(10)
})

test('among those unknown here the one that is well spoken of is taken first; own results count more than any word', () => {
  const clock = createManualClock()
  const told = new Map<string, Pick<Experience, 'own' | 'prior'>>()
  const choiceIn = (stake: number) =>
    createChoice(
      { clock, random: createSeededRandom('choice') },
      { policy: { ...inPrivate, stakeMicro: stake } },
      { tasks: () => [], paidAhead: () => false, experience: (worker) => told.get(worker) ?? unknown },
    )
  const quotes = workers.map((worker) => {
    const body = { price: 1, etaMs: 10, classes: ['x'], root: hash(`root of ${worker}`) }
    return { id: hash(worker), worker, body, receivedMs: 0 } as unknown as Quote
  })
  const sowBody = { type: 'embedding', model: 'mini', size: 64, units: 1, maxPrice: 1, redundancy: 3, priority: 'normal' } as const
  const task = newTask({ id: 't', job: 'j', index: 0, texts: 1, sowBody }, clock.now())
  const [a, b, c] = workers as [string, string, string]
  const first = (stake = 0) => choiceIn(stake).pick(task, quotes, 1)[0]!.worker
  told.set(c, { own: { ok: 0, bad: 0 }, prior: 0.9 })
  expect(first()).toBe(c)
  told.set(b, { own: { ok: 30, bad: 0 }, prior: 0.5 })
  expect(first()).toBe(b)
  told.set(b, { own: { ok: 0, bad: 10 }, prior: 1 })
  told.set(a, { own: { ok: 0, bad: 0 }, prior: 0.7 })
  expect(
    choiceIn(0)
      .pick(task, quotes, 3)
      .map(({ worker }) => worker),
  ).toEqual([c, a, b])
  // On probation by turns one that somebody vouches for: here the only one.
  expect(first(stakeMicro)).toBe(c)
})
