/** Work that is to be done first: at the policy's multiple of the price, not of the units, for whoever offers it and whoever does it. */
import { expect, test } from 'vitest'
import { dearestFirst, quoteOf } from '../../../src/agent/worker-terms.ts'
import { newHire, type Hire } from '../../../src/contract/worker.ts'
import type { Priority } from '../../../src/messages/view.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent } from '../../support/memory-agents.ts'

const perText = 50_000
const listPrice = 1_000_000
const texts = Array.from({ length: 8 }, (_, i) => `text number ${i}`)

const submit = (member: MemoryAgent, priority: Priority, some = texts) =>
  member.agent().jobs.submit({ texts: some, ids: some, model: 'mini', redundancy: 1, title: 't', where: 'network', priority })

test('a job with priority costs twice as much, which is said before, and its worker is paid that for the same units', async () => {
  const swarm = await createMemorySwarm('priority')
  const [requester, worker] = [await swarm.join('requester'), await swarm.join('worker')]
  const view = () => requester.agent().view()
  await swarm.until('both have their grant and know each other', () =>
    [requester, worker].every((a) => a.agent().view().credits.earnedMicro === grantMicro && a.agent().view().peers.length === 2),
  )
  expect(view().swarm?.highPriority).toBe(2)
  const price = async (priority: Priority) => {
    const asked = await requester.agent().jobs.price(texts, 'mini', 1, priority)
    return asked.ok && [asked.value.units, asked.value.maxCostMicro]
  }
  expect([await price('normal'), await price('high')]).toEqual([
    [8 * perText, 8 * perText],
    [8 * perText, 2 * 8 * perText],
  ])

  // 6 000 texts are 300 credits, and 600 with priority.
  const many = Array.from({ length: 6_000 }, (_, i) => `text ${i}`)
  expect(await submit(requester, 'high', many)).toMatchObject({
    ok: false,
    error: { type: 'insufficient-credits', needMicro: 600_000_000 },
  })

  expect(await submit(requester, 'high')).toMatchObject({ ok: true })
  await swarm.until('it is done and paid', () => view().credits.spentMicro === 2 * 8 * perText && view().credits.owedMicro === 0)
  expect(view().jobs[0]).toMatchObject({ state: 'done', priority: 'high', costMicro: 2 * 8 * perText })
  await swarm.until('the worker has it', () => worker.agent().view().credits.earnedMicro === grantMicro + 2 * 8 * perText)
  const { accounts } = await swarm.relay().ledger()
  expect(accounts.find(({ author }) => author === requester.id)?.payees).toMatchObject([
    { payee: worker.id, total: 2 * 8 * perText, units: 8 * perText },
  ])
})

const hash = new Uint8Array(32)
const sow = (priority: Priority, maxPrice = listPrice) =>
  ({ type: 'embedding', model: 'mini', size: 64, units: 8 * perText, maxPrice, redundancy: 1, priority }) as const
const hire = (priority: Priority, maxPrice?: number): Hire =>
  newHire({ id: toHex(hash), swarm: 's', requester: 'r', sow: sow(priority, maxPrice), kemPrivate: hash, kemPublic: hash }, 0)

test('a worker asks what the sow bears, and promises dearer work sooner: it gets more turns beside what is under way', () => {
  const agreed = (price: number): Hire => ({
    ...hire('normal'),
    phase: 'received',
    agreement: { body: { price } } as NonNullable<Hire['agreement']>,
  })
  const quoted = (of: Hire) => {
    const { price, etaMs } = quoteOf(of, {
      classes: [{ model: 'mini', resultClass: 'c' }],
      hires: [agreed(listPrice), agreed(2 * listPrice)],
      msPerText: 10,
      policy: { prices: { embedding: perText }, highPriority: 2 },
      device: { root: hash, device: hash, signature: new Uint8Array(64) },
    })!
    return [price, etaMs]
  }
  expect(quoted(hire('normal'))).toEqual([listPrice, 80 * (1 + 3)])
  expect(quoted(hire('high', 2 * listPrice))).toEqual([2 * listPrice, 80 * (1 + 1.5)])
  // High in name alone: it is paid and done as anything else.
  expect(quoted(hire('high', listPrice))).toEqual([listPrice, 80 * (1 + 3)])
  expect(quoted(hire('normal', 2 * listPrice))).toEqual([listPrice, 80 * (1 + 3)])
})

test('of sows that wait for a place the best paid comes first, then whichever waited longest', () => {
  const waiting = new Map(
    Object.entries({ a: sow('normal'), b: sow('high', 2 * listPrice), c: sow('normal', 2 * listPrice), d: sow('high', 2 * listPrice) }).map(
      ([key, body]) => [key, { message: { body } }] as const,
    ),
  )
  expect(dearestFirst(waiting, 2)).toEqual(['b', 'd', 'a', 'c'])
})
