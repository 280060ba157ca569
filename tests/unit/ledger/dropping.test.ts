/** Replicas that drop what lies below a checkpoint or start from its leaves, beside one that keeps all: no difference in the state. */
import { expect, test } from 'vitest'
import { dropBelow } from '../../../src/ledger/checkpoint-drop.ts'
import { checkpointSource, createCheckpointWitness, treeOf } from '../../../src/ledger/checkpoint-witness.ts'
import { checkAccount, encodeAccount, startWrites } from '../../../src/ledger/checkpoint-start.ts'
import { dayMs, type CheckpointProposal } from '../../../src/ledger/checkpoint.ts'
import { fillingOf } from '../../../src/ledger/replica-bases.ts'
import { createReplica, type Replica } from '../../../src/ledger/replica.ts'
import { followReplica } from '../../../src/ledger/state-tree-follow.ts'
import { type Bytes, fromHex, toHex } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import { certify, claim, createPerson, createWorld, next, pay, startMs, verifier, type World } from './fixtures.ts'
import { createHistory, type Step } from './history.ts'

const open = (world: World, { store = createMemoryStore() as Store, clock = createManualClock(startMs) } = {}) => {
  const replica = createReplica({ store, verifier, rules: world.rules })
  const deps = { store, records: replica.records, rules: world.rules, verifier }
  const witness = createCheckpointWitness({
    store,
    source: checkpointSource(replica, deps),
    signer: world.witnesses[0]!,
    swarm: world.rules.swarm,
    clock,
  })
  return { store, replica, deps, clock, witness }
}
type Side = ReturnType<typeof open>

const take = async ({ replica }: Pick<Side, 'replica'>, steps: readonly Step[]): Promise<void> => {
  for (const { entry, certificate } of steps) await replica.ingest([entry.bytes], certificate, 'peer')
}
const proposalOf = async ({ witness }: Side): Promise<CheckpointProposal> => {
  const proposed = await witness.propose()
  if (!proposed.ok) throw new Error(JSON.stringify(proposed.error))
  return proposed.value
}
/** Out of the records alone. */
const rootOf = async (replica: Replica): Promise<string> => toHex((await followReplica(replica)).tree.root())
const entriesIn = async ({ store }: Pick<Side, 'store'>): Promise<number> => (await store.list('entries')).length
const drop = ({ deps, replica }: Side, { heads }: CheckpointProposal) => dropBelow(deps, replica.rewrite, heads)

/** As one relay asks another: from this number on, one answer. */
const bring = async (from: Side, to: Side, author: Bytes, seq: number) => {
  const { entries, certificate } = await from.replica.chainFrom(author, seq)
  return to.replica.ingest(
    entries.map(({ bytes }) => bytes),
    certificate,
    'relay',
  )
}
/** What came that leans on what is not here makes the replica ask for that, until nothing is lacking. */
const takeAsking = async (from: Side, to: Side, steps: readonly Step[]): Promise<number> => {
  let asked = 0
  for (const { entry, certificate } of steps) {
    let done = await to.replica.ingest([entry.bytes], certificate, 'peer')
    for (; done.ok && done.value.older && done.value.older.lacking.size > 0; asked++) {
      const [[author, seq]] = [...done.value.older.lacking] as [[string, number]]
      done = await bring(from, to, fromHex(author)!, seq)
    }
    expect(done).toMatchObject({ ok: true, value: { refused: [] } })
  }
  return asked
}

