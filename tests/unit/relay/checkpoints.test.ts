/** Four witnesses' desks on one clock: a checkpoint a day, whoever is away, and no signature counts that is on another root. */
import { expect, test } from 'vitest'
import { type CheckpointDesk, createCheckpointDesk, judgedPerTurnMax } from '../../../src/agent/relay-checkpoints.ts'
import type { Circle } from '../../../src/agent/relay-circle.ts'
import { dayMs, encodeCheckpoint, encodeProposal, signCheckpoint, verifyCheckpoint } from '../../../src/ledger/checkpoint.ts'
import { checkpointSource, createCheckpointWitness } from '../../../src/ledger/checkpoint-witness.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import { type Bytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { createWorld, startMs, verifier } from '../ledger/fixtures.ts'
import { createHistory } from '../ledger/history.ts'

const minuteMs = 60_000

/** Messages wait in `sent` until they are delivered, so that a test may change or lose them. */
const desks = async (knowing: readonly number[]) => {
  const world = await createWorld(4)
  const { steps } = await createHistory(world, createSeededRandom('checkpoints'), 12)
  const clock = createManualClock(startMs - (startMs % dayMs))
  const blamed: string[] = []
  /** Who computed a state, each time. */
  const computed: number[] = []
  const sent: { readonly from: number; readonly to: number; readonly message: WireMessage }[] = []
  const all: { readonly desk: CheckpointDesk; readonly learn: (upTo: number) => Promise<void> }[] = []
  for (const [i, signer] of world.witnesses.entries()) {
    const store = createMemoryStore()
    const replica = createReplica({ store, verifier, rules: world.rules })
    const learn = async (upTo: number): Promise<void> => {
      for (const { entry, certificate } of steps.slice(0, upTo)) await replica.ingest([entry.bytes], certificate, 'peer')
    }
    await learn(knowing[i] ?? steps.length)
    const source = checkpointSource(replica, { store, records: replica.records, rules: world.rules, verifier })
    const circle: Circle = {
      has: () => true,
      size: 3,
      linked: () => [],
      send: (to, message) => void sent.push({ from: i, to: Number(to), message }),
      tell: (message) => [0, 1, 2, 3].forEach((to) => to !== i && sent.push({ from: i, to, message })),
    }
    const inner = createCheckpointWitness({ store, source, signer, swarm: world.rules.swarm, clock })
    const witness: typeof inner = { ...inner, sign: (proposal) => (computed.push(i), inner.sign(proposal)) }
    const network = { blame: (id: string, why: string) => void blamed.push(`${id} ${why}`) }
    all.push({ desk: createCheckpointDesk({ clock, store, verifier, rules: world.rules, signer, witness, circle, network }), learn })
  }
  const deliver = async (lose: (one: (typeof sent)[number]) => boolean = () => false): Promise<void> => {
    for (let one = sent.shift(); one; one = sent.shift()) {
      if (lose(one)) continue
      const { desk } = all[one.to]!
      const [type, body] = one.message
      if (type === 'propose') await desk.onPropose(String(one.from), body)
      if (type === 'checkpoint') await desk.onCheckpoint(String(one.from), body.bytes)
    }
  }
  const minute = async (lose?: Parameters<typeof deliver>[0]): Promise<void> => {
    await clock.advance(minuteMs)
    for (const { desk } of all) await desk.tick()
    await deliver(lose)
  }
  return { world, clock, all, sent, blamed, computed, minute, deliver, steps }
}
const roots = async (all: readonly { readonly desk: CheckpointDesk }[]): Promise<readonly (string | undefined)[]> =>
  Promise.all(all.map(async ({ desk }) => desk.latest().then((found) => found && `${found.day} ${toHex(found.root)}`)))

test('one proposes, all compute the same and keep it; on the next day there is another', async () => {
  const { world, clock, all, minute } = await desks([])
  await minute()
  const first = await roots(all)
  expect(new Set(first).size).toBe(1)
  const latest = await all[0]!.desk.latest()
  expect(await verifyCheckpoint(verifier, latest!, world.rules)).toBe(true)
  await minute()
  expect(await roots(all)).toEqual(first)
  await clock.advance(dayMs)
  await minute()
  const second = await roots(all)
  expect(new Set(second).size).toBe(1)
  expect((await all[3]!.desk.latest())!.day).toBe(latest!.day + 1)
})

