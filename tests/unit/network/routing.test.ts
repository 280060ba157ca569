import { describe, expect, it } from 'vitest'
import { signMessage } from '../../../src/contract/signed.ts'
import type { Signer } from '../../../src/identity/keys.ts'
import type { Bytes } from '../../../src/lib/bytes.ts'
import { encodeFrame } from '../../../src/network/frame.ts'
import { passedToMax } from '../../../src/network/limits.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { allMet, createTestSwarm, relayUrl, testLink, type TestNode, type TestSwarm } from '../../support/memory-nodes.ts'

const link = testLink({ relays: [relayUrl] })
const noWebRtc = { rtc: { offer: async () => fail, answer: async () => fail } }
const fail = { ok: false, error: { type: 'no-candidates', where: '', message: '' } } as const

type Heard = { readonly from: string; readonly message: WireMessage; readonly forwarded: boolean }
const hear = (node: TestNode): Heard[] => {
  const heard: Heard[] = []
  node.network.onMessage((from, message, forwarded) => heard.push({ from, message, forwarded }))
  return heard
}
let serial = 0
const sow = async (swarm: TestSwarm, signer: Signer, swarmId = link.swarm): Promise<Bytes> =>
  (
    await signMessage(signer, {
      kind: 'sow',
      swarm: swarmId,
      to: null,
      expires: swarm.clock.now() + 60_000,
      body: { type: 'embedding', model: 'mini', size: 1024, units: serial++, maxPrice: 1, redundancy: 3, priority: 'normal' },
    })
  ).bytes
const chunk = (data: Bytes): WireMessage => [
  'chunk',
  { agreement: new Uint8Array(32), direction: 0, index: 0, last: true, enc: null, data },
]
const triple = async (
  seed: number,
  overrides = {},
): Promise<{ swarm: TestSwarm; relay: TestNode & { stop: () => void }; ann: TestNode; bob: TestNode; cid: TestNode }> => {
  const swarm = createTestSwarm(seed, link)
  const relay = await swarm.relay()
  const [ann, bob, cid] = [await swarm.node('ann', overrides), await swarm.node('bob', overrides), await swarm.node('cid', overrides)]
  await swarm.clock.advance(15_000)
  return { swarm, relay, ann, bob, cid }
}

describe('routing', () => {
  it('directly, else through the relay, else not at all', async () => {
    const { swarm, relay, ann, bob, cid } = await triple(1)
    const heard = hear(bob)
    const message = chunk(Uint8Array.of(1))
    expect(await ann.network.send(bob.id, message)).toEqual({ ok: true, value: undefined })
    await swarm.clock.advance(100)
    swarm.hub.cut('ann', 'bob')
    await swarm.clock.advance(100)
    expect(await ann.network.send(bob.id, message)).toEqual({ ok: true, value: undefined })
    await swarm.clock.advance(100)
    expect(heard).toEqual([
      { from: ann.id, message, forwarded: false },
      { from: ann.id, message, forwarded: true },
    ])
    relay.stop()
    await swarm.clock.advance(100)
    expect(await ann.network.send(bob.id, message)).toEqual({ ok: false, error: { type: 'no-route' } })
    expect(await ann.network.send(cid.id, message)).toEqual({ ok: true, value: undefined })
    expect(await ann.network.send(cid.id, chunk(new Uint8Array(70_000)))).toEqual({ ok: false, error: { type: 'too-large' } })
  })

  it('only what is signed or sealed may be forwarded, and the sender learns that the peer is gone', async () => {
    const { swarm, ann, bob } = await triple(2, noWebRtc)
    const [atAnn, atBob] = [hear(ann), hear(bob)]
    expect(await ann.network.send(bob.id, ['head?', { author: bob.signer.publicKey }])).toMatchObject({ ok: false })
    bob.network.close()
    await swarm.clock.advance(1_000)
    await ann.network.send(bob.id, chunk(Uint8Array.of(1)))
    await swarm.clock.advance(1_000)
    expect(atBob).toEqual([])
    expect(atAnn).toMatchObject([{ message: ['refused', { re: 'forward', author: bob.device.device }] }])
  })

  it('nobody forwards in another’s name, and nodes believe no forwarder but their relay', async () => {
    const { swarm, relay, ann, bob, cid } = await triple(3)
    const heard = hear(bob)
    const inner = encodeFrame(chunk(Uint8Array.of(1)))
    if (!inner.ok) throw new Error('too large')
    const forged: WireMessage = ['forward', { to: bob.signer.publicKey, from: cid.signer.publicKey, frame: inner.value }]
    await ann.network.send(relay.id, forged)
    await ann.network.send(bob.id, forged)
    await swarm.clock.advance(1_000)
    expect(heard).toEqual([])
  })

  it('a relay is not blamed for what others say through it', async () => {
    const { swarm, relay, ann, bob } = await triple(8, noWebRtc)
    const heard = hear(bob)
    for (let i = 0; i < 20; i++) await ann.network.send(bob.id, ['signed', { message: Uint8Array.of(i), hops: 0 }])
    await swarm.clock.advance(1_000)
    expect(heard).toEqual([])
    expect(bob.network.peers().map((p) => p.id)).toEqual([relay.id])
  })

  it('the relay forwards within a quota', async () => {
    const swarm = createTestSwarm(4, link)
    const relay = await swarm.relay(relayUrl, { limits: { forwardBytesPerMinute: 100_000 } })
    const [ann, bob] = [await swarm.node('ann', noWebRtc), await swarm.node('bob', noWebRtc)]
    await swarm.clock.advance(5_000)
    const [atAnn, atBob] = [hear(ann), hear(bob)]
    for (let i = 0; i < 5; i++) await ann.network.send(bob.id, chunk(new Uint8Array(30_000)))
    await swarm.clock.advance(1_000)
    expect(atBob).toHaveLength(3)
    expect(atAnn).toMatchObject([{ from: relay.id, message: ['refused', { reason: 'over the quota' }] }, {}])
  })
})

