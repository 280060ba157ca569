import { describe, expect, it } from 'vitest'
import { sha256, utf8 } from '../../../src/lib/bytes.ts'
import { allMet, createTestSwarm, relayUrl, testLink, trackerUrl } from '../../support/memory-nodes.ts'

const names = ['ann', 'bob', 'cid', 'dot', 'eve']
const relayOnly = testLink({ relays: [relayUrl] })
const trackerOnly = testLink({ trackers: [trackerUrl] })

describe('mesh', () => {
  it('five nodes with one relay all meet by introduction, one session each', async () => {
    const swarm = createTestSwarm(1, relayOnly)
    const relay = await swarm.relay()
    const nodes = await Promise.all(names.map((name) => swarm.node(name)))
    await swarm.clock.advance(20_000)
    expect(allMet(nodes)).toBe(true)
    for (const node of nodes)
      expect(
        node.network
          .peers()
          .map((p) => p.id)
          .sort(),
      ).toEqual(
        [relay, ...nodes]
          .filter((n) => n !== node)
          .map((n) => n.id)
          .sort(),
      )
    await swarm.clock.advance(60_000)
    // One channel per pair, and none that comes and goes.
    expect(swarm.hub.links()).toHaveLength(15)
    expect(swarm.hub.opened()).toBeLessThan(20)
  })

  it('with a tracker and no relay', async () => {
    const swarm = createTestSwarm(2, trackerOnly)
    swarm.hub.startTracker(trackerUrl)
    const nodes = await Promise.all(names.map((name) => swarm.node(name)))
    await swarm.clock.advance(90_000)
    expect(allMet(nodes)).toBe(true)
    expect(nodes[0]!.network.status().trackers).toEqual([{ url: trackerUrl, state: 'open' }])
    expect(swarm.hub.links()).toHaveLength(10)
  })

  it('a restarted tracker is announced to again: a newcomer finds the others', async () => {
    const swarm = createTestSwarm(3, trackerOnly)
    const stop = swarm.hub.startTracker(trackerUrl)
    const ann = await swarm.node('ann')
    const bob = await swarm.node('bob')
    await swarm.clock.advance(30_000)
    expect(allMet([ann, bob])).toBe(true)
    stop()
    await swarm.clock.advance(10_000)
    expect(ann.network.status().trackers[0]!.state).toBe('unreachable')
    expect(allMet([ann, bob])).toBe(true)
    swarm.hub.startTracker(trackerUrl)
    const cid = await swarm.node('cid')
    await swarm.clock.advance(200_000)
    expect(allMet([ann, bob, cid])).toBe(true)
  })

  it('a lost peer is replaced: degree 2 among four, then one goes', async () => {
    const swarm = createTestSwarm(4, relayOnly)
    await swarm.relay()
    const nodes = await Promise.all(names.map((name) => swarm.node(name, { degree: 2 })))
    await swarm.clock.advance(60_000)
    const nodeLinks = (n: (typeof nodes)[number]): number => n.network.peers().filter((p) => p.role === 'node').length
    for (const node of nodes) expect(nodeLinks(node)).toBeGreaterThanOrEqual(2)
    const [first, ...rest] = nodes
    first!.network.close()
    await swarm.clock.advance(60_000)
    for (const node of rest) {
      expect(nodeLinks(node)).toBeGreaterThanOrEqual(2)
      expect(node.network.peers().some((p) => p.id === first!.id)).toBe(false)
    }
  })

  it('who is sought is linked with by all, beyond their degree', async () => {
    const swarm = createTestSwarm(14, relayOnly)
    await swarm.relay()
    const nodes = await Promise.all(names.map((name) => swarm.node(name, { degree: 1 })))
    await swarm.clock.advance(60_000)
    const one = await swarm.node('sought', { degree: 1 })
    const linked = (): number => one.network.peers().filter((p) => p.role === 'node').length
    await swarm.clock.advance(60_000)
    expect(linked()).toBeLessThan(nodes.length)
    for (const a of [one, ...nodes]) for (const b of [one, ...nodes]) if ((a === one) !== (b === one)) a.network.seek(b.id)
    await swarm.clock.advance(60_000)
    expect(linked()).toBe(nodes.length)
  })

  it('a relay that goes and comes back is linked again; until then the mesh stands', async () => {
    const swarm = createTestSwarm(5, relayOnly)
    const relay = await swarm.relay()
    const ann = await swarm.node('ann')
    const bob = await swarm.node('bob')
    await swarm.clock.advance(15_000)
    const left: string[] = []
    ann.network.onPeer((peer, change) => change === 'left' && left.push(peer.id))
    relay.stop()
    await swarm.clock.advance(30_000)
    expect(left).toEqual([relay.id])
    expect(ann.network.status().relays).toMatchObject([{ url: relayUrl, state: 'unreachable' }])
    expect(allMet([ann, bob])).toBe(true)
    await swarm.relay()
    await swarm.clock.advance(61_000)
    expect(ann.network.status().relays).toEqual([{ url: relayUrl, state: 'open' }])
  })

  it('a node that starts again under its key is taken back at once', async () => {
    const swarm = createTestSwarm(6, relayOnly)
    await swarm.relay()
    const ann = await swarm.node('ann')
    const bob = await swarm.node('bob')
    await swarm.clock.advance(30_000)
    swarm.hub.silence('ann', 'bob')
    bob.network.close()
    swarm.hub.heal('ann', 'bob')
    const again = await swarm.node('bob')
    await swarm.clock.advance(10_000)
    expect(allMet([ann, again])).toBe(true)
  })

  it('a wrong secret is refused, and both ends know why', async () => {
    const swarm = createTestSwarm(7, relayOnly)
    const relay = await swarm.relay()
    const ann = await swarm.node('ann', { link: { ...relayOnly, secret: sha256(utf8('another')) } })
    await swarm.clock.advance(5_000)
    expect(ann.network.status().relays).toEqual([{ url: relayUrl, state: 'refused', why: 'wrong-secret' }])
    expect(relay.network.peers()).toEqual([])
  })

  it('another swarm is refused', async () => {
    const swarm = createTestSwarm(8, relayOnly)
    await swarm.relay()
    const ann = await swarm.node('ann', { link: { ...relayOnly, swarm: sha256(utf8('another')) } })
    await swarm.clock.advance(5_000)
    expect(ann.network.status().relays).toEqual([{ url: relayUrl, state: 'refused', why: 'wrong-swarm' }])
  })

  it('a relay reached under another URL than its own is not believed', async () => {
    const swarm = createTestSwarm(9, testLink({ relays: ['ws://127.0.0.1:9999'] }))
    const relay = await swarm.relay()
    swarm.hub.listen('ws://127.0.0.1:9999', relay.network.accept)
    const ann = await swarm.node('ann')
    await swarm.clock.advance(5_000)
    expect(ann.network.status().relays).toMatchObject([{ state: 'refused', why: 'bad-signature' }])
  })

  it('silent peers are noticed and dropped', async () => {
    const swarm = createTestSwarm(10, relayOnly)
    await swarm.relay()
    const ann = await swarm.node('ann')
    const bob = await swarm.node('bob')
    await swarm.clock.advance(10_000)
    expect(allMet([ann, bob])).toBe(true)
    expect(ann.network.peers()[0]!.latencyMs).toBeGreaterThan(0)
    const left: string[] = []
    ann.network.onPeer((peer, change) => change === 'left' && left.push(peer.id))
    swarm.hub.silence('ann', 'bob')
    await swarm.clock.advance(90_000)
    expect(left).toContain(bob.id)
  })

  it('after sleep, peers that do not answer are dropped within seconds', async () => {
    const swarm = createTestSwarm(11, relayOnly)
    const relay = await swarm.relay()
    let sleptMs = 0
    const clock = { now: () => swarm.clock.now() + sleptMs, after: swarm.clock.after }
    const ann = await swarm.node('ann', { clock })
    const bob = await swarm.node('bob')
    await swarm.clock.advance(10_000)
    expect(allMet([ann, bob])).toBe(true)
    swarm.hub.silence('ann', 'bob')
    sleptMs = 3_600_000
    await swarm.clock.advance(8_000)
    expect(ann.network.peers().map((p) => p.id)).toEqual([relay.id])
  })

  it('without WebRTC a node lives on its relay', async () => {
    const swarm = createTestSwarm(12, relayOnly)
    const relay = await swarm.relay()
    const noRtc = { offer: async () => fail, answer: async () => fail }
    const fail = { ok: false, error: { type: 'no-candidates', where: '', message: '' } } as const
    const ann = await swarm.node('ann', { rtc: noRtc })
    const bob = await swarm.node('bob', { rtc: noRtc })
    await swarm.clock.advance(30_000)
    for (const node of [ann, bob]) expect(node.network.peers().map((p) => p.id)).toEqual([relay.id])
  })
})
