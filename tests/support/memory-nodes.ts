/** Whole network nodes on a memory hub, for tests: identities, a swarm link, and a network per name. */
import { certifyDevice } from '../../src/identity/device.ts'
import { helloMessage } from '../../src/identity/hello-message.ts'
import type { DeviceCertificate, Signer } from '../../src/identity/keys.ts'
import { createNobleSigner, createNobleVerifier } from '../../src/identity/noble.ts'
import type { SwarmLink } from '../../src/economy/link.ts'
import { type Bytes, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../src/lib/clock.ts'
import { createSeededRandom, type Random } from '../../src/lib/random.ts'
import { createNetwork, type NetworkDeps } from '../../src/network/create-network.ts'
import type { Network } from '../../src/network/network.ts'
import { createMemoryHub, type MemoryHub, memorySeal } from './memory-network.ts'

export const relayUrl = 'ws://127.0.0.1:8787'
export const trackerUrl = 'ws://127.0.0.1:8787'

export interface TestNode {
  readonly name: string
  readonly id: string
  readonly signer: Signer
  readonly device: DeviceCertificate
  readonly network: Network
}

export interface TestSwarm {
  readonly clock: ManualClock
  readonly random: Random
  readonly hub: MemoryHub
  readonly link: SwarmLink
  readonly node: (name: string, overrides?: Partial<NetworkDeps>) => Promise<TestNode>
  readonly relay: (url?: string, overrides?: Partial<NetworkDeps>) => Promise<TestNode & { readonly stop: () => void }>
}

/** The same name has the same keys. */
export const testIdentity = async (name: string): Promise<{ readonly signer: Signer; readonly device: DeviceCertificate }> => {
  const root = createNobleSigner(sha256(utf8(`root/${name}`)))
  const signer = createNobleSigner(sha256(utf8(`device/${name}`)))
  return { signer, device: await certifyDevice(root, signer.publicKey) }
}

export const testLink = (overrides: Partial<SwarmLink> = {}): SwarmLink => ({
  swarm: sha256(utf8('swarm')),
  founder: sha256(utf8('founder')),
  secret: sha256(utf8('secret')),
  relays: [],
  trackers: [],
  invite: null,
  ...overrides,
})

export const createTestSwarm = (seed: string | number, link: SwarmLink): TestSwarm => {
  const clock = createManualClock()
  const random = createSeededRandom(seed)
  const hub = createMemoryHub(clock, random)
  const make = async (name: string, overrides: Partial<NetworkDeps>): Promise<TestNode> => {
    const { signer, device } = await testIdentity(name)
    const swarm: Bytes = (overrides.link ?? link).swarm
    const network = createNetwork({
      clock,
      random: createSeededRandom(`${seed}/${name}`),
      verifier: createNobleVerifier(),
      role: 'node',
      device,
      signHello: (fields) => signer.sign(helloMessage(swarm, device.device, fields)),
      link,
      ...overrides,
    })
    return { name, id: toHex(device.device), signer, device, network }
  }
  return {
    clock,
    random,
    hub,
    link,
    node: (name, overrides = {}) =>
      make(name, {
        rtc: hub.rtc(name),
        sdpSeal: memorySeal,
        relayDialer: hub.dialer(name),
        trackerDialer: hub.tracker(name),
        ...overrides,
      }),
    relay: async (url = relayUrl, overrides = {}) => {
      const node = await make(url, { role: 'relay', ownUrl: url, ...overrides })
      const unlisten = hub.listen(url, node.network.accept)
      return {
        ...node,
        stop: () => {
          unlisten()
          node.network.close()
        },
      }
    },
  }
}

/** Is everyone linked directly with everyone? */
export const allMet = (nodes: readonly TestNode[]): boolean =>
  nodes.every((a) => nodes.every((b) => a === b || a.network.peers().some((p) => p.id === b.id && p.via === 'webrtc')))
