/** What a relay says to members of its swarm and of its predecessor: proofs of accounts, and payments, once, to their owners. */
import { beforeEach, expect, test } from 'vitest'
import { predecessorWrites } from '../../../src/agent/relay-succession.ts'
import { carryMessage } from '../../../src/economy/succession.ts'
import { accountProof, encodeAccountProof, ownedMicro, parseAccountProof, verifyAccountProof } from '../../../src/ledger/account-proof.ts'
import { bare, emptyHead } from '../../../src/ledger/chain-state.ts'
import { parseCheckpoint, verifyCheckpoint } from '../../../src/ledger/checkpoint.ts'
import { encodeJoin } from '../../../src/ledger/entry.ts'
import { createStateTree } from '../../../src/ledger/state-tree.ts'
import { type Bytes, sha256, utf8 } from '../../../src/lib/bytes.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { createPerson, type Person, verifier } from '../ledger/fixtures.ts'
import { createRelayWorld, grantMicro, openRelay, type RelayWorld, settled, type TestRelay } from './fixtures.ts'

const key = (who: Person) => who.device.publicKey
const swarmBefore = sha256(utf8('before'))
let ana: Person
let ben: Person
let world: RelayWorld
let store: Store
let relay: TestRelay
/** The predecessor: ana had 700 there. */
let tree: ReturnType<typeof createStateTree>
let proofOfAna: Bytes

beforeEach(async () => {
  ;[ana, ben] = [await createPerson('ana'), await createPerson('ben')]
  tree = createStateTree()
  for (const [who, claimed] of [[ana, 700n] as const, [ben, 0n] as const])
    tree.advance(bare({ ...emptyHead(key(who)), seq: 1, id: sha256(utf8(who.name)), identity: who.root.publicKey, claimed }))
  proofOfAna = encodeAccountProof(accountProof(tree.prove(key(ana)), []))
  world = await createRelayWorld({ predecessor: { swarm: swarmBefore, day: 7, root: tree.root() } })
  store = createMemoryStore()
  relay = await openRelay(world, store, [ana, ben])
})

const carry = (account: Person, proof: Bytes, signature: Bytes | null = null): WireMessage => [
  'carry',
  { account: key(account), proof, signature },
]
const reasons = (answers: readonly WireMessage[]): readonly string[] =>
  answers.flatMap(([type, body]) => (type === 'refused' ? [`${body.re}: ${body.reason}`] : []))
const issued = async (of = relay): Promise<number> =>
  0 - ((await of.node.ledger()).accounts.find(({ role }) => role === 'issuer')?.balance ?? 0)

test('a member of the predecessor is paid what it had there, and the second time refused', async () => {
  const paid = await relay.ask(ana, carry(ana, proofOfAna))
  expect(paid.map(([type]) => type)).toEqual(['entries'])
  expect(reasons(await relay.ask(ana, carry(ana, proofOfAna)))).toEqual(['carry: already-carried'])
  expect(await issued()).toBe(700)
  expect((await relay.node.ledger()).accounts[0]!.payees).toMatchObject([{ total: 700 }])
})

test('what is forged, of another, or nothing is refused with the reason, and only what cannot be read is held against who sent it', async () => {
  const other = createStateTree()
  other.advance(bare({ ...emptyHead(key(ben)), seq: 1, id: sha256(utf8('ben')), identity: ben.root.publicKey, claimed: 1_000n }))
  const forged = encodeAccountProof(accountProof(other.prove(key(ben)), []))
  const ofBen = encodeAccountProof(accountProof(tree.prove(key(ben)), []))
  expect(reasons(await relay.ask(ben, carry(ben, forged)))).toEqual(['carry: proof'])
  expect(reasons(await relay.ask(ben, carry(ben, proofOfAna)))).toEqual(['carry: proof'])
  expect(reasons(await relay.ask(ben, carry(ana, proofOfAna)))).toEqual(['carry: not-owner'])
  expect(reasons(await relay.ask(ben, carry(ben, ofBen)))).toEqual(['carry: nothing'])
  expect(relay.blamed()).toEqual([])
  expect(reasons(await relay.ask(ben, carry(ben, utf8('proof'))))).toEqual(['carry: malformed'])
  expect(relay.blamed()).toEqual(['carry: malformed'])
  expect(await relay.ask(ana, carry(ana, proofOfAna), true)).toEqual([])
  expect(await issued()).toBe(0)
})

