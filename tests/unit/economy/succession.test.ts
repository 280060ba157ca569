import { beforeEach, describe, expect, it } from 'vitest'
import { createIssuer, type Issuer } from '../../../src/economy/issuer.ts'
import { carryMessage, carryOver } from '../../../src/economy/succession.ts'
import type { Signature } from '../../../src/identity/keys.ts'
import { accountProof, encodeAccountProof, ownedMicro, verifyAccountProof } from '../../../src/ledger/account-proof.ts'
import { bare, emptyHead } from '../../../src/ledger/chain-state.ts'
import { createOwnChain, type OwnChain } from '../../../src/ledger/own-chain.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import { verdictId } from '../../../src/ledger/state-tree-account.ts'
import { createStateTree } from '../../../src/ledger/state-tree.ts'
import { type Finding, offenceOf, SlashReason } from '../../../src/ledger/verdict.ts'
import { createWitness } from '../../../src/ledger/witness.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import { createPerson, createWorld, type Person, startMs, verifier, type World } from '../ledger/fixtures.ts'

const credit = 1_000_000
const key = (who: Person) => who.device.publicKey
let world: World
let people: Record<'ana' | 'ben' | 'cy' | 'dan' | 'eve' | 'fay', Person>
let reachable: boolean
beforeEach(async () => {
  world = await createWorld(1, { allowanceMicro: 2_000 * credit })
  const [ana, ben, cy, dan, eve, fay] = await Promise.all(['ana', 'ben', 'cy', 'dan', 'eve', 'fay'].map(createPerson))
  people = { ana: ana!, ben: ben!, cy: cy!, dan: dan!, eve: eve!, fay: fay! }
  reachable = true
})

/**
 * The swarm before, in credits. Ana has 700, 100 of them staked; ben has spent all. Dan has 250 and a fine of 100 more than his stake
 * bears; eve has 500 and is closed; fay's device was taken over by her root key, with 300 left.
 */
