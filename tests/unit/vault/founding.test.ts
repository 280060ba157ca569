/** The vault of a swarm's founder: what it makes, what its witness and issuer sign, and what they never do. */
import { describe, expect, test } from 'vitest'
import { evidenceKeyMessage } from '../../../src/contract/evidence.ts'
import { parseSignedPolicy, verifyPolicy } from '../../../src/economy/policy-codec.ts'
import { createNobleVerifier } from '../../../src/identity/noble.ts'
import { certificateMessage } from '../../../src/ledger/certificate.ts'
import { entryMessage } from '../../../src/ledger/entry.ts'
import { bindingMessage } from '../../../src/ledger/witness-binding.ts'
import { type Bytes, concat, utf8 } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { createMemoryStore, type Store } from '../../../src/lib/store.ts'
import type { LocalVault } from '../../../src/vault/create-vault.ts'
import { createWorld, credit, mortal, must, named, type World } from '../../support/vault-world.ts'

const wanted = { name: 'friends', trackers: ['wss://tracker.example.org'], grantMicro: 500 * credit, uses: 10 }
const verifier = createNobleVerifier()
const someone = named('someone').publicKey
const id = (byte: number): Bytes => new Uint8Array(32).fill(byte)

const founder = async (world: World, store: Store = createMemoryStore(), session = 'session') => {
  const vault = await world.open(store, session)
  await vault.changeSettings({ consented: true })
  const made = await vault.foundSwarm(wanted, [])
  if (!made.ok) throw new Error(JSON.stringify(made.error))
  return vault
}
const swarmOf = async (vault: LocalVault) => {
  const { swarm, device } = await vault.status()
  if (!swarm?.founded || !swarm.policy) throw new Error('not founded here')
  return { ...swarm, founded: swarm.founded, policy: swarm.policy, device: device.device }
}
const sign = (vault: LocalVault, role: 'witness' | 'issuer', message: Bytes) =>
  vault.call(`${role}/${Math.random()}`, 'signFounding', { role, message })

describe('founding', () => {
  test('makes a policy that stands for itself, and joins', async () => {
    const vault = await founder(await createWorld())
    const { link, policy, founded, device } = await swarmOf(vault)
    expect(await verifyPolicy(verifier, policy, link)).toMatchObject({ ok: true })
    const parsed = parseSignedPolicy(policy)
    expect(parsed).toMatchObject({
      ok: true,
      value: { policy: { name: 'friends', witnesses: [founded.witness], issuer: founded.issuer.device } },
    })
    expect(new Set([founded.witness, founded.issuer.device, link.founder, device].map(String)).size).toBe(4)
    expect(founded.invites.map(({ uses, own }) => [uses, own])).toEqual([
      [1, true],
      [10, false],
    ])
    expect(founded.recalled).toBe(true)
  })

  test.each([
    ['name', { name: '' }],
    ['trackers', { trackers: ['https://tracker.example.org'] }],
    ['grant', { grantMicro: 0 }],
    ['grant', { grantMicro: 5_000 * credit }],
    ['uses', { uses: 0 }],
  ] as const)('refuses a wrong %s and keeps nothing', async (reason, change) => {
    const vault = await (await createWorld()).open(createMemoryStore())
    await vault.changeSettings({ consented: true })
    expect(await vault.foundSwarm({ ...wanted, ...change }, [])).toEqual({ ok: false, error: { type: 'founding', reason } })
    expect((await vault.status()).swarm).toBeNull()
  })

  test('not before the yes, and not while in another swarm', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    expect(await vault.foundSwarm(wanted, [])).toMatchObject({ error: { type: 'not-consented' } })
    await vault.changeSettings({ consented: true })
    await vault.joinSwarm(world.link)
    expect(await vault.foundSwarm(wanted, [])).toMatchObject({ error: { type: 'refused' } })
    expect(await vault.addInvite(1)).toMatchObject({ error: { type: 'no-swarm' } })
  })

  test('killed while it makes one, it has made all of it or nothing, and no key is left over', async () => {
    for (const moment of ['before', 'after'] as const) {
      const world = await createWorld(`killed ${moment}`)
      const store = createMemoryStore()
      const first = await world.open(store)
      await first.changeSettings({ consented: true })
      const dying = await world.open(mortal(store, 1, moment))
      await dying.foundSwarm(wanted, []).catch(() => undefined)
      const again = await world.open(createMemoryStore(store.snapshot()))
      const { swarm } = await again.status()
      expect(swarm?.founded !== undefined).toBe(moment === 'after')
      expect(world.keeper.devices()).toBe(moment === 'after' ? 4 : 1)
    }
  })

  test('left, it is told, and taken up again with its founder’s part, over sessions', async () => {
    const world = await createWorld()
    const store = createMemoryStore()
    const vault = await founder(world, store)
    const { link, founded } = await swarmOf(vault)
    expect(await vault.left()).toEqual([])
    expect(await vault.takeUp(link.swarm)).toMatchObject({ error: { type: 'refused' } })
    await vault.leaveSwarm()
    const later = await world.open(store, 'later')
    expect(await later.left()).toEqual([{ swarm: link.swarm, name: 'friends' }])
    expect(await later.takeUp(id(7))).toMatchObject({ error: { type: 'refused' } })
    expect(await later.takeUp(link.swarm)).toEqual({ ok: true, value: undefined })
    // It asks members first what it signed.
    expect(await swarmOf(later)).toMatchObject({ link, founded: { ...founded, recalled: false } })
    expect(await later.left()).toEqual([])
    expect((await sign(later, 'witness', certificateMessage(link.swarm, { author: someone, seq: 0, id: id(1) }))).ok).toBe(false)
  })

  test('left and joined again by the link, it is the founder still', async () => {
    const world = await createWorld()
    const store = createMemoryStore()
    const vault = await founder(world, store)
    const { link, founded } = await swarmOf(vault)
    await vault.leaveSwarm()
    // Nobody else may have the secret.
    expect(await store.get('founded', Buffer.from(link.swarm).toString('hex'))).toMatchObject({ left: link })
    const later = await world.open(store)
    await later.joinSwarm({ ...link, invite: null })
    await must(later, 'policy', 'policy', { signedPolicy: await swarmPolicy(store, link.swarm) })
    expect((await swarmOf(later)).founded).toEqual(founded)
  })

  test('more invites are kept beside the first', async () => {
    const vault = await founder(await createWorld())
    expect(await vault.addInvite(3)).toEqual({ ok: true, value: undefined })
    expect(await vault.addInvite(1_001)).toMatchObject({ error: { reason: 'uses' } })
    expect((await swarmOf(vault)).founded.invites.map(({ uses }) => uses)).toEqual([1, 10, 3])
  })
})

