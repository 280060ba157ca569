import { beforeEach, describe, expect, test } from 'vitest'
import { verifyPolicy } from '../../../src/economy/policy-codec.ts'
import { verifyCertificate } from '../../../src/ledger/certificate.ts'
import { encodeJoin, parseEntry, type ParsedEntry } from '../../../src/ledger/entry.ts'
import type { Certificate, ClaimOp, Op } from '../../../src/ledger/types.ts'
import { encodeVerdict, offenceOf, signVerdict, verdictKey } from '../../../src/ledger/verdict.ts'
import { type Bytes, toHex } from '../../../src/lib/bytes.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import type { WireBody, WireMessage } from '../../../src/network/wire.ts'
import { createPerson, next, pay, type Person, verifier } from '../ledger/fixtures.ts'
import { createRelayWorld, grantMicro, openRelay, type RelayWorld, type TestRelay } from './fixtures.ts'

let world: RelayWorld
let ana: Person
let ben: Person
let store: ReturnType<typeof createMemoryStore>
let relay: TestRelay

beforeEach(async () => {
  world = await createRelayWorld()
  ana = await createPerson('ana')
  ben = await createPerson('ben')
  store = createMemoryStore()
  relay = await openRelay(world, store, [ana, ben])
})

const only = <T extends WireMessage[0]>(messages: readonly WireMessage[], type: T): WireBody<T> => {
  expect(messages.map(([t]) => t)).toEqual([type])
  return messages[0]![1] as WireBody<T>
}
const parsed = (bytes: Bytes): ParsedEntry => {
  const entry = parseEntry(bytes)
  if (!entry.ok) throw new Error(entry.error.what)
  return entry.value
}
const redeem = (who: Person, token: Bytes, from = relay) => from.ask(who, ['redeem', { token, join: encodeJoin(who.join) }])
const certify = (who: Person, ...entries: ParsedEntry[]) => relay.ask(who, ['certify', { entries: entries.map((e) => e.bytes) }])
const claimOf = (payment: ParsedEntry, certificate: Certificate): ClaimOp => ({
  op: 'claim',
  lines: [[payment.entry.author, payment.id, certificate]],
})

/** The grant, claimed: the first entry of a newcomer, not yet certified. */
const joined = async (who: Person, token: Bytes, ...more: Op[]): Promise<ParsedEntry> => {
  const { entries, certificate } = only(await redeem(who, token), 'entries')
  return next(world, who, undefined, [who.join, claimOf(parsed(entries[0]!), certificate!), ...more])
}