describe('gossip', () => {
  it('a sow reaches everyone once, over any path, also where all there is is a relay', async () => {
    for (const overrides of [{}, { degree: 1 }, noWebRtc]) {
      const swarm = createTestSwarm(5, link)
      await swarm.relay()
      const nodes = await Promise.all(['ann', 'bob', 'cid', 'dot', 'eve'].map((name) => swarm.node(name, overrides)))
      await swarm.clock.advance(20_000)
      const heard = nodes.map(hear)
      nodes[0]!.network.gossip(['signed', { message: await sow(swarm, nodes[0]!.signer), hops: 3 }])
      await swarm.clock.advance(2_000)
      expect(heard.map((h) => h.length)).toEqual([0, 1, 1, 1, 1])
    }
  })

  it('in a crowd a few hear it, more when it is said again with more hops, nobody twice, and a forgery never', async () => {
    const swarm = createTestSwarm(8, link)
    await swarm.relay()
    const nodes = await Promise.all(Array.from({ length: 40 }, (_, i) => swarm.node(`n${i}`, noWebRtc)))
    await swarm.clock.advance(5_000)
    const heard = nodes.map(hear)
    const reached = (): readonly number[] => heard.map((h) => h.filter(({ message }) => message[0] === 'signed').length)
    const count = (): number => reached().filter((times) => times > 0).length
    const [author, other] = [nodes[0]!.network, nodes[1]!.network]
    const message = await sow(swarm, nodes[0]!.signer)
    author.gossip(['signed', { message, hops: 1 }])
    await swarm.clock.advance(2_000)
    expect(count()).toBe(passedToMax.relay)
    author.gossip(['signed', { message, hops: 1 }])
    await swarm.clock.advance(2_000)
    expect(count()).toBe(passedToMax.relay)
    author.gossip(['signed', { message, hops: 3 }])
    await swarm.clock.advance(2_000)
    expect(count()).toBeGreaterThan(passedToMax.relay)
    // As long as it is sought, others hear of it.
    for (let said = 0; said < 6; said++) {
      await swarm.clock.advance(5_000)
      author.gossip(['signed', { message, hops: 3 }])
    }
    await swarm.clock.advance(2_000)
    expect(count()).toBe(nodes.length - 1)
    expect(Math.max(...reached())).toBe(1)
    const before = heard.flat().length
    const forged = await sow(swarm, nodes[0]!.signer)
    forged[forged.length - 1]! ^= 1
    for (const hops of [1, 2, 3, 3]) {
      other.gossip(['signed', { message: forged, hops }])
      await swarm.clock.advance(5_000)
    }
    expect(heard.flat().length).toBe(before)
  })

  it('who is linked with an author hears it from it alone', async () => {
    const { swarm, ann, bob, cid, relay } = await triple(9)
    expect(allMet([ann, bob, cid])).toBe(true)
    const [frames, heard] = [swarm.hub.frames(), [bob, cid, relay].map(hear)]
    ann.network.gossip(['signed', { message: await sow(swarm, ann.signer), hops: 1 }])
    await swarm.clock.advance(1_000)
    expect(heard.map((h) => h.length)).toEqual([1, 1, 1])
    // Nor is it passed to the relay, which is linked with the author too.
    expect(swarm.hub.frames() - frames).toBe(3)
  })

  it('goes over relays that are not all linked with each other', async () => {
    const url = (port: number): string => `ws://127.0.0.1:${port}`
    const by = (...ports: readonly number[]) => ({ link: testLink({ relays: ports.map(url) }) })
    const swarm = createTestSwarm(13, by(1).link)
    for (const [own, dials] of [
      [1, [2]],
      [2, []],
      [3, [2]],
    ] as const)
      await swarm.relay(url(own), { ...by(...dials), relayDialer: swarm.hub.dialer(url(own)) })
    const [ann, bob] = [await swarm.node('ann', { ...noWebRtc, ...by(1) }), await swarm.node('bob', { ...noWebRtc, ...by(3) })]
    await swarm.clock.advance(20_000)
    const atBob = hear(bob)
    ann.network.gossip(['signed', { message: await sow(swarm, ann.signer), hops: 3 }])
    await swarm.clock.advance(1_000)
    expect(atBob).toHaveLength(1)
  })

  it('who is linked with many tells a newcomer of some at once, and not everyone of the newcomer', async () => {
    const swarm = createTestSwarm(10, link)
    await swarm.relay()
    for (let i = 0; i < 60; i++) await swarm.node(`n${i}`, noWebRtc)
    // Between two pings, and past what was told of the sixty.
    await swarm.clock.advance(110_000)
    const frames = swarm.hub.frames()
    const late = await swarm.node('late', noWebRtc)
    await swarm.clock.advance(2_000)
    expect(late.network.peers()).toHaveLength(1)
    const handshake = 4
    const firstPings = 4
    expect(swarm.hub.frames() - frames).toBe(handshake + firstPings + 2)
  })

  it('hops end, forgeries and others’ messages are not carried, and an author is heard ten times a minute', async () => {
    const { swarm, relay, ann, bob, cid } = await triple(6, noWebRtc)
    const [atRelay, atBob] = [hear(relay), hear(bob)]
    ann.network.gossip(['signed', { message: await sow(swarm, ann.signer), hops: 0 }])
    const forged = await sow(swarm, ann.signer)
    forged[forged.length - 1]! ^= 1
    cid.network.gossip(['signed', { message: forged, hops: 3 }])
    await swarm.clock.advance(1_000)
    expect([atRelay.length, atBob.length]).toEqual([1, 0])
    cid.network.gossip(['signed', { message: await sow(swarm, cid.signer, new Uint8Array(32).fill(7)), hops: 3 }])
    await swarm.clock.advance(1_000)
    expect([atRelay.length, atBob.length]).toEqual([1, 0])
    for (let i = 0; i < 20; i++) ann.network.gossip(['signed', { message: await sow(swarm, ann.signer), hops: 3 }])
    await swarm.clock.advance(1_000)
    expect(atBob.length).toBeLessThanOrEqual(10)
    expect(atBob.length).toBeGreaterThanOrEqual(9)
    await swarm.clock.advance(60_000)
    ann.network.gossip(['signed', { message: await sow(swarm, ann.signer), hops: 3 }])
    await swarm.clock.advance(1_000)
    expect(atBob.length).toBeGreaterThanOrEqual(10)
  })
})

describe('introductions', () => {
  it('nobody is introduced in another’s name', async () => {
    const { swarm, ann, bob, cid } = await triple(7)
    expect(allMet([ann, bob, cid])).toBe(true)
    const frames = swarm.hub.frames()
    await ann.network.send(bob.id, [
      'introduce',
      { to: cid.signer.publicKey, from: bob.signer.publicKey, id: new Uint8Array(16), kind: 'offer', sdp: new Uint8Array(0) },
    ])
    await swarm.clock.advance(100)
    expect(swarm.hub.frames()).toBe(frames + 1)
  })
})
