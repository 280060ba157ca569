import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createManualClock } from '../../../src/lib/clock.ts'
import { ok, type Result } from '../../../src/lib/result.ts'
import { fromText, toText } from '../../../src/messages/plain.ts'
import {
  answerWaitMsMax,
  createRemoteVault,
  type PortLike,
  reconnectMsMax,
  requestsMax,
  serveVault,
} from '../../../src/messages/port-vault.ts'
import type { Vault, VaultCall, VaultCalls, VaultError, VaultStatus } from '../../../src/vault/vault.ts'

/** Two ends of a port that delivers later, in order, as JSON would; `cut` closes both. */
const createPortPair = (onDelivery: () => void = () => {}): { near: PortLike; far: PortLike; cut: () => void } => {
  let open = true
  const end = () => ({ messages: [] as ((m: unknown) => void)[], disconnects: [] as (() => void)[] })
  const [a, b] = [end(), end()]
  const cut = (): void => {
    if (!open) return
    open = false
    for (const listener of [...a.disconnects, ...b.disconnects]) listener()
  }
  const port = (own: typeof a, other: typeof a): PortLike => ({
    postMessage: (message) => {
      if (!open) throw new Error('disconnected port')
      const copy: unknown = JSON.parse(JSON.stringify(message))
      void Promise.resolve().then(() => {
        if (open) for (const listener of other.messages) listener(copy)
        onDelivery()
      })
    },
    onMessage: (listener) => void own.messages.push(listener),
    onDisconnect: (listener) => void own.disconnects.push(listener),
    disconnect: cut,
  })
  return { near: port(a, b), far: port(b, a), cut }
}

const status = (share: number): VaultStatus => ({
  device: { root: new Uint8Array(32), device: new Uint8Array(32).fill(1), signature: new Uint8Array(64) },
  settings: { consented: true, preset: 'standard', share, paused: null, hubUrl: 'https://hub.example', depositEarnings: true },
  swarm: null,
})

/** Gives the same answer to the same id, as the real one does; `release` has an effect once per id. */
const createFakeVault = () => {
  const effects: string[] = []
  const answers = new Map<string, Result<VaultCalls[VaultCall]['answer'], VaultError>>()
  const listeners = new Set<(s: VaultStatus) => void>()
  let share = 0.5
  const vault: Vault = {
    call: async <C extends VaultCall>(id: string, call: C) => {
      if (call === 'status') return ok(status(share)) as Result<VaultCalls[C]['answer'], VaultError>
      const known = answers.get(id)
      if (!known) effects.push(id)
      const answer =
        known ??
        (call === 'joinOp'
          ? ok({ join: new Uint8Array([effects.length]) })
          : { ok: false as const, error: { type: 'refused' as const, what: id } })
      answers.set(id, answer)
      return answer as Result<VaultCalls[C]['answer'], VaultError>
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const setShare = (value: number): void => {
    share = value
    for (const listener of listeners) listener(status(share))
  }
  return { vault, effects, setShare, listeners: () => listeners.size }
}

describe('plain text form', () => {
  test('plain data comes back as it was', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('a', 'b', 'bytes', 'c'),
          fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null), fc.uint8Array()),
        ),
        (value) => {
          const plain = Object.fromEntries(Object.entries(value).map(([k, x]) => [k, Object.is(x, -0) ? 0 : x]))
          expect(fromText(toText(plain))).toEqual({ ok: true, value: plain })
        },
      ),
    )
  })
  test('what is no such text is refused', () => {
    expect(fromText('{').ok).toBe(false)
    expect(fromText('{"bytes":"%"}').ok).toBe(false)
  })
})