const swarmPolicy = async (store: Store, swarm: Bytes): Promise<Bytes> =>
  ((await store.get('founded', Buffer.from(swarm).toString('hex'))) as { policy: Bytes }).policy

const issuerEntry = (swarm: Bytes, author: Bytes, seq: number, change: object = {}) =>
  entryMessage({
    v: 1,
    swarm,
    author,
    seq,
    prev: id(seq === 0 ? 0 : 7),
    time: 1,
    ops: [{ op: 'pay', lines: [[someone, 5, 0, 0, 0]] }],
    ...change,
  })

describe('the founder’s witness', () => {
  const cert = (swarm: Bytes, seq: number, entry: number, author = someone) => certificateMessage(swarm, { author, seq, id: id(entry) })

  test('signs rising numbers, the same again, and never another at one number', async () => {
    const vault = await founder(await createWorld())
    const { link, founded } = await swarmOf(vault)
    const first = await sign(vault, 'witness', cert(link.swarm, 3, 1))
    expect(first.ok && (await verifier.verify(first.value.signature, cert(link.swarm, 3, 1), founded.witness))).toBe(true)
    expect(await sign(vault, 'witness', cert(link.swarm, 3, 1))).toEqual(first)
    expect(await sign(vault, 'witness', cert(link.swarm, 3, 2))).toMatchObject({ error: { type: 'refused' } })
    expect(await sign(vault, 'witness', cert(link.swarm, 2, 2))).toMatchObject({ error: { type: 'refused' } })
    expect(await sign(vault, 'witness', cert(link.swarm, 4, 2))).toMatchObject({ ok: true })
    expect(await sign(vault, 'witness', cert(link.swarm, 0, 2, named('other').publicKey))).toMatchObject({ ok: true })
  })

  test('remembers what it signed when the founder left, restored another device from the phrase, and came back', async () => {
    const vault = await founder(await createWorld())
    const words = await vault.phraseWords()
    const { link, policy, founded, device } = await swarmOf(vault)
    const issued = certificateMessage(link.swarm, { author: founded.issuer.device, seq: 0, id: id(1) })
    expect(await sign(vault, 'witness', cert(link.swarm, 5, 1))).toMatchObject({ ok: true })
    expect(await sign(vault, 'witness', issued)).toMatchObject({ ok: true })
    await vault.leaveSwarm()
    expect(await vault.restore(words!.join(' '))).toMatchObject({ ok: true })
    await vault.joinSwarm({ ...link, invite: null })
    await must(vault, 'policy', 'policy', { signedPolicy: policy })
    expect((await swarmOf(vault)).device).not.toEqual(device)
    expect(await sign(vault, 'witness', cert(link.swarm, 5, 2))).toMatchObject({ error: { type: 'refused' } })
    expect(await sign(vault, 'witness', cert(link.swarm, 5, 1))).toMatchObject({ ok: true })
    expect(await sign(vault, 'issuer', issuerEntry(link.swarm, founded.issuer.device, 0))).toMatchObject({ error: { type: 'refused' } })
    expect(await sign(vault, 'issuer', issuerEntry(link.swarm, founded.issuer.device, 1))).toMatchObject({ ok: true })
  })

  test('has it on disk before the signature leaves: killed at the commit, the number is taken or nothing was signed', async () => {
    for (const moment of ['before', 'after'] as const) {
      const world = await createWorld(`witness ${moment}`)
      const store = createMemoryStore()
      const { link } = await swarmOf(await founder(world, store))
      const dying = await world.open(mortal(store, 1, moment))
      expect(await sign(dying, 'witness', cert(link.swarm, 5, 1))).toMatchObject({ error: { type: 'storage' } })
      const again = await world.open(createMemoryStore(store.snapshot()))
      expect((await sign(again, 'witness', cert(link.swarm, 5, 2))).ok).toBe(moment === 'before')
    }
  })

  test('signs nothing of another swarm, and nothing that it cannot read', async () => {
    const vault = await founder(await createWorld())
    const { link, device } = await swarmOf(vault)
    for (const message of [
      cert(id(9), 0, 1),
      bindingMessage(link.swarm, someone),
      bindingMessage(id(9), device),
      concat(utf8('edge-net/verdict/1'), encode([id(9), someone, 'DoubleSpend', 'x'])),
      evidenceKeyMessage(id(9), id(1), id(2)),
      concat(utf8('edge-net/cert/1'), encode([link.swarm, someone, 0])),
      utf8('anything'),
      new Uint8Array(0),
    ])
      expect(await sign(vault, 'witness', message)).toMatchObject({ error: { type: 'refused' } })
    expect(await sign(vault, 'witness', bindingMessage(link.swarm, device))).toMatchObject({ ok: true })
    expect(await sign(vault, 'witness', evidenceKeyMessage(link.swarm, id(1), id(2)))).toMatchObject({ ok: true })
  })

  test('in a new session it says where it is and signs nothing else before members were asked', async () => {
    const world = await createWorld()
    const store = createMemoryStore()
    const { link, device } = await swarmOf(await founder(world, store))
    const vault = await world.open(store, 'next')
    expect((await swarmOf(vault)).founded.recalled).toBe(false)
    expect(await sign(vault, 'witness', cert(link.swarm, 0, 1))).toEqual({ ok: false, error: { type: 'head-unchecked' } })
    expect(await sign(vault, 'witness', bindingMessage(link.swarm, device))).toMatchObject({ ok: true })
    await must(vault, 'recalled', 'recalled', {})
    expect(await sign(vault, 'witness', cert(link.swarm, 0, 1))).toMatchObject({ ok: true })
  })

  test('a vault that founded nothing signs as nobody', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    await vault.changeSettings({ consented: true })
    await vault.joinSwarm(world.link)
    expect(await sign(vault, 'witness', cert(world.swarm, 0, 1))).toMatchObject({ error: { type: 'refused' } })
    expect(await vault.call('r', 'recalled', {})).toMatchObject({ error: { type: 'refused' } })
  })
})

