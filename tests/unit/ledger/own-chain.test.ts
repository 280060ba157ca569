import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { balanceOf } from '../../../src/ledger/chain-state.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import { type CheckedIncome, claimOp, createOwnChain, type OwnChain } from '../../../src/ledger/own-chain.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import { certify, createPerson, createWorld, next, pay, type Person, startMs, verifier, type World } from './fixtures.ts'

let world: World
let ana: Person
let ben: Person
let store: ReturnType<typeof createMemoryStore>
let chain: OwnChain

const open = (over: Store): OwnChain =>
  createOwnChain({ store: over, signer: ana.device, verifier, rules: world.rules, clock: createManualClock(startMs) })
const value = <T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}
/** The issuer's chain: one entry that pays these, and the certificate on it. */
const granted = async (total: number): Promise<{ entry: ParsedEntry; certificate: Certificate }> => {
  const entry = await next(world, world.issuer, undefined, [world.issuer.join, pay([ana, total])])
  return { entry, certificate: await certify(world, entry) }
}
const income = async (of: OwnChain, from: { entry: ParsedEntry; certificate: Certificate }): Promise<CheckedIncome> =>
  value(await of.checkIncome({ entry: from.entry.bytes, certificate: from.certificate }))
const appendCertified = async (of: OwnChain, ops: Parameters<OwnChain['append']>[0], incomes: readonly CheckedIncome[] = []) => {
  const made = value(await of.append(ops, [], [], incomes))
  const certificate = await certify(world, made)
  value(await of.certified(certificate))
  return { entry: made, certificate }
}

beforeEach(async () => {
  world = await createWorld()
  ana = await createPerson('ana')
  ben = await createPerson('ben')
  store = createMemoryStore()
  chain = open(store)
})