test.each([1, 2, 3])('history %i: one that drops again and again has the state of one that keeps all, and signs the same', async (seed) => {
  const world = await createWorld()
  const { steps } = await createHistory(world, createSeededRandom(`drop ${seed}`), 90)
  const clock = createManualClock(startMs)
  const [keeping, dropping] = [open(world), open(world, { clock })]
  for (const at of [40, 60, 80]) {
    const before = open(world, { clock })
    await take(before, steps.slice(0, at))
    const proposal = await proposalOf(before)
    await take(keeping, steps.slice(0, at + 10))
    await takeAsking(keeping, dropping, steps.slice(0, at + 10))
    expect(await drop(dropping, proposal)).toEqual({ ok: true, value: undefined })
    expect(await rootOf(dropping.replica)).toBe(await rootOf(keeping.replica))
    expect(await entriesIn(dropping)).toBeLessThan(await entriesIn(keeping))
    // Of heads that it has passed since, it still counts the state.
    expect(await dropping.witness.sign(proposal)).toMatchObject({ ok: true })
    await clock.advance(dayMs)
  }
  await take(keeping, steps)
  await takeAsking(keeping, dropping, steps)
  expect(await rootOf(dropping.replica)).toBe(await rootOf(keeping.replica))
  expect(await dropping.replica.broken()).toBe(false)
})

/** Ben is paid twice and has claimed neither; what it is owed by the older entry alone is claimed after that entry was dropped. */
const older = async () => {
  const world = await createWorld()
  const [ana, ben, cy] = await Promise.all(['ana', 'ben', 'cy'].map(createPerson))
  const grant = await next(world, world.issuer, undefined, [world.issuer.join, pay([ana!, 900])])
  const granted = await certify(world, grant)
  const chain = [await next(world, ana!, undefined, [ana!.join, claim(granted)])]
  const lines = [pay([ben!, 10]), pay([cy!, 1]), pay([ben!, 20]), pay([cy!, 2])]
  for (const line of lines) chain.push(await next(world, ana!, chain.at(-1), [line]))
  const steps: Step[] = [{ entry: grant, certificate: granted }]
  for (const entry of chain) steps.push({ entry, certificate: await certify(world, entry) })
  const late = await next(world, ben!, undefined, [ben!.join, claim(await certify(world, chain[1]!))])
  const fork = await next(world, ana!, chain[0], [pay([ben!, 11])])
  return { world, ana: ana!, chain, steps, fork, late: { person: ben!, entry: late, certificate: await certify(world, late) } }
}

test('a claim of a dropped entry waits for it, brings it along and is valid then; another in its place is not taken', async () => {
  const { world, ana, chain, steps, fork, late } = await older()
  const [keeping, dropping] = [open(world), open(world)]
  for (const side of [keeping, dropping]) await take(side, steps)
  await drop(dropping, await proposalOf(keeping))
  expect(await dropping.replica.entry(chain[1]!.id)).toBeUndefined()

  const waits = await dropping.replica.ingest([late.entry.bytes], late.certificate, 'peer')
  expect(waits).toMatchObject({
    ok: true,
    value: { certified: [], refused: [], older: { lacking: new Map([[toHex(ana.device.publicKey), 1]]) } },
  })
  expect(await dropping.replica.ingest([fork.bytes], null, 'peer')).toMatchObject({ ok: true, value: { certified: [], refused: [] } })
  expect(await dropping.replica.entry(fork.id)).toBeUndefined()
  await dropping.replica.ingest([chain[1]!.bytes], null, 'peer')
  await take(keeping, [late])
  expect(await rootOf(dropping.replica)).toBe(await rootOf(keeping.replica))
  expect((await dropping.replica.account(late.entry.entry.author))?.claimed).toBe(10)
  expect(await dropping.replica.broken()).toBe(false)
})

test('entries that waited before their account was started, or for what lies between, are taken once they hang on it', async () => {
  const { ana, chain, steps, world } = await older()
  const [keeping, newcomer] = [open(world), open(world)]
  await take(keeping, steps)
  const proposal = await proposalOf(keeping)
  const one = (at: number) => newcomer.replica.ingest([chain[at]!.bytes], null, 'peer')
  await one(3)
  await startFrom(newcomer, proposal.root, await leavesOf(keeping, proposal))
  // Its certificate comes before it does, and what is under it before that.
  await newcomer.replica.ingest([], await certify(world, chain[2]!), 'peer')
  for (const at of [0, 1]) await one(at)
  expect(await newcomer.replica.entry(chain[3]!.id)).toBeUndefined()
  await one(3)
  expect(await newcomer.replica.entry(chain[3]!.id)).toBeDefined()
  await one(2)
  for (const { id } of chain) expect(await newcomer.replica.entry(id)).toBeDefined()
  expect(await newcomer.store.list('filling', { prefix: toHex(ana.device.publicKey) })).toEqual([])
  expect(newcomer.replica.pendingBytes()).toBe(0)
  expect(await rootOf(newcomer.replica)).toBe(await rootOf(keeping.replica))
})

