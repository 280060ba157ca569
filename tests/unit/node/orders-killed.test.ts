/** A relay killed at any step of an order that waits for it: it is done once, by whatever is there at the next start. */
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startRelayNotices } from '../../../src/agent/relay-notices.ts'
import { createPolicy } from '../../../src/economy/policy-codec.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import type { Network } from '../../../src/network/network.ts'
import { type Order, serveOrders } from '../../../src/node/orders.ts'
import { carryOut } from '../../../src/node/relay-orders.ts'
import { mini } from '../../../src/tasks/models.ts'
import { signerOf, verifier } from '../ledger/fixtures.ts'

const founder = signerOf('founder')
const random = createSeededRandom('orders')
const policy = createPolicy(
  { random, now: 0 },
  {
    name: 'friends',
    founder: founder.publicKey,
    witnesses: [signerOf('witness').publicKey],
    issuer: signerOf('issuer').publicKey,
    models: [mini],
    grantMicro: 1_000_000,
  },
)
const alone = { ground: () => {}, peers: () => [], onPeer: () => () => {}, onMessage: () => () => {} } as unknown as Network

let data: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'edge-net-killed-'))
  await mkdir(join(data, 'orders'))
})
afterEach(() => rm(data, { recursive: true, force: true }))

const files = () => readdir(join(data, 'orders'))
/** Given so many seconds after the others. */
const give = async (name: string, order: Order, second = 0): Promise<void> => {
  const file = join(data, 'orders', `${name}.json`)
  await writeFile(file, JSON.stringify(order))
  await utimes(file, second, second)
}

type Step = 'before' | 'after'
/** From the kill on nothing is done any more. */
interface Kill {
  readonly commit?: readonly [number, Step]
  readonly answer?: true
}
/** One look of a relay that is started on this store, and killed there. */
const look = async (disk: Store, kill: Kill = {}) => {
  const clock = createManualClock(1_000_000)
  let [commits, dead] = [0, false]
  const die = (): never => {
    dead = true
    throw new Error('killed')
  }
  const store: Store = {
    ...disk,
    commit: async (...batch) => {
      const step = commits++ === kill.commit?.[0] ? kill.commit[1] : undefined
      if (dead || step === 'before') die()
      const done = await disk.commit(...batch)
      return step === 'after' ? die() : done
    },
  }
  const notices = await startRelayNotices({ clock, verifier, network: alone, policy, store })
  const log: string[] = []
  const owner = { clock, store, policy, notices, founder, issuer: undefined, judge: async () => true, link: {} as never }
  const stop = serveOrders(
    data,
    clock,
    (line) => void log.push(line),
    async (order, name) => {
      const done = await carryOut(owner, order, name)
      return kill.answer ? die() : done
    },
  )
  await stop()
  return { notices, log }
}

const kills: readonly Kill[] = [
  ...[0, 1].flatMap((n) => (['before', 'after'] as const).map((step): Kill => ({ commit: [n, step] }))),
  { answer: true },
]
test.each(kills)('a change is one notice, killed at %j', async (kill) => {
  const disk = createMemoryStore()
  await give('a', { do: 'change', stepMicro: 80_000 })
  await look(disk, kill)
  expect(await files()).toEqual(['a.json'])
  const { notices, log } = await look(disk)
  expect([notices.version(), notices.contradicted()]).toEqual([1, false])
  expect(log).toContain('as was asked: notice 1')
  expect(await files()).toEqual([])
  expect(notices.terms().prices.embedding).toBe(80_000)
})

test('an earlier change that had its effect does not undo a later one', async () => {
  const disk = createMemoryStore()
  await give('z', { do: 'change', stepMicro: 80_000 }, 1)
  await look(disk, { answer: true })
  await give('a', { do: 'change', stepMicro: 90_000 }, 2)
  const { notices } = await look(disk)
  expect([notices.version(), notices.terms().prices.embedding]).toEqual([2, 90_000])
})

test('one whose answer was taken away before the order itself was is not done again', async () => {
  const disk = createMemoryStore()
  const order: Order = { do: 'change', stepMicro: 80_000 }
  await give('a', order)
  await look(disk)
  await give('a', order)
  expect((await look(disk)).notices.version()).toBe(1)
})

test('what waits is done as it was given, and nothing stays noted of what is gone', async () => {
  const disk = createMemoryStore()
  for (const [i, name] of ['c', 'a', 'b'].entries()) await give(name, { do: 'change', stepMicro: 10_000 * (i + 1) }, i)
  const { notices } = await look(disk)
  expect([notices.version(), notices.terms().prices.embedding]).toEqual([3, 30_000])
  await give('d', { do: 'change', stepMicro: 40_000 })
  await look(disk)
  expect((await disk.list('orders')).map(([key]) => key)).toEqual(['d'])
})

test('a change that cannot be done now is done before the later ones, and nothing else waits for it', async () => {
  const disk = createMemoryStore()
  await give('a', { do: 'change', stepMicro: 80_000 }, 1)
  await give('b', { do: 'change', stepMicro: 90_000 }, 2)
  await give('c', { do: 'close', account: '07'.repeat(32), reason: 'Malicious' }, 3)
  let failed = false
  const flaky: Store = {
    ...disk,
    get: async (table, key) => {
      if (table !== 'orders' || failed) return disk.get(table, key)
      failed = true
      throw new Error('EIO')
    },
  }
  const first = await look(flaky)
  expect([first.notices.version(), await files()]).toEqual([0, ['a.json', 'b.json']])
  const { notices } = await look(disk)
  expect([notices.version(), notices.terms().prices.embedding, await files()]).toEqual([2, 90_000, []])
})