describe('questions', () => {
  test('policy?: the swarm’s own, signed', async () => {
    const { bytes } = only(await relay.ask(ana, ['policy?', {}]), 'policy')
    expect((await verifyPolicy(verifier, bytes, { swarm: world.rules.swarm, founder: world.issuer.root.publicKey })).ok).toBe(true)
  })

  test('redeem: a payment with its certificate, the same when asked again', async () => {
    const token = await relay.invite()
    const first = only(await redeem(ana, token), 'entries')
    expect(parsed(first.entries[0]!).entry.ops).toMatchObject([
      { op: 'join' },
      { op: 'pay', lines: [[ana.device.publicKey, grantMicro, 0, 0, 0]] },
    ])
    expect(await verifyCertificate(verifier, first.certificate!, world.rules)).toBe(true)
    expect(only(await redeem(ana, token), 'entries')).toEqual(first)
    expect(relay.node.counters()).toMatchObject({ redeemed: 2, redeemRefused: 0 })
  })

  test('redeem: refused in words, and never to another than the join names', async () => {
    const token = await relay.invite()
    expect(only(await redeem(ana, new Uint8Array(16)), 'refused')).toEqual({ re: 'redeem', reason: 'This invite is not known here.' })
    const stolen = await relay.ask(ben, ['redeem', { token, join: encodeJoin(ana.join) }])
    expect(only(stolen, 'refused').reason).toMatch(/another device/)
    await redeem(ana, token)
    await redeem(ben, token)
    relay = await openRelay(world, store, [await createPerson('cat')])
    expect(only(await redeem(await createPerson('cat'), token), 'refused').reason).toMatch(/All grants/)
  })

  test('certify: the certificate alone; head? and range? then tell of it', async () => {
    const token = await relay.invite()
    const first = await joined(ana, token)
    const [head, paid, ...rest] = await relay.ask(ana, ['head?', { author: ana.device.publicKey }])
    expect(head).toEqual(['head', { author: ana.device.publicKey, summary: null }])
    // Who asks for its own head is told what it has not claimed.
    expect((paid![1] as WireBody<'entries'>).entries.map((bytes) => parsed(bytes).entry.author)).toEqual([world.issuer.device.publicKey])
    expect(rest).toEqual([])
    expect(await relay.ask(ana, ['range?', { author: ana.device.publicKey, from: 0 }])).toEqual([])
    const { entries, certificate } = only(await certify(ana, first), 'entries')
    expect(entries).toEqual([])
    expect(certificate).toMatchObject({ seq: 0, id: first.id })
    expect(await verifyCertificate(verifier, certificate!, world.rules)).toBe(true)

    const { summary } = only(await relay.ask(ben, ['head?', { author: ana.device.publicKey }]), 'head')
    expect(summary).toMatchObject({ seq: 0, id: first.id, claimed: grantMicro, paid: 0, staked: 0 })
    const range = only(await relay.ask(ana, ['range?', { author: ana.device.publicKey, from: 0 }]), 'entries')
    expect(range.certificate).toEqual(certificate)
    // The issuer's payment, which the entry claims, comes as evidence before it.
    expect(range.entries.map((bytes) => parsed(bytes).entry.author)).toEqual([world.issuer.device.publicKey, ana.device.publicKey])
  })

  test('head?: tells what verdicts against the account burn, and whether they close it', async () => {
    const target = ben.device.publicKey
    const held = async () => only(await relay.ask(ana, ['head?', { author: target }]), 'head').penalties
    expect(await held()).toBeUndefined()
    for (const [reason, offence, expected] of [
      ['DoubleSpend', offenceOf.doubleSpend(target, 0), { slashed: 100_000_000, closed: false }],
      ['Malicious', offenceOf.judgement(target), { slashed: 100_000_000, closed: true }],
    ] as const) {
      const finding = { target, reason, offence }
      const verdict = await signVerdict(world.witnesses[0]!, world.rules.swarm, finding)
      await store.commit([{ table: 'verdicts', key: verdictKey(finding), value: encodeVerdict(verdict) }])
      expect(await held()).toEqual(expected)
    }
  })

  test('certify: a number that is taken is answered with what was signed there', async () => {
    const first = await joined(ana, await relay.invite())
    const signed = only(await certify(ana, first), 'entries').certificate
    const other = await next(world, ana, undefined, [...first.entry.ops, { op: 'stake', amount: 1 }])
    const [shown, refused] = await certify(ana, other)
    expect(shown![0]).toBe('entries')
    expect(shown![1]).toMatchObject({ certificate: signed })
    expect((shown![1] as WireBody<'entries'>).entries.at(-1)).toEqual(first.bytes)
    expect(refused).toEqual(['refused', { re: 'certify', reason: 'taken', author: ana.device.publicKey, seq: 0 }])
    expect(only(await certify(ana, first), 'entries').certificate).toEqual(signed)
  })

  test('certify: overdrawn is refused with the reason, nonsense is blamed', async () => {
    const first = await joined(ana, await relay.invite(), pay([ben, grantMicro + 1]))
    expect(only(await certify(ana, first), 'refused')).toMatchObject({ re: 'certify', reason: 'invalid: overdrawn', seq: 0 })
    expect(relay.blamed()).toEqual([])
    expect(only(await relay.ask(ana, ['certify', { entries: [new Uint8Array(3)] }]), 'refused').reason).toMatch(/^malformed/)
    expect(relay.blamed()).toHaveLength(1)
  })

  test('range?: a long chain comes in parts, each ending at a certified entry', async () => {
    let last = await joined(ana, await relay.invite())
    const chain = [last]
    for (let i = 0; i < 150; i++) chain.push((last = await next(world, ana, last, [{ op: 'stake', amount: i % 2 }])))
    for (let i = 0; i < chain.length; i += 10) await certify(ana, ...chain.slice(i, i + 10))
    const got: string[] = []
    for (let from = 0, parts = 0; from < chain.length; parts++) {
      expect(parts).toBeLessThan(20)
      const { entries, certificate } = only(await relay.ask(ana, ['range?', { author: ana.device.publicKey, from }]), 'entries')
      const own = entries.map(parsed).filter(({ entry }) => toHex(entry.author) === toHex(ana.device.publicKey))
      expect(entries.length).toBeLessThanOrEqual(64)
      expect(own.at(-1)!.id).toEqual(certificate!.id)
      got.push(...own.map(({ id }) => toHex(id)))
      from = certificate!.seq + 1
    }
    expect(got).toEqual(chain.map(({ id }) => toHex(id)))
  })

  test('entries: what is certified is taken in, what is false is blamed', async () => {
    const first = await joined(ana, await relay.invite())
    const { certificate } = only(await certify(ana, first), 'entries')
    expect(await relay.ask(ben, ['entries', { entries: [first.bytes], certificate }])).toEqual([])
    expect(relay.blamed()).toEqual([])
    await relay.ask(ben, [
      'entries',
      { entries: [], certificate: { ...certificate!, signatures: [[ben.device.publicKey, new Uint8Array(64)]] } },
    ])
    expect(relay.blamed()).toEqual(['entries: certificate'])
  })

  test('what was forwarded is not answered: only a bound peer asks', async () => {
    expect(await relay.ask(ana, ['policy?', {}], true)).toEqual([])
  })

  test('one that asks too much at once takes no other’s turn, and the relay goes on', async () => {
    for (let i = 0; i < 1_000; i++) relay.tell(ana, ['policy?', {}])
    only(await relay.ask(ben, ['policy?', {}]), 'policy')
    expect(relay.node.counters().dropped).toBe(1_000 - 32)
    only(await relay.ask(ana, ['policy?', {}]), 'policy')
  })
})

