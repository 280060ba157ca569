/** Of whom a requester asks the relays: anyone may answer a sow, under ever new names. */
import { expect, test } from 'vitest'
import { unknown } from '../../../src/agent/personal-trust.ts'
import { createRequester } from '../../../src/agent/requester.ts'
import { quotesPerSowMax } from '../../../src/contract/limits.ts'
import type { AnySigned } from '../../../src/contract/messages.ts'
import { newTask, type Task } from '../../../src/contract/requester.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore, type StoreValue } from '../../../src/lib/store.ts'

const hash = (name: string) => sha256(utf8(name))
const maxPrice = 1_000

const requesterWith = async (phase: Task['phase']) => {
  const asked: string[] = []
  const sowBody = { type: 'embedding', model: 'mini', size: 64, units: 1, maxPrice, redundancy: 1, priority: 'normal' } as const
  const fresh = newTask({ id: 'j/0', job: 'j', index: 0, texts: 1, sowBody }, 0)
  const agreement = { id: hash('agreement'), message: hash('agreement') }
  const working = { worker: '01'.repeat(32), root: '01'.repeat(32), phase: 'agreed', agreement, payloadFrom: null, outputHash: null }
  const sow = { id: hash('sow'), message: hash('sow'), expires: 60_000 }
  const task = { ...fresh, phase, sow, replicas: [working] } as unknown as Task
  const store = createMemoryStore()
  await store.commit([{ table: 'tasks', key: task.id, value: task as unknown as StoreValue }])
  const requester = createRequester(
    { clock: createManualClock(), random: createSeededRandom(1), store } as unknown as Parameters<typeof createRequester>[0],
    { policy: { stakeMicro: 100, witnesses: [hash('w')] }, network: { peers: () => [] } } as unknown as Parameters<
      typeof createRequester
    >[1],
    {
      payloadOf: async () => ({ model: 'mini', texts: ['x'] }),
      owns: () => true,
      mayHire: () => true,
      onTask: () => {},
      writesFor: () => [],
      wrong: async () => ({ writes: [], stored: () => {} }),
      onOwed: () => {},
      onReserved: () => {},
      trust: { of: () => unknown, refresh: async () => {} },
      standingOf: async (worker) => void asked.push(worker),
      paidAhead: () => false,
    },
  )
  await requester.resume()
  const quote = (name: string, price: number): Promise<void> => {
    const body = { sow: sow.id, price, etaMs: 10, classes: ['x'], root: hash(`root of ${name}`) }
    const message = { kind: 'quote', from: hash(name), body } as unknown as AnySigned
    return requester.onSigned(message, hash(`quote of ${name}`), hash('bytes'), toHex(hash(name)))
  }
  return { asked, quote, task: async () => (await store.get('tasks', task.id)) as unknown as Task }
}

test('about as many as it keeps the quotes of and some more, and about these whenever they say it again', async () => {
  const { asked, quote, task } = await requesterWith('working')
  for (let n = 0; n < 10 * quotesPerSowMax; n++) await quote(`${n}`, 1)
  // Beyond the places a few: who comes later may be better.
  expect(asked.slice(0, quotesPerSowMax)).toEqual(Array.from({ length: quotesPerSowMax }, (_, n) => toHex(hash(`${n}`))))
  expect(asked).toHaveLength(quotesPerSowMax + 30)
  const kept = (await task()).quotes[0]!.worker
  await quote(
    Array.from({ length: 10 * quotesPerSowMax }, (_, n) => `${n}`).find((name) => toHex(hash(name)) === kept)!,
    2,
  )
  expect(asked.at(-1)).toBe(kept)
})

test('not about who is too dear, and about nobody once the task is over', async () => {
  const { asked, quote } = await requesterWith('working')
  await quote('dear', maxPrice + 1)
  expect(asked).toEqual([])
  const over = await requesterWith('cancelled')
  await over.quote('late', 1)
  expect(over.asked).toEqual([])
})