describe('the own chain', () => {
  it('joins and claims in one entry, then pays, and a new start reads the same', async () => {
    const grant = await income(chain, await granted(500))
    await appendCertified(chain, [ana.join, claimOp([grant])], [grant])
    expect(balanceOf(await chain.head())).toBe(500n)
    const paid = await appendCertified(chain, [pay([ben, 200, 200, 1, 0])])
    expect(balanceOf(await chain.head())).toBe(300n)

    const again = open(createMemoryStore(store.snapshot()))
    expect(await again.state()).toEqual(await chain.state())
    expect((await again.state()).paid.get(toHex(ben.device.publicKey))).toEqual({ total: 200, units: 200, ok: 1, bad: 0 })
    expect(await again.paymentTo(ben.device.publicKey)).toEqual(paid)
    expect(await again.paymentTo(ana.device.publicKey)).toBeUndefined()
  })

  it('keeps the rules before it signs: no overdraft, no falling total, no second join, no claim without evidence', async () => {
    const grant = await income(chain, await granted(500))
    expect(await chain.append([pay([ben, 1])])).toMatchObject({ error: { reason: 'malformed' } })
    expect(await chain.append([ana.join, claimOp([grant])])).toMatchObject({ error: { reason: 'income-unknown' } })
    await appendCertified(chain, [ana.join, claimOp([grant])], [grant])
    expect(await chain.append([pay([ben, 501])])).toEqual({ ok: false, error: { type: 'invalid', reason: 'overdrawn' } })
    await appendCertified(chain, [pay([ben, 100])])
    expect(await chain.append([pay([ben, 99])])).toMatchObject({ error: { reason: 'pay-falls' } })
    expect(await chain.append([ana.join])).toMatchObject({ error: { reason: 'malformed' } })
    expect((await chain.head()).seq).toBe(1)
  })

  it('keeps entry and extra writes together or not at all', async () => {
    const answer = { table: 'answers', key: 'r1', value: 'done' } as const
    const blocked = await chain.append([ana.join], [answer], [{ table: 'answers', key: 'r0', equals: 'there' }])
    expect(blocked).toMatchObject({ error: { type: 'conflict', key: 'r0' } })
    expect((await chain.head()).seq).toBe(-1)
    value(await chain.append([ana.join], [answer], [{ table: 'answers', key: 'r1', equals: undefined }]))
    expect(await store.get('answers', 'r1')).toBe('done')
  })

  it('lets one entry at a time wait for its certificate', async () => {
    const made = value(await chain.append([ana.join]))
    expect(await chain.pending()).toEqual([made])
    expect(await chain.append([pay([ben, 1])])).toEqual({ ok: false, error: { type: 'pending' } })
    expect(await chain.certified({ ...(await certify(world, made)), seq: 5 })).toMatchObject({ error: { reason: 'unknown-entry' } })
    expect(await chain.certified({ ...(await certify(world, made)), signatures: [] })).toMatchObject({ error: { reason: 'invalid' } })
    value(await chain.certified(await certify(world, made)))
    expect(await chain.pending()).toEqual([])
  })

  it('killed before or after any commit, it goes on to the same chain', async () => {
    const grant = await granted(500)
    /** What a node does until it is done, whatever stands already. */
    const finish = async (over: Store): Promise<void> => {
      const node = open(over)
      for (const waiting of await node.pending()) value(await node.certified(await certify(world, waiting)))
      const fresh = await node.checkIncome({ entry: grant.entry.bytes, certificate: grant.certificate })
      if (fresh.ok) await appendCertified(node, [ana.join, claimOp([fresh.value])], [fresh.value])
      const paid = (await node.state()).paid.get(toHex(ben.device.publicKey))
      if (!paid) await appendCertified(node, [pay([ben, 200])])
    }
    await finish(store)
    const expected = await chain.state()
    for (let deadly = 0; deadly < 8; deadly++) {
      const disk = createMemoryStore()
      let commits = 0
      const dying: Store = {
        ...disk,
        commit: async (...args) => {
          if (commits === deadly >> 1 && deadly % 2 === 0) throw new Error('killed before')
          const done = await disk.commit(...args)
          if (commits++ === deadly >> 1) throw new Error('killed after')
          return done
        },
      }
      await expect(finish(dying)).rejects.toThrow('killed')
      await finish(disk)
      expect(await open(disk).state()).toEqual(expected)
      expect(await open(disk).pending()).toEqual([])
    }
  })

  it('never lets two writers both append at one number', async () => {
    const other = open(store)
    const results = await Promise.all([chain.append([ana.join], [{ table: 't', key: 'a', value: 1 }]), other.append([ana.join])])
    expect(results.filter((r) => r.ok).length).toBe(1)
  })

  it('takes an income by its certificate only', async () => {
    const good = await granted(500)
    const check = async (entry: Uint8Array, certificate: Certificate) => {
      const checked = await chain.checkIncome({ entry, certificate })
      return checked.ok ? undefined : checked.error.reason
    }
    expect(await check(good.entry.bytes, good.certificate)).toBeUndefined()
    expect(await check(good.entry.bytes.slice(1), good.certificate)).toBe('malformed')
    expect(await check(good.entry.bytes, { ...good.certificate, signatures: [] })).toBe('certificate')
    expect(await check((await next(world, ben, undefined, [ben.join, pay([ana, 9])])).bytes, good.certificate)).toBe('certificate')
    const others = await next(world, world.issuer, undefined, [world.issuer.join, pay([ben, 5])])
    expect(await check(others.bytes, await certify(world, others))).toBe('not-ours')
    const elsewhere = { ...world, rules: { ...world.rules, swarm: good.entry.id } }
    const replayed = await next(elsewhere, world.issuer, undefined, [world.issuer.join, pay([ana, 5])])
    expect(await check(replayed.bytes, await certify(elsewhere, replayed))).toBe('swarm')
    const grant = await income(chain, good)
    await appendCertified(chain, [ana.join, claimOp([grant])], [grant])
    expect(await check(good.entry.bytes, good.certificate)).toBe('old')
  })
})

