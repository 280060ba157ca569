import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createSeededRandom, shuffled } from '../../../src/lib/random.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { bare, type ChainChange, emptyHead } from '../../../src/ledger/chain-state.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import { followReplica } from '../../../src/ledger/state-tree-follow.ts'
import { createStateTree } from '../../../src/ledger/state-tree.ts'
import { certify, createPerson, createWorld, next, pay, type Person, verifier } from './fixtures.ts'
import { createHistory, type Step } from './history.ts'

const key = (name: string) => sha256(utf8(name))
const change = (author: string, seq: number, paid: Record<string, number>): ChainChange => ({
  ...bare({
    ...emptyHead(key(author)),
    seq,
    id: key(`${author}/${seq}`),
    paid: BigInt(Object.values(paid).reduce((a, b) => a + b, 0)),
  }),
  paid: new Map(Object.entries(paid).map(([payee, total]) => [toHex(key(payee)), { total, units: total, ok: 1, bad: 0 }])),
})

/** A replica that took these steps one by one, and the state that followed it. */
const replicaOf = async (steps: readonly Step[], world: Awaited<ReturnType<typeof createWorld>>) => {
  const store = createMemoryStore()
  const replica = createReplica({ store, verifier, rules: world.rules })
  const followed = await followReplica(replica)
  for (const { entry, certificate } of steps) {
    const report = await replica.ingest([entry.bytes], certificate, 'peer')
    if (report.ok) await followed.took(report.value)
  }
  return { replica, tree: followed.tree }
}

test('any order of arrival gives the root that is rebuilt from the records', async () => {
  const world = await createWorld(1)
  const { steps } = await createHistory(world, createSeededRandom('state tree'), 25)
  const roots = new Set<string>()
  for (const seed of ['as made', 1, 2, 3]) {
    const order = seed === 'as made' ? steps : shuffled(createSeededRandom(seed), [...steps, ...steps])
    const { replica, tree } = await replicaOf(order, world)
    expect(tree.size()).toBe(4)
    roots.add(toHex(tree.root()))
    roots.add(toHex((await followReplica(replica)).tree.root()))
  }
  expect(roots.size).toBe(1)
})

test('where certified entries conflict, the tree follows the head to whichever branch it is on', async () => {
  const world = await createWorld(1)
  const [ben, cy, dee] = (await Promise.all(['ben', 'cy', 'dee'].map(createPerson))) as [Person, Person, Person]
  const { issuer } = world
  const first = await next(world, issuer, undefined, [issuer.join, pay([ben, 1])])
  const left = await next(world, issuer, first, [pay([cy, 5])])
  const right = await next(world, issuer, first, [pay([dee, 7])])
  const further = await next(world, issuer, right, [pay([ben, 9])])
  const steps = await Promise.all([first, left, right, further].map(async (entry) => ({ entry, certificate: await certify(world, entry) })))
  const roots = new Set<string>()
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const { replica, tree } = await replicaOf(shuffled(createSeededRandom(seed), steps), world)
    expect(await replica.broken()).toBe(true)
    expect(toHex(tree.root())).toBe(toHex((await followReplica(replica)).tree.root()))
    roots.add(toHex(tree.root()))
  }
  expect(roots.size).toBe(1)

  // The losing branch goes on first, then the other takes over, all told at once: the loser's lines must not stay.
  let longer = await next(world, issuer, left, [pay([cy, 6])])
  for (let total = 7; compareBytes(longer.id, further.id) < 0; total++) longer = await next(world, issuer, left, [pay([cy, total])])
  const replica = createReplica({ store: createMemoryStore(), verifier, rules: world.rules })
  const followed = await followReplica(replica)
  for (const entries of [
    [first, left],
    [longer, right, further],
  ]) {
    for (const entry of entries) await replica.ingest([], await certify(world, entry), 'peer')
    const bytes = entries.map((entry) => entry.bytes)
    const report = await replica.ingest(bytes, null, 'peer')
    if (!report.ok) throw new Error('not stored')
    expect(new Set(report.value.certified.map(({ id }) => toHex(id)))).toEqual(new Set(entries.map(({ id }) => toHex(id))))
    await followed.took(report.value)
  }
  expect(followed.tree.account(issuer.device.publicKey)?.id).toEqual(further.id)
  expect(roots).toEqual(new Set([toHex(followed.tree.root())]))
})

