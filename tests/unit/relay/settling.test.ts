import { beforeEach, describe, expect, it } from 'vitest'
import { createEpochs } from '../../../src/agent/relay-epochs.ts'
import { attestsFor, createSettling } from '../../../src/agent/relay-settling.ts'
import { referrerClaim } from '../../../src/economy/epoch-book.ts'
import { createIssuer, neverExpires } from '../../../src/economy/issuer.ts'
import { sponsorClaim } from '../../../src/ledger/apply.ts'
import { encodeJoin, entryBytesMax, type ParsedEntry } from '../../../src/ledger/entry.ts'
import type { ChainState } from '../../../src/ledger/chain-state.ts'
import { issuanceDefaults } from '../../../src/ledger/issuance.ts'
import { createOwnChain } from '../../../src/ledger/own-chain.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import { epochMsDefault, quorumOf } from '../../../src/ledger/rules.ts'
import type { Certificate, Op, SponsorLine } from '../../../src/ledger/types.ts'
import { createWitness } from '../../../src/ledger/witness.ts'
import { equalBytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import {
  attest,
  certify,
  claim,
  createPerson,
  createWorld,
  next,
  pay,
  type Person,
  startMs,
  verifier,
  type World,
} from '../ledger/fixtures.ts'

const credit = 1_000_000
const issuance = { ...issuanceDefaults, budgetMicro: 1_000 * credit }

let world: World
let ana: Person
let ben: Person
let cy: Person
let clock: ManualClock
let reachable: boolean

beforeEach(async () => {
  ana = await createPerson('ana')
  ben = await createPerson('ben')
  cy = await createPerson('cy')
  world = await createWorld(1, { allowanceMicro: 10_000 * credit, issuance, founder: ana.root.publicKey })
  clock = createManualClock(startMs)
  reachable = true
})

/** An issuer beside its witness and replica, as in a relay, without the network. */
const open = (store: Store, of = world) => {
  const parts = { store, verifier, rules: of.rules, clock }
  const replica = createReplica(parts)
  const witness = createWitness({ ...parts, replica, signer: of.witnesses[0]! })
  const epochs = createEpochs(replica, of.rules)
  const settling = createSettling({ clock, replica, rules: of.rules, epochs, linesMax: 3 })
  const issuer = createIssuer({
    ...parts,
    chain: createOwnChain({ ...parts, signer: of.issuer.device, sponsored: replica.records.sponsored }),
    join: of.issuer.join,
    random: createSeededRandom(1),
    certify: async (pending) => {
      if (!reachable) return undefined
      const answer = await witness.submit(pending.map((p) => p.bytes))
      return answer.ok ? answer.value.certificate : undefined
    },
    due: settling.due,
  })
  const view = async () => (await epochs.book()).view()
  const paid = async (to: Person): Promise<number> =>
    (await replica.state(of.issuer.device.publicKey)).paid.get(toHex(to.device.publicKey))?.total ?? 0
  return { replica, issuer, settling, view, paid, settle: () => settling.settle(issuer) }
}
type Opened = ReturnType<typeof open>

/** The issuer grants `who` credits, and the chain that follows is certified entry by entry. */
const chains = () => {
  const last = new Map<Person, ParsedEntry>()
  const go = async (at: Opened, who: Person, ...ops: readonly Op[]): Promise<void> => {
    const before = last.get(who)
    const made = await next(world, who, before, before ? ops : [who.join, ...ops])
    last.set(who, made)
    const taken = await at.replica.ingest([made.bytes], await certify(world, made), 'test')
    if (!taken.ok || taken.value.refused.length > 0) throw new Error(JSON.stringify(taken))
  }
  /** An account of its own with so many credits. */
  const fund = async (at: Opened, who: Person, micro: number): Promise<void> => {
    await at.issuer.append(async () => [pay([who, micro])])
    const certificate = (await at.replica.certificateOf(world.issuer.device.publicKey))!
    await go(at, who, claim(certificate))
  }
  return { go, fund }
}

const epochAfter = async (epochs = 1): Promise<void> => clock.advance(epochs * epochMsDefault)

describe('the issuer settles', () => {
  it('an hour after an epoch: who worked for a sponsor gets the bonus of the split, once', async () => {
    const at = open(createMemoryStore())
    const { go, fund } = chains()
    await fund(at, ana, 100 * credit)
    await go(at, ana, pay([ben, 10 * credit, 10 * credit], [cy, 5 * credit, 4 * credit]))
    await epochAfter(3)
    expect(await at.settle()).toBe(true)
    // M = 10: nine times the smaller of what was paid and what was done, and a tenth of a credit for the hour.
    expect([await at.paid(ben), await at.paid(cy)]).toEqual([90.1 * credit, 36.1 * credit])
    expect(await at.settle()).toBe(true)
    await epochAfter()
    expect(await at.settle()).toBe(true)
    expect([await at.paid(ben), await at.paid(cy)]).toEqual([90.1 * credit, 36.1 * credit])
    await go(at, ana, pay([ben, 11 * credit, 11 * credit]))
    expect(await at.settle()).toBe(true)
    expect(await at.paid(ben)).toBeGreaterThan(99 * credit)
    expect(await at.view()).toMatchObject({ deviations: [], dueMicro: 0n, sponsoredUnits: BigInt(15 * credit) })
  })

  it('nothing before that, nothing that no sponsor paid for, and nothing twice in an epoch', async () => {
    const at = open(createMemoryStore())
    const { go, fund } = chains()
    await fund(at, ben, 100 * credit)
    await go(at, ben, pay([cy, 10 * credit, 10 * credit]))
    await epochAfter(3)
    expect(await at.settle()).toBe(true)
    expect((await at.view()).epoch).toBe(-1)
    await at.issuer.append(async (state) => attestsFor(state, { sponsors: [ben.device.publicKey], referrers: [] }))
    expect(await at.issuer.append(async (state) => attestsFor(state, { sponsors: [ben.device.publicKey], referrers: [] }))).toBe(true)
    expect((await at.replica.state(world.issuer.device.publicKey)).sponsors.get(toHex(ben.device.publicKey))?.attests).toBe(1)
    await at.settle()
    const { epoch } = await at.view()
    expect(epoch).toBeGreaterThan(0)
    await go(at, ben, pay([cy, 20 * credit, 20 * credit]))
    await at.settle()
    expect((await at.view()).epoch).toBe(epoch)
    expect(await at.paid(cy)).toBe(90.1 * credit)
  })

  it('brings a referrer that it attests a tenth of what its referee got beside the price', async () => {
    const at = open(createMemoryStore())
    const { go, fund } = chains()
    const referred = { ...ben, join: { ...ben.join, referrer: cy.device.publicKey } }
    await fund(at, ana, 100 * credit)
    await fund(at, referred, 10 * credit)
    await at.issuer.append(async () => [attest(ana, sponsorClaim), attest(cy, referrerClaim)])
    await go(at, ana, pay([ben, 10 * credit, 10 * credit]))
    await epochAfter(3)
    expect(await at.settle()).toBe(true)
    expect(await at.paid(ben)).toBe((10 + 90.1) * credit)
    expect(await at.paid(cy)).toBe(9.01 * credit)
    expect((await at.view()).deviations).toEqual([])
  })

  it.each([4, 7, 10, 31])(
    'of %i witnesses fits an entry, however many of them signed and however many were referred',
    async (witnesses) => {
      const of = await createWorld(witnesses)
      const keys = (name: string) => Array.from({ length: 70 }, (_, i) => sha256(utf8(`${name} ${i}`)))
      const [sponsors, payees, [referrer]] = [keys('sponsor'), keys('payee'), keys('referrer')]
      const certificates = new Map(
        sponsors.map((author): [string, Certificate] => {
          const signatures = of.rules.witnesses.map((key) => [key, new Uint8Array(64)] as const)
          return [toHex(author), { author, seq: 70_000, id: author, signatures }]
        }),
      )
      const replica = {
        certificateOf: async (author: Uint8Array) => certificates.get(toHex(author)),
        records: {
          heads: async () => sponsors.map((author) => ({ author, identity: null })),
          sponsored: async ([author]: SponsorLine) => ({
            rose: [{ payee: toHex(payees[sponsors.findIndex((key) => equalBytes(key, author))]!), paidMicro: 1n, units: 1n }],
          }),
          entryAt: async () => ({ entry: { ops: [{ ...ana.join, referrer }] } }),
        },
      } as unknown as Parameters<typeof createSettling>[0]['replica']
      const epochs = { whole: async () => true, book: async () => ({ isReferred: () => false }) } as unknown as ReturnType<
        typeof createEpochs
      >
      const known = { attests: 1, named: null }
      const state = {
        head: { epoch: -1 },
        sponsors: new Map(sponsors.map((key) => [toHex(key), known])),
        attests: new Map([['it', { subject: referrer, claim: referrerClaim, confidence: 100, revoked: false }]]),
      } as unknown as ChainState
      let made: readonly Op[] = []
      const append = async (ops: (state: ChainState) => Promise<readonly Op[]>) => {
        made = await ops(state)
        return true
      }
      await createSettling({ clock, replica, rules: of.rules, epochs }).settle({ append })
      expect(made.filter(({ op }) => op === 'attest').length).toBeGreaterThan(5)
      const before = await next(of, of.issuer, undefined, [of.issuer.join])
      expect((await next(of, of.issuer, before, made)).bytes.length).toBeLessThanOrEqual(entryBytesMax)
      const lines = made.flatMap((op) => (op.op === 'settle' ? op.lines : []))
      expect(new Set(lines.map(([, , { signatures }]) => signatures.length))).toEqual(new Set([quorumOf(witnesses)]))
    },
  )

  it('waits for witnesses, and grants wait for what is due', async () => {
    const store = createMemoryStore()
    const at = open(store)
    const { go, fund } = chains()
    await fund(at, ana, 100 * credit)
    await go(at, ana, pay([ben, 10 * credit, 10 * credit]))
    const token = await at.issuer.createInvite({ grantMicro: credit, usesLeft: 1, expires: neverExpires })
    await epochAfter(3)
    reachable = false
    expect(await at.settle()).toBe(false)
    const dee = await createPerson('dee')
    if (!token.ok) throw new Error('no token')
    const redeem = () => at.issuer.redeem({ token: token.value, join: encodeJoin(dee.join), device: dee.device.publicKey })
    expect(await redeem()).toMatchObject({ ok: false, error: { type: 'uncertified' } })
    reachable = true
    expect(await redeem()).toMatchObject({ ok: true })
    expect([await at.paid(ben), await at.paid(dee)]).toEqual([90.1 * credit, credit])
    expect((await at.view()).deviations).toEqual([])
  })

  it('neither loses nor doubles a payment, wherever it dies', async () => {
    const base = createMemoryStore()
    const start = open(base)
    const { go, fund } = chains()
    await fund(start, ana, 1_000 * credit)
    // More payees than one entry has lines here.
    const crowd = await Promise.all(Array.from({ length: 7 }, (_, i) => createPerson(`worker ${i}`)))
    await go(start, ana, pay(...crowd.map((who) => [who, credit, credit] as const)))
    await epochAfter(3)
    const reached: string[] = []
    for (let deadly = 0; ; deadly++) {
      const store = createMemoryStore(base.snapshot())
      let commits = 0
      const dying: Store = {
        ...store,
        commit: async (...args) => {
          if (commits === deadly) throw new Error('killed before')
          const done = await store.commit(...args)
          commits++
          return done
        },
      }
      const alive = await open(dying)
        .settle()
        .catch(() => false)
      const again = open(createMemoryStore(store.snapshot()))
      expect(await again.issuer.finish()).toBe(true)
      expect(await again.settle()).toBe(true)
      const totals = await Promise.all(crowd.map((who) => again.paid(who)))
      expect(new Set(totals)).toEqual(new Set([totals[0]]))
      const { epoch, issuedMicro, dueMicro, deviations } = await again.view()
      expect({ dueMicro, deviations }).toEqual({ dueMicro: 0n, deviations: [] })
      reached.push(`${epoch} ${issuedMicro} ${totals[0]}`)
      if (alive) break
    }
    // Settle and three entries of payments: each one's append, the witness's record and what follows its certificate.
    expect(reached.length).toBeGreaterThan(12)
    expect(new Set(reached).size).toBe(1)
  })
})

describe('every relay sees', () => {
  /** Work that is to be settled. */
  const worked = async () => {
    const at = open(createMemoryStore())
    const { go, fund } = chains()
    await fund(at, ana, 100 * credit)
    await go(at, ana, pay([ben, 10 * credit, 10 * credit], [cy, 10 * credit, 10 * credit]))
    await epochAfter(3)
    return at
  }
  /** Another relay that has the same certified chains, and the issuer's settle; what the issuer pays next is the test's. */
  const elsewhere = async (at: Opened, ...pays: readonly Op[]) => {
    const other = open(createMemoryStore())
    for (const author of [world.issuer, ana, world.issuer]) {
      const { entries, certificate } = await at.replica.chainFrom(author.device.publicKey, 0)
      await other.replica.ingest(
        entries.map(({ bytes }) => bytes),
        certificate,
        'at',
      )
    }
    const epoch = Math.floor(clock.now() / epochMsDefault) - 3
    let last = await other.replica.records.entryAt(world.issuer.device.publicKey, 0)
    const certificate = (await other.replica.certificateOf(ana.device.publicKey))!
    for (const ops of [
      [{ op: 'settle', epoch, lines: [[certificate.author, certificate.id, certificate]] } as Op],
      ...pays.map((op) => [op]),
    ]) {
      last = await next(world, world.issuer, last, ops)
      const taken = await other.replica.ingest([last.bytes], await certify(world, last), 'at')
      expect(taken).toMatchObject({ ok: true, value: { refused: [] } })
    }
    return other.view()
  }
  const [b, c] = [() => toHex(ben.device.publicKey), () => toHex(cy.device.publicKey)]

  it('what is still due, and no deviation while it is', async () => {
    const at = await worked()
    expect(await elsewhere(at)).toMatchObject({ dueMicro: BigInt(180.2 * credit), deviations: [] })
    expect(await elsewhere(at, pay([ben, 90.1 * credit], [cy, 90.1 * credit]))).toMatchObject({ dueMicro: 0n, deviations: [] })
  })

  it('a payment that is too small, and one to somebody else', async () => {
    const at = await worked()
    const short = await elsewhere(at, pay([ben, 90.1 * credit - 1], [cy, 90.1 * credit]))
    expect(short.deviations).toMatchObject([{ account: b(), expectedMicro: BigInt(90.1 * credit), paidMicro: BigInt(90.1 * credit - 1) }])
    const dee = await createPerson('dee')
    const friend = await elsewhere(at, pay([ben, 90.1 * credit]), pay([dee, 90.1 * credit]))
    const found = friend.deviations.map(({ account, expectedMicro, paidMicro }) => [account, Number(expectedMicro), Number(paidMicro)])
    expect(found).toEqual(
      [
        [c(), 90.1 * credit, 0],
        [toHex(dee.device.publicKey), 0, 90.1 * credit],
      ].sort(([x], [y]) => (x! < y! ? -1 : 1)),
    )
  })
})
