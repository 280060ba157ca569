/** Chunks that come when nobody waits for them. */
import { expect, test, vi } from 'vitest'
import { unknown } from '../../../src/agent/personal-trust.ts'
import { createRequester } from '../../../src/agent/requester.ts'
import { newTask, type ReplicaPhase, type Task } from '../../../src/contract/requester.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore, type StoreValue } from '../../../src/lib/store.ts'

const collected = vi.hoisted(() => ({ bytes: 0 }))
vi.mock('../../../src/contract/chunks.ts', () => ({
  createAssembly: () => ({
    add: ({ data }: { readonly data: Uint8Array }) => {
      collected.bytes += data.length
      return 'incomplete'
    },
  }),
}))

const id = new Uint8Array(32).fill(7)
const worker = '01'.repeat(32)
const nothing = (): void => {}

const requesterWith = async (phase: ReplicaPhase) => {
  const sowBody = { type: 'embedding', model: 'mini', size: 64, units: 1, maxPrice: 1, redundancy: 1, priority: 'normal' } as const
  const fresh = newTask({ id: 'j/0', job: 'j', index: 0, texts: 1, sowBody }, 0)
  const replica = { worker, root: worker, phase, verdict: null, agreement: { id, message: id }, outputHash: null, settledMs: 1 }
  const task = { ...fresh, phase: 'working', replicas: [replica] } as unknown as Task
  const store = createMemoryStore()
  await store.commit([{ table: 'tasks', key: task.id, value: task as unknown as StoreValue }])
  const deps = { clock: createManualClock(), random: createSeededRandom(1), store } as unknown as Parameters<typeof createRequester>[0]
  const requester = createRequester(
    deps,
    { policy: { stakeMicro: 0, witnesses: [id] } } as unknown as Parameters<typeof createRequester>[1],
    {
      payloadOf: async () => ({ model: 'mini', texts: ['x'] }),
      owns: () => true,
      mayHire: () => true,
      onTask: nothing,
      writesFor: () => [],
      wrong: async () => ({ writes: [], stored: nothing }),
      onOwed: nothing,
      onReserved: nothing,
      trust: { of: () => unknown, refresh: async () => {} },
      standingOf: async () => undefined,
      paidAhead: () => false,
    },
  )
  await requester.resume()
  return requester
}

const chunkBytes = 48 * 1024
test.each<[ReplicaPhase, number]>([
  ['proposed', chunkBytes],
  ['agreed', chunkBytes],
  ['cancelled', 0],
  ['missing', 0],
  ['refused', 0],
  ['rejected', 0],
  ['closed', 0],
])('of a contract that is %s, %i bytes of a chunk are collected', async (phase, bytes) => {
  const requester = await requesterWith(phase)
  collected.bytes = 0
  await requester.onChunk(worker, { agreement: id, direction: 1, index: 1, last: false, enc: null, data: new Uint8Array(chunkBytes) })
  expect(collected.bytes).toBe(bytes)
})
