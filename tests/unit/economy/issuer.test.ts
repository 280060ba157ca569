import { beforeEach, describe, expect, it } from 'vitest'
import { createIssuer, type Issuer, neverExpires } from '../../../src/economy/issuer.ts'
import { certifyDevice } from '../../../src/identity/device.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore, type Store, type StoreValue } from '../../../src/lib/store.ts'
import { encodeJoin, payLines } from '../../../src/ledger/entry.ts'
import { createOwnChain } from '../../../src/ledger/own-chain.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import { createWitness } from '../../../src/ledger/witness.ts'
import { createPerson, createWorld, type Person, startMs, verifier, type World } from '../ledger/fixtures.ts'

let world: World
let ana: Person
let ben: Person
let clock: ManualClock
let witnessReachable: boolean
beforeEach(async () => {
  world = await createWorld(1, { allowanceMicro: 1_200 })
  ana = await createPerson('ana')
  ben = await createPerson('ben')
  clock = createManualClock(startMs)
  witnessReachable = true
})

const open = (store: Store): Issuer => {
  const parts = { store, verifier, rules: world.rules, clock }
  const witness = createWitness({ ...parts, replica: createReplica(parts), signer: world.witnesses[0]! })
  return createIssuer({
    ...parts,
    chain: createOwnChain({ ...parts, signer: world.issuer.device }),
    join: world.issuer.join,
    random: createSeededRandom(1),
    certify: async (pending) => {
      if (!witnessReachable) return undefined
      const answer = await witness.submit(pending.map((p) => p.bytes))
      return answer.ok ? answer.value.certificate : undefined
    },
  })
}
const create = async (issuer: Issuer, uses = 10, expires = neverExpires): Promise<Uint8Array> => {
  const token = await issuer.createInvite({ grantMicro: 500, usesLeft: uses, expires })
  if (!token.ok) throw new Error('no token')
  return token.value
}
const redeem = (issuer: Issuer, token: Uint8Array, who: Person, device = who.device.publicKey) =>
  issuer.redeem({ token, join: encodeJoin(who.join), device })
const reasonOf = (result: Awaited<ReturnType<Issuer['redeem']>>) =>
  result.ok ? undefined : result.error.type === 'redeem' ? result.error.reason : result.error.type