describe('adopting what a witness knows', () => {
  it('completes a restored profile without forking, with evidence of what it claims', async () => {
    const g = await granted(500)
    const old = store.snapshot()
    const grant = await income(chain, g)
    const first = await appendCertified(chain, [ana.join, claimOp([grant])], [grant])
    const second = await appendCertified(chain, [pay([ben, 100, 1, 1, 0])])
    const entries = [first.entry.bytes, second.entry.bytes]

    const restored = open(createMemoryStore(old))
    expect(await restored.adopt(entries, second.certificate)).toMatchObject({
      error: { type: 'missing', incomes: [{ seq: 0, id: g.entry.id }] },
    })
    expect(await restored.adopt(entries.slice(1), second.certificate)).toEqual({ ok: false, error: { type: 'gap', seq: 0 } })
    expect(await restored.adopt([g.entry.bytes, ...entries], second.certificate)).toEqual({ ok: true, value: { adopted: 2, dropped: 0 } })
    expect(await restored.state()).toEqual(await chain.state())
    expect(await restored.paymentTo(ben.device.publicKey)).toEqual(second)
    expect(await restored.adopt([g.entry.bytes, ...entries], second.certificate)).toEqual({ ok: true, value: { adopted: 0, dropped: 0 } })
    await appendCertified(restored, [pay([ben, 150, 2, 2, 0])])
    expect(balanceOf(await restored.head())).toBe(350n)
  })

  it('drops an uncertified rest that contradicts it, and every trace of it in the fold', async () => {
    const grant = await income(chain, await granted(500))
    await appendCertified(chain, [ana.join, claimOp([grant])], [grant])
    const old = store.snapshot()
    const kept = await appendCertified(chain, [pay([ben, 100])])

    const cy = await createPerson('cy')
    const restored = open(createMemoryStore(old))
    value(await restored.append([pay([cy, 70])]))
    expect(await restored.adopt([kept.entry.bytes], kept.certificate)).toEqual({ ok: true, value: { adopted: 1, dropped: 1 } })
    expect(await restored.state()).toEqual(await chain.state())
    expect(await restored.pending()).toEqual([])
  })

  it('takes a certificate on what it holds, and leaves a longer uncertified end alone', async () => {
    const made = value(await chain.append([ana.join]))
    expect(await chain.adopt([made.bytes], await certify(world, made))).toEqual({ ok: true, value: { adopted: 0, dropped: 0 } })
    expect(await chain.pending()).toEqual([])
    const end = value(await chain.append([{ op: 'stake', amount: 0 }]))
    expect(await chain.adopt([made.bytes], await certify(world, made))).toMatchObject({ ok: true })
    expect((await chain.pending()).map(({ id }) => id)).toEqual([end.id])
    expect(await chain.adopt([], null)).toEqual({ ok: true, value: { adopted: 0, dropped: 0 } })
  })

  it('refuses what is not certified, not ours, or against a certified entry', async () => {
    const made = value(await chain.append([ana.join]))
    const certificate = await certify(world, made)
    expect(await chain.adopt([made.bytes], { ...certificate, signatures: [] })).toMatchObject({ error: { type: 'certificate' } })
    const bens = await next(world, ben, undefined, [ben.join])
    expect(await chain.adopt([bens.bytes], await certify(world, bens))).toMatchObject({ error: { type: 'certificate' } })
    value(await chain.certified(certificate))
    const fork = await next(world, ana, undefined, [ana.join], { time: startMs + 1 })
    expect(await chain.adopt([fork.bytes], await certify(world, fork))).toEqual({ ok: false, error: { type: 'contradiction', seq: 0 } })
  })

  it('appends no more once the root key has taken the chain over', async () => {
    await appendCertified(chain, [ana.join])
    const first = (await chain.entry(0))!
    const taken = await next(world, ana, first, [{ op: 'stake', amount: 0 }], { signer: ana.root })
    value(await chain.adopt([taken.bytes], await certify(world, taken)))
    expect(await chain.append([{ op: 'stake', amount: 0 }])).toEqual({ ok: false, error: { type: 'invalid', reason: 'root-signed' } })
  })
})