test('lines keep their place over many changes: together or one by one, the leaf is the same', () => {
  const [one, two] = [createStateTree(), createStateTree()]
  one.advance(change('ana', 0, { ben: 5 }))
  one.advance(change('ana', 1, { cy: 7 }))
  two.replace({ ...change('ana', 1, { ben: 5, cy: 7 }), head: change('ana', 1, { cy: 7 }).head })
  expect(one.account(key('ana'))).toEqual(two.account(key('ana')))
  expect(one.root()).toEqual(two.root())
})

test('everything that applying the next entry reads is in the root', () => {
  const base = change('ana', 3, { ben: 5 })
  const root = (changed: Partial<ChainChange>, verdicts: readonly Uint8Array<ArrayBuffer>[] = []) => {
    const tree = createStateTree()
    tree.replace({ ...base, ...changed })
    tree.judge(key('ana'), verdicts)
    return toHex(tree.root())
  }
  const ben = toHex(key('ben'))
  const line = { total: 5, units: 5, ok: 1, bad: 0 }
  const paid = (figures: Partial<typeof line>) => ({ paid: new Map([[ben, { ...line, ...figures }]]) })
  const head = (figures: Partial<typeof base.head>) => ({ head: { ...base.head, ...figures } })
  const attest = { subject: key('cy'), claim: 'sponsor', confidence: 100, expiry: 5, revoked: false }
  const roots = [
    root({}),
    root(head({ seq: 4 })),
    root(head({ id: key('other') })),
    root(head({ identity: key('root') })),
    root(head({ rootSigned: true })),
    root(head({ claimed: 1n })),
    root(head({ paid: 2n ** 70n })),
    root(head({ staked: 1 })),
    root(head({ lent: 1n })),
    root(head({ epoch: 0 })),
    root(head({ settled: 1n })),
    root(head({ sponsoredUnits: 1n })),
    ...(['total', 'units', 'ok', 'bad'] as const).map((figure) => root(paid({ [figure]: 9 }))),
    root({ claimed: new Map([[ben, { total: 0, seq: 0 }]]) }),
    root({ claimed: new Map([[ben, { total: 0, seq: 1 }]]) }),
    root({ delegated: new Map([[ben, 1]]) }),
    root({ attests: new Map([[`${ben}/000`, attest]]) }),
    root({ attests: new Map([[`${ben}/001`, attest]]) }),
    root({ attests: new Map([[`${ben}/000`, { ...attest, revoked: true }]]) }),
    root({ sponsors: new Map([[ben, { attests: 1, named: null }]]) }),
    root({ sponsors: new Map([[ben, { attests: 1, named: { seq: 0, id: key('entry') } }]]) }),
    root({}, [key('verdict')]),
    root({}, [key('verdict'), key('another')]),
  ]
  expect(new Set(roots).size).toBe(roots.length)
})

test('verdicts count as a set, and may come before the account has an entry', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(['a', 'b', 'c'], { minLength: 3 }), fc.boolean(), (order, early) => {
      const tree = createStateTree()
      if (!early) tree.advance(change('ana', 0, { ben: 5 }))
      tree.judge(key('ana'), [...order, order[0]!].map(key))
      if (early) tree.advance(change('ana', 0, { ben: 5 }))
      const straight = createStateTree()
      straight.advance(change('ana', 0, { ben: 5 }))
      straight.judge(key('ana'), ['a', 'b', 'c'].map(key))
      expect(tree.root()).toEqual(straight.root())
    }),
  )
})