describe('the issuer', () => {
  it('pays a use of an invite once per person, and answers the same when asked again', async () => {
    const store = createMemoryStore()
    const issuer = open(store)
    const token = await create(issuer)
    const first = await redeem(issuer, token, ana)
    expect(first.ok && first.value.entry.entry.ops).toMatchObject([
      { op: 'join' },
      { op: 'pay', lines: [[ana.device.publicKey, 500, 0, 0, 0]] },
    ])
    expect(await redeem(issuer, token, ana)).toEqual(first)
    expect(await redeem(open(createMemoryStore(store.snapshot())), token, ana)).toEqual(first)
    expect(await issuer.invite(token)).toMatchObject({ usesLeft: 9 })
    const second = await redeem(issuer, token, ben)
    expect(second.ok && second.value.entry.entry.seq).toBe(1)
  })

  it('refuses another device of the same person, unknown, expired and used-up invites, and stolen joins', async () => {
    const issuer = open(createMemoryStore())
    const token = await create(issuer, 1, startMs + 1000)
    const laptop = { ...(await createPerson('ana laptop')), root: ana.root }
    expect(reasonOf(await redeem(issuer, new Uint8Array(16), ana))).toBe('unknown')
    expect(reasonOf(await redeem(issuer, token, ana, ben.device.publicKey))).toBe('device-certificate')
    expect(reasonOf(await issuer.redeem({ token, join: new Uint8Array(3), device: ana.device.publicKey }))).toBe('malformed')
    expect(reasonOf(await redeem(issuer, token, ana))).toBeUndefined()
    const { signature } = await certifyDevice(ana.root, laptop.device.publicKey)
    const laptopJoin = { ...laptop, join: { ...ana.join, certificate: signature } }
    expect(reasonOf(await redeem(issuer, token, laptopJoin))).toBe('already-redeemed')
    expect(reasonOf(await redeem(issuer, token, ben))).toBe('used-up')
    const late = await create(issuer, 1, startMs + 1000)
    await clock.advance(1001)
    expect(reasonOf(await redeem(issuer, late, ben))).toBe('expired')
  })

  it('pays nothing to who was paid by another commit while it was about to', async () => {
    const store = createMemoryStore()
    const token = await create(open(store))
    const raced = open({
      ...store,
      get: async (table, key) => {
        const found = await store.get(table, key)
        if (table === 'redeemed' && found === undefined) await store.commit([{ table, key, value: ana.device.publicKey }])
        return found
      },
    })
    expect(reasonOf(await redeem(raced, token, ana))).toBe('conflict')
    expect(await raced.invite(token)).toMatchObject({ usesLeft: 10 })
  })

  it('gives no more than the allowance', async () => {
    const issuer = open(createMemoryStore())
    const token = await create(issuer)
    for (const name of ['a', 'b']) expect(reasonOf(await redeem(issuer, token, await createPerson(name)))).toBeUndefined()
    expect(reasonOf(await redeem(issuer, token, await createPerson('c')))).toBe('exhausted')
    expect(await issuer.invite(token)).toMatchObject({ usesLeft: 8 })
  })

  it('pays all who come at once in a few entries, each once, as far as invite and allowance reach', async () => {
    world = await createWorld(1, { allowanceMicro: 500 * 37 })
    const issuer = open(createMemoryStore())
    const [wide, narrow] = [await create(issuer, 100), await create(issuer, 1)]
    const people = await Promise.all(Array.from({ length: 40 }, (_, i) => createPerson(`person ${i}`)))
    const answers = await Promise.all([
      ...people.slice(0, 2).map((who) => redeem(issuer, narrow, who)),
      ...people.slice(2).map((who) => redeem(issuer, wide, who)),
      // Asked twice in one moment: one payment.
      redeem(issuer, wide, people[2]!),
    ])
    expect(answers.map(reasonOf)).toEqual([
      undefined,
      'used-up',
      ...Array<undefined>(36).fill(undefined),
      'exhausted',
      'exhausted',
      undefined,
    ])
    const paid = answers.flatMap((answer) => (answer.ok ? [answer.value.entry] : []))
    const entries = new Map(paid.map((entry) => [toHex(entry.id), entry]))
    expect(entries.size).toBeLessThan(8)
    const lines = [...entries.values()].flatMap(({ entry }) => payLines(entry))
    expect(lines.map(([, total]) => total)).toEqual(Array(37).fill(500))
    expect(new Set(lines.map(([payee]) => toHex(payee))).size).toBe(37)
    expect(await issuer.invite(wide)).toMatchObject({ usesLeft: 64 })
  })

  it('keeps a redemption that no witness has certified yet, and pays it once when one does', async () => {
    const issuer = open(createMemoryStore())
    const token = await create(issuer)
    witnessReachable = false
    expect(reasonOf(await redeem(issuer, token, ana))).toBe('uncertified')
    expect(reasonOf(await redeem(issuer, token, ben))).toBe('uncertified')
    witnessReachable = true
    const paid = await redeem(issuer, token, ana)
    expect(paid.ok && paid.value.entry.entry.seq).toBe(0)
    expect(await issuer.invite(token)).toMatchObject({ usesLeft: 9 })
  })

  it('survives a death before any of its commits: the same request pays once', async () => {
    const base = createMemoryStore()
    const token = await create(open(base))
    const reached: ReadonlyMap<string, StoreValue>[] = []
    for (let deadly = 0; ; deadly++) {
      const store = createMemoryStore(base.snapshot())
      let commits = 0
      const dying: Store = {
        ...store,
        commit: (...args) => {
          if (commits++ === deadly) throw new Error('killed')
          return store.commit(...args)
        },
      }
      const died = await redeem(open(dying), token, ana).then(
        () => false,
        () => true,
      )
      const again = await redeem(open(createMemoryStore(store.snapshot())), token, ana)
      const end = createMemoryStore(store.snapshot())
      const final = await redeem(open(end), token, ana)
      expect(final).toEqual(again)
      reached.push(end.snapshot())
      if (!died) break
    }
    expect(reached.length).toBeGreaterThan(3)
    const view = (records: ReadonlyMap<string, StoreValue>) =>
      [...records].map(([k, v]) => `${k}=${v instanceof Uint8Array ? toHex(v) : JSON.stringify(v)}`).sort()
    for (const records of reached) expect(view(records)).toEqual(view(reached.at(-1)!))
  })
})
