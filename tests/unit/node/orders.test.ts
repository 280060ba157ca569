/** Orders as files: what is done once, what is said in the log, and what never is. */
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createManualClock } from '../../../src/lib/clock.ts'
import { ok } from '../../../src/lib/result.ts'
import { type Order, type OrderAnswer, serveOrders } from '../../../src/node/orders.ts'

const link = 'edgenet:1:with-its-secret'
const invite: Order = { do: 'invite', uses: 1 }
let data: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'edge-net-orders-'))
  await mkdir(join(data, 'orders'))
})
afterEach(() => rm(data, { recursive: true, force: true }))

const files = () => readdir(join(data, 'orders'))
/** One look by a relay at an order that was written so long ago. */
const served = async (
  order: Order,
  agoMs: number,
  carryOut: (order: Order, clock: ReturnType<typeof createManualClock>) => Promise<OrderAnswer>,
): Promise<{ readonly log: readonly string[]; readonly done: number }> => {
  const clock = createManualClock()
  const [log, file, at] = [[] as string[], join(data, 'orders', 'a.json'), new Date(clock.now() - agoMs)]
  await writeFile(file, JSON.stringify(order))
  await utimes(file, at, at)
  let done = 0
  const stop = serveOrders(
    data,
    clock,
    (line) => void log.push(line),
    (asked) => {
      done++
      return carryOut(asked, clock)
    },
  )
  await stop()
  return { log, done }
}

test('in time an invite is made and answered', async () => {
  expect(await served(invite, 0, async () => ok([link]))).toEqual({ log: [], done: 1 })
  expect(await files()).toEqual(['a.answer'])
  expect(await readFile(join(data, 'orders', 'a.answer'), 'utf8')).toContain(link)
})

test('one whose asker has given up is not made, and no link is logged', async () => {
  const { log, done } = await served(invite, 10_001, async () => ok([link]))
  expect([log, done]).toEqual([['an order came too late, nothing was done: invite'], 0])
  expect(await files()).toEqual([])
})

test('nor is the link of one that took too long', async () => {
  const { log } = await served(invite, 0, async (_, clock) => {
    await clock.advance(10_001)
    return ok([link])
  })
  expect(log).toEqual(['an order was answered too late, ask again: invite'])
  expect(await files()).toEqual([])
})

test('killed while it makes an invite, a relay makes no second one at its next start', async () => {
  await served(invite, 0, () => Promise.reject(new Error('killed')))
  expect(await files()).toEqual([])
})

test('what waits for a relay to start is done however late, and logged', async () => {
  const { log, done } = await served({ do: 'revoke', token: '00'.repeat(16) }, 60_000, async () => ok(['revoked']))
  expect([log, done]).toEqual([['as was asked: revoked'], 1])
  expect(await files()).toEqual([])
})