test('where a certified branch that ends below the base becomes the chain, it goes on from there', async () => {
  const { world, ana, chain, steps, late } = await older()
  const [keeping, newcomer] = [open(world), open(world)]
  await take(keeping, steps)
  const proposal = await proposalOf(keeping)
  await startFrom(newcomer, proposal.root, await leavesOf(keeping, proposal))
  for (const [author, from] of await fillingOf(newcomer.store, '', 9)) await bring(keeping, newcomer, fromHex(author)!, from)
  // Of the ends the lowest id is the head.
  let [under, total] = [chain[0]!, 11]
  for (let length = 0; length < 2; total++) {
    const entry = await next(world, ana, under, [pay([late.person, total])])
    if (toHex(entry.id) > toHex(chain.at(-1)!.id)) continue
    for (const side of [keeping, newcomer]) await take(side, [{ entry, certificate: await certify(world, entry) }])
    ;[under, length] = [entry, length + 1]
  }
  expect(await newcomer.replica.account(ana.device.publicKey)).toMatchObject({ seq: 2 })
  expect(await rootOf(newcomer.replica)).toBe(await rootOf(keeping.replica))
  expect(await newcomer.replica.account(ana.device.publicKey)).toEqual(await keeping.replica.account(ana.device.publicKey))
})

/** Fails at this commit and at every one after it, as a process that was killed there. */
const dying = (store: Store, deadly: number): Store => {
  let commits = 0
  return {
    ...store,
    commit: async (...args) => (commits++ < deadly ? store.commit(...args) : { ok: false, error: { type: 'storage', message: 'killed' } }),
  }
}

test('killed at any commit of a drop, it has the same state and drops the rest later', async () => {
  const world = await createWorld()
  const { steps } = await createHistory(world, createSeededRandom('killed'), 60)
  const keeping = open(world)
  await take(keeping, steps.slice(0, 45))
  const proposal = await proposalOf(keeping)
  await take(keeping, steps)
  const root = await rootOf(keeping.replica)
  const whole = open(world)
  await take(whole, steps)
  await drop(whole, proposal)
  const least = await entriesIn(whole)
  for (let deadly = 0; deadly < 2 * proposal.heads.length - 2; deadly++) {
    const store = createMemoryStore()
    await take(open(world, { store }), steps)
    await drop(open(world, { store: dying(store, deadly) }), proposal)
    expect(await rootOf(open(world, { store }).replica)).toBe(root)
    await drop(open(world, { store }), proposal)
    expect(await entriesIn({ store })).toBe(least)
    expect(await rootOf(open(world, { store }).replica)).toBe(root)
  }
})

/** Accounts as of the proposal, as they travel. */
const leavesOf = async (side: Side, { heads }: CheckpointProposal): Promise<readonly (readonly [author: Bytes, bytes: Bytes])[]> => {
  const { tree } = await followReplica(side.replica)
  return Promise.all(
    heads.map(async ([author, seq]) => {
      const [state, proof] = [await side.replica.state(author), tree.prove(author)]
      const [entry, certificate] = [await side.replica.records.entryAt(author, seq), await side.replica.certificateOf(author, seq)]
      return [author, encodeAccount({ state, proof, entry: entry!, certificate: certificate! })] as const
    }),
  )
}
const startFrom = async ({ replica, deps }: Side, root: Bytes, leaves: Awaited<ReturnType<typeof leavesOf>>): Promise<void> => {
  for (const [author, bytes] of leaves) {
    const account = await checkAccount(verifier, deps.rules, root, author, bytes)
    expect(account).toBeDefined()
    await replica.rewrite(author, async (head) => (head.seq < 0 ? startWrites(replica.records, account!, true) : []))
  }
}