describe('vault over a port', () => {
  test('answers, errors and changes cross', async () => {
    const clock = createManualClock()
    const fake = createFakeVault()
    const remote = createRemoteVault(() => {
      const { near, far } = createPortPair()
      serveVault(Promise.resolve(fake.vault), far)
      return near
    }, clock)
    const seen: number[] = []
    remote.onChange((s) => seen.push(s.settings.share))
    expect(await remote.call('a', 'joinOp', {})).toEqual({ ok: true, value: { join: new Uint8Array([1]) } })
    expect(await remote.call('b', 'settle', {})).toEqual({ ok: false, error: { type: 'refused', what: 'b' } })
    expect(await remote.call('s', 'status', {})).toEqual({ ok: true, value: status(0.5) })
    fake.setShare(0.25)
    await clock.advance(0)
    expect(seen).toEqual([0.5, 0.25])
  })

  test('cut at any message, each request has one effect and one answer', async () => {
    // Far more than the messages of one run, so that the last cuts never come: the loop ends at a run without a cut.
    for (let cutAt = 1; ; cutAt++) {
      const clock = createManualClock()
      const fake = createFakeVault()
      let delivered = 0
      let cuts = 0
      const remote = createRemoteVault(() => {
        const pair = createPortPair(() => {
          if (++delivered === cutAt || delivered === cutAt + 3) {
            cuts++
            pair.cut()
          }
        })
        serveVault(fake.vault, pair.far)
        return pair.near
      }, clock)
      const answers = Promise.all(['a', 'b', 'c'].map((id) => remote.call(id, 'joinOp', {})))
      await clock.advance(reconnectMsMax)
      const values = (await answers).map((r) => (r.ok ? r.value.join[0] : r.error.type))
      expect([...values].sort(), `cut at ${cutAt}`).toEqual([1, 2, 3])
      expect(fake.effects, `cut at ${cutAt}`).toEqual(['a', 'b', 'c'])
      remote.close()
      if (cuts === 0) return
      expect(cutAt).toBeLessThan(50)
    }
  })

  test('a cut port is left alone until there is something to ask, or the background says so', async () => {
    const clock = createManualClock()
    const fake = createFakeVault()
    const pairs: ReturnType<typeof createPortPair>[] = []
    const remote = createRemoteVault(() => {
      const pair = createPortPair()
      pairs.push(pair)
      serveVault(fake.vault, pair.far)
      return pair.near
    }, clock)
    await remote.call('a', 'joinOp', {})
    pairs[0]!.cut()
    expect(fake.listeners()).toBe(0)
    await clock.advance(10 * reconnectMsMax)
    expect(pairs).toHaveLength(1)
    fake.setShare(0.75)
    const seen: number[] = []
    remote.onChange((s) => seen.push(s.settings.share))
    remote.wake()
    await clock.advance(0)
    expect(seen).toEqual([0.75])
    expect(pairs).toHaveLength(2)
    pairs[1]!.cut()
    const answer = remote.call('b', 'joinOp', {})
    await clock.advance(reconnectMsMax)
    expect((await answer).ok).toBe(true)
    expect(pairs).toHaveLength(3)
  })

  test('no background: unavailable after the wait, and no attempt is left behind', async () => {
    const clock = createManualClock()
    let attempts = 0
    const remote = createRemoteVault(() => {
      attempts++
      throw new Error('no receiving end')
    }, clock)
    const answer = remote.call('a', 'joinOp', {})
    await clock.advance(answerWaitMsMax)
    expect(await answer).toEqual({ ok: false, error: { type: 'unavailable' } })
    expect(attempts).toBeGreaterThan(5)
    const before = attempts
    await clock.advance(10 * answerWaitMsMax)
    expect(attempts - before).toBeLessThanOrEqual(1)
  })

  test('more requests than fit are refused at once, and close refuses what waits', async () => {
    const clock = createManualClock()
    const remote = createRemoteVault(() => createPortPair().near, clock)
    const waiting = Array.from({ length: requestsMax }, (_, i) => remote.call(`r${i}`, 'account', {}))
    expect(await remote.call('one more', 'account', {})).toEqual({ ok: false, error: { type: 'unavailable' } })
    remote.close()
    for (const answer of await Promise.all(waiting)) expect(answer).toEqual({ ok: false, error: { type: 'unavailable' } })
    expect(await remote.call('after', 'account', {})).toEqual({ ok: false, error: { type: 'unavailable' } })
  })

  test('what is no request is ignored; malformed arguments and a vault that throws are answered', async () => {
    const clock = createManualClock()
    const { near, far } = createPortPair()
    const throwing: Vault = { call: () => Promise.reject(new Error('disk')), onChange: () => () => {} }
    serveVault(throwing, far)
    const got: unknown[] = []
    near.onMessage((message) => got.push(message))
    for (const message of [
      null,
      7,
      {},
      { id: 'x' },
      { id: 'x', call: 'a', args: 3 },
      { id: 'y', call: 'account', args: '{' },
      { id: 'z', call: 'account', args: '{}' },
    ])
      near.postMessage(message)
    await clock.advance(0)
    expect(got.map((m) => (m as { re: string }).re)).toEqual(['y', 'z'])
    expect(got.map((m) => (JSON.parse((m as { error: string }).error) as VaultError).type)).toEqual(['refused', 'storage'])
  })
})
