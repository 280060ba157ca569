/** Whole agents in this process that know each other through relays alone, over real WebSockets and real time. */
import { type Agent, startAgent, type View } from '../../src/agent/agent.ts'
import type { AgentDeps } from '../../src/agent/deps.ts'
import { systemClock } from '../../src/crypto/clock.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { parseLink } from '../../src/economy/link-codec.ts'
import { createNobleVerifier } from '../../src/identity/noble.ts'
import { createMemoryStore } from '../../src/lib/store.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import type { Network } from '../../src/network/network.ts'
import { createNodeRelayDialer } from '../../src/node/websocket-link.ts'
import { mini } from '../../src/tasks/models.ts'
import { createVault } from '../../src/vault/create-vault.ts'
import { createMemoryKeyKeeper } from '../../src/vault/key-keeper.ts'
import { createFakeEngine } from './fake-engine.ts'
import { createPlainSealer } from './memory-agents.ts'
import { makeStampHere } from './stamp.ts'

export interface ProcessAgent {
  readonly agent: Agent
  /** Resolves with the first view like this, the present one included. */
  readonly when: (like: (view: View) => boolean) => Promise<View>
  /** As when the machine's network came back: relays are dialled at once, not when their turn comes. */
  readonly wake: () => void
}

/** With another engine and sealer than the makeshift ones, where a relay of its own process computes or opens as well. */
export const joinByRelays = async (linkText: string, parts: Partial<Pick<AgentDeps, 'engine' | 'sealer'>> = {}): Promise<ProcessAgent> => {
  const link = parseLink(linkText)
  if (!link.ok) throw new Error(link.error.detail)
  const [clock, random, verifier] = [systemClock, systemRandom, createNobleVerifier()]
  const opened = await createVault({
    store: createMemoryStore(),
    keeper: createMemoryKeyKeeper(random),
    clock,
    random,
    verifier,
    session: 'one',
  })
  if (!opened.ok) throw new Error(`vault: ${opened.error.type}`)
  const vault = opened.value
  await vault.changeSettings({ consented: true, preset: 'all', share: 1 })
  const joined = await vault.joinSwarm(link.value)
  if (!joined.ok) throw new Error(`join: ${joined.error.type}`)
  let network: Network | undefined
  const agent = await startAgent({
    clock,
    random,
    vault,
    store: createMemoryStore(),
    engine: createFakeEngine({ clock, lie: '', msPerText: 1 }),
    sealer: createPlainSealer(random),
    ...parts,
    makeStamp: makeStampHere,
    verifier,
    cores: 2,
    bundledModels: [mini],
    dayStartMs: () => 0,
    mirrorsOf: () => [],
    openNetwork: ({ link: swarmLink, device, signHello }) =>
      (network = createNetwork({
        clock,
        random,
        verifier,
        role: 'node',
        device,
        signHello,
        link: swarmLink,
        relayDialer: createNodeRelayDialer(),
      })),
  })
  return {
    agent,
    wake: () => network?.wake(),
    when: (like) =>
      new Promise((resolve) => {
        const look = (view: View): void => {
          if (!like(view)) return
          stop()
          resolve(view)
        }
        const stop = agent.onView(look)
        look(agent.view())
      }),
  }
}
