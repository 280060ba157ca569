import { beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../../src/lib/bytes.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { sponsorClaim } from '../../../src/ledger/apply.ts'
import { balanceOf, emptyHead, headFromRecord, headToRecord } from '../../../src/ledger/chain-state.ts'
import { checkOps, dependenciesMax, parseEntry, type ParsedEntry } from '../../../src/ledger/entry.ts'
import { issuanceDefaults } from '../../../src/ledger/issuance.ts'
import { createReplica, type Replica } from '../../../src/ledger/replica.ts'
import type { Op } from '../../../src/ledger/types.ts'
import {
  attest,
  certify,
  claim,
  createPerson,
  createWorld,
  delegate,
  next,
  pay,
  type Person,
  settle,
  verifier,
  type World,
} from './fixtures.ts'

const issuance = { ...issuanceDefaults, budgetMicro: 1_000_000, uptimeMicro: 0 }
let world: World
let ana: Person
let ben: Person
let cy: Person
beforeAll(async () => {
  ana = await createPerson('ana')
  ben = await createPerson('ben')
  cy = await createPerson('cy')
  world = await createWorld(1, { issuance, founder: cy.root.publicKey })
})

/** A replica that is fed chains entry by entry; `go` tells why an entry is refused. */
const swarm = () => {
  const replica: Replica = createReplica({ store: createMemoryStore(), verifier, rules: world.rules })
  const last = new Map<Person, ParsedEntry>()
  const go = async (who: Person, ...ops: readonly Op[]): Promise<string | undefined> => {
    const before = last.get(who)
    const entry = await next(world, who, before, before ? ops : [who.join, ...ops])
    const done = await replica.ingest([entry.bytes], await certify(world, entry), 'peer')
    if (!done.ok) throw new Error('storage')
    const [refusal] = done.value.refused
    if (refusal) return refusal.type === 'invalid' ? refusal.reason : refusal.type
    if (done.value.certified.length === 0) return 'waits'
    last.set(who, entry)
    return undefined
  }
  const state = (who: Person) => replica.state(who.device.publicKey)
  const fund = async (who: Person, total: number): Promise<void> => {
    expect(await go(world.issuer, pay([who, total]))).toBeUndefined()
    expect(await go(who, claim(await certify(world, last.get(world.issuer)!)))).toBeUndefined()
  }
  return { replica, go, last, state, fund, certificate: async (who: Person) => certify(world, last.get(who)!) }
}

describe('delegate', () => {
  it('lends at most what is staked, also when the stake falls afterwards; a line sets, 0 takes back', async () => {
    const { replica, go, fund, state } = swarm()
    await fund(ana, 1000)
    expect(await go(ana, { op: 'stake', amount: 100 }, delegate([ben, 60], [cy, 41]))).toBe('overlent')
    expect(await go(ana, { op: 'stake', amount: 100 }, delegate([ben, 60], [cy, 40]))).toBeUndefined()
    expect((await state(ana)).head.lent).toBe(100n)
    expect(await go(ana, { op: 'stake', amount: 99 })).toBe('overlent')
    expect(await go(ana, delegate([ben, 10]), { op: 'stake', amount: 50 })).toBeUndefined()
    expect(await replica.records.lentTo(ben.device.publicKey)).toEqual(new Map([[toHex(ana.device.publicKey), 10]]))
    expect(await go(ana, delegate([ben, 0]))).toBeUndefined()
    expect(await replica.records.lentTo(ben.device.publicKey)).toEqual(new Map())
    // Weight, never credits.
    expect(balanceOf((await state(ana)).head)).toBe(950n)
    expect(await replica.account(ben.device.publicKey)).toBeUndefined()
  })

  it('does not overflow, and goes to nobody twice nor to its author', async () => {
    const { go, fund } = swarm()
    await fund(ana, 1000)
    const most = Number.MAX_SAFE_INTEGER
    expect(await go(ana, { op: 'stake', amount: 1000 }, delegate([ben, most], [cy, most], [world.issuer, most]))).toBe('overlent')
    const form = (op: Op) => checkOps([op], 1, ana.device.publicKey).ok
    expect(form(delegate([ben, 1]))).toBe(true)
    expect(form(delegate([ana, 1]))).toBe(false)
    expect(form(delegate([ben, 1], [ben, 2]))).toBe(false)
    expect(form(delegate())).toBe(false)
    expect(form({ op: 'delegate', lines: delegate([ben, 1], [cy, 1]).lines.toReversed() })).toBe(false)
  })
})

describe('attest and revoke', () => {
  it('say something of a key and take it back once; balances stay', async () => {
    const { go, fund, last, state } = swarm()
    await fund(ana, 1000)
    const before = (await state(ana)).head
    expect(await go(ana, { op: 'stake', amount: 0 }, attest(ben, 'a friend', 80))).toBeUndefined()
    const at = last.get(ana)!
    expect([...(await state(ana)).attests.values()]).toMatchObject([{ claim: 'a friend', confidence: 80, revoked: false }])
    expect(await go(ana, { op: 'revoke', entry: at.id, index: 0 })).toBe('revoke-unknown')
    expect(await go(ana, { op: 'revoke', entry: at.entry.prev, index: 1 })).toBe('revoke-unknown')
    expect(await go(ben, { op: 'revoke', entry: at.id, index: 1 })).toBe('revoke-unknown')
    expect(await go(ana, { op: 'revoke', entry: at.id, index: 1 })).toBeUndefined()
    expect([...(await state(ana)).attests.values()]).toMatchObject([{ revoked: true }])
    expect(await go(ana, { op: 'revoke', entry: at.id, index: 1 })).toBe('revoke-unknown')
    const after = (await state(ana)).head
    expect([after.claimed, after.paid, after.staked, after.lent]).toEqual([before.claimed, before.paid, before.staked, before.lent])
  })

  it('are bounded in form', () => {
    const form = (op: Op) => checkOps([op], 1, ana.device.publicKey).ok
    expect(form(attest(ben, 'x'.repeat(64)))).toBe(true)
    expect(form(attest(ben, 'x'.repeat(65)))).toBe(false)
    expect(form(attest(ben, ''))).toBe(false)
    expect(form(attest(ben, 'x', 101))).toBe(false)
    expect(form({ op: 'revoke', entry: ben.device.publicKey, index: 256 })).toBe(false)
    const revokes = (n: number): Op[] =>
      Array.from({ length: n }, (_, i) => ({ op: 'revoke', entry: new Uint8Array(32).fill(i + 1), index: 0 }))
    expect(checkOps(revokes(dependenciesMax - 1), 1, ana.device.publicKey).ok).toBe(true)
    expect(checkOps(revokes(dependenciesMax), 1, ana.device.publicKey).ok).toBe(false)
  })
})

describe('settle', () => {
  /** ana is a sponsor that has paid ben 100 for 100 units; the budget has run dry but for what settles bring. */
  const sponsored = async () => {
    const all = swarm()
    await all.fund(ana, 400_000)
    expect(await all.go(world.issuer, pay([ben, 600_000]), attest(ana, sponsorClaim))).toBeUndefined()
    expect(await all.go(world.issuer, pay([ben, 600_001]))).toBe('overdrawn')
    expect(await all.go(ana, pay([ben, 100, 100, 1, 0]))).toBeUndefined()
    return all
  }

  it('raises the issuer’s allowance by 1.1 of what sponsored work earned, and by nothing else', async () => {
    const { go, state, certificate } = await sponsored()
    expect(await go(world.issuer, settle(5, await certificate(ana)))).toBeUndefined()
    // M(0) − 1 = 9: a bonus of 900 for 100 paid and done.
    expect((await state(world.issuer)).head).toMatchObject({ epoch: 5, settled: 990n, sponsoredUnits: 100n })
    expect(await go(world.issuer, pay([ben, 600_991]))).toBe('overdrawn')
    expect(await go(world.issuer, pay([ben, 600_990]))).toBeUndefined()
    // Only what came since counts the next time, and units that nobody paid for do not.
    expect(await go(ana, pay([ben, 150, 1_000, 2, 0]))).toBeUndefined()
    expect(await go(world.issuer, settle(6, await certificate(ana)))).toBeUndefined()
    expect((await state(world.issuer)).head).toMatchObject({ settled: 990n + 495n, sponsoredUnits: 1_000n })
    expect(await go(world.issuer, settle(7, await certificate(ana)))).toBeUndefined()
    expect((await state(world.issuer)).head.settled).toBe(1485n)
  })

  it('is the issuer’s alone, epochs rise, and names sponsors alone', async () => {
    const { go, certificate, last } = await sponsored()
    const line = await certificate(ana)
    expect(await go(ana, settle(5))).toBe('settle-issuer')
    expect(await go(world.issuer, settle(5, await certificate(ana)), settle(5))).toBe('settle-epoch')
    expect(await go(world.issuer, settle(5, line))).toBeUndefined()
    expect(await go(world.issuer, settle(5, line))).toBe('settle-epoch')
    expect(await go(world.issuer, settle(4, line))).toBe('settle-epoch')
    expect(await go(ben)).toBeUndefined()
    expect(await go(world.issuer, settle(6, await certificate(ben)))).toBe('settle-sponsor')
    const attesting = last.get(world.issuer)!.entry.prev
    expect(await go(world.issuer, { op: 'revoke', entry: attesting, index: 1 }, settle(6, line))).toBe('settle-sponsor')
    expect(await go(world.issuer, { op: 'revoke', entry: attesting, index: 1 })).toBeUndefined()
    expect(await go(world.issuer, settle(6, line))).toBe('settle-sponsor')
    expect(await go(world.issuer, attest(ana, sponsorClaim, 0), settle(6, line))).toBe('settle-sponsor')
    expect(await go(world.issuer, attest(ana, sponsorClaim), settle(6, line))).toBeUndefined()
  })

  it('takes any device of the founder’s as a sponsor', async () => {
    const { go, fund, certificate, state } = swarm()
    await fund(cy, 1000)
    expect(await go(cy, pay([ben, 10, 10]))).toBeUndefined()
    expect(await go(world.issuer, settle(0, await certificate(cy)))).toBeUndefined()
    expect((await state(world.issuer)).head.settled).toBe(99n)
  })

  it('names no entry below the one before, waits for one that is not here, and minds the number', async () => {
    const { go, last, certificate } = await sponsored()
    const older = await certificate(ana)
    expect(await go(ana, pay([ben, 101, 101, 1, 0]))).toBeUndefined()
    expect(await go(world.issuer, settle(5, await certificate(ana)))).toBeUndefined()
    expect(await go(world.issuer, settle(6, older))).toBe('settle-old')
    const coming = await next(world, ana, last.get(ana), [pay([ben, 102, 102, 1, 0])])
    expect(await go(world.issuer, settle(6, await certify(world, coming)))).toBe('waits')
    const wrong = { ...coming, entry: { ...coming.entry, seq: 9 }, id: last.get(ana)!.id }
    expect(await go(world.issuer, settle(6, await certify(world, wrong)))).toBe('settle-seq')
  })

  it('has a certificate on what it names, and comes back from its bytes', async () => {
    const { go, certificate, last } = await sponsored()
    const good = await certificate(ana)
    const forged = { ...good, signatures: good.signatures.map(([w]) => [w, new Uint8Array(64)] as const) }
    expect(await go(world.issuer, settle(5, forged))).toBe('claim-certificate')
    const made = await next(world, world.issuer, last.get(world.issuer), [settle(5, good), attest(ben, 'x'), delegate([ben, 0])])
    expect(parseEntry(made.bytes)).toEqual({ ok: true, value: made })
    const form = (op: Op) => checkOps([op], 1, ana.device.publicKey).ok
    expect(form(settle(5))).toBe(true)
    expect(form(settle(5, good, good))).toBe(false)
    // Its own payments are no sponsored work.
    expect(form(settle(5, good))).toBe(false)
    expect(checkOps([settle(5, good)], 1, ben.device.publicKey).ok).toBe(true)
    expect(form({ ...settle(5, good), epoch: -1 })).toBe(false)
  })
})

describe('a head record', () => {
  it('from before chains could lend and settle reads as one that has done neither', () => {
    const head = { ...emptyHead(ana.device.publicKey), seq: 3, claimed: 5n, paid: 2n, staked: 1 }
    const record = headToRecord(head) as Record<string, unknown>
    const { lent, epoch, settled, sponsoredUnits, ...old } = record
    expect([lent, epoch, settled, sponsoredUnits]).toEqual(['0', -1, '0', '0'])
    expect(headFromRecord(old as never)).toEqual(head)
    const now = { ...head, lent: 1n, epoch: 7, settled: 1n << 60n, sponsoredUnits: 9n }
    expect(headFromRecord(headToRecord(now))).toEqual(now)
  })
})