test('who lacks a head of it signs when it has it; two that know nothing keep the others from it', async () => {
  const { all, minute, steps } = await desks([12, 12, 3, 3])
  await minute()
  expect(await roots(all)).toEqual([undefined, undefined, undefined, undefined])
  await all[2]!.learn(steps.length)
  // The turns of those who have not all of it pass; the first proposal is shown again in its own.
  for (let i = 0; i < 45 && (await all[0]!.desk.latest()) === undefined; i++) await minute()
  expect(new Set(await roots(all)).size).toBe(1)
  expect(await all[0]!.desk.latest()).toBeDefined()
})

test('a lying witness’s signature on another root is not counted, a forged one is blamed', async () => {
  const { world, clock, all, minute, sent, deliver, blamed } = await desks([])
  // Only the liar's answers arrive: the witness whose turn it is, and none of the two others.
  await minute(({ message }) => message[0] === 'checkpoint')
  const [desk, liar] = [all[0]!.desk, world.witnesses[3]!]
  const day = Math.floor(clock.now() / dayMs)
  const lie = { day, root: sha256(utf8('another')) as Bytes }
  const signed = await Promise.all(world.witnesses.slice(2).map((one) => signCheckpoint(one, world.rules.swarm, lie)))
  for (const one of signed) for (const { desk: to } of all) await to.onCheckpoint('3', encodeCheckpoint(one))
  expect(blamed).toEqual([])
  expect(await roots(all)).toEqual([undefined, undefined, undefined, undefined])
  const forged = { ...signed[0]!, signatures: [[liar.publicKey, signed[0]!.signatures[0]![1]]] as const }
  await desk.onCheckpoint('3', encodeCheckpoint(forged))
  expect(blamed).toEqual(['3 checkpoint'])
  // With everyone's words coming through, the day has its checkpoint all the same.
  sent.length = 0
  await minute()
  await deliver()
  const kept = await roots(all)
  expect(new Set(kept).size).toBe(1)
  expect(kept[0]).not.toContain(toHex(lie.root))
})

test('a proposal in the wrong order, of another day’s pieces or too large is nothing', async () => {
  const { clock, all, blamed, sent } = await desks([])
  const { desk } = all[0]!
  const day = Math.floor(clock.now() / dayMs)
  await desk.onPropose('1', { day, part: 1, last: true, bytes: new Uint8Array(8) })
  await desk.onPropose('1', { day, part: 0, last: false, bytes: new Uint8Array(8) })
  await desk.onPropose('1', { day: day + 1, part: 1, last: true, bytes: new Uint8Array(8) })
  expect([blamed, sent]).toEqual([[], []])
  await desk.onPropose('1', { day, part: 0, last: true, bytes: new Uint8Array(8) })
  expect(blamed).toEqual(['1 propose: malformed'])
  for (let part = 0; part < 350; part++) await desk.onPropose('1', { day, part, last: false, bytes: new Uint8Array(48 * 1024) })
  expect(blamed).toContain('1 propose: too large')
})

test('a relay that proposes one state after the other has one of them computed in a turn', async () => {
  const { clock, all, computed } = await desks([])
  const day = Math.floor(clock.now() / dayMs)
  const propose = async (name: string): Promise<void> => {
    const bytes = encodeProposal({ day, root: sha256(utf8(name)), heads: [], verdicts: [] })
    await all[0]!.desk.onPropose('1', { day, part: 0, last: true, bytes })
  }
  for (let i = 0; i < 50; i++) await propose(`state ${i}`)
  expect(computed.length).toBe(1)
  for (let i = 0; i < 50; i++) await propose('state 0')
  expect(computed.length).toBe(judgedPerTurnMax)
  // Another's proposal is not kept out by it, and the next turn begins anew.
  await all[0]!.desk.onPropose('2', {
    day,
    part: 0,
    last: true,
    bytes: encodeProposal({ day, root: sha256(utf8('x')), heads: [], verdicts: [] }),
  })
  expect(computed.length).toBe(judgedPerTurnMax + 1)
  await clock.advance(10 * minuteMs)
  await propose('state 1')
  expect(computed.length).toBe(judgedPerTurnMax + 2)
})