test('the root key that joined there has another device paid', async () => {
  const signature = (await ana.root.sign(carryMessage(world.rules.swarm, key(ana), key(ben)))) as Bytes
  expect((await relay.ask(ben, carry(ana, proofOfAna, signature))).map(([type]) => type)).toEqual(['entries'])
  expect(reasons(await relay.ask(ana, carry(ana, proofOfAna)))).toEqual(['carry: already-carried'])
})

test('where the relay dies at any commit, the account is paid once', async () => {
  for (let deadly = 0; ; deadly++) {
    const fresh = createMemoryStore()
    let commits = -Infinity
    const dying: Store = {
      ...fresh,
      commit: async (...args) => (commits++ === deadly ? Promise.reject(new Error('killed')) : fresh.commit(...args)),
    }
    const first = await openRelay(world, dying, [ana])
    commits = 0
    await first.ask(ana, carry(ana, proofOfAna))
    const died = commits > deadly
    const again = await openRelay(world, createMemoryStore(fresh.snapshot()), [ana])
    await again.ask(ana, carry(ana, proofOfAna))
    expect(await issued(again)).toBe(700)
    if (!died) {
      expect(deadly).toBeGreaterThan(1)
      return
    }
  }
})

test('a relay proves accounts of the predecessor as far as its folder has them, and of no other state', async () => {
  const ask = (root: Bytes) => relay.ask(ana, ['balance?', { account: key(ana), root }])
  expect(await ask(tree.root())).toEqual([['balance', { account: key(ana), checkpoint: null, proof: null }]])
  await store.commit(predecessorWrites(key(ana), proofOfAna))
  expect(await ask(tree.root())).toEqual([['balance', { account: key(ana), checkpoint: null, proof: proofOfAna }]])
  expect(await ask(sha256(utf8('root')))).toEqual([['balance', { account: key(ana), checkpoint: null, proof: null }]])
})

test('and accounts of its own in the newest checkpoint, also those that have moved on since', async () => {
  const ask = async () => {
    const [answer] = await relay.ask(ana, ['balance?', { account: key(world.issuer), root: null }])
    return answer?.[0] === 'balance' ? answer[1] : undefined
  }
  expect(await ask()).toMatchObject({ checkpoint: null, proof: null })
  await relay.ask(ana, carry(ana, proofOfAna))
  await relay.clock.advance(60_000)
  await settled()
  await relay.ask(ben, ['redeem', { token: await relay.invite(), join: encodeJoin(ben.join) }])
  expect(await issued()).toBe(700 + grantMicro)
  const answer = await ask()
  const [checkpoint, proof] = [parseCheckpoint(answer!.checkpoint!), parseAccountProof(answer!.proof!)]
  if (!checkpoint.ok || !proof.ok) throw new Error('not read')
  expect(await verifyCheckpoint(verifier, checkpoint.value, world.rules)).toBe(true)
  const proven = verifyAccountProof(checkpoint.value.root, key(world.issuer), proof.value)
  expect(proven).toMatchObject({ ok: true, value: { leaf: { seq: 0, claimed: '0', paid: '700' } } })
  expect(proven.ok && proven.value && ownedMicro(proven.value)).toBe(0n)
})

test('whose accounts they were is told by the root key that joined there, and nobody else’s', async () => {
  await store.commit([
    ...predecessorWrites(key(ana), proofOfAna),
    ...predecessorWrites(key(ben), encodeAccountProof(accountProof(tree.prove(key(ben)), []))),
  ])
  const identity = ana.root.publicKey
  expect(await relay.ask(ben, ['devices?', { identity }])).toEqual([['devices', { identity, devices: [key(ana)] }]])
  const none = sha256(utf8('nobody'))
  expect(await relay.ask(ben, ['devices?', { identity: none }])).toEqual([['devices', { identity: none, devices: [] }]])
})
