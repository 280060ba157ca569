import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { verifyBalanceProof } from '../../../src/ledger/balance-proof.ts'
import { attestKey } from '../../../src/ledger/chain-state.ts'
import { droppable } from '../../../src/ledger/checkpoint-drop.ts'
import { checkpointSource, createCheckpointWitness } from '../../../src/ledger/checkpoint-witness.ts'
import {
  type Checkpoint,
  type CheckpointProposal,
  dayMs,
  encodeCheckpoint,
  encodeProposal,
  isStateOf,
  mergeCheckpoints,
  parseCheckpoint,
  parseProposal,
  signCheckpoint,
  verifyCheckpoint,
} from '../../../src/ledger/checkpoint.ts'
import { claimLines, payLines } from '../../../src/ledger/entry.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import { followReplica } from '../../../src/ledger/state-tree-follow.ts'
import { offenceOf, signVerdict } from '../../../src/ledger/verdict.ts'
import { createPerson, createWorld, next, pay, startMs, verifier, type World } from './fixtures.ts'
import { createHistory, type Step } from './history.ts'

const witness = async (world: World, index: number, steps: readonly Step[], clock = createManualClock(startMs)) => {
  const store = createMemoryStore()
  const replica = createReplica({ store, verifier, rules: world.rules })
  const take = async (more: readonly Step[]) => {
    for (const { entry, certificate } of more) await replica.ingest([entry.bytes], certificate, 'peer')
  }
  await take(steps)
  const source = checkpointSource(replica, { store, records: replica.records, rules: world.rules, verifier })
  const signer = world.witnesses[index]!
  return { replica, take, clock, ...createCheckpointWitness({ store, source, signer, swarm: world.rules.swarm, clock }) }
}
const proposalOf = async (from: Awaited<ReturnType<typeof witness>>): Promise<CheckpointProposal> => {
  const proposed = await from.propose()
  if (!proposed.ok) throw new Error(JSON.stringify(proposed.error))
  const parsed = parseProposal(encodeProposal(proposed.value))
  expect(parsed).toEqual({ ok: true, value: proposed.value })
  return proposed.value
}

test('2f+1 witnesses that are further on sign the state that one proposes; a newcomer starts from its leaves', async () => {
  const world = await createWorld(4)
  const { steps } = await createHistory(world, createSeededRandom('checkpoint'), 16)
  const proposer = await witness(world, 0, steps.slice(0, -5))
  const proposal = await proposalOf(proposer)
  let checkpoint: Checkpoint | undefined
  for (const index of [0, 1, 2]) {
    const one = index === 0 ? proposer : await witness(world, index, steps)
    const signed = await one.sign(proposal)
    if (!signed.ok) throw new Error(JSON.stringify(signed.error))
    if (checkpoint) expect(await verifyCheckpoint(verifier, checkpoint, world.rules)).toBe(false)
    checkpoint = checkpoint ? mergeCheckpoints(checkpoint, signed.value) : signed.value
  }
  expect(await verifyCheckpoint(verifier, checkpoint!, world.rules)).toBe(true)
  expect(parseCheckpoint(encodeCheckpoint(checkpoint!))).toEqual({ ok: true, value: checkpoint })

  const { tree } = await followReplica(proposer.replica)
  for (const [author, seq] of proposal.heads) {
    const leaf = verifyBalanceProof(checkpoint!.root, author, tree.prove(author))
    const state = await proposer.replica.state(author)
    expect(leaf.ok && leaf.value?.seq).toBe(seq)
    expect(leaf.ok && isStateOf(leaf.value!, state)).toBe(true)
    expect(leaf.ok && isStateOf(leaf.value!, { ...state, head: { ...state.head, claimed: state.head.claimed + 1n } })).toBe(false)
  }
})

test('a witness signs one state a day, and only one that it computes itself', async () => {
  const world = await createWorld(1)
  const { steps } = await createHistory(world, createSeededRandom('one a day'), 12)
  const [other, behind, judge] = [
    await witness(world, 0, steps.slice(0, -3)),
    await witness(world, 0, steps.slice(0, 4)),
    await witness(world, 0, steps),
  ]
  const proposal = await proposalOf(other)
  const refusal = async (one: typeof judge, changes: Partial<CheckpointProposal>) => {
    const signed = await one.sign({ ...proposal, ...changes })
    return signed.ok ? 'signed' : signed.error.reason
  }
  expect(await refusal(behind, {})).toBe('unknown')
  expect(await refusal(judge, { root: sha256(utf8('another')) })).toBe('root')
  expect(await refusal(judge, { heads: proposal.heads.slice(1) })).toBe('root')
  expect(await refusal(judge, { verdicts: [sha256(utf8('unheard of'))] })).toBe('unknown')
  expect(await refusal(judge, { day: proposal.day + 1 })).toBe('day')
  expect(await refusal(judge, { day: proposal.day - 2 })).toBe('day')
  expect(await refusal(judge, {})).toBe('signed')
  expect(await refusal(judge, {})).toBe('signed')
  const later = await proposalOf(judge)
  expect(toHex(later.root)).not.toBe(toHex(proposal.root))
  expect(await refusal(judge, later)).toBe('day')
  await judge.clock.advance(dayMs)
  expect(await refusal(judge, { ...later, day: later.day + 1 })).toBe('signed')
  await judge.clock.advance(dayMs)
  expect(await refusal(judge, { day: later.day + 2 })).toBe('falls')
})

