/** What entries say of workers' results outlives their being claimed, and fades. */
import { expect, test } from 'vitest'
import { halfLifeMs } from '../../../src/economy/tally.ts'
import type { PayLine } from '../../../src/ledger/types.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import { linesMax, payersMax, reportsIn, reportWrites } from '../../../src/vault/reports.ts'
import { agreementBody, createWorld, credit, enrol, line, must, named, sowBody } from '../../support/vault-world.ts'

const key = (name: string) => named(name).publicKey
const inOrder = (lines: readonly PayLine[]) => lines.toSorted(([a], [b]) => (toHex(a) < toHex(b) ? -1 : 1))
const startMs = 1_700_000_000_000
const expires = startMs + 60_000
/** An entry as far as its reports go. */
const entryOf = (payer: string, time: number, lines: readonly PayLine[]) =>
  ({ entry: { author: key(payer), time, ops: [{ op: 'pay', lines }] } }) as unknown as Parameters<typeof reportWrites>[1][number]
const take = async (store: Store, ...[entries, nowMs]: [Parameters<typeof reportWrites>[1], number]): Promise<void> =>
  void (await store.commit(await reportWrites(store, entries, nowMs)))

test('whom we have paid is heard of others once its payment is claimed and certified; whom we have not is not', async () => {
  const world = await createWorld()
  const vault = await world.open(createMemoryStore())
  await enrol(world, vault, 500 * credit)
  const device = (await vault.status()).device.device
  const payers = { ana: world.payer('ana'), stranger: world.payer('stranger') }
  const claim = async (name: keyof typeof payers, total: number, beside: readonly PayLine[]) => {
    const { pending } = await must(vault, `claim ${name} ${total}`, 'claim', {
      incomes: [await payers[name](inOrder([line(device, total), ...beside]))],
    })
    await must(vault, `certified ${name} ${total}`, 'certified', { certificate: await world.certify(pending.at(-1)!) })
  }
  await claim('stranger', credit, [[key('ben'), credit, 10, 3, 1]])
  await claim('ana', credit, [[key('ben'), credit, 10, 3, 1]])
  expect((await must(vault, 'r', 'reports', {})).reports).toEqual([])

  const payee = key('ana')
  const { id: sow } = await must(vault, 'sow', 'sign', { kind: 'sow', to: null, expires, body: sowBody(1_000, { redundancy: 1 }) })
  const body = agreementBody(sow, 1_000, 1_000_000)
  const { id: agreement } = await must(vault, 'agree', 'sign', { kind: 'agreement', to: payee, expires, body })
  await must(vault, 'reward', 'reward', { sow, agreement, payee, accepted: true, expires })
  const { pending } = await must(vault, 'settle', 'settle', {})
  await must(vault, 'settled', 'certified', { certificate: await world.certify(pending.at(-1)!) })
  await claim('ana', 2 * credit, [[key('ben'), 2 * credit, 20, 4, 1]])
  const { reports } = await must(vault, 'r', 'reports', {})
  const said = reports.map(({ payer, payee, tally }) => [toHex(payer), toHex(payee), tally.ok, tally.bad])
  expect(said).toContainEqual([toHex(device), toHex(payee), 1, 0])
  expect(said).toContainEqual([toHex(payee), toHex(key('ben')), 4, 1])
})

test('several entries of one payer that come at once are all heard', async () => {
  const store = createMemoryStore()
  await take(
    store,
    [entryOf('me', startMs, [[key('ana'), credit, 5, 2, 0]]), entryOf('me', startMs, [[key('cy'), credit, 5, 0, 1]])],
    startMs,
  )
  expect((await reportsIn(store)).map(({ payee, tally }) => [toHex(payee), tally.ok, tally.bad])).toEqual([
    [toHex(key('ana')), 2, 0],
    [toHex(key('cy')), 0, 1],
  ])
})

test('only what is new counts, as of its date: the rest has faded', async () => {
  const store = createMemoryStore()
  const old = [entryOf('ana', startMs, [[key('ben'), credit, 5, 8, 4]])]
  await take(store, old, startMs)
  await take(store, old, startMs + halfLifeMs)
  await take(store, [entryOf('ana', startMs + halfLifeMs, [[key('ben'), 2 * credit, 5, 9, 4]])], startMs + halfLifeMs)
  expect(await reportsIn(store)).toEqual([
    { payer: key('ana'), payee: key('ben'), micro: 2 * credit, tally: { ok: 5, bad: 2, asOfMs: startMs + halfLifeMs } },
  ])
  // Grants say nothing, and figures beyond all measure are kept as what can be kept.
  await take(store, [entryOf('issuer', startMs, [[key('ben'), credit, 0, 0, 0]])], startMs)
  await take(store, [entryOf('cy', startMs, [[key('ben'), credit, 5, Number.MAX_SAFE_INTEGER, 0]])], startMs)
  const reports = await reportsIn(store)
  expect(reports.map(({ payer }) => toHex(payer)).sort()).toEqual([key('ana'), key('cy')].map(toHex).sort())
  expect(Math.max(...reports.map(({ tally }) => tally.ok))).toBe(1_000_000)
})

test('so many payers and lines of one are kept: who has said nothing for longest goes', async () => {
  const store = createMemoryStore()
  for (let n = 0; n < payersMax + 2; n++) await take(store, [entryOf(`payer ${n}`, startMs, [[key('ben'), 1, 1, 1, 0]])], startMs + n)
  const payers = new Set((await reportsIn(store)).map(({ payer }) => toHex(payer)))
  expect([payers.size, payers.has(toHex(key('payer 0'))), payers.has(toHex(key('payer 2')))]).toEqual([payersMax, false, true])
  const many = Array.from({ length: linesMax + 9 }, (_, n): PayLine => [key(`worker ${n}`), 1, 1, 1, 0])
  await take(store, [entryOf('ana', startMs, many)], startMs + 10 * payersMax)
  expect((await reportsIn(store)).filter(({ payer }) => toHex(payer) === toHex(key('ana')))).toHaveLength(linesMax)
})
