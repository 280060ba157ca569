import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Bytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createSeededRandom, randomBelow } from '../../../src/lib/random.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { followHeads, planExchange } from '../../../src/ledger/reconcile-heads.ts'
import { answerReconcile, continueReconcile, startReconcile, type SyncSet } from '../../../src/ledger/reconcile.ts'
import { createReplica, type Replica } from '../../../src/ledger/replica.ts'
import { verdictId } from '../../../src/ledger/state-tree-account.ts'
import { followReplica } from '../../../src/ledger/state-tree-follow.ts'
import { offenceOf, signVerdict } from '../../../src/ledger/verdict.ts'
import { createWorld, verifier, type World } from './fixtures.ts'
import { createHistory, type Step } from './history.ts'

const node = async (world: World) => {
  const replica = createReplica({ store: createMemoryStore(), verifier, rules: world.rules })
  const [heads, state] = [await followHeads(replica), await followReplica(replica)]
  const take = async (entries: readonly Uint8Array[], certificate: Step['certificate'] | null): Promise<void> => {
    const report = await replica.ingest(entries, certificate, 'peer')
    if (!report.ok) throw new Error(JSON.stringify(report.error))
    await heads.took(
      report.value.certified.map(({ entry }) => entry.author),
      report.value,
    )
    await state.took(report.value)
  }
  return { replica, heads, state, take }
}
type Node = Awaited<ReturnType<typeof node>>

const find = (ours: SyncSet, theirs: SyncSet) => {
  let [so, message] = startReconcile(ours)
  for (;;) {
    const answer = answerReconcile(theirs, message)
    const next = answer.ok ? continueReconcile(ours, so, answer.value) : answer
    if (!next.ok) throw new Error(JSON.stringify(next.error))
    if (next.value[1] === null) return next.value[0]
    ;[so, message] = next.value as [typeof so, Bytes]
  }
}
const move = async (from: Replica, to: Node, parts: readonly { author: Bytes; from: number }[]): Promise<number> => {
  let moved = 0
  for (const part of parts) {
    const { entries, certificate } = await from.chainFrom(part.author, part.from)
    moved += entries.length
    await to.take(
      entries.map(({ bytes }) => bytes),
      certificate,
    )
  }
  return moved
}

test('two replicas that each saw a part of a history have the same root after one exchange, and nothing travels twice', async () => {
  const world = await createWorld(1)
  const { steps } = await createHistory(world, createSeededRandom('two parts'), 30)
  for (const seed of [1, 2, 3]) {
    const random = createSeededRandom(seed)
    const [ana, ben] = [await node(world), await node(world)]
    const [upToAna, upToBen] = [randomBelow(random, steps.length), randomBelow(random, steps.length)]
    for (const [i, { entry, certificate }] of steps.entries()) {
      if (i < upToAna) await ana.take([entry.bytes], certificate)
      if (i < upToBen) await ben.take([entry.bytes], certificate)
    }
    const plan = planExchange(find(ana.heads.set, ben.heads.set), (author) => ana.state.tree.account(author)?.seq ?? -1)
    const moved = (await move(ben.replica, ana, plan.fetch)) + (await move(ana.replica, ben, plan.give))
    expect(toHex(ana.state.tree.root())).toBe(toHex(ben.state.tree.root()))
    expect(moved).toBe(Math.abs(upToAna - upToBen))
    const again = find(ben.heads.set, ana.heads.set)
    expect([again.lacked.size, again.offered.size]).toEqual([0, 0])
    expect(find((await followHeads(ana.replica)).set, ben.heads.set).lacked.size).toBe(0)
  }
})

test('whoever is further gives, the other takes; both where two heads are certified at one number', () => {
  const author = (n: number) => sha256(utf8(`author ${n}`))
  const itemOf = (n: number, seq: number, branch = '') => {
    const id = sha256(utf8(`${n}/${seq}${branch}`))
    return [toHex(id), { time: seq, id, head: { author: author(n), seq } }] as const
  }
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: -1, max: 5 }), fc.integer({ min: -1, max: 5 })), { maxLength: 8 }), (pairs) => {
      const differ = pairs.map(([ours, theirs], n) => ({ n, ours, theirs })).filter(({ ours, theirs }) => ours !== theirs || ours >= 0)
      const offered = new Map(differ.filter(({ ours }) => ours >= 0).map(({ n, ours }) => itemOf(n, ours, ' ours')))
      const lacked = new Map(differ.filter(({ theirs }) => theirs >= 0).map(({ n, theirs }) => itemOf(n, theirs, ' theirs')))
      const plan = planExchange({ lacked, offered }, (key) => differ.find(({ n }) => toHex(author(n)) === toHex(key))!.ours)
      const wanted = (ahead: 'ours' | 'theirs', behind: 'ours' | 'theirs') =>
        differ.filter((d) => d[ahead] >= d[behind]).map((d) => ({ author: author(d.n), from: Math.min(d[ahead], d[behind] + 1) }))
      expect(plan.fetch).toEqual(wanted('theirs', 'ours'))
      expect(plan.give).toEqual(wanted('ours', 'theirs'))
    }),
  )
})

test('verdicts travel by their ids', async () => {
  const world = await createWorld(1)
  const [ana, ben] = [await node(world), await node(world)]
  const target = sha256(utf8('ana'))
  const finding = { target, reason: 'DoubleSpend', offence: offenceOf.doubleSpend(target, 7) } as const
  const verdict = await signVerdict(world.witnesses[0]!, world.rules.swarm, finding)
  expect((await ben.replica.verdicts.take(verdict)).ok).toBe(true)
  ben.heads.judged(verdict)
  const there = planExchange(find(ana.heads.set, ben.heads.set), () => -1)
  expect(there).toEqual({ fetch: [], give: [], fetchFacts: [verdictId(verdict)], giveFacts: [] })
  expect(planExchange(find(ben.heads.set, ana.heads.set), () => -1).giveFacts).toEqual([verdictId(verdict)])
})
