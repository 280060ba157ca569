import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { helloMessage } from '../../../src/identity/hello-message.ts'
import { createNobleVerifier } from '../../../src/identity/noble.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { encodeFrame } from '../../../src/network/frame.ts'
import { type BoundLink, shakeHands } from '../../../src/network/handshake.ts'
import type { Link } from '../../../src/network/ports.ts'
import { firstBackOffMs } from '../../../src/network/scores.ts'
import { createTestSwarm, relayUrl, testIdentity, testLink, type TestSwarm } from '../../support/memory-nodes.ts'

/** A peer that knows how to say hello, and then says what it likes. */
const rogue = async (
  swarm: TestSwarm,
  name = 'rogue',
): Promise<{ bound: BoundLink | undefined; closed: () => string | undefined; say: (frame: Uint8Array) => void }> => {
  const { signer, device } = await testIdentity(name)
  const dialled = swarm.hub.dialer(name).dial(relayUrl)
  await swarm.clock.advance(100)
  const link = await dialled
  if (!link.ok) throw new Error('no link')
  const shaking = shakeHands(link.value, link.value.binding, undefined, {
    clock: swarm.clock,
    random: createSeededRandom(`${name}/${swarm.clock.now()}`),
    verifier: createNobleVerifier(),
    swarm: swarm.link.swarm,
    secret: swarm.link.secret,
    role: 'node',
    device,
    signHello: (fields) => signer.sign(helloMessage(swarm.link.swarm, device.device, fields)),
    admit: () => undefined,
  })
  await swarm.clock.advance(1_000)
  const bound = await shaking
  let closed: string | undefined
  if (bound.ok) bound.value.open({ onFrame: () => {}, onClose: (reason) => (closed = reason) })
  return { bound: bound.ok ? bound.value : undefined, closed: () => closed, say: (frame) => link.value.send(frame) }
}

describe('a peer that misbehaves', () => {
  it('is dropped after a few malformed frames, refused for a while, and taken back later', async () => {
    const swarm = createTestSwarm(1, testLink({ relays: [relayUrl] }))
    const relay = await swarm.relay()
    const peer = await rogue(swarm)
    expect(relay.network.peers()).toHaveLength(1)
    peer.say(Uint8Array.of(1, 2, 3))
    await swarm.clock.advance(100)
    expect(peer.closed()).toBeUndefined()
    for (let i = 0; i < 5; i++) peer.say(Uint8Array.of(1, 2, 3))
    await swarm.clock.advance(100)
    expect(peer.closed()).toContain('misbehaved')
    expect(relay.network.peers()).toHaveLength(0)
    expect((await rogue(swarm)).bound).toBeUndefined()
    await swarm.clock.advance(firstBackOffMs)
    expect((await rogue(swarm)).bound).toBeDefined()
  })

  it('is dropped for oversize frames, for flooding, and when the agent blames it', async () => {
    const swarm = createTestSwarm(2, testLink({ relays: [relayUrl] }))
    const relay = await swarm.relay()
    const big = await rogue(swarm, 'big')
    for (let i = 0; i < 4; i++) big.say(new Uint8Array(70_000))
    const flood = await rogue(swarm, 'flood')
    const ask = encodeFrame(['policy?', {}])
    if (!ask.ok) throw new Error('too large')
    let asked = 0
    relay.network.onMessage((_, [type]) => type === 'policy?' && asked++)
    for (let i = 0; i < 100; i++) flood.say(ask.value)
    await swarm.clock.advance(100)
    expect(asked).toBe(10)
    const blamed = await rogue(swarm, 'blamed')
    for (const id of relay.network.peers().map((p) => p.id)) for (let i = 0; i < 4; i++) relay.network.blame(id, 'lied')
    await swarm.clock.advance(100)
    for (const peer of [big, flood, blamed]) expect(peer.closed()).toContain('misbehaved')
  })

  it('may send a type of the future', async () => {
    const swarm = createTestSwarm(3, testLink({ relays: [relayUrl] }))
    const relay = await swarm.relay()
    const peer = await rogue(swarm)
    const frame = encodeFrame(['later', { later: 1 }])
    if (!frame.ok) throw new Error('too large')
    for (let i = 0; i < 100; i++) peer.say(frame.value)
    await swarm.clock.advance(1_000)
    expect(relay.network.peers()).toHaveLength(1)
  })

  it('breaks nothing, whatever it sends: the others are still served', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), async (junk) => {
        const swarm = createTestSwarm(4, testLink({ relays: [relayUrl] }))
        const relay = await swarm.relay()
        const peer = await rogue(swarm)
        for (const frame of junk) peer.say(frame)
        const honest = await rogue(swarm, 'honest')
        expect(honest.bound).toBeDefined()
        expect(relay.network.peers().length).toBeGreaterThanOrEqual(1)
      }),
      { numRuns: 20 },
    ))
})