describe('the founder’s issuer', () => {
  test('signs entries of its own chain above what is certified, and nothing else', async () => {
    const vault = await founder(await createWorld())
    const { link, founded } = await swarmOf(vault)
    const entry = (seq: number, change: object = {}) => issuerEntry(link.swarm, founded.issuer.device, seq, change)
    expect(await sign(vault, 'issuer', entry(0))).toMatchObject({ ok: true })
    // One that died before it was kept may be made anew.
    expect(await sign(vault, 'issuer', entry(0, { time: 2 }))).toMatchObject({ ok: true })
    expect(
      await sign(vault, 'witness', certificateMessage(link.swarm, { author: founded.issuer.device, seq: 0, id: id(1) })),
    ).toMatchObject({ ok: true })
    expect(await sign(vault, 'issuer', entry(0))).toMatchObject({ error: { type: 'refused' } })
    expect(await sign(vault, 'issuer', entry(1))).toMatchObject({ ok: true })
    for (const change of [{ author: someone }, { swarm: id(9) }, { ops: [{ op: 'stake', amount: 1 }] }])
      expect(await sign(vault, 'issuer', entry(1, change))).toMatchObject({ error: { type: 'refused' } })
    expect(await sign(vault, 'issuer', certificateMessage(link.swarm, { author: someone, seq: 0, id: id(1) }))).toMatchObject({
      error: { type: 'refused' },
    })
  })
})
