import { beforeAll, describe, expect, it } from 'vitest'
import { certifyDevice } from '../../../src/identity/device.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { applyEntry, type Income, type SignedBy } from '../../../src/ledger/apply.ts'
import {
  advance,
  balanceOf,
  type ChainState,
  emptyChain,
  headFromRecord,
  headToRecord,
  summaryOf,
} from '../../../src/ledger/chain-state.ts'
import { encodeEntry, type ParsedEntry, parseEntry } from '../../../src/ledger/entry.ts'
import type { Op } from '../../../src/ledger/types.ts'
import { verifyEntry } from '../../../src/ledger/verify-entry.ts'
import { certify, claim, createPerson, createWorld, next, pay, type Person, verifier, type World } from './fixtures.ts'

let world: World
let ana: Person
let ben: Person
beforeAll(async () => {
  world = await createWorld()
  ana = await createPerson('ana')
  ben = await createPerson('ben')
})

/** A chain of one author under test, with what payers' entries pay it. */
const chainOf = (who: Person) => {
  let state: ChainState = emptyChain(who.device.publicKey)
  let last: ParsedEntry | undefined
  const incomes = new Map<string, Income>()
  const attempt = async (ops: readonly Op[], signedBy: SignedBy = 'author') => {
    const entry = await next(world, who, last, ops)
    return { entry, result: applyEntry(world.rules, state, entry, signedBy, ([, id]) => incomes.get(toHex(id))) }
  }
  return {
    attempt,
    incomes,
    state: () => state,
    apply: async (ops: readonly Op[], signedBy: SignedBy = 'author') => {
      const { entry, result } = await attempt(ops, signedBy)
      if (!result.ok) throw new Error(JSON.stringify(result.error))
      state = advance(state, result.value)
      last = entry
    },
    reason: async (ops: readonly Op[], signedBy: SignedBy = 'author') => {
      const { result } = await attempt(ops, signedBy)
      return result.ok ? undefined : result.error.type === 'missing' ? 'missing' : result.error.reason
    },
    /** An entry of the payer's at `seq` that pays a total, as a claim op. */
    income: async (payer: Person, seq: number, total: number) => {
      const entry = { ...(await next(world, payer, undefined, [payer.join])).entry, seq }
      const id = new Uint8Array(32).fill(seq + 1)
      incomes.set(toHex(id), { seq, total })
      return claim(await certify(world, { entry, id, bytes: new Uint8Array(0) }))
    },
  }
}

describe('validity', () => {
  it('claims become income, pays and stakes spend it, never below zero', async () => {
    const chain = chainOf(ana)
    await chain.apply([ana.join])
    expect(await chain.reason([pay([ben, 1])])).toBe('overdrawn')
    await chain.apply([await chain.income(ben, 3, 100), pay([ben, 60, 60, 1, 0]), { op: 'stake', amount: 40 }])
    expect(balanceOf(chain.state().head)).toBe(0n)
    expect(summaryOf(chain.state().head)).toMatchObject({ seq: 1, claimed: 100, paid: 60, staked: 40 })
    expect(await chain.reason([pay([ben, 61])])).toBe('pay-falls')
    expect(await chain.reason([pay([ben, 61, 60, 1, 0])])).toBe('overdrawn')
    expect(await chain.reason([{ op: 'stake', amount: 41 }])).toBe('overdrawn')
    await chain.apply([{ op: 'stake', amount: 39 }])
    await chain.apply([pay([ben, 61, 60, 1, 0])])
    expect(balanceOf(chain.state().head)).toBe(0n)
  })

  it('a later claim replaces what was claimed of that payer; an older or the same one is refused', async () => {
    const chain = chainOf(ana)
    await chain.apply([ana.join, await chain.income(ben, 3, 100)])
    expect(await chain.reason([await chain.income(ben, 3, 100)])).toBe('claim-old')
    expect(await chain.reason([await chain.income(ben, 2, 900)])).toBe('claim-old')
    await chain.apply([await chain.income(ben, 4, 130)])
    expect(chain.state().head.claimed).toBe(130n)
  })

  it('waits for a payer’s entry that is not here, and minds a number that is not its own', async () => {
    const chain = chainOf(ana)
    await chain.apply([ana.join])
    const op = await chain.income(ben, 3, 100)
    const id = op.lines[0]![1]
    chain.incomes.set(toHex(id), { seq: 2, total: 100 })
    expect(await chain.reason([op])).toBe('claim-seq')
    chain.incomes.delete(toHex(id))
    expect(await chain.reason([op])).toBe('missing')
  })

  it('figures of a pay rise: none falls, one at least grows', async () => {
    const chain = chainOf(ana)
    await chain.apply([ana.join, await chain.income(ben, 0, 100), pay([ben, 10, 20, 3, 4])])
    for (const figures of [
      [9, 21, 4, 5],
      [11, 19, 4, 5],
      [11, 21, 2, 5],
      [11, 21, 4, 3],
    ] as const)
      expect(await chain.reason([pay([ben, ...figures])])).toBe('pay-falls')
    expect(await chain.reason([pay([ben, 10, 20, 3, 4])])).toBe('pay-same')
    for (const figures of [
      [11, 20, 3, 4],
      [10, 21, 3, 4],
      [10, 20, 4, 4],
      [10, 20, 3, 5],
    ] as const)
      expect(await chain.reason([pay([ben, ...figures])])).toBeUndefined()
  })

  it('an entry that lowers the stake pays nobody', async () => {
    const chain = chainOf(ana)
    await chain.apply([ana.join, await chain.income(ben, 0, 100), { op: 'stake', amount: 50 }])
    expect(await chain.reason([{ op: 'stake', amount: 49 }, pay([ben, 1])])).toBe('unstake-with-pay')
    expect(await chain.reason([{ op: 'stake', amount: 51 }, pay([ben, 1])])).toBeUndefined()
  })

  it('the issuer alone goes below zero, down to its allowance', async () => {
    const chain = chainOf(world.issuer)
    await chain.apply([world.issuer.join, pay([ana, 1_000_000])])
    expect(await chain.reason([pay([ben, 1])])).toBe('overdrawn')
    expect(balanceOf(chain.state().head)).toBe(-1_000_000n)
  })

  it('sums beyond 2^53 are exact', async () => {
    const chain = chainOf(ana)
    const most = Number.MAX_SAFE_INTEGER
    const cy = await createPerson('cy')
    await chain.apply([ana.join, await chain.income(ben, 0, most)])
    await chain.apply([await chain.income(cy, 1, most)])
    await chain.apply([pay([ben, most])])
    expect(balanceOf(chain.state().head)).toBe(BigInt(most))
    expect(headFromRecord(headToRecord(chain.state().head))).toEqual(chain.state().head)
    expect(summaryOf(chain.state().head).claimed).toBe(most)
  })

  it('number, predecessor, author and swarm are the chain’s own', async () => {
    const first = await next(world, ana, undefined, [ana.join])
    const second = await next(world, ana, first, [{ op: 'stake', amount: 0 }])
    const other = await next(world, ana, undefined, [ana.join], { time: 5 })
    const reason = (state: ChainState, entry: ParsedEntry, rules = world.rules) => {
      const result = applyEntry(rules, state, entry, 'author', () => undefined)
      return result.ok ? undefined : result.error
    }
    const empty = emptyChain(ana.device.publicKey)
    const applied = applyEntry(world.rules, empty, other, 'author', () => undefined)
    const afterOther = advance(empty, applied.ok ? applied.value : empty)
    expect(reason(empty, second)).toMatchObject({ reason: 'seq' })
    expect(reason(afterOther, second)).toMatchObject({ reason: 'prev' })
    expect(reason(emptyChain(ben.device.publicKey), first)).toMatchObject({ reason: 'author' })
    expect(reason(empty, first, { ...world.rules, swarm: first.id })).toMatchObject({ reason: 'swarm' })
  })

  it('after an entry signed by the root key only such ones are valid', async () => {
    const chain = chainOf(ana)
    await chain.apply([ana.join])
    await chain.apply([{ op: 'stake', amount: 0 }], 'root')
    expect(await chain.reason([{ op: 'stake', amount: 0 }], 'author')).toBe('root-signed')
    expect(await chain.reason([{ op: 'stake', amount: 0 }], 'root')).toBeUndefined()
  })
})