const before = () => {
  const { ana, ben, dan, eve, fay } = people
  const tree = createStateTree()
  const put = (who: Person, claimed: number, paid: number, rootSigned = false): void =>
    tree.advance(
      bare({
        ...{ ...emptyHead(key(who)), seq: 3, id: sha256(utf8(who.name)), identity: who.root.publicKey, rootSigned, staked: 100 * credit },
        ...{ claimed: BigInt(claimed * credit), paid: BigInt(paid * credit) },
      }),
    )
  put(ana, 900, 200)
  put(ben, 500, 500)
  put(dan, 250, 0)
  put(eve, 500, 0)
  put(fay, 300, 0, true)
  const verdicts: readonly Finding[] = [
    { target: key(dan), reason: SlashReason.DoubleSpend, offence: offenceOf.doubleSpend(key(dan), 1) },
    { target: key(dan), reason: SlashReason.DoubleSpend, offence: offenceOf.doubleSpend(key(dan), 2) },
    { target: key(eve), reason: SlashReason.Malicious, offence: offenceOf.judgement(key(eve)) },
  ]
  const against = (who: Person) => verdicts.filter(({ target }) => target === key(who))
  for (const who of [dan, eve]) tree.judge(key(who), against(who).map(verdictId))
  return { root: tree.root(), prove: (who: Person, found = against(who)) => accountProof(tree.prove(key(who)), found), against }
}
const open = (store: Store, rules = world.rules): { issuer: Issuer; chain: OwnChain } => {
  const parts = { store, verifier, rules, clock: createManualClock(startMs) }
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
interface How {
  /** The device that asks. */
  readonly to?: Person
  readonly signature?: Signature | null
  readonly proof?: Uint8Array
  readonly root?: Uint8Array<ArrayBuffer>
}
/** Undefined: paid. */
const carry = async (
  { issuer }: { readonly issuer: Issuer },
  who: Person,
  { to = who, signature = null, proof, root = before().root }: How = {},
) => {
  const request = { account: key(who), to: key(to), proof: proof ?? encodeAccountProof(before().prove(who)), signature }
  const done = await carryOver({ issuer, verifier, rules: world.rules }, { swarm: sha256(utf8('before')), day: 19_675, root }, request)
  return done.ok ? undefined : done.error.type === 'carry' ? done.error.reason : done.error.type
}
/** In credits. */
const paid = async (chain: OwnChain, who: Person): Promise<number> => ((await chain.state()).paid.get(toHex(key(who)))?.total ?? 0) / credit

describe('the issuer of a successor', () => {
  it('pays an account what it had, deposit included, once, also after it was started anew', async () => {
    const { ana } = people
    const store = createMemoryStore()
    const opened = open(store)
    expect(await carry(opened, ana)).toBeUndefined()
    expect(await carry(opened, ana)).toBe('already-carried')
    expect(await carry(open(createMemoryStore(store.snapshot())), ana)).toBe('already-carried')
    expect(await paid(opened.chain, ana)).toBe(700)
  })

  it('pays nothing to who had nothing, is not known, or was closed', async () => {
    const { ben, cy, eve } = people
    const opened = open(createMemoryStore())
    expect(await carry(opened, ben)).toBe('nothing')
    expect(await carry(opened, cy)).toBe('unknown')
    expect(await carry(opened, eve)).toBe('closed')
    expect((await opened.chain.head()).seq).toBe(-1)
  })

  it('does not bring a fine over as credits, and lets no verdict be left out of a proof or told twice', async () => {
    const { ana, dan, eve } = people
    const { root, prove, against } = before()
    const proven = verifyAccountProof(root, key(dan), prove(dan))
    const [leaf, owned] = proven.ok && proven.value ? [proven.value.leaf, ownedMicro(proven.value)] : []
    // The naive rule, what came in less what went out, gives what was burned anew.
    expect(Number(leaf!.claimed) - Number(leaf!.paid)).toBe(250 * credit)
    expect(owned).toBe(50n * BigInt(credit))
    const opened = open(createMemoryStore())
    const [first, second] = against(dan)
    const told: readonly (readonly [who: Person, found: Finding[]])[] = [
      [dan, []],
      [dan, [first!]],
      [dan, [first!, first!, second!]],
      [eve, []],
      [ana, [first!]],
    ]
    for (const [who, found] of told) expect(await carry(opened, who, { proof: encodeAccountProof(prove(who, found)) })).toBe('proof')
    expect(await carry(opened, dan)).toBeUndefined()
    expect(await paid(opened.chain, dan)).toBe(50)
  })

  it('believes no proof of another account, none against another root, and no bytes that are none', async () => {
    const { ana, cy } = people
    const opened = open(createMemoryStore())
    expect(await carry(opened, cy, { proof: encodeAccountProof(before().prove(ana)) })).toBe('proof')
    expect(await carry(opened, ana, { root: sha256(utf8('root')) })).toBe('proof')
    expect(await carry(opened, ana, { proof: utf8('proof') })).toBe('malformed')
  })

  it('pays another device by the root key only that joined there: a device has no say over another one of its identity', async () => {
    const { ana, ben, cy } = people
    const opened = open(createMemoryStore())
    const signed = (by: Person, account: Person, to: Person, swarm = world.rules.swarm) =>
      by.root.sign(carryMessage(swarm, key(account), key(to)))
    expect(await carry(opened, ana, { to: cy })).toBe('not-owner')
    expect(await carry(opened, ana, { to: cy, signature: await signed(cy, ana, cy) })).toBe('not-owner')
    expect(await carry(opened, ana, { to: cy, signature: await signed(ana, ana, ben) })).toBe('not-owner')
    expect(await carry(opened, ana, { to: cy, signature: await signed(ana, ana, cy, sha256(utf8('other'))) })).toBe('not-owner')
    expect(await carry(opened, ana, { to: cy, signature: await signed(ana, ana, cy) })).toBeUndefined()
    expect(await paid(opened.chain, cy)).toBe(700)
    // Once an account, whoever is paid.
    expect(await carry(opened, ana)).toBe('already-carried')
  })

  it('pays a device that its root key has taken over by the root key only', async () => {
    const { cy, fay } = people
    const opened = open(createMemoryStore())
    expect(await carry(opened, fay)).toBe('not-owner')
    const signature = await fay.root.sign(carryMessage(world.rules.swarm, key(fay), key(cy)))
    expect(await carry(opened, fay, { to: cy, signature })).toBeUndefined()
  })

  it('pays nothing beyond the grants, says so, and a part of it to nobody', async () => {
    const { ana, dan } = people
    world = { ...world, rules: { ...world.rules, allowanceMicro: 600 * credit } }
    const opened = open(createMemoryStore())
    expect(await carry(opened, ana)).toBe('exhausted')
    expect(await carry(opened, dan)).toBeUndefined()
    expect(await paid(opened.chain, ana)).toBe(0)
  })

  it('pays once where the witnesses were away or the process died at any commit', async () => {
    const { ana } = people
    reachable = false
    const away = createMemoryStore()
    expect(await carry(open(away), ana)).toBe('uncertified')
    reachable = true
    const back = open(away)
    expect(await carry(back, ana)).toBe('already-carried')
    expect(await paid(back.chain, ana)).toBe(700)
    for (let deadly = 0; ; deadly++) {
      const store = createMemoryStore()
      let commits = 0
      const dying: Store = {
        ...store,
        commit: async (...args) => (commits++ === deadly ? Promise.reject(new Error('killed')) : store.commit(...args)),
      }
      const alive = await carry(open(dying), ana).then(
        () => true,
        () => false,
      )
      const again = open(createMemoryStore(store.snapshot()))
      await carry(again, ana)
      expect(await paid(again.chain, ana)).toBe(700)
      if (alive) {
        expect(deadly).toBeGreaterThan(1)
        break
      }
    }
  })
})
