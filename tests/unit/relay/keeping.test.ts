/** A relay whose owner has it keep no more than the last two checkpoints ask for, beside one that keeps everything. */
import { expect, test } from 'vitest'
import { encodeJoin, parseEntry, type ParsedEntry } from '../../../src/ledger/entry.ts'
import { dayMs } from '../../../src/ledger/checkpoint.ts'
import type { Certificate, Op } from '../../../src/ledger/types.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { claim, createPerson, next, pay, type Person } from '../ledger/fixtures.ts'
import { createRelayWorld, openRelay, type RelayWorld, settled, type TestRelay } from './fixtures.ts'

type Entries = Extract<WireMessage, readonly ['entries', unknown]>[1]

const certified = async (relay: TestRelay, who: Person, entry: ParsedEntry): Promise<Certificate> => {
  const answers = await relay.ask(who, ['certify', { entries: [entry.bytes] }])
  expect(answers.map(([type]) => type)).toEqual(['entries'])
  return (answers[0]![1] as Entries).certificate as Certificate
}

/** Ana has paid Ben twice and Cy twice, Ben has claimed nothing, and three days have passed. */
const threeDays = async (world: RelayWorld, keepDays: number | 'all') => {
  const [ana, ben, cy] = [await createPerson('ana'), await createPerson('ben'), await createPerson('cy')]
  const store = createMemoryStore()
  const relay = await openRelay(world, store, [ana, ben, cy], { keepDays })
  const [granted] = await relay.ask(ana, ['redeem', { token: await relay.invite(), join: encodeJoin(ana.join) }])
  const grant = granted![1] as Entries
  const payment = parseEntry(grant.entries[0]!)
  if (!payment.ok) throw new Error('no grant')
  const opening: Op = { op: 'claim', lines: [[payment.value.entry.author, payment.value.id, grant.certificate!]] }
  const chain: { readonly entry: ParsedEntry; readonly certificate: Certificate }[] = []
  for (const ops of [[ana.join, opening], [pay([ben, 100])], [pay([cy, 1])], [pay([ben, 120])], [pay([cy, 2])]]) {
    const entry = await next(world, ana, chain.at(-1)?.entry, ops, { time: relay.clock.now() })
    chain.push({ entry, certificate: await certified(relay, ana, entry) })
  }
  const day = async (): Promise<void> => {
    await relay.clock.advance(dayMs)
    await settled()
  }
  for (let days = 0; days < 3; days++) await day()
  return { relay, store, day, ben, chain, entries: async () => (await store.list('entries', { prefix: '' })).length }
}

test('it drops what lies before the last two checkpoints, has the same state, and takes a claim of what it dropped', async () => {
  const world = await createRelayWorld()
  const [keeping, dropping] = [await threeDays(world, 'all'), await threeDays(world, 2)]
  expect(await keeping.entries()).toBe(6)
  expect(await dropping.entries()).toBe(4)
  expect(await dropping.relay.node.ledger()).toEqual(await keeping.relay.node.ledger())

  const { ben, chain } = dropping
  const { entry: older, certificate } = chain[1]!
  const claiming = await next(world, ben, undefined, [ben.join, claim(certificate)], { time: dropping.relay.clock.now() })
  expect(await dropping.relay.ask(ben, ['certify', { entries: [claiming.bytes] }])).toMatchObject([
    ['refused', { reason: 'income-missing' }],
  ])
  await dropping.relay.ask(ben, ['entries', { entries: [older.bytes], certificate: certificate as Entries['certificate'] }])
  for (const { relay } of [keeping, dropping]) await certified(relay, ben, claiming)
  expect(await dropping.relay.node.ledger()).toEqual(await keeping.relay.node.ledger())
  expect(dropping.relay.blamed()).toEqual([])

  // Its checkpoints go on, and what was claimed last of Ana's stays with the rest.
  for (const { day } of [keeping, dropping]) for (let days = 0; days < 3; days++) await day()
  const { checkpoint, broken } = await dropping.relay.node.ledger()
  expect([checkpoint, broken]).toEqual([(await keeping.relay.node.ledger()).checkpoint, false])
  expect(await dropping.entries()).toBe(6)

  // And on its store another start finds the same.
  await dropping.relay.node.close()
  const again = await openRelay(world, dropping.store, [ben], { keepDays: 2 })
  expect(await again.node.ledger()).toEqual(await keeping.relay.node.ledger())
})