test('verdicts are part of what is signed', async () => {
  const world = await createWorld(1)
  const { steps, people } = await createHistory(world, createSeededRandom('verdicts'), 6)
  const [one, two] = [await witness(world, 0, steps), await witness(world, 0, steps)]
  const without = await proposalOf(one)
  const target = people[0]!.device.publicKey
  const verdict = await signVerdict(world.witnesses[0]!, world.rules.swarm, {
    target,
    reason: 'DoubleSpend',
    offence: offenceOf.doubleSpend(target, 0),
  })
  await one.replica.verdicts.take(verdict)
  const proposal = await proposalOf(one)
  expect(toHex(proposal.root)).not.toBe(toHex(without.root))
  expect(await two.sign(proposal)).toMatchObject({ ok: false, error: { reason: 'unknown' } })
  await two.replica.verdicts.take(verdict)
  expect((await two.sign(proposal)).ok).toBe(true)
})

test('neither a changed byte nor another swarm, nor a stranger makes a checkpoint', async () => {
  const world = await createWorld(1)
  const checkpoint = await signCheckpoint(world.witnesses[0]!, world.rules.swarm, { day: 5, root: sha256(utf8('root')) })
  expect(await verifyCheckpoint(verifier, checkpoint, world.rules)).toBe(true)
  expect(await verifyCheckpoint(verifier, checkpoint, { ...world.rules, swarm: sha256(utf8('other')) })).toBe(false)
  const stranger = await signCheckpoint((await createPerson('stranger')).device, world.rules.swarm, checkpoint)
  expect(await verifyCheckpoint(verifier, stranger, world.rules)).toBe(false)
  expect(
    await verifyCheckpoint(verifier, { ...checkpoint, signatures: [...checkpoint.signatures, ...stranger.signatures] }, world.rules),
  ).toBe(false)
  expect(mergeCheckpoints(checkpoint, { ...stranger, day: 6 })).toBeUndefined()
  const bytes = encodeCheckpoint(checkpoint)
  for (let i = 0; i < bytes.length; i++) {
    const mutated = bytes.slice()
    mutated[i]! ^= 1
    const parsed = parseCheckpoint(mutated)
    expect(parsed.ok && (await verifyCheckpoint(verifier, parsed.value, world.rules)), `byte ${i}`).toBe(false)
  }
})

test('what may be dropped is old, and nothing that anybody still leans on', async () => {
  const world = await createWorld(1)
  const { steps, people } = await createHistory(world, createSeededRandom('drop'), 60)
  const author = people[0]!.device.publicKey
  const chain = steps.map(({ entry }) => entry).filter(({ entry }) => compareBytes(entry.author, author) === 0)
  const all = [...new Set(steps.flatMap(({ entry }) => claimLines(entry.entry).map(([, id]) => toHex(id))))]
  fc.assert(
    fc.property(
      fc.integer({ min: -1, max: chain.length }),
      fc.subarray(all),
      fc.shuffledSubarray(chain, { minLength: chain.length }),
      (headSeq, names, order) => {
        const named = new Set(names)
        const dropped = droppable({ chain: order, headSeq, named, stands: () => false })
        const left = chain.filter((entry) => !dropped.includes(entry))
        expect(dropped.every(({ entry, id }) => entry.seq < headSeq && !named.has(toHex(id)))).toBe(true)
        // Whoever was paid can still claim all of it.
        for (const entry of chain.filter((one) => one.entry.seq <= headSeq))
          for (const [payee] of payLines(entry.entry)) {
            const newest = (list: typeof chain) =>
              list
                .filter((one) => one.entry.seq <= headSeq)
                .findLast((one) => payLines(one.entry).some(([to]) => compareBytes(to, payee) === 0))
            expect(newest(left)).toBe(newest(chain))
          }
      },
    ),
  )
  expect(droppable({ chain, headSeq: chain.length, named: new Set(), stands: () => false })).not.toEqual([])
})

test('an attest that stands is kept, one that does not is not', async () => {
  const world = await createWorld(1)
  const [ana, ben] = [await createPerson('ana'), await createPerson('ben')]
  const attest = { op: 'attest', subject: ben.device.publicKey, claim: 'known', confidence: 50, expiry: 0 } as const
  const first = await next(world, ana, undefined, [ana.join, attest])
  const second = await next(world, ana, first, [pay([ben, 5])])
  const third = await next(world, ana, second, [pay([ben, 6])])
  const drop = (stands: boolean) =>
    droppable({ chain: [first, second, third], headSeq: 2, named: new Set(), stands: (at) => stands && at === attestKey(first.id, 1) })
  expect(drop(true)).toEqual([second])
  expect(drop(false)).toEqual([second, first])
})
