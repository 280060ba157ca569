/** What a witness judges of the forks that it is shown, and what it does not judge again. */
import { beforeEach, describe, expect, it } from 'vitest'
import { judgedPerMinuteMax } from '../../../src/agent/relay-judging.ts'
import { createVerdictDesk } from '../../../src/agent/relay-verdicts.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import { createReplica, type Replica } from '../../../src/ledger/replica.ts'
import { type Finding, mergeVerdicts, offenceOf, signVerdict } from '../../../src/ledger/verdict.ts'
import type { DoubleSpendProof } from '../../../src/ledger/verdict-proof.ts'
import { createWitness, type Witness } from '../../../src/ledger/witness.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { err } from '../../../src/lib/result.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { certify, claim, createPerson, createWorld, next, pay, type Person, startMs, verifier, type World } from '../ledger/fixtures.ts'
import { settled } from './fixtures.ts'

let world: World
let ana: Person
let ben: Person
/** Her chain: what opened it, and the certified entry that the others of the test stand beside. */
let opening: ParsedEntry
let held: ParsedEntry
let store: Store
let replica: Replica
let judged: DoubleSpendProof[]
let told: WireMessage[]

/** A desk of one of four witnesses, with all that it judges. */
const open = ({ find }: { readonly find?: (finding: Finding, inner: Witness['find']) => ReturnType<Witness['find']> } = {}) => {
  const parts = { store, verifier, rules: world.rules, clock: createManualClock(startMs) }
  const witness = createWitness({ ...parts, replica, signer: world.witnesses[0]! })
  const judge: Witness['judge'] = (proof) => {
    judged.push(proof)
    return witness.judge(proof)
  }
  const circle = { has: () => true, size: 3, linked: () => [], tell: (message: WireMessage) => void told.push(message), send: () => {} }
  const network = { peers: () => [], send: async () => true, blame: () => {} } as unknown as Parameters<
    typeof createVerdictDesk
  >[0]['network']
  return createVerdictDesk({
    ...parts,
    replica,
    witness: { ...witness, judge, ...(find && { find: (finding: Finding) => find(finding, witness.find) }) },
    circle,
    network,
  })
}
/** Beside the one that is held: validly signed; valid where it can be paid. */
const beside = (micro: number): Promise<ParsedEntry> => next(world, ana, opening, [pay([ben, micro])])
const forged = async (micro: number): Promise<ParsedEntry> => next(world, ana, opening, [pay([ben, micro])], { signer: ben.device })
const quiet = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await settled()
}
const forks = async (): Promise<number> => (await store.list('forks')).length

beforeEach(async () => {
  world = await createWorld(4)
  ana = await createPerson('ana')
  ben = await createPerson('ben')
  store = createMemoryStore()
  replica = createReplica({ store, verifier, rules: world.rules })
  judged = []
  told = []
  const granting = await next(world, world.issuer, undefined, [world.issuer.join, pay([ana, 1_000])])
  const grant = await certify(world, granting)
  opening = await next(world, ana, undefined, [ana.join, claim(grant)])
  held = await beside(100)
  await replica.ingest([granting.bytes], grant, 'peer')
  await replica.ingest([opening.bytes, held.bytes], await certify(world, held), 'peer')
})

