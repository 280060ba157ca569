/** Says a lot that is of good form and no sense, to everyone, as fast as the doors let it, and faster. */
import { signMessage } from '../../../src/contract/signed.ts'
import { listPrice } from '../../../src/economy/price.ts'
import { type Random, randomBelow } from '../../../src/lib/random.ts'
import type { Network } from '../../../src/network/network.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { type Attacker, nowAndThen } from './stage.ts'

const nonsense = (random: Random): WireMessage => {
  const some = (): Uint8Array<ArrayBuffer> => random.bytes(32)
  const all: readonly (() => WireMessage)[] = [
    () => ['certify', { entries: [random.bytes(300)] }],
    () => ['entries', { entries: [random.bytes(300), random.bytes(3_000)], certificate: null }],
    () => ['head?', { author: some() }],
    () => ['range?', { author: some(), from: randomBelow(random, 1_000) }],
    () => ['redeem', { token: random.bytes(16), join: random.bytes(200) }],
    () => ['want', { agreement: some(), direction: 0, from: 0 }],
    () => ['chunk', { agreement: some(), direction: 1, index: 0, last: true, enc: some(), data: random.bytes(500) }],
    () => ['introduce', { to: some(), from: some(), id: random.bytes(16), kind: 'offer', sdp: random.bytes(400) }],
    () => ['signed', { message: random.bytes(400), hops: 0 }],
  ]
  return all[randomBelow(random, all.length)]!()
}

export const spammer = (): Attacker => {
  let network: Network | undefined
  return {
    worksHonestly: false,
    behaviour: { idle: true, network: (inner) => (network = inner) },
    act: (stage) => {
      const { random, world, member } = stage
      nowAndThen(stage, 200, 2_000, () => {
        for (const peer of network?.peers() ?? []) void network!.send(peer.id, nonsense(random))
      })
      nowAndThen(stage, 1_000, 4_000, async () => {
        const body = {
          type: 'embedding',
          model: 'mini',
          size: 1024,
          units: 1 + randomBelow(random, 1_000_000),
          maxPrice: listPrice,
          redundancy: 9,
          priority: 'high',
        } as const
        const sow = await signMessage(member.identity.signer, {
          kind: 'sow',
          swarm: world.link.swarm,
          to: null,
          expires: world.clock.now() + 60_000,
          body,
        })
        network?.gossip(['signed', { message: sow.bytes, hops: 3 }])
      })
    },
  }
}
