import { expect, test } from 'vitest'
import { emptyChain } from '../../../src/ledger/chain-state.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { reportsIn, reportsMax } from '../../../src/vault/reports.ts'
import { createWorld, credit, enrol, line, must, named } from '../../support/vault-world.ts'

test("others' entries that pay us say what they paid whom for beside us; grants say nothing", async () => {
  const world = await createWorld()
  const vault = await world.open(createMemoryStore())
  await enrol(world, vault, 5 * credit)
  const { device } = (await vault.status()).device
  const [ben, cy] = [named('ben').publicKey, named('cy').publicKey]
  const granted = await must(vault, 'r', 'reports', {})
  expect(granted.reports.filter(({ payee }) => toHex(payee) !== toHex(device))).toEqual([])
  const lines = [line(device, credit), [ben, 2 * credit, 10, 3, 1] as const, [cy, credit, 0, 0, 0] as const]
  await must(vault, 'claim', 'claim', { incomes: [await world.payer('ana')(lines.toSorted(([a], [b]) => (toHex(a) < toHex(b) ? -1 : 1)))] })
  const { reports } = await must(vault, 'r', 'reports', {})
  const beside = reports.filter(({ payer, payee }) => toHex(payer) === toHex(named('ana').publicKey) && toHex(payee) !== toHex(device))
  expect(beside).toEqual([
    { payer: named('ana').publicKey, payee: ben, micro: 2 * credit, ok: 3, bad: 1, atMs: expect.any(Number) as number },
  ])
})

test('own lines stand first, as many as are told; a damaged record is passed over', async () => {
  const author = named('me').publicKey
  const empty = emptyChain(author)
  const figures = { total: 7, units: 1, ok: 1, bad: 0 }
  const paid = new Map(Array.from({ length: reportsMax + 5 }, (_, n) => [n.toString(16).padStart(64, '0'), figures] as const))
  const store = createMemoryStore()
  await store.commit([{ table: 'incomes', key: 'x', value: { entry: new Uint8Array(3), certificate: null } }])
  const reports = await reportsIn(store, { ...empty, paid })
  expect(reports).toHaveLength(reportsMax)
  expect(reports[0]).toEqual({ payer: author, payee: new Uint8Array(32), micro: 7, ok: 1, bad: 0, atMs: null })
})
