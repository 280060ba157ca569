import { describe, expect, test } from 'vitest'
import { helloMessage } from '../../../src/identity/hello-message.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { answersKeepMs } from '../../../src/vault/answers.ts'
import { undecidedKeepMs } from '../../../src/vault/spending.ts'
import { defaultSettings, settingsFromRecord } from '../../../src/vault/settings.ts'
import type { VaultCall, VaultCalls, VaultStatus } from '../../../src/vault/vault.ts'
import { agreementBody, createWorld, credit, enrol, must, named, sowBody } from '../../support/vault-world.ts'

const expires = 1_700_000_000_000 + 60_000
const key = named('peer').publicKey
const hello: VaultCalls['hello']['args'] = {
  role: 'node',
  peer: key,
  ownNonce: key,
  peerNonce: key,
  binding: { kind: 'url', url: 'ws://127.0.0.1:8787' },
}
const examples: { readonly [C in VaultCall]: VaultCalls[C]['args'] } = {
  status: {},
  hello,
  policy: { signedPolicy: key },
  notice: { notice: key },
  stamp: { stamp: null },
  joinOp: {},
  sign: { kind: 'cancel', to: key, expires, body: { agreement: key, reason: 'x' } },
  reward: { sow: key, agreement: key, payee: key, accepted: true, expires },
  prepay: { agreement: key, payee: key, total: 1 },
  release: { sow: key },
  settle: {},
  deposit: { stakedMicro: 1 },
  claim: { incomes: [] },
  pending: {},
  certified: { certificate: { author: key, seq: 0, id: key, signatures: [] } },
  paidTo: { payee: key },
  adopt: { entries: [], certificate: null },
  lostDevice: { device: key, entries: [], certificate: null, incomes: [] },
  lostDevices: {},
  carries: {},
  verdict: { bytes: key },
  account: {},
  reports: {},
  statement: { before: null },
  entryProof: { seq: 0 },
  signFounding: { role: 'witness', message: key },
  recalled: {},
}
const calls = Object.keys(examples) as VaultCall[]

