import { beforeEach, describe, expect, it } from 'vitest'
import { createIssuer, type Issuer } from '../../../src/economy/issuer.ts'
import { carryOver } from '../../../src/economy/succession.ts'
import { encodeBalanceProof } from '../../../src/ledger/balance-proof.ts'
import { bare, emptyHead } from '../../../src/ledger/chain-state.ts'
import { createOwnChain, type OwnChain } from '../../../src/ledger/own-chain.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import { createStateTree } from '../../../src/ledger/state-tree.ts'
import { createWitness } from '../../../src/ledger/witness.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import { createPerson, createWorld, type Person, startMs, verifier, type World } from '../ledger/fixtures.ts'

let world: World
let [ana, ben, cy]: Person[] = []
let reachable: boolean
beforeEach(async () => {
  world = await createWorld(1, { allowanceMicro: 10_000 })
  ;[ana, ben, cy] = await Promise.all(['ana', 'ben', 'cy'].map(createPerson))
  reachable = true
})

/** The swarm before: ana had 700, ben had spent all. */
const before = () => {
  const tree = createStateTree()
  const put = (who: Person, claimed: bigint, paid: bigint): void =>
    tree.advance(bare({ ...emptyHead(who.device.publicKey), seq: 3, id: sha256(utf8(who.name)), claimed, paid, staked: 100 }))
  put(ana!, 900n, 200n)
  put(ben!, 500n, 500n)
  return tree
}
const open = (store: Store): { issuer: Issuer; chain: OwnChain } => {
  const parts = { store, verifier, rules: world.rules, clock: createManualClock(startMs) }
  const witness = createWitness({ ...parts, replica: createReplica(parts), signer: world.witnesses[0]! })
  const chain = createOwnChain({ ...parts, signer: world.issuer.device })
  const issuer = createIssuer({
    ...parts,
    chain,
    join: world.issuer.join,
    random: createSeededRandom(1),
    certify: async (pending) => {
      const answer = reachable ? await witness.submit(pending.map((p) => p.bytes)) : undefined
      return answer?.ok ? answer.value.certificate : undefined
    },
  })
  return { issuer, chain }
}
/** Undefined: paid. */
const carry = async (issuer: Issuer, who: Person, micro: number, { of = who, root = before().root() } = {}) => {
  const proof = encodeBalanceProof(before().prove(of.device.publicKey))
  const predecessor = { swarm: sha256(utf8('before')), day: 19_675, root }
  const done = await carryOver(issuer, predecessor, { account: who.device.publicKey, proof, micro })
  return done.ok ? undefined : done.error.type === 'carry' ? done.error.reason : done.error.type
}
const paid = async (chain: OwnChain, who: Person): Promise<number> =>
  (await chain.state()).paid.get(toHex(who.device.publicKey))?.total ?? 0

describe('the issuer of a successor', () => {
  it('pays an account what it had, once, also after it was started anew', async () => {
    const store = createMemoryStore()
    const { issuer, chain } = open(store)
    expect(await carry(issuer, ana!, 700)).toBeUndefined()
    expect(await carry(issuer, ana!, 700)).toBe('already-carried')
    expect(await carry(open(createMemoryStore(store.snapshot())).issuer, ana!, 1)).toBe('already-carried')
    expect(await paid(chain, ana!)).toBe(700)
  })

  it('pays no more than that, and nothing to who had nothing or is not known', async () => {
    const { issuer, chain } = open(createMemoryStore())
    expect(await carry(issuer, ana!, 701)).toBe('beyond-balance')
    expect(await carry(issuer, ana!, 0)).toBe('malformed')
    expect(await carry(issuer, ben!, 1)).toBe('beyond-balance')
    expect(await carry(issuer, cy!, 1)).toBe('unknown')
    expect((await chain.head()).seq).toBe(-1)
  })

  it('believes no proof of another account, and none against another root', async () => {
    const { issuer } = open(createMemoryStore())
    expect(await carry(issuer, cy!, 700, { of: ana! })).toBe('proof')
    expect(await carry(issuer, ana!, 700, { root: sha256(utf8('root')) })).toBe('proof')
    const account = ana!.device.publicKey
    const predecessor = { swarm: account, day: 0, root: before().root() }
    expect(await carryOver(issuer, predecessor, { account, proof: utf8('proof'), micro: 1 })).toMatchObject({
      error: { reason: 'malformed' },
    })
  })

  it('pays once where the witnesses were away or the process died at any commit', async () => {
    reachable = false
    const away = createMemoryStore()
    expect(await carry(open(away).issuer, ana!, 700)).toBe('uncertified')
    reachable = true
    const back = open(away)
    expect(await carry(back.issuer, ana!, 700)).toBe('already-carried')
    expect(await paid(back.chain, ana!)).toBe(700)
    for (let deadly = 0; ; deadly++) {
      const store = createMemoryStore()
      let commits = 0
      const dying: Store = {
        ...store,
        commit: async (...args) => (commits++ === deadly ? Promise.reject(new Error('killed')) : store.commit(...args)),
      }
      const alive = await carry(open(dying).issuer, ana!, 700).then(
        () => true,
        () => false,
      )
      const again = open(createMemoryStore(store.snapshot()))
      await carry(again.issuer, ana!, 700)
      expect(await paid(again.chain, ana!)).toBe(700)
      if (alive) break
    }
  })
})