test.each([1, 2, 3])(
  'history %i: a newcomer starts from leaves, asks for what later entries lean on, and fills in the rest',
  async (seed) => {
    const world = await createWorld()
    const { steps } = await createHistory(world, createSeededRandom(`start ${seed}`), 80)
    const [keeping, newcomer] = [open(world), open(world)]
    await take(keeping, steps.slice(0, 60))
    const proposal = await proposalOf(keeping)
    const leaves = await leavesOf(keeping, proposal)
    await startFrom(newcomer, proposal.root, leaves)
    expect(await rootOf(newcomer.replica)).toBe(toHex(proposal.root))
    expect(await entriesIn(newcomer)).toBe(proposal.heads.length)

    await take(keeping, steps)
    await takeAsking(keeping, newcomer, steps.slice(60))
    expect(await rootOf(newcomer.replica)).toBe(await rootOf(keeping.replica))
    expect((await newcomer.witness.propose()).ok).toBe(true)

    for (;;) {
      const [next] = await fillingOf(newcomer.store, '', 1)
      if (!next) break
      const done = await bring(keeping, newcomer, fromHex(next[0])!, next[1])
      expect(done).toMatchObject({ ok: true, value: { older: { came: new Set([next[0]]) } } })
      // Whichever chain is here whole by now: what it leans on of others need not be.
      const tree = await treeOf(checkpointSource(newcomer.replica, newcomer.deps), proposal)
      expect(tree.ok && toHex(tree.value.root())).toBe(toHex(proposal.root))
    }
    for (const table of ['entries', 'ids', 'heads', 'incomes', 'claimed', 'paid', 'attests', 'filling'])
      expect([table, await newcomer.store.list(table)]).toEqual([table, await keeping.store.list(table)])
    for (const [author, seq] of proposal.heads) expect(await newcomer.deps.records.baseSeq(author)).toBe(seq > 0 ? seq : -1)
    expect((await newcomer.witness.sign(proposal)).ok).toBe(true)
    expect(await newcomer.replica.broken()).toBe(false)
  },
)

test('killed at any commit of a start, what was taken stands and the rest is taken later', async () => {
  const world = await createWorld()
  const { steps } = await createHistory(world, createSeededRandom('start killed'), 40)
  const keeping = open(world)
  await take(keeping, steps)
  const proposal = await proposalOf(keeping)
  const leaves = await leavesOf(keeping, proposal)
  for (let deadly = 0; deadly < leaves.length; deadly++) {
    const store = createMemoryStore()
    await startFrom(open(world, { store: dying(store, deadly) }), proposal.root, leaves)
    const again = open(world, { store })
    expect((await again.replica.accounts()).length).toBe(deadly)
    await rootOf(again.replica)
    await startFrom(again, proposal.root, leaves)
    expect(await rootOf(again.replica)).toBe(toHex(proposal.root))
  }
})

test('no account is taken that the root does not prove: not a changed byte, not another’s, not of another root', async () => {
  const world = await createWorld()
  const { steps } = await createHistory(world, createSeededRandom('proved'), 20)
  const keeping = open(world)
  await take(keeping, steps)
  const { root, heads } = await proposalOf(keeping)
  const leaves = await leavesOf(keeping, { root, heads, day: 0, verdicts: [] })
  const [[author, bytes], [other]] = leaves as [(typeof leaves)[number], (typeof leaves)[number]]
  const check = (of: Bytes, told: Uint8Array, at = root) => checkAccount(verifier, world.rules, at, of, told)
  expect(await check(author, bytes)).toBeDefined()
  expect(await check(other, bytes)).toBeUndefined()
  expect(await check(author, bytes, author)).toBeUndefined()
  const random = createSeededRandom('bytes')
  for (let i = 0; i < 200; i++) {
    const changed = bytes.slice()
    const [at] = random.bytes(4).subarray(0, 1)
    changed[(at! * 7919 + i * 31) % bytes.length]! ^= 1 + (i % 255)
    expect(await check(author, changed), `change ${i}`).toBeUndefined()
  }
})
