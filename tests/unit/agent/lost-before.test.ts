/** What lost devices had in the swarm before, by the messages of relays that may lie, be silent, or answer in any order. */
import { expect, test } from 'vitest'
import { createLostBefore } from '../../../src/agent/lost-before.ts'
import { accountProof, encodeAccountProof } from '../../../src/ledger/account-proof.ts'
import { bare, emptyHead } from '../../../src/ledger/chain-state.ts'
import { createStateTree } from '../../../src/ledger/state-tree.ts'
import { type Bytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { certify, createPerson, next, pay, verifier } from '../ledger/fixtures.ts'
import { createRelayWorld } from '../relay/fixtures.ts'

const heldMicro = 700
const hourMs = 60 * 60_000
type Sent = readonly [relay: string, ...WireMessage]

/** What identity ana lost, seen by its new device; two relays are asked. */
const setUp = async (lost: number, { store = createMemoryStore(), device = 'heir' } = {}) => {
  const ana = await createPerson('ana')
  const heir = await createPerson(device)
  const ids = Array.from({ length: lost }, (_, i) => sha256(utf8(`lost ${i}`)))
  const tree = createStateTree()
  for (const id of ids)
    tree.advance(bare({ ...emptyHead(id), seq: 1, id: sha256(id), identity: ana.root.publicKey, claimed: BigInt(heldMicro) }))
  const world = await createRelayWorld({ predecessor: { swarm: sha256(utf8('before')), day: 7, root: tree.root() } })
  const { policy } = world.signedPolicy
  const clock = createManualClock(1_000_000)
  const sent: Sent[] = []
  let carries: readonly { readonly account: Bytes; readonly signature: Bytes }[] = []
  const lostBefore = createLostBefore(
    { clock, store, vault: { call: async () => ({ ok: true, value: { carries } }) }, verifier } as never,
    {
      policy,
      device: { root: ana.root.publicKey, device: heir.device.publicKey },
      network: { send: async (relay: string, message: WireMessage) => void sent.push([relay, ...message]) },
    } as never,
    { relays: () => ['r1', 'r2'], changed: () => {} },
  )
  return {
    ...{ lostBefore, clock, ids },
    asked: (type: string) => sent.filter(([, t]) => t === type) as readonly (readonly [string, string, { readonly account: Bytes }])[],
    named: (devices: readonly Bytes[]) => lostBefore.onMessage(['devices', { identity: ana.root.publicKey, devices: [...devices] }]),
    proven: (account: Bytes) =>
      lostBefore.onMessage(['balance', { account, checkpoint: null, proof: encodeAccountProof(accountProof(tree.prove(account), [])) }]),
    unknown: (account: Bytes) => lostBefore.onMessage(['balance', { account, checkpoint: null, proof: null }]),
    refused: (author: Bytes, reason: string) => lostBefore.onMessage(['refused', { re: 'carry', reason, author }]),
    signed: async (...accounts: readonly Bytes[]) => {
      carries = accounts.map((account) => ({ account, signature: new Uint8Array(64) }))
      await lostBefore.refresh()
    },
    /** The issuer's certified entry that pays the new device for this account. */
    paid: async (subject: Bytes) => {
      const carried = { op: 'attest', subject, claim: 'carried', confidence: 100, expiry: 0 } as const
      const first = await next(world, world.issuer, undefined, [world.issuer.join])
      const entry = await next(world, world.issuer, first, [carried, pay([heir, heldMicro])])
      return lostBefore.onMessage(['entries', { entries: [entry.bytes], certificate: await certify(world, entry) }] as never)
    },
  }
}
const view = (id: Bytes, state: string) => [{ id: toHex(id), micro: heldMicro, state }]

test('a payment that is seen before the proof has come, before and after a restart', async () => {
  const store = createMemoryStore()
  const first = await setUp(1, { store })
  const [id] = first.ids as [Bytes]
  await first.signed(id)
  await first.paid(id)
  expect(first.lostBefore.view()).toEqual([])
  const second = await setUp(1, { store })
  await second.signed(id)
  for (const { proven, refused, lostBefore } of [first, second]) {
    await proven(id)
    await refused(id, 'already-carried')
    expect(lostBefore.view()).toEqual(view(id, 'came'))
  }
  const third = await setUp(1, { store })
  await third.signed(id)
  expect(third.lostBefore.view()).toEqual(view(id, 'came'))
  await third.lostBefore.tick()
  expect([third.asked('balance?'), third.asked('carry')]).toEqual([[], []])
})

test('that it was paid elsewhere is shown once it is said of two questions, and what has come goes before it', async () => {
  const { lostBefore, ids, signed, proven, refused, paid, clock, asked } = await setUp(1)
  const [id] = ids as [Bytes]
  await signed(id)
  await proven(id)
  await lostBefore.tick()
  for (const _ of [1, 2]) await refused(id, 'already-carried')
  expect(lostBefore.view()).toEqual(view(id, 'asking'))
  await clock.advance(30_000)
  await lostBefore.tick()
  await refused(id, 'already-carried')
  expect(lostBefore.view()).toEqual(view(id, 'paid'))
  expect(asked('carry')).toHaveLength(4)
  await clock.advance(hourMs - 1)
  await lostBefore.tick()
  expect(asked('carry')).toHaveLength(4)
  for (let i = 0; i < 48; i++) {
    await clock.advance(hourMs)
    await lostBefore.tick()
    // Nobody who was not asked can put off the next question.
    for (const _ of [1, 2]) await refused(id, 'already-carried')
  }
  expect(asked('carry')).toHaveLength(4 + 2 * 48)
  await paid(id)
  expect(lostBefore.view()).toEqual(view(id, 'came'))
})

test('keys that mean nothing take nobody’s place', async () => {
  const { lostBefore, ids, named, proven, unknown, asked } = await setUp(2)
  const [real, unnamed] = ids as [Bytes, Bytes]
  const junk = (from: number) => Array.from({ length: 32 }, (_, i) => sha256(utf8(`junk ${from + i}`)))
  await named(junk(0))
  await lostBefore.tick()
  await unknown(asked('balance?')[0]![2].account)
  await named([real])
  await proven(real)
  await named(junk(100))
  expect(lostBefore.view()).toHaveLength(1)
  // A proof counts even where the key had to go.
  await proven(unnamed)
  expect(lostBefore.view()).toHaveLength(2)
})

test('it is not settled before anybody has answered, and asked again in 30 s; without a proof it is', async () => {
  const { lostBefore, ids, named, unknown, clock, asked } = await setUp(1)
  await named(ids)
  expect(lostBefore.settled()).toBe(false)
  await lostBefore.tick()
  expect([asked('balance?').length, lostBefore.settled(), lostBefore.view()]).toEqual([2, false, []])
  await clock.advance(30_000)
  await lostBefore.tick()
  expect([asked('balance?').length, lostBefore.settled()]).toEqual([4, false])
  await unknown(ids[0]!)
  expect(lostBefore.settled()).toBe(true)
  await clock.advance(hourMs - 1)
  await lostBefore.tick()
  expect(asked('balance?')).toHaveLength(4)
  lostBefore.look()
  expect(lostBefore.settled()).toBe(false)
  await lostBefore.tick()
  expect(asked('balance?')).toHaveLength(6)
})

test('where one account has no answer the others are asked for in turn', async () => {
  const { lostBefore, ids, signed, proven, clock, asked } = await setUp(3)
  await signed(...ids)
  for (const id of ids) await proven(id)
  for (let i = 0; i < 300; i++) {
    await lostBefore.tick()
    await clock.advance(1_000)
  }
  const counts = ids.map((id) => asked('carry').filter(([, , { account }]) => toHex(account) === toHex(id)).length)
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2)
})

test('what another device of this profile was paid has not come here', async () => {
  const store = createMemoryStore()
  const heir = await setUp(1, { store })
  const [id] = heir.ids as [Bytes]
  await heir.signed(id)
  await heir.proven(id)
  await heir.paid(id)
  expect(heir.lostBefore.view()).toEqual(view(id, 'came'))
  const third = await setUp(1, { store, device: 'third' })
  await third.signed(id)
  expect(third.lostBefore.view()).toEqual([])
  await third.proven(id)
  expect(third.lostBefore.view()).toEqual(view(id, 'asking'))
})
