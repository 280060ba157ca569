import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Op } from '../../../src/ledger/types.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { statementOf } from '../../../src/vault/statement.ts'
import { createWorld, credit, enrol, line, must } from '../../support/vault-world.ts'
import * as ledger from '../ledger/fixtures.ts'

test('lines add up to what is free to spend, whatever was paid, deposited and taken back', async () => {
  const world = await ledger.createWorld()
  const people = await Promise.all(['ben', 'cy', 'di'].map(ledger.createPerson))
  const ana = await ledger.createPerson('ana')
  const step = fc.oneof(fc.record({ pays: fc.nat(2), more: fc.integer({ min: 1, max: 500 }) }), fc.record({ stakes: fc.nat(1_000) }))
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const totals = [0, 0, 0]
      let [spent, staked] = [0, 0]
      const entries = []
      let last = await ledger.next(world, ana, undefined, [ana.join])
      entries.push(last)
      for (const made of steps) {
        let op: Op
        if ('pays' in made) {
          totals[made.pays]! += made.more
          spent += made.more
          op = ledger.pay([people[made.pays]!, totals[made.pays]!])
        } else {
          staked = made.stakes
          op = { op: 'stake', amount: staked }
        }
        last = await ledger.next(world, ana, last, [op])
        entries.push(last)
      }
      const lines = await statementOf(entries, async () => undefined)
      expect(lines.reduce((sum, { micro }) => sum + micro, 0)).toBe(0 - spent - staked)
      expect(lines.map(({ seq }) => seq)).toEqual(entries.map(({ entry }) => entry.seq))
    }),
    { numRuns: 30 },
  )
})

test('incomes are told by what they added, and waiting entries by the certified number', async () => {
  const world = await createWorld()
  const vault = await world.open(createMemoryStore())
  await enrol(world, vault)
  const { device } = (await vault.status()).device
  expect(await must(vault, 's', 'statement', { before: null })).toEqual({ lines: [], certified: -1, more: false })
  const issuer = world.payer('issuer')
  for (const total of [5, 8]) {
    const { pending } = await must(vault, `claim ${total}`, 'claim', { incomes: [await issuer([line(device, total * credit)])] })
    if (total === 5) await must(vault, 'certified', 'certified', { certificate: await world.certify(pending[0]!) })
  }
  const statement = await must(vault, 's', 'statement', { before: null })
  expect(statement).toMatchObject({ certified: 0, more: false })
  expect(statement.lines.map(({ seq, kind, micro }) => [seq, kind, micro])).toEqual([
    [0, 'joined', 0],
    [0, 'received', 5 * credit],
    [1, 'received', 3 * credit],
  ])
  expect((await must(vault, 's', 'statement', { before: 1 })).lines.map(({ seq }) => seq)).toEqual([0, 0])
  expect(await must(vault, 'p', 'entryProof', { seq: 1 })).toBeNull()
  expect((await must(vault, 'p', 'entryProof', { seq: 0 }))?.entries).toHaveLength(1)
})

test('every operation has its line: weight as of then, what is said of whom, the hour that was settled', async () => {
  const world = await ledger.createWorld()
  const [ana, ben] = await Promise.all([ledger.createPerson('ana'), ledger.createPerson('ben')])
  const join = await ledger.next(world, ana, undefined, [ana.join])
  const first = await ledger.next(world, ana, join, [
    { op: 'stake', amount: 90 },
    ledger.delegate([ben, 50]),
    ledger.attest(ben, 'works well'),
    ledger.settle(7),
  ])
  const second = await ledger.next(world, ana, first, [
    { op: 'revoke', entry: first.id, index: 2 },
    ledger.delegate([ben, 20]),
    { op: 'stake', amount: 30 },
  ])
  const party = toHex(ben.device.publicKey)
  const lines = await statementOf([join, first, second], async () => undefined)
  expect(lines.map(({ id: _id, time: _time, ...line }) => line)).toEqual([
    { seq: 0, kind: 'joined', party: null, micro: 0 },
    { seq: 1, kind: 'staked', party: null, micro: -90 },
    { seq: 1, kind: 'lent', party, micro: 0, weightMicro: 50 },
    { seq: 1, kind: 'attested', party, micro: 0, claim: 'works well' },
    { seq: 1, kind: 'settled', party: null, micro: 0, epoch: 7 },
    { seq: 2, kind: 'revoked', party, micro: 0, claim: 'works well' },
    { seq: 2, kind: 'unlent', party, micro: 0, weightMicro: 20 },
    { seq: 2, kind: 'unstaked', party: null, micro: 60 },
  ])
})