test('the ledger adds up to nothing, in flight included', async () => {
  const token = await relay.invite()
  const first = await joined(ana, token, pay([ben, 120, 100, 2, 1]))
  await certify(ana, first)
  await redeem(ben, token)
  const { accounts, inFlight } = await relay.node.ledger()
  expect(accounts.map(({ role, balance }) => [role, balance]).sort()).toEqual([
    ['issuer', -2 * grantMicro],
    ['member', grantMicro - 120],
  ])
  expect(accounts.find(({ role }) => role === 'member')!.payees).toEqual([
    { payee: toHex(ben.device.publicKey), total: 120, units: 100, ok: 2, bad: 1 },
  ])
  expect(accounts.reduce((sum, { balance }) => sum + balance, inFlight)).toBe(0)
})

/** Dies at its `at`th commit: before it is written or just after, and never answers again. */
const dying = (inner: Store, at: number, written: boolean): Store & { readonly dead: () => boolean } => {
  let commits = 0
  return {
    ...inner,
    dead: () => commits >= at,
    commit: async (writes, expects) => {
      if (++commits < at) return inner.commit(writes, expects)
      if (commits === at && written) await inner.commit(writes, expects)
      return new Promise(() => {})
    },
  }
}

test.each([
  ['before', false],
  ['after', true],
])('dying just %s any commit changes nothing of what is answered in the end', async (_when, written) => {
  const token = await relay.invite()
  const grants = store.snapshot()
  const undisturbed = { grant: only(await redeem(ana, token), 'entries'), first: await joined(ana, token, pay([ben, 50])) }
  const certificate = only(await certify(ana, undisturbed.first), 'entries').certificate
  const end = await relay.node.ledger()

  let deaths = 0
  for (let at = 1; ; at++) {
    const disk = createMemoryStore(grants)
    const first = dying(disk, at, written)
    relay = await openRelay(world, first, [ana, ben])
    const answers = [await redeem(ana, token), await certify(ana, undisturbed.first)]
    if (!first.dead()) break
    deaths++
    // Whatever was told before the end is told again afterwards.
    relay = await openRelay(world, createMemoryStore(disk.snapshot()), [ana, ben])
    expect(only(await redeem(ana, token), 'entries')).toEqual(undisturbed.grant)
    expect(only(await certify(ana, undisturbed.first), 'entries').certificate).toEqual(certificate)
    for (const told of answers.flat())
      expect(
        told[0] === 'refused' ||
          [undisturbed.grant.certificate, certificate].some(
            (c) => c && toHex(c.id) === toHex((told[1] as WireBody<'entries'>).certificate!.id),
          ),
      ).toBe(true)
    expect(await relay.node.ledger()).toEqual(end)
  }
  expect(deaths).toBeGreaterThan(4)
})

describe('where peers are', () => {
  const labels = async (independence: 'identity' | 'identity-and-address') => {
    const here = await createRelayWorld({ independence })
    const [cy, dan] = [await createPerson('cy'), await createPerson('dan')]
    const of = new Map([
      [ana, '203.0.113.1'],
      [ben, '203.0.113.99'],
      [cy, '198.51.100.1'],
      [dan, '127.0.0.1'],
    ])
    const opened = await openRelay(here, createMemoryStore(), [...of.keys()], { addresses: of })
    const label = async (who: Person) => {
      const [answer] = await opened.ask(ana, ['head?', { author: who.device.publicKey }])
      return answer?.[0] === 'head' ? answer[1].block : undefined
    }
    return { opened, label, cy, dan, eve: await createPerson('eve') }
  }

  test('is told as labels that are alike in one block, and only under one secret', async () => {
    const { opened, label, cy, dan, eve } = await labels('identity-and-address')
    const [first, second, third] = [await label(ana), await label(ben), await label(cy)]
    expect(first).toBeDefined()
    expect(second).toEqual(first)
    expect(third?.salt).toEqual(first?.salt)
    expect(third?.labels).not.toEqual(first?.labels)
    // This machine's own address is a proxy's; eve is not linked.
    expect([await label(dan), await label(eve)]).toEqual([undefined, undefined])
    await opened.clock.advance(25 * 60 * 60_000)
    const later = await label(ana)
    expect(later?.salt).not.toEqual(first?.salt)
    expect(later?.labels).not.toEqual(first?.labels)
  })

  test('is not told where the policy does not ask', async () => {
    const { label } = await labels('identity')
    expect(await label(ana)).toBeUndefined()
  })
})
