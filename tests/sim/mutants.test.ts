/**
 * The simulator can find bugs: each of these, put into the ledger by a module in its place (never by a switch in src), breaks
 * what must always hold within fifty seeds. The same seeds pass without it: tests/sim/simulate.test.ts.
 */
import { afterEach, expect, test, vi } from 'vitest'
import type * as apply from '../../src/ledger/apply.ts'
import type * as folding from '../../src/ledger/fold.ts'
import type * as replicaRecords from '../../src/ledger/replica-records.ts'
import type * as rules from '../../src/ledger/rules.ts'
import type * as verifying from '../../src/ledger/verify-entry.ts'
import type * as witnessChain from '../../src/ledger/witness-chain.ts'
import { toHex } from '../../src/lib/bytes.ts'
import type { Store } from '../../src/lib/store.ts'
import type { FaultName } from './fault-names.ts'

const seedsMax = 50
const mutable = ['rules', 'apply', 'verify-entry', 'witness-chain', 'fold', 'replica-records'].map((name) => `../../src/ledger/${name}.ts`)
const restore = async (): Promise<void> => {
  for (const path of mutable) vi.doUnmock(path)
  // Vitest does this at the next import, in no order with what is mocked by then.
  await import('./fault-names.ts')
  vi.resetModules()
}
afterEach(restore)

/** What the first of fifty seeds that breaks anything breaks. The same seed breaks nothing once the mutant is gone. */
const caught = async (faults: readonly FaultName[]): Promise<string> => {
  const run = async (seed: number) =>
    (await import('./simulate.ts')).simulate({ seed, nodes: 8, minutes: 3, kind: 'private', witnesses: 4, faults })
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { violations } = await run(seed)
    if (violations.length === 0) continue
    await restore()
    expect((await run(seed)).violations).toEqual([])
    return violations.map(({ invariant, what }) => `${invariant} ${what}`).join('\n')
  }
  return 'not caught'
}

test('a quorum of f + 1', async () => {
  vi.doMock('../../src/ledger/rules.ts', async (original) => {
    const actual = await original<typeof rules>()
    return { ...actual, quorumOf: (witnesses: number) => actual.faultyMax(witnesses) + 1 }
  })
  expect(await caught(['double-spender'])).toMatch(/too few witnesses|two certified entries/)
})

test('claims are summed', async () => {
  vi.doMock('../../src/ledger/apply.ts', async (original) => {
    const actual = await original<typeof apply>()
    const applyEntry: typeof actual.applyEntry = (rules, state, parsed, ...rest) => {
      const applied = actual.applyEntry(rules, state, parsed, ...rest)
      if (!applied.ok) return applied
      const again = [...applied.value.claimed.keys()].reduce((sum, payer) => sum + BigInt(state.claimed.get(payer)?.total ?? 0), 0n)
      return { ok: true, value: { ...applied.value, head: { ...applied.value.head, claimed: applied.value.head.claimed + again } } }
    }
    return { ...actual, applyEntry }
  })
  expect(await caught([])).toMatch(/^1 .* folds /)
})

test('a claim counts without a check of its certificate', async () => {
  vi.doMock('../../src/ledger/verify-entry.ts', async (original) => {
    const actual = await original<typeof verifying>()
    const verifyEntry: typeof actual.verifyEntry = async (...args) => {
      const verified = await actual.verifyEntry(...args)
      return !verified.ok && verified.error === 'claim-certificate' ? { ok: true, value: 'author' } : verified
    }
    return { ...actual, verifyEntry }
  })
  expect(await caught(['double-spender'])).toMatch(/too few witnesses/)
})

test('a witness forgets what it signed last', async () => {
  vi.doMock('../../src/ledger/witness-chain.ts', async (original) => {
    const actual = await original<typeof witnessChain>()
    const loadWitnessChain: typeof actual.loadWitnessChain = async (store, records, author) => {
      const { unchanged } = await actual.loadWitnessChain(store, records, author)
      const forgetful = {
        ...store,
        get: (table: string, key: string) => (table === 'signed' ? Promise.resolve(undefined) : store.get(table, key)),
      }
      return { ...(await actual.loadWitnessChain(forgetful, records, author)), unchanged }
    }
    return { ...actual, loadWitnessChain }
  })
  expect(await caught(['double-spender'])).toMatch(/signed two entries|two certified entries|does not know it/)
})

test('validity reads a verdict', async () => {
  const stores = new WeakMap<object, Store>()
  vi.doMock('../../src/ledger/replica-records.ts', async (original) => {
    const actual = await original<typeof replicaRecords>()
    const createReplicaRecords: typeof actual.createReplicaRecords = (store) => {
      const records = actual.createReplicaRecords(store)
      stores.set(records, store)
      return records
    }
    return { ...actual, createReplicaRecords }
  })
  vi.doMock('../../src/ledger/fold.ts', async (original) => {
    const actual = await original<typeof folding>()
    const foldSegment: typeof actual.foldSegment = async (deps, start, entries) => {
      const verdicts = await stores.get(deps.records)?.list('verdicts', { prefix: toHex(start.head.author) })
      if (!verdicts || verdicts.length === 0) return actual.foldSegment(deps, start, entries)
      return { ...(await actual.foldSegment(deps, start, [])), stopped: { type: 'invalid', reason: 'overdrawn' } }
    }
    return { ...actual, foldSegment }
  })
  expect(await caught(['double-spender'])).toMatch(/^[13] .*root/)
})
