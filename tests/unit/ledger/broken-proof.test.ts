/** Proofs that a swarm is broken: found in a replica's records, and none that a liar makes of what is no contradiction. */
import { beforeAll, expect, test } from 'vitest'
import {
  type BrokenProof,
  checkBrokenProof,
  encodeBrokenProof,
  findBrokenProof,
  parseBrokenProof,
} from '../../../src/ledger/broken-proof.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { certify, claim, createPerson, createWorld, next, pay, type Person, verifier, type World } from './fixtures.ts'

let world: World
let [ana, ben]: Person[] = []
let base: ParsedEntry
/** Two chains of ana's that part after `base`, and what is certified on each. */
let left: ParsedEntry[]
let right: ParsedEntry[]

beforeAll(async () => {
  world = await createWorld(4)
  ;[ana, ben] = await Promise.all(['ana', 'ben'].map(createPerson))
  const grant = await next(world, world.issuer, undefined, [world.issuer.join, pay([ana!, 1_000])])
  base = await next(world, ana!, undefined, [ana!.join, claim(await certify(world, grant))])
  const chain = async (first: number): Promise<ParsedEntry[]> => {
    const entries: ParsedEntry[] = []
    for (const total of [first, first + 10, first + 20]) entries.push(await next(world, ana!, entries.at(-1) ?? base, [pay([ben!, total])]))
    return entries
  }
  left = await chain(100)
  right = await chain(200)
})

const proofOf = async (onLeft: number, onRight: number): Promise<BrokenProof | undefined> => {
  const store = createMemoryStore()
  const replica = createReplica({ store, verifier, rules: world.rules })
  const grant = await next(world, world.issuer, undefined, [world.issuer.join, pay([ana!, 1_000])])
  await replica.ingest([grant.bytes], await certify(world, grant), 'a')
  await replica.ingest([base.bytes], await certify(world, base), 'a')
  for (const [chain, upTo] of [
    [left, onLeft],
    [right, onRight],
  ] as const) {
    const entries = chain.slice(0, upTo)
    if (upTo > 0)
      await replica.ingest(
        entries.map(({ bytes }) => bytes),
        await certify(world, entries.at(-1)!),
        'a',
      )
  }
  return findBrokenProof(store, replica.records)
}

test.each([
  [1, 1],
  [3, 3],
  [1, 3],
  [3, 1],
  [2, 3],
])('%i entries certified on one branch, %i on the other: the proof convinces whoever knows the witnesses', async (onLeft, onRight) => {
  const proof = (await proofOf(onLeft, onRight))!
  const parsed = parseBrokenProof(encodeBrokenProof(proof))
  expect(parsed).toEqual({ ok: true, value: proof })
  expect(await checkBrokenProof(verifier, world.rules, proof)).toBe(true)
  expect(await checkBrokenProof(verifier, { ...world.rules, witnesses: (await createWorld(7)).rules.witnesses.slice(4) }, proof)).toBe(
    false,
  )
})

test('an honest swarm has none, and none can be made of it', async () => {
  expect(await proofOf(3, 0)).toBeUndefined()
  const [one, three] = [await certify(world, left[0]!), await certify(world, left[2]!)]
  const other = await certify(world, right[0]!)
  const few = await certify(world, right[0]!, world.witnesses.slice(0, 2))
  const bytes = (entries: readonly ParsedEntry[]) => entries.map((entry) => entry.bytes)
  const forged: readonly BrokenProof[] = [
    { lower: one, upper: one, chain: [] },
    { lower: one, upper: three, chain: [] },
    { lower: one, upper: three, chain: bytes(left) },
    { lower: one, upper: three, chain: bytes(right) },
    { lower: one, upper: three, chain: bytes([right[0]!, left[1]!, left[2]!]) },
    { lower: one, upper: three, chain: bytes(left.slice(1)) },
    { lower: one, upper: few, chain: [] },
    { lower: one, upper: { ...other, id: right[1]!.id }, chain: [] },
    { lower: one, upper: { ...other, author: ben!.device.publicKey }, chain: [] },
    {
      lower: one,
      upper: { ...other, signatures: [...other.signatures.slice(0, 2), [ana!.device.publicKey, other.signatures[2]![1]]] },
      chain: [],
    },
  ]
  for (const proof of forged) expect(await checkBrokenProof(verifier, world.rules, proof)).toBe(false)
  expect(await checkBrokenProof(verifier, world.rules, { lower: one, upper: other, chain: [] })).toBe(true)
})