describe('vault', () => {
  test('before the yes it tells its status and does nothing', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    for (const call of calls)
      expect(await vault.call(call, call, examples[call]), call).toMatchObject(
        call === 'status' ? { ok: true } : { ok: false, error: { type: 'not-consented' } },
      )
    expect(await vault.joinSwarm(world.link)).toEqual({ ok: false, error: { type: 'not-consented' } })
  })

  test('outside of a swarm there is nothing to sign', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    await vault.changeSettings({ consented: true })
    for (const call of calls)
      expect(await vault.call(call, call, examples[call]), call).toMatchObject(
        ['status', 'joinOp'].includes(call) ? { ok: true } : { ok: false, error: { type: 'no-swarm' } },
      )
  })

  test('whatever is asked in whatever form, it answers', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    await enrol(world, vault, 10 * credit)
    const odd: unknown[] = [
      null,
      7,
      'x',
      { a: 1 },
      { kind: 'reward', to: key, expires, body: {} },
      { sow: 'x' },
      { incomes: [{ entry: key, certificate: 3 }] },
    ]
    for (const call of [...calls, 'toString', 'sudo']) {
      for (const args of odd) expect((await vault.call('odd', call as VaultCall, args as Record<string, never>)).ok, call).toBe(false)
    }
    for (const call of calls) await vault.call('x'.repeat(201), call, examples[call]).then((answer) => expect(answer.ok).toBe(false))
    expect(await must(vault, 'account', 'account', {})).toMatchObject({ availableMicro: 10 * credit })
  })

  test('keeps the swarm’s own policy and no other', async () => {
    const world = await createWorld()
    const other = await createWorld('another')
    const store = createMemoryStore()
    const vault = await world.open(store)
    await vault.changeSettings({ consented: true })
    await vault.joinSwarm(world.link)
    const seen: VaultStatus[] = []
    vault.onChange((status) => seen.push(status))
    expect(await vault.call('early', 'account', {})).toMatchObject({ ok: false, error: { type: 'refused' } })
    expect(await vault.call('p', 'policy', { signedPolicy: other.signedPolicy })).toMatchObject({
      ok: false,
      error: { type: 'refused', what: 'policy: wrong-swarm' },
    })
    expect(await vault.call('p', 'policy', { signedPolicy: key })).toMatchObject({ ok: false, error: { type: 'refused' } })
    expect(seen).toEqual([])
    await must(vault, 'p', 'policy', { signedPolicy: world.signedPolicy })
    await must(vault, 'p', 'policy', { signedPolicy: world.signedPolicy })
    expect(seen.map((status) => status.swarm?.policy)).toEqual([world.signedPolicy])
    expect((await (await world.open(store)).status()).swarm).toEqual({
      link: world.link,
      policy: world.signedPolicy,
      headChecked: false,
      takeovers: 0,
    })
  })

  test('the head is checked once a browser session, not once a start of the background', async () => {
    const world = await createWorld()
    const store = createMemoryStore()
    await enrol(world, await world.open(store))
    expect((await (await world.open(store)).status()).swarm?.headChecked).toBe(true)
    expect((await (await world.open(store, 'next')).status()).swarm?.headChecked).toBe(false)
  })

  test('signs hello for its own swarm and device', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    await enrol(world, vault)
    const { signature } = await must(vault, 'hello', 'hello', hello)
    const { device } = (await vault.status()).device
    expect(await world.verifier.verify(signature, helloMessage(world.swarm, device, hello), device)).toBe(true)
  })

  test('a sow is to all and any other message to one', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    await enrol(world, vault, 10 * credit)
    expect(await vault.call('a', 'sign', { kind: 'sow', to: key, expires, body: sowBody(1) })).toMatchObject({
      ok: false,
      error: { type: 'refused' },
    })
    for (const body of [agreementBody(key, 1, 1)])
      expect(await vault.call('b', 'sign', { kind: 'agreement', to: null, expires, body })).toMatchObject({
        ok: false,
        error: { type: 'refused' },
      })
    const first = await must(vault, 'c', 'sign', examples.sign)
    expect(await must(vault, 'd', 'sign', examples.sign)).toEqual(first)
  })

  test('settings keep, refuse what cannot be, and a pause until restart ends with the session', async () => {
    const world = await createWorld()
    const store = createMemoryStore()
    const vault = await world.open(store)
    expect((await vault.status()).settings).toEqual(defaultSettings)
    expect(await vault.changeSettings({ share: 0.35, paused: 'restart', hubUrl: 'http://127.0.0.1:9/hub' })).toEqual({
      ok: true,
      value: undefined,
    })
    for (const wrong of [
      { share: 1.1 },
      { share: -0.1 },
      { share: Number.NaN },
      { hubUrl: 'http://hub.example' },
      { hubUrl: 'javascript:alert(1)' },
      { hubUrl: 'http://localhost.evil.example/' },
      { paused: -1 },
    ])
      expect(await vault.changeSettings(wrong), JSON.stringify(wrong)).toMatchObject({ ok: false, error: { type: 'refused' } })
    expect((await (await world.open(store)).status()).settings).toMatchObject({
      share: 0.35,
      paused: 'restart',
      hubUrl: 'http://127.0.0.1:9/hub',
    })
    expect((await (await world.open(store, 'next')).status()).settings).toMatchObject({ share: 0.35, paused: null })
  })

  test('settings that an earlier version kept say nothing of the deposit: what is earned goes there', () => {
    const record = { consented: true, preset: 'gentle', share: 500, paused: null, hubUrl: 'https://hub.example', session: 's' }
    expect(settingsFromRecord(record, 's')).toMatchObject({ consented: true, share: 0.5, depositEarnings: true })
    expect(settingsFromRecord({ ...record, depositEarnings: false }, 's')).toMatchObject({ consented: true, depositEarnings: false })
  })

  test('another swarm only after leaving; coming back finds the account again', async () => {
    const world = await createWorld()
    const other = await createWorld('another')
    const vault = await world.open(createMemoryStore())
    await enrol(world, vault, 10 * credit)
    expect(await vault.joinSwarm(other.link)).toMatchObject({ ok: false, error: { type: 'refused' } })
    expect((await vault.joinSwarm({ ...world.link, relays: ['ws://127.0.0.1:9999'] })).ok).toBe(true)
    expect((await vault.status()).swarm).toMatchObject({ link: { relays: ['ws://127.0.0.1:9999'] }, policy: world.signedPolicy })
    await vault.leaveSwarm()
    await enrol(other, vault)
    expect(await must(vault, 'account', 'account', {})).toMatchObject({ availableMicro: 0 })
    await vault.leaveSwarm()
    await enrol(world, vault)
    expect(await must(vault, 'account', 'account', {})).toMatchObject({ availableMicro: 10 * credit })
  })

  test('restored from a phrase it is a new account of the same person, outside of a swarm only', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    const words = (await vault.phraseWords())!
    const before = (await vault.status()).device
    await enrol(world, vault, 10 * credit)
    expect(await vault.restore(words.join(' '))).toMatchObject({ ok: false, error: { type: 'refused' } })
    await vault.leaveSwarm()
    expect(await vault.restore('these are not the words')).toMatchObject({ ok: false, error: { type: 'phrase', reason: 'word-count' } })
    expect(await vault.restore(words.join(' '))).toEqual({ ok: true, value: undefined })
    const { root, device } = (await vault.status()).device
    expect(root).toEqual(before.root)
    expect(device).not.toEqual(before.device)
    expect(await vault.phraseWords()).toBeNull()
    await enrol(world, vault)
    expect(await must(vault, 'account', 'account', {})).toMatchObject({ summary: null, chainMicro: 0 })
  })

  test('work that was agreed on can be rewarded by who was away for weeks', async () => {
    const world = await createWorld()
    const store = createMemoryStore()
    const vault = await world.open(store)
    await enrol(world, vault, 10 * credit)
    const { id } = await must(vault, 's', 'sign', { kind: 'sow', to: null, expires, body: sowBody(credit) })
    const agree = (request: string, price: number) =>
      must(vault, request, 'sign', { kind: 'agreement', to: key, expires, body: agreementBody(id, credit, price) })
    const [kept, late] = [await agree('a', 1_000_000), await agree('b', 900_000)]
    await world.clock.advance(30 * 24 * 60 * 60_000)
    const args = { sow: id, payee: key, accepted: true, expires: world.clock.now() + 60_000 }
    const again = await world.open(store)
    expect(await must(again, 'r', 'reward', { ...args, agreement: kept.id })).toMatchObject({ total: credit })
    expect(await must(again, 'account', 'account', {})).toMatchObject({ tabsMicro: credit, reservedMicro: 2 * credit })
    await world.clock.advance(undecidedKeepMs)
    expect(await (await world.open(store)).call('l', 'reward', { ...args, agreement: late.id })).toMatchObject({ ok: false })
  })

  test('old answers, sows and agreements go on the next start, what they kept back is free', async () => {
    const world = await createWorld()
    const store = createMemoryStore()
    const vault = await world.open(store)
    await enrol(world, vault, 10 * credit)
    const { id } = await must(vault, 's', 'sign', { kind: 'sow', to: null, expires, body: sowBody(credit) })
    await must(vault, 'a', 'sign', { kind: 'agreement', to: key, expires, body: agreementBody(id, credit, 1) })
    const tables = () => [...store.snapshot().keys()].filter((k) => /\/(answers|sows|reservations|agreements)\0/.test(k)).length
    await world.clock.advance(answersKeepMs)
    await world.open(store)
    expect(tables()).toBeGreaterThan(3)
    await world.clock.advance(undecidedKeepMs - answersKeepMs + 2 * 60_000)
    expect(await must(await world.open(store), 'account', 'account', {})).toMatchObject({ reservedMicro: 0, availableMicro: 10 * credit })
    expect(tables()).toBe(0)
  })

  test('a store that fails is told as a value and changes nothing', async () => {
    const world = await createWorld()
    const store = createMemoryStore()
    let full = false
    const failing = {
      ...store,
      commit: async (...args: Parameters<typeof store.commit>) =>
        full ? { ok: false as const, error: { type: 'storage' as const, message: 'quota' } } : store.commit(...args),
    }
    const vault = await world.open(failing)
    await enrol(world, vault, 10 * credit)
    full = true
    const sow = () => vault.call('s', 'sign', { kind: 'sow', to: null, expires, body: sowBody(credit) })
    expect(await sow()).toEqual({ ok: false, error: { type: 'storage', message: 'quota' } })
    expect(await vault.changeSettings({ share: 0.1 })).toEqual({ ok: false, error: { type: 'storage', message: 'quota' } })
    expect((await vault.status()).settings.share).toBe(defaultSettings.share)
    full = false
    expect((await sow()).ok).toBe(true)
    expect(await must(vault, 'account', 'account', {})).toMatchObject({ reservedMicro: 3 * credit })
  })
})
