/** A member of a memory swarm without an agent: it says what the test has it say, well signed, and hears what is said to it. */
import type { AnySigned, Body, Kind } from '../../src/contract/messages.ts'
import { parseMessage, signMessage } from '../../src/contract/signed.ts'
import { helloMessage } from '../../src/identity/hello-message.ts'
import type { NodeId } from '../../src/identity/keys.ts'
import { createNobleVerifier } from '../../src/identity/noble.ts'
import { type Bytes, fromHex, toHex } from '../../src/lib/bytes.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import type { MemorySwarm } from './memory-agents.ts'
import { memorySeal } from './memory-network.ts'
import { testIdentity } from './memory-nodes.ts'

export interface BareMember {
  /** The message's id. */
  readonly say: <K extends Kind>(to: NodeId, kind: K, body: Body<K>) => Promise<Bytes>
  /** Each message once, however often it was said. */
  readonly heard: <K extends Kind>(kind: K) => readonly (AnySigned & { kind: K; id: Bytes })[]
}

/** Linked with so many others before it is given back. */
export const joinBare = async ({ clock, hub, link, until }: MemorySwarm, name: string, peers: number): Promise<BareMember> => {
  const { signer, device } = await testIdentity(name)
  const network = createNetwork({
    clock,
    random: createSeededRandom(name),
    verifier: createNobleVerifier(),
    role: 'node',
    device,
    signHello: (fields) => signer.sign(helloMessage(link.swarm, device.device, fields)),
    link,
    rtc: hub.rtc(name),
    sdpSeal: memorySeal,
    relayDialer: hub.dialer(name),
  })
  const said = new Map<string, AnySigned & { id: Bytes }>()
  network.onMessage((_, [type, body]) => {
    const parsed = type === 'signed' ? parseMessage(body.message) : undefined
    if (parsed?.ok) said.set(toHex(parsed.value.id), { ...parsed.value.message, id: parsed.value.id })
  })
  await until('the bare member is linked', () => network.peers().length >= peers)
  return {
    say: async (to, kind, body) => {
      const sow = kind === 'sow'
      const { bytes, id } = await signMessage(signer, {
        kind,
        body,
        swarm: link.swarm,
        to: sow ? null : fromHex(to)!,
        expires: clock.now() + 60_000,
      })
      await network.send(to, ['signed', { message: bytes, hops: sow ? 3 : 0 }])
      return id
    },
    heard: <K extends Kind>(kind: K) => [...said.values()].filter((m): m is AnySigned & { kind: K; id: Bytes } => m.kind === kind),
  }
}
