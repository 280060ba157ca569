/**
 * `sync.spread`: how long after one node has said something until 99 % of the others have it: whole network cores on virtual time,
 * linked by relays and introductions as in a swarm, over links of 60–100 ms. What is said is a request for work, which is what
 * goes to everybody; an entry goes to its payee and the relays, one step from whoever has it certified.
 *
 * Milliseconds are virtual: they say how many steps it took, not how fast this machine is.
 */
import { signMessage } from '../../src/contract/signed.ts'
import type { SwarmLink } from '../../src/economy/link.ts'
import { listPrice } from '../../src/economy/price.ts'
import { helloMessage } from '../../src/identity/hello-message.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import type { Network } from '../../src/network/network.ts'
import { createSimClock } from '../sim/clock.ts'
import { createKeys } from '../sim/keys.ts'
import { createMemoryHub, memorySeal } from '../support/memory-network.ts'
import { type Figure, median, percentile, rounds } from './figure.ts'

const relayUrls = ['ws://10.0.0.1:8787', 'ws://10.0.0.2:8787', 'ws://10.0.0.3:8787', 'ws://10.0.0.4:8787']
/** So many at once, so often: relays tell all of their neighbours at each change. */
const joinAtOnce = 100
const joinEveryMs = 1_000
const settleMs = 30_000
const listenMs = 10_000
/** The contract's (src/contract/limits.ts): a request passes from neighbour to neighbour so often. */
const hops = 3

const spreadIn = async (nodes: number): Promise<{ readonly times: readonly number[]; readonly missed: number }> => {
  const clock = createSimClock()
  const keys = createKeys('spread')
  const random = createSeededRandom('spread')
  const hub = createMemoryHub(clock, createSeededRandom('wires'), { latencyMs: 60, jitterMs: 40 })
  const swarm = random.bytes(32)
  const link: SwarmLink = { swarm, founder: keys.signer('founder').publicKey, secret: null, relays: relayUrls, trackers: [], invite: null }

  const open = async (name: string, role: 'node' | 'relay', ownUrl?: string): Promise<Network> => {
    const { signer, device } = await keys.identity(name)
    const common = {
      clock,
      random: createSeededRandom(name),
      verifier: keys.verifier,
      role,
      device,
      signHello: (fields: Parameters<typeof helloMessage>[2]) => signer.sign(helloMessage(swarm, device.device, fields)),
      link,
      relayDialer: hub.dialer(ownUrl ?? name),
    }
    return createNetwork(ownUrl === undefined ? { ...common, rtc: hub.rtc(name), sdpSeal: memorySeal } : { ...common, ownUrl })
  }
  for (const [i, url] of relayUrls.entries()) {
    const relay = await open(`relay ${i}`, 'relay', url)
    hub.listen(url, relay.accept)
  }
  const members: Network[] = []
  for (let i = 0; i < nodes; i++) {
    members.push(await open(`node ${i}`, 'node'))
    if (i % joinAtOnce === joinAtOnce - 1) await clock.advance(joinEveryMs)
  }
  await clock.advance(settleMs)

  const heard = new Map<string, Map<number, number>>()
  for (const [i, member] of members.entries())
    member.onMessage((_, [type, body]) => {
      if (type !== 'signed') return
      const times = heard.get(toHex(body.message))
      if (times && !times.has(i)) times.set(i, clock.now())
    })
  const times: number[] = []
  let missed = 0
  for (let round = 0; round < rounds; round++) {
    const from = Math.floor((nodes * round) / rounds)
    const { signer } = await keys.identity(`node ${from}`)
    const body = {
      type: 'embedding',
      model: 'mini',
      size: 1024,
      units: 1 + round,
      maxPrice: listPrice,
      redundancy: 1,
      priority: 'normal',
    } as const
    const sow = await signMessage(signer, { kind: 'sow', swarm, to: null, expires: clock.now() + 60_000, body })
    const sinceMs = clock.now()
    const reached = new Map<number, number>()
    heard.set(toHex(sow.bytes), reached)
    members[from]!.gossip(['signed', { message: sow.bytes, hops }])
    await clock.advance(listenMs)
    const wanted = nodes - 1
    const took = Array.from({ length: wanted }, (_, i) => ([...reached.values()].sort((a, b) => a - b)[i] ?? Infinity) - sinceMs)
    times.push(percentile(took, 0.99))
    missed += wanted - reached.size
  }
  for (const member of members) member.close()
  return { times, missed }
}

export const benchSpread = async (nodes: number): Promise<readonly Figure[]> => {
  const { times, missed } = await spreadIn(nodes)
  console.error(`sync.spread: of ${nodes} nodes ${missed} were not reached in ${rounds} rounds`)
  return [{ name: 'sync.spread', value: median(times), unit: `virtual ms until 99 % of ${nodes} nodes have it`, n: rounds }]
}