describe('two links to one peer', () => {
  const pairUp = async (swarm: TestSwarm, from: string, to: string): Promise<readonly [Link, Link]> => {
    const offer = await swarm.hub.rtc(from).offer()
    if (!offer.ok) throw new Error('no offer')
    const answer = await swarm.hub.rtc(to).answer(offer.value.sdp)
    if (!answer.ok) throw new Error('no answer')
    const accepted = offer.value.accept(answer.value.sdp)
    await swarm.clock.advance(50)
    const [near, far] = [await accepted, await answer.value.link]
    if (!near.ok || !far.ok) throw new Error('no link')
    return [near.value, far.value]
  }

  it('both ends keep the same one, whoever made them and however they crossed', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const swarm = createTestSwarm(seed, testLink())
      const [ann, bob] = [await swarm.node('ann'), await swarm.node('bob')]
      const changes: string[] = []
      for (const node of [ann, bob]) node.network.onPeer((_, change) => changes.push(change))
      const first = await pairUp(swarm, 'ann', 'bob')
      const second = seed % 2 === 0 ? await pairUp(swarm, 'bob', 'ann') : (await pairUp(swarm, 'ann', 'bob')).toReversed()
      ann.network.accept(first[0])
      bob.network.accept(first[1])
      await swarm.clock.advance(seed)
      bob.network.accept(second[0]!)
      ann.network.accept(second[1]!)
      await swarm.clock.advance(5_000)
      expect(swarm.hub.links()).toHaveLength(1)
      expect(changes).toEqual(['joined', 'joined'])
      const heard: string[] = []
      bob.network.onMessage((_, [type]) => heard.push(type))
      ann.network.onMessage((_, [type]) => heard.push(type))
      await ann.network.send(bob.id, ['policy?', {}])
      await bob.network.send(ann.id, ['policy?', {}])
      await swarm.clock.advance(1_000)
      expect(heard).toEqual(['policy?', 'policy?'])
    }
  })

  it('what is sent while they are two is not lost', async () => {
    for (let seed = 0; seed < 30; seed++) {
      const swarm = createTestSwarm(seed, testLink())
      const nodes = [await swarm.node('ann'), await swarm.node('bob')] as const
      const links = [await pairUp(swarm, 'ann', 'bob'), (await pairUp(swarm, 'bob', 'ann')).toReversed()]
      const heard: [number[], number[]] = [[], []]
      nodes.forEach((node, i) => node.network.onMessage((_, message) => message[0] === 'range?' && heard[i]!.push(message[1].from)))
      // Both at once, or one while the other is already in use, in either order.
      const [first, second] = seed % 2 === 0 ? links : links.toReversed()
      nodes.forEach((node, i) => node.network.accept(first![i]!))
      await swarm.clock.advance(seed % 3 === 0 ? 100 : seed % 5)
      nodes.forEach((node, i) => node.network.accept(second![i]!))
      const sent: [number[], number[]] = [[], []]
      for (let n = 0; n < 60; n++) {
        for (const [i, node] of nodes.entries()) {
          const to = nodes[1 - i]!
          if (!node.network.peers().some((p) => p.id === to.id)) continue
          sent[1 - i]!.push(n)
          void node.network.send(to.id, ['range?', { author: node.device.device, from: n }])
        }
        await swarm.clock.advance(1)
      }
      await swarm.clock.advance(5_000)
      expect(sent[0].length).toBeGreaterThan(20)
      expect(heard.map((h) => h.toSorted((a, b) => a - b))).toEqual(sent)
    }
  })
})