describe('signatures of an entry', () => {
  const check = async (entry: ParsedEntry, identity: Person | null = null) => {
    const result = await verifyEntry(verifier, world.rules, entry, identity && identity.root.publicKey)
    return result.ok ? result.value : result.error
  }
  it('the author’s, or the root key’s that the chain names', async () => {
    const first = await next(world, ana, undefined, [ana.join])
    expect(await check(first)).toBe('author')
    expect(await check(await next(world, ana, first, [{ op: 'stake', amount: 0 }], { signer: ana.root }), ana)).toBe('root')
    expect(await check(await next(world, ana, first, [{ op: 'stake', amount: 0 }], { signer: ana.root }), ben)).toBe('signature')
    expect(await check(await next(world, ana, first, [{ op: 'stake', amount: 0 }], { signer: ben.device }), ana)).toBe('signature')
  })

  it('one content signed by either key is two entries: by whom it is signed decides what may follow, so it stands in the id', async () => {
    const first = await next(world, ana, undefined, [ana.join])
    const ops = [{ op: 'stake', amount: 0 }] as const
    const [own, root] = [await next(world, ana, first, ops), await next(world, ana, first, ops, { signer: ana.root })]
    expect(own.id).not.toEqual(root.id)
    for (const { bytes, id } of [own, root]) expect(parseEntry(bytes)).toMatchObject({ ok: true, value: { id } })
    // Either signature under the other's word is nobody's.
    for (const [one, other] of [
      [own, root],
      [root, own],
    ] as const) {
      const swapped = parseEntry(encodeEntry({ ...one.entry, sig: other.entry.sig }))
      expect(swapped.ok && (await check(swapped.value, ana))).toBe('signature')
    }
  })

  it('a join is the author’s to sign: nobody’s root takes a key that has no chain yet', async () => {
    const { signature } = await certifyDevice(ben.root, ana.device.publicKey)
    const stolen = await next(world, ana, undefined, [{ ...ana.join, identity: ben.root.publicKey, certificate: signature }], {
      signer: ben.root,
    })
    expect(await check(stolen)).toBe('signature')
    expect(await check(stolen, ben)).toBe('signature')
  })

  it('with the device certificate and the claims’ certificates', async () => {
    expect(await check(await next(world, ana, undefined, [{ ...ana.join, identity: ben.root.publicKey }]))).toBe('device-certificate')
    const bens = await next(world, ben, undefined, [ben.join])
    const certificate = await certify(world, bens)
    expect(await check(await next(world, ana, undefined, [ana.join, claim(certificate)]))).toBe('author')
    expect(await check(await next(world, ana, undefined, [ana.join, claim({ ...certificate, signatures: [] })]))).toBe('claim-certificate')
    const elsewhere = { ...world, rules: { ...world.rules, swarm: bens.id } }
    expect(await check(await next(elsewhere, ana, undefined, [ana.join]))).toBe('swarm')
  })
})
