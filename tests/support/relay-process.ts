/** The relay as a process of its own, and a peer in Node that talks to it over a real WebSocket. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { systemClock } from '../../src/crypto/clock.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { parseLink } from '../../src/economy/link-codec.ts'
import type { SwarmLink } from '../../src/economy/link.ts'
import { helloMessage } from '../../src/identity/hello-message.ts'
import { certifyDevice } from '../../src/identity/device.ts'
import { createNobleVerifier } from '../../src/identity/noble.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import type { Network } from '../../src/network/network.ts'
import type { WireMessage } from '../../src/network/wire.ts'
import { createNodeRelayDialer } from '../../src/node/websocket-link.ts'
import type { Person } from '../unit/ledger/fixtures.ts'

export interface RelayProcess {
  readonly pid: number
  /** The one line of stdout. */
  readonly link: string
  readonly stderr: () => string
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>
  /** Its exit code, where it ends by itself. */
  readonly ended: Promise<number | null>
}

/** Resolves with the exit code where it ends before it printed a link. `main`: another build than the one that people run. */
export const spawnRelay = (
  args: readonly string[],
  main = 'src/node/main.ts',
): Promise<RelayProcess | { readonly code: number | null; readonly stdout: string; readonly stderr: string }> => {
  // Node itself, not a wrapper: a signal must reach the process that holds the data.
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, EDGE_NET_MODELS: '' },
  })
  let [stdout, stderr] = ['', '']
  child.stderr!.on('data', (part: Buffer) => (stderr += part.toString()))
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  const lines = createInterface({ input: child.stdout! })
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      stdout += `${line}\n`
      if (!line.startsWith('edgenet:')) return
      resolve({
        pid: child.pid!,
        link: line,
        stderr: () => stderr,
        ended: exited,
        end: (signal) => {
          child.kill(signal)
          return exited
        },
      })
    })
    void exited.then((code) => resolve({ code, stdout, stderr }))
  })
}

export const startedRelay = async (args: readonly string[], main?: string): Promise<RelayProcess> => {
  const relay = await spawnRelay(args, main)
  if ('code' in relay) throw new Error(`the relay ended (${relay.code}): ${relay.stderr}`)
  return relay
}

type BodyOf<T extends WireMessage[0]> = Extract<WireMessage, readonly [T, unknown]>[1]

export interface NodePeer {
  readonly link: SwarmLink
  readonly network: Network
  /** Resolves when the relay's link is bound. */
  readonly bound: () => Promise<void>
  readonly tell: (message: WireMessage) => Promise<void>
  /** Resolves with the next message of this type, and like this: the relay also speaks unasked (of incomes, to who comes back). */
  readonly hear: <T extends WireMessage[0]>(type: T, like?: (body: BodyOf<T>) => boolean) => Promise<BodyOf<T>>
  /** Sends, and hears. */
  readonly ask: <T extends WireMessage[0]>(message: WireMessage, type: T, like?: (body: BodyOf<T>) => boolean) => Promise<BodyOf<T>>
  readonly close: () => void
}

export const connectPeer = async (linkText: string, person: Person, change: Partial<SwarmLink> = {}): Promise<NodePeer> => {
  const parsed = parseLink(linkText)
  if (!parsed.ok) throw new Error(parsed.error.detail)
  const link = { ...parsed.value, ...change }
  const network = createNetwork({
    clock: systemClock,
    random: systemRandom,
    verifier: createNobleVerifier(),
    role: 'node',
    device: await certifyDevice(person.root, person.device.publicKey),
    signHello: (fields) => person.device.sign(helloMessage(link.swarm, person.device.publicKey, fields)),
    link,
    relayDialer: createNodeRelayDialer(),
  })
  const relay = () => network.peers().find(({ role }) => role === 'relay')
  const bound = (): Promise<void> =>
    new Promise((resolve) => {
      if (relay()) return resolve()
      const stop = network.onPeer(() => {
        if (!relay()) return
        stop()
        resolve()
      })
    })
  const tell = async (message: WireMessage): Promise<void> => {
    await bound()
    await network.send(relay()!.id, message)
  }
  const hear: NodePeer['hear'] = (type, like) =>
    new Promise((resolve) => {
      const stop = network.onMessage((_from, [got, body]) => {
        if (got !== type || (like && !like(body as never))) return
        stop()
        resolve(body as never)
      })
    })
  return {
    link,
    network,
    bound,
    tell,
    hear,
    close: network.close,
    ask: async (message, type, like) => {
      const answer = hear(type, like)
      await tell(message)
      return answer
    },
  }
}