describe('a witness that is shown forks', () => {
  it('judges an entry that is not valid once, and the valid one beside it all the same', async () => {
    const desk = open()
    const bad = await beside(10_000_000)
    for (let i = 0; i < 3; i++) {
      desk.shown([bad.bytes], 1)
      desk.onFork([bad.bytes, held.bytes])
      await quiet()
    }
    expect([judged.length, await forks()]).toEqual([1, 0])
    desk.onFork([held.bytes, (await beside(200)).bytes])
    await quiet()
    expect([judged.length, await forks()]).toEqual([2, 1])
  })

  it('judges so many of one author a minute, and what the other witnesses found beside what anybody submits', async () => {
    const desk = open()
    for (let i = 0; i < 10; i++) {
      desk.shown([(await beside(10_000_000 + i)).bytes], 1)
      await quiet()
    }
    expect(judged.length).toBe(judgedPerMinuteMax)
    const right = await beside(200)
    desk.shown([right.bytes], 1)
    await quiet()
    expect([judged.length, await forks()]).toEqual([judgedPerMinuteMax, 0])
    desk.onFork([held.bytes, right.bytes])
    await quiet()
    expect(await forks()).toBe(1)
    await desk.tick()
    judged.length = 0
    desk.shown([(await next(world, ana, undefined, [ana.join, pay([ben, 1])])).bytes], 0)
    await quiet()
    expect(judged.length).toBe(1)
  })

  it('lets one of an author wait, and none of another be kept out by it', async () => {
    const desk = open()
    const all = await Promise.all(Array.from({ length: 100 }, (_, i) => beside(10_000_000 + i)))
    for (const { bytes } of all) desk.shown([bytes], 1)
    const granting = (await replica.records.entryAt(world.issuer.device.publicKey, 0))!
    const other = await next(world, world.issuer, undefined, [world.issuer.join, pay([ana, 2_000])])
    desk.onFork([granting.bytes, other.bytes])
    await quiet()
    expect(judged.length).toBe(2)
    expect(await forks()).toBe(1)
  })

  it('counts no false signature against the author, and does not take it for the right one later', async () => {
    const desk = open()
    for (let i = 0; i < 10; i++) {
      desk.shown([(await forged(200)).bytes], 1)
      await quiet()
    }
    expect(await forks()).toBe(0)
    desk.shown([(await beside(200)).bytes], 1)
    await quiet()
    expect(await forks()).toBe(1)
  })

  it('judges again after a start only what is no verdict yet', async () => {
    const first = open()
    first.onFork([held.bytes, (await beside(200)).bytes])
    await quiet()
    judged = []
    await open().resume()
    expect(judged.length).toBe(1)
    judged = []
    const known = { target: ana.device.publicKey, reason: 'DoubleSpend', offence: offenceOf.doubleSpend(ana.device.publicKey, 1) } as const
    const words = await Promise.all(world.witnesses.map((one) => signVerdict(one, world.rules.swarm, known)))
    expect(await replica.verdicts.take(words.reduce((all, one) => mergeVerdicts(all, one)!))).toMatchObject({ ok: true })
    await open().resume()
    expect(judged.length).toBe(0)
  })
})

describe('a witness that did work again and found it wrong', () => {
  const wrong = (): Finding => ({
    target: ben.device.publicKey,
    reason: 'InvalidResult',
    offence: offenceOf.invalidResult(held.id),
  })
  const onDisk = async (): Promise<number> => (await store.list('wrongResults')).length
  const tells = (): number => told.splice(0).filter(([type]) => type === 'verdict').length

  it('has that on disk before it signs it, and tells of it in another life too', async () => {
    const dying: Store = { ...store, commit: async () => err({ type: 'storage', message: 'full' }) }
    const whole = store
    store = dying
    expect(await open().found(wrong())).toBe(false)
    expect(tells()).toBe(0)
    store = whole
    expect(await open().found(wrong())).toBe(true)
    expect([tells(), await onDisk()]).toEqual([1, 1])
    const next = open()
    await next.resume()
    await next.tick()
    expect(tells()).toBe(2)
    // The same again is nothing new.
    expect(await next.found(wrong())).toBe(true)
    expect(tells()).toBe(0)
  })

  it('tells of it for an hour and no longer', async () => {
    const desk = open()
    await desk.found(wrong())
    tells()
    for (let minute = 0; minute < 61; minute++) await desk.tick()
    expect([tells(), await onDisk()]).toEqual([60, 0])
  })

  it('keeps it no longer once it is a verdict, also one that came while it was away', async () => {
    const words = await Promise.all(world.witnesses.map((one) => signVerdict(one, world.rules.swarm, wrong())))
    const full = words.reduce((all, one) => mergeVerdicts(all, one)!)
    const desk = open()
    await desk.found(wrong())
    desk.onFull(full)
    expect(await onDisk()).toBe(0)
    await open().found(wrong())
    expect(await replica.verdicts.take(full)).toMatchObject({ ok: true })
    tells()
    await open().resume()
    expect([tells(), await onDisk()]).toEqual([0, 0])
  })

  it('signs later what it could not sign at once, and a sole witness keeps nothing of what is a verdict by its word alone', async () => {
    let away = true
    const desk = open({ find: async (found, inner) => (away ? err({ reason: 'invalid' } as const) : inner(found)) })
    expect(await desk.found(wrong())).toBe(false)
    expect([tells(), await onDisk()]).toEqual([0, 1])
    away = false
    await desk.tick()
    expect([tells(), await onDisk()]).toEqual([2, 1])

    world = await createWorld(1)
    store = createMemoryStore()
    replica = createReplica({ store, verifier, rules: world.rules })
    expect(await open().found(wrong())).toBe(true)
    expect(await onDisk()).toBe(0)
  })
})
