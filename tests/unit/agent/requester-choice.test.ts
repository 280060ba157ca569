/** What a requester knows of a worker when it chooses: a silent relay changes none of it. */
import { expect, test } from 'vitest'
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
      { tasks: () => [], paidAhead: () => false },
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
    { tasks: () => [], paidAhead: () => false },
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
