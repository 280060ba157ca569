import { describe, expect, it } from 'vitest'
import { helloMessage } from '../../../src/identity/hello-message.ts'
import { createNobleVerifier } from '../../../src/identity/noble.ts'
import { type Bytes, sha256, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { encodeFrame } from '../../../src/network/frame.ts'
import { type HandshakeDeps, handshakeTimeoutMs, shakeHands } from '../../../src/network/handshake.ts'
import { checkHello, checkProof, type Hello, type HelloContext, makeHello, makeProof, ownFields } from '../../../src/network/hello.ts'
import type { Binding, Link } from '../../../src/network/ports.ts'
import { createMemoryHub } from '../../support/memory-network.ts'
import { testIdentity } from '../../support/memory-nodes.ts'

const swarm = sha256(utf8('swarm'))
const secret = sha256(utf8('secret'))
const [f1, f2] = [sha256(utf8('f1')), sha256(utf8('f2'))]
const near: Binding = { kind: 'webrtc', own: f1, peer: f2 }
const far: Binding = { kind: 'webrtc', own: f2, peer: f1 }
const verifier = createNobleVerifier()

const party = async (name: string, role: 'node' | 'relay' = 'node') => {
  const { signer, device } = await testIdentity(name)
  const hello = makeHello(swarm, role, device, sha256(utf8(`nonce/${name}`)))
  return {
    hello,
    prove: async (theirs: Hello, context: HelloContext, own = hello) =>
      makeProof(own, theirs, context, await signer.sign(helloMessage(swarm, device.device, ownFields(own, theirs, context)))),
  }
}
const context = (binding: Binding, more: Partial<HelloContext> = {}): HelloContext => ({ swarm, secret, binding, ...more })

describe('hello', () => {
  it('is believed when all is right', async () => {
    const [ann, bob] = [await party('ann'), await party('bob')]
    expect(checkHello(ann.hello, bob.hello, context(near))).toEqual({ ok: true, value: { version: 1 } })
    const proof = await bob.prove(ann.hello, context(far))
    expect(await checkProof(verifier, ann.hello, bob.hello, proof, context(near))).toMatchObject({ ok: true })
  })

  it('is refused for what it says', async () => {
    const [ann, bob] = [await party('ann'), await party('bob')]
    const check = (theirs: Partial<Hello>, c = context(near)): unknown => {
      const result = checkHello(ann.hello, { ...bob.hello, ...theirs }, c)
      return result.ok || result.error
    }
    expect(check({ versions: [2, 3] })).toBe('no-common-version')
    expect(check({ versions: [1, 2] })).toBe(true)
    expect(check({ swarm: f1 })).toBe('wrong-swarm')
    expect(check({ device: ann.hello.device })).toBe('self')
    expect(check({}, context(near, { expected: f1 }))).toBe('wrong-peer')
    expect(check({ role: 'relay' })).toBe('bad-role')
    expect(check({ role: 'relay' }, context({ kind: 'url', url: 'wss://r' }))).toBe(true)
  })

  it('is refused when proof, channel, identity or nonce is another', async () => {
    const [ann, bob, eve] = [await party('ann'), await party('bob'), await party('eve')]
    const judge = async (
      proof: Awaited<ReturnType<typeof bob.prove>>,
      theirs = bob.hello,
      own = ann.hello,
      c = context(near),
    ): Promise<unknown> => {
      const result = await checkProof(verifier, own, theirs, proof, c)
      return result.ok || result.error
    }
    const good = await bob.prove(ann.hello, context(far))
    expect(await judge(good)).toBe(true)
    expect(await judge(await bob.prove(ann.hello, context(far, { secret: f1 })))).toBe('wrong-secret')
    expect(await judge(await bob.prove(ann.hello, context(far, { secret: null })))).toBe('wrong-secret')
    expect(await judge(good, bob.hello, ann.hello, context(near, { secret: null }))).toBe('wrong-secret')
    // Another channel: a fingerprint, either one, or the same two the other way round.
    expect(await judge(await bob.prove(ann.hello, context({ ...far, own: f1 } as Binding)))).toBe('bad-signature')
    expect(await judge(await bob.prove(ann.hello, context(near)))).toBe('bad-signature')
    expect(await judge(await bob.prove(ann.hello, context({ kind: 'url', url: 'ws://localhost:1' })))).toBe('bad-signature')
    // Another session: each side's nonce is in it.
    expect(await judge(good, bob.hello, { ...ann.hello, nonce: f1 })).toBe('wrong-secret')
    expect(await judge({ ...good, signature: (await bob.prove({ ...ann.hello, nonce: f1 }, context(far))).signature })).toBe(
      'bad-signature',
    )
    // Another person's certificate, another device's proof, our own words given back.
    expect(await judge(good, { ...bob.hello, root: eve.hello.root })).toBe('bad-certificate')
    expect(await judge(good, { ...bob.hello, certificate: eve.hello.certificate })).toBe('bad-certificate')
    expect(await judge({ ...good, signature: (await eve.prove(ann.hello, context(far))).signature })).toBe('bad-signature')
    expect(await judge(await ann.prove(bob.hello, context(near)))).toBe('wrong-secret')
    // The role is signed: a node's word makes no relay.
    expect(await judge(good, { ...bob.hello, role: 'relay' })).toBe('bad-signature')
  })
})

describe('handshake', () => {
  const url = 'ws://127.0.0.1:1'
  const setUp = async () => {
    const clock = createManualClock()
    const hub = createMemoryHub(clock, createSeededRandom(1))
    let other: Link | undefined
    hub.listen(url, (link) => (other = link))
    const dialled = hub.dialer('ann').dial(url)
    await clock.advance(100)
    const link = await dialled
    if (!link.ok || !other) throw new Error('no link')
    const deps = async (name: string, more: Partial<HandshakeDeps> = {}): Promise<HandshakeDeps> => {
      const { signer, device } = await testIdentity(name)
      return {
        clock,
        random: createSeededRandom(name),
        verifier,
        swarm,
        secret,
        role: 'node',
        device,
        signHello: (fields) => signer.sign(helloMessage(swarm, device.device, fields)),
        admit: () => undefined,
        ...more,
      }
    }
    const shake = async (end: Link, d: HandshakeDeps) => shakeHands(end, end.binding, undefined, d)
    return { clock, near: link.value, far: other, deps, shake }
  }

  it('binds both ends and agrees on a mark; what comes early is kept', async () => {
    const { clock, near, far, deps, shake } = await setUp()
    const slow = await deps('bob')
    const [a, b] = [
      shake(near, await deps('ann')),
      shake(far, {
        ...slow,
        verifier: { verify: (...x) => new Promise((done) => void clock.after(1_000, () => done(verifier.verify(...x)))) },
      }),
    ]
    void a.then((r) => r.ok && r.value.link.send(Uint8Array.of(7)))
    await clock.advance(5_000)
    const [left, right] = [await a, await b]
    if (!left.ok || !right.ok) throw new Error('not bound')
    expect(left.value.mark).toEqual(right.value.mark)
    const got: Bytes[] = []
    right.value.open({ onFrame: (frame) => got.push(frame), onClose: () => {} })
    expect(got).toEqual([Uint8Array.of(7)])
  })

  it('both ends learn that the secret is wrong', async () => {
    const { clock, near, far, deps, shake } = await setUp()
    const both = Promise.all([shake(near, await deps('ann')), shake(far, await deps('bob', { secret: sha256(utf8('no')) }))])
    await clock.advance(1_000)
    for (const result of await both) expect(result).toMatchObject({ ok: false, error: { reason: 'wrong-secret' } })
  })

  it('a refusal by one end names its reason on the other', async () => {
    const { clock, near, far, deps, shake } = await setUp()
    const both = Promise.all([shake(near, await deps('ann')), shake(far, await deps('bob', { admit: () => 'full' }))])
    await clock.advance(1_000)
    expect(await both).toMatchObject([{ error: { reason: 'full', by: 'peer' } }, { error: { reason: 'full', by: 'us' } }])
  })

  it('a key that cannot sign, a peer that says nothing, one that leaves, and one that talks nonsense', async () => {
    const cases: readonly (readonly [string, (far: Link) => void, Partial<HandshakeDeps>])[] = [
      ['timeout', () => {}, {}],
      ['closed', (far) => far.close('no'), {}],
      ['malformed', (far) => far.send(Uint8Array.of(1, 2, 3)), {}],
      // Nothing but the handshake is heard before its end.
      ['malformed', (far) => far.send(frameOf(['ping', { nonce: 1 }])), {}],
      ['malformed', (far) => far.send(frameOf(['proof', { signature: new Uint8Array(64), proof: null }])), {}],
    ]
    for (const [reason, act, more] of cases) {
      const { clock, near, far, deps, shake } = await setUp()
      const result = shake(near, await deps('ann', more))
      far.open({ onFrame: () => {}, onClose: () => {} })
      act(far)
      await clock.advance(handshakeTimeoutMs + 1)
      expect(await result).toMatchObject({ ok: false, error: { reason } })
    }
    const { clock, near, far, deps, shake } = await setUp()
    const both = Promise.all([shake(near, await deps('ann', { signHello: async () => undefined })), shake(far, await deps('bob'))])
    await clock.advance(1_000)
    for (const result of await both) expect(result).toMatchObject({ ok: false, error: { reason: 'cannot-sign' } })
  })
})

const frameOf = (message: readonly [string, unknown]): Bytes => {
  const frame = encodeFrame(message)
  if (!frame.ok) throw new Error('too large')
  return frame.value
}
