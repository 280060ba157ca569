/** The founder's list of members: read once at a time, and what is noted for it has an end. */
import { expect, test } from 'vitest'
import { createFounderRoll } from '../../../src/agent/founder-roll.ts'
import { type Bytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import { settled } from '../relay/fixtures.ts'

const key = (n: number): Bytes => new Uint8Array(32).fill(n)
const target = key(7)
const setUp = (store: Store = createMemoryStore()) => {
  let found: readonly object[] = []
  const peers: { readonly id: string; readonly root: Bytes; readonly role: 'node' }[] = []
  const node = {
    ledger: async () => ({
      accounts: [{ author: toHex(target), identity: toHex(target), role: 'member', balance: 5, payees: [] }],
      verdicts: [],
    }),
    judgements: async () => found,
    judge: async (account: Bytes, reason: string) => {
      found = [{ target: account, reason, signed: 1 }]
      return true
    },
  } as never
  const clock = createManualClock(1_000)
  const roll = createFounderRoll({
    ...{ clock, store, needed: 1, blocked: () => [], changed: () => {} },
    self: { device: key(1), root: key(2) },
    issuer: key(3),
    peers: () => peers,
  })
  return { roll, node, peers, clock, closing: () => roll.members()[0]?.accounts[0]?.closing }
}

test('what is read earlier does not stand over what is read later', async () => {
  const store = createMemoryStore()
  let goOn: (() => void) | undefined
  const slow: Store = {
    ...store,
    list: async (...which) => {
      if (!goOn) await new Promise<void>((resolve) => (goOn = resolve))
      return store.list(...which)
    },
  }
  const { roll, node, closing } = setUp(slow)
  const reading = roll.read(node)
  await expect.poll(() => goOn).toBeDefined()
  const judged = roll.judge(node, target, 'Malicious')
  // Time for all that does not wait for the first.
  await settled()
  goOn!()
  expect(await judged).toEqual({ ok: true, value: undefined })
  await reading
  expect(closing()).toEqual({ reason: 'Malicious', signed: 1, needed: 1 })
})

test('a judgement that is on disk is one, where the list cannot be read; it is read later', async () => {
  const store = createMemoryStore()
  let broken = true
  const { roll, node, closing } = setUp({
    ...store,
    list: (...which) => (broken ? Promise.reject(new Error('EIO')) : store.list(...which)),
  })
  expect(await roll.judge(node, target, 'Malicious')).toEqual({ ok: true, value: undefined })
  expect(closing()).toBeUndefined()
  broken = false
  await roll.read(node)
  expect(closing()).toMatchObject({ reason: 'Malicious' })
})

test('only those who have an account are noted as seen, also where they have got it since they came', async () => {
  const store = createMemoryStore()
  await store.commit([{ table: 'seen', key: toHex(key(9)), value: 1 }])
  const { roll, node, peers, clock } = setUp(store)
  peers.push({ id: toHex(target), root: target, role: 'node' })
  roll.onPeer({ root: target })
  for (let i = 0; i < 1_500; i++) roll.onPeer({ root: sha256(utf8(`${i}`)) })
  await roll.read(node)
  for (let i = 0; i < 1_500; i++) roll.onPeer({ root: sha256(utf8(`${i}`)) })
  expect(await store.list('seen')).toEqual([[toHex(target), 1_000]])
  await clock.advance(500)
  peers.pop()
  roll.onPeer({ root: target })
  await roll.read(node)
  expect(roll.members()).toMatchObject([{ identity: toHex(target), here: false, seenMs: 1_500 }])
  expect(await store.list('seen')).toEqual([[toHex(target), 1_500]])
})
