/** The door for what relays say among themselves: from whom it is taken, what it costs to lie, and that nothing false changes anything. */
import { beforeEach, expect, test } from 'vitest'
import { encodeBrokenProof } from '../../../src/ledger/broken-proof.ts'
import { encodeEntry, encodeJoin, parseEntry } from '../../../src/ledger/entry.ts'
import { encodeFraud, type WitnessFraud } from '../../../src/ledger/verdict-proof.ts'
import { signCertificate } from '../../../src/ledger/certificate.ts'
import { compareBytes, type Bytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { encodeFrame, parseFrame } from '../../../src/network/frame.ts'
import { relaySchemas } from '../../../src/network/wire-relays.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { certify, createPerson, next, type Person } from '../ledger/fixtures.ts'
import { createRelayWorld, openRelay, type RelayWorld, type TestRelay } from './fixtures.ts'

let world: RelayWorld
let ana: Person
let relay: TestRelay
beforeEach(async () => {
  world = await createRelayWorld()
  ana = await createPerson('ana')
  relay = await openRelay(world, createMemoryStore(), [ana])
})

const id32 = new Uint8Array(32)
const small = new Uint8Array(8)
const messages: readonly WireMessage[] = [
  ['heads?', { session: 1, bytes: small }],
  ['heads', { session: 1, bytes: small, root: id32 }],
  ['ranges?', { parts: [[id32, 0]], facts: [id32] }],
  ['ranges', { runs: [{ entries: [], certificate: null }] }],
  ['fork', { entries: [small] }],
  ['verdict', { bytes: small }],
  ['propose', { day: 1, part: 0, last: true, bytes: small }],
  ['checkpoint', { bytes: small }],
  ['leaves?', { day: 1, authors: [id32] }],
  ['leaves', { day: 1, part: 0, last: true, bytes: small }],
]

test.each(messages)('%s from a node is not answered, and costs it score', async (type, body) => {
  expect(await relay.ask(ana, [type, body] as WireMessage)).toEqual([])
  expect(relay.blamed()).toEqual([`${type}: no relay of this swarm`])
})

test('every word that relays have for each other is among them, or proves itself', () => {
  expect([...messages.map(([type]) => type), 'broken', 'fraud'].sort()).toEqual(Object.keys(relaySchemas).sort())
})

test.each<readonly [string, WireMessage]>([
  ['heads?', ['heads?', { session: 1, bytes: new Uint8Array(32 * 1024 + 1) }]],
  ['ranges?', ['ranges?', { parts: Array.from({ length: 257 }, (): [Bytes, number] => [id32, 0]), facts: [] }]],
  ['ranges', ['ranges', { runs: Array.from({ length: 65 }, () => ({ entries: [], certificate: null })) }]],
  ['fork', ['fork', { entries: [small, small, small] }]],
  ['verdict', ['verdict', { bytes: new Uint8Array(12 * 1024 + 1) }]],
  ['fraud', ['fraud', { bytes: new Uint8Array(1025) }]],
  ['propose', ['propose', { day: 1, part: 0, last: true, bytes: new Uint8Array(48 * 1024 + 1) }]],
  ['checkpoint', ['checkpoint', { bytes: new Uint8Array(12 * 1024 + 1) }]],
  ['leaves?', ['leaves?', { day: 1, authors: Array.from({ length: 65 }, () => id32) }]],
  ['leaves', ['leaves', { day: 1, part: 0, last: true, bytes: new Uint8Array(48 * 1024 + 1) }]],
  ['broken', ['broken', { bytes: new Uint8Array(60 * 1024 + 1) }]],
])('%s beyond its size is malformed at the door', (_type, message) => {
  const frame = encodeFrame(message)
  if (!frame.ok) throw new Error('too large for a frame')
  expect(parseFrame(frame.value)).toMatchObject({ ok: false, error: { type: 'malformed' } })
})

test('a proof of fraud is taken from anyone and closes the account, a false one is blamed', async () => {
  const witness = world.witnesses[0]!
  const ids = [sha256(utf8('one')), sha256(utf8('other'))].sort(compareBytes)
  const on = { author: ana.device.publicKey, seq: 3 }
  const signed = await Promise.all(
    ids.map(async (id) => [id, (await signCertificate(witness, world.rules.swarm, { ...on, id })).signatures[0]![1]] as const),
  )
  const fraud: WitnessFraud = { witness: witness.publicKey, ...on, signed: [signed[0]!, signed[1]!] }
  await relay.ask(ana, ['fraud', { bytes: encodeFraud({ ...fraud, seq: 4 }) }])
  await relay.ask(ana, ['fraud', { bytes: small }])
  expect(relay.blamed()).toEqual(['fraud', 'fraud'])
  expect((await relay.node.ledger()).frauds).toEqual([])
  await relay.ask(ana, ['fraud', { bytes: encodeFraud(fraud) }])
  expect((await relay.node.ledger()).frauds).toEqual([toHex(witness.publicKey)])
  expect(relay.blamed()).toHaveLength(2)
})

test('a forged proof that the swarm is broken moves nobody', async () => {
  const two = await Promise.all([1, 2].map((amount) => next(world, ana, undefined, [ana.join, { op: 'stake', amount }])))
  const [lower, upper] = await Promise.all(two.map((entry) => certify(world, entry, [ana.device])))
  const before = await relay.node.ledger()
  for (const bytes of [encodeBrokenProof({ lower: lower!, upper: upper!, chain: [] }), small]) await relay.ask(ana, ['broken', { bytes }])
  expect(relay.blamed()).toEqual(['broken: proves nothing', 'broken: malformed'])
  expect(await relay.node.ledger()).toEqual(before)
  expect(before.broken).toBe(false)
})

test('two valid entries at one number, shown to the only witness: one stands, and the other is a verdict', async () => {
  const token = await relay.invite()
  const [granted] = await relay.ask(ana, ['redeem', { token, join: encodeJoin(ana.join) }])
  const { entries, certificate } = granted![1] as Extract<WireMessage, readonly ['entries', unknown]>[1]
  const payment = parseEntry(entries[0]!)
  if (!payment.ok) throw new Error('no grant')
  const claim = { op: 'claim', lines: [[payment.value.entry.author, payment.value.id, certificate!]] } as const
  const [one, other] = await Promise.all([1, 2].map((amount) => next(world, ana, undefined, [ana.join, claim, { op: 'stake', amount }])))
  await relay.ask(ana, ['certify', { entries: [one!.bytes] }])
  const root = (await relay.node.ledger()).stateRoot
  await relay.ask(ana, ['certify', { entries: [encodeEntry({ ...other!.entry, sig: new Uint8Array(64) })] }])
  expect(await relay.node.ledger()).toMatchObject({ verdicts: [], stateRoot: root })
  const answers = await relay.ask(ana, ['certify', { entries: [other!.bytes] }])
  expect(answers.map(([type]) => type).sort()).toEqual(['entries', 'refused', 'verdict'])
  const after = await relay.node.ledger()
  expect(after.verdicts).toEqual([{ target: toHex(ana.device.publicKey), reason: 'DoubleSpend', costMicro: 100_000_000 }])
  expect(after.stateRoot).not.toBe(root)
  // Shown again, it is the same offence.
  await relay.ask(ana, ['certify', { entries: [other!.bytes] }])
  expect(await relay.node.ledger()).toEqual(after)
})
