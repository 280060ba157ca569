/** Strangers that quote first, cheaply and in numbers do not take the places of those that a requester would choose. */
import { expect, test } from 'vitest'
import { unknown } from '../../../src/agent/personal-trust.ts'
import { createChoice } from '../../../src/agent/requester-choice.ts'
import { quotesPerBlockMax, quotesPerSowMax } from '../../../src/contract/limits.ts'
import { newTask, onEvent, type Quote, type Replica, type Task } from '../../../src/contract/requester.ts'
import { type Bytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'

const hash = (name: string): Bytes => sha256(utf8(name))
const workerOf = (name: string): string => toHex(hash(name))
const quoteOf = (name: string, price: number, receivedMs: number): Quote => {
  const body = { price, etaMs: 10, classes: ['x'], root: hash(`root of ${name}`) }
  return { id: hash(name), worker: workerOf(name), body, receivedMs } as unknown as Quote
}
const stakeMicro = 100
const inPublic = { stakeMicro, independence: 'identity-and-address', witnesses: [hash('witness')] } as const
const inPrivate = { stakeMicro: 0, independence: 'identity', witnesses: [hash('witness')] } as const

const worldOf = (policy: typeof inPublic | typeof inPrivate, redundancy = 1) => {
  const clock = createManualClock()
  const choice = createChoice(
    { clock, random: createSeededRandom('flood') },
    { policy },
    { tasks: () => [], paidAhead: () => false, experience: () => unknown },
  )
  const sowBody = { type: 'embedding', model: 'mini', size: 64, units: 1, maxPrice: 1_000, redundancy, priority: 'normal' } as const
  let task: Task = {
    ...newTask({ id: 't', job: 'j', index: 0, texts: 1, sowBody }, clock.now()),
    sow: { id: hash('sow'), message: hash('s'), expires: 60_000 },
  }
  const context = { now: clock.now(), absentSince: () => undefined, agree: () => true, nodesHere: 0, places: choice.places }
  let asked = 0
  /** As the requester does: the relays tell of whom they are asked about. */
  const say = (name: string, price: number, stakedMicro = 0, block = name): void => {
    const quote = quoteOf(name, price, clock.now())
    const heard = choice.hears(task, quote)
    if (heard === 'no') return
    if (heard === 'ask') {
      asked++
      choice.told(quote.worker, { stakedMicro, blocks: new Map([['relay', { salt: 's', labels: [block] }]]) })
    }
    task = onEvent(task, { type: 'quote', quote }, context)
  }
  return {
    clock,
    choice,
    say,
    asked: () => asked,
    places: () => task.quotes.map(({ worker }) => worker),
    picked: (count: number) => choice.pick(task, task.quotes, count).map(({ worker }) => worker),
    /** It did a task well before. */
    remember: (name: string) => {
      const replica = {
        worker: workerOf(name),
        root: toHex(hash(`root of ${name}`)),
        phase: 'closed',
        verdict: 'accepted',
      } as unknown as Replica
      choice.note(task, { ...task, replicas: [replica] })
    },
  }
}
const flood = (world: ReturnType<typeof worldOf>, count: number, price = 1): void => {
  for (let n = 0; n < count; n++) world.say(`sybil ${n}`, price)
}

test('whoever has its deposit has a place, however late and dear it is', () => {
  const world = worldOf(inPublic, 3)
  flood(world, quotesPerSowMax)
  const honest = ['ana', 'ben', 'cid']
  for (const name of honest) world.say(name, 1_000, stakeMicro)
  expect(world.places()).toHaveLength(quotesPerSowMax)
  expect(world.places()).toEqual(expect.arrayContaining(honest.map(workerOf)))
  // One of three is a newcomer's.
  expect(world.picked(3).filter((worker) => honest.map(workerOf).includes(worker))).toHaveLength(2)
})

test('newcomers have their places by lot, not by haste: of 640 about a tenth of each half', () => {
  const world = worldOf(inPublic)
  flood(world, 10 * quotesPerSowMax)
  const late = Array.from({ length: 5 * quotesPerSowMax }, (_, n) => workerOf(`sybil ${n + 5 * quotesPerSowMax}`))
  const share = world.places().filter((worker) => late.includes(worker)).length
  expect(share).toBeGreaterThan(quotesPerSowMax / 4)
  expect(share).toBeLessThan((3 * quotesPerSowMax) / 4)
  // Not more is asked for them than leaves questions for whom one hires.
  expect(world.asked()).toBeLessThanOrEqual(quotesPerSowMax + 30)
})

test('a rack of them, deposits and all, has the share of a block', () => {
  const world = worldOf(inPublic)
  for (let n = 0; n < 2 * quotesPerSowMax; n++) world.say(`rack ${n}`, 1, stakeMicro, 'rack')
  expect(world.places()).toHaveLength(quotesPerBlockMax)
})

test('where no deposit is asked, whoever worked well here before has a place', () => {
  const world = worldOf(inPrivate)
  world.remember('ana')
  flood(world, 2 * quotesPerSowMax)
  world.say('ana', 1_000)
  world.say('stranger', 1_000)
  expect(world.places()).toContain(workerOf('ana'))
  expect(world.places()).not.toContain(workerOf('stranger'))
})

test('a quote of which no use can be made any more goes first', async () => {
  const world = worldOf(inPrivate)
  flood(world, quotesPerSowMax, 500)
  await world.clock.advance(60_000)
  world.say('ana', 1_000)
  expect(world.places()).toContain(workerOf('ana'))
})
