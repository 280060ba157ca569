/** A member on a machine: vault and agent as in a browser, on one disk, killed and started together. */
import { type Agent, startAgent } from '../../src/agent/agent.ts'
import type { SwarmLink } from '../../src/economy/link.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import type { Network } from '../../src/network/network.ts'
import type { Link } from '../../src/network/ports.ts'
import type { Engine } from '../../src/tasks/engine.ts'
import { mini } from '../../src/tasks/models.ts'
import { createVault } from '../../src/vault/create-vault.ts'
import { scopedStore } from '../../src/vault/scoped-store.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { createFakeEngine } from '../support/fake-engine.ts'
import { createPlainSealer } from '../support/memory-agents.ts'
import { memorySeal } from '../support/memory-network.ts'
import { keeperOf, type SimIdentity } from './keys.ts'
import { weathered, wrapDialer, wrapRtc } from './links.ts'
import { createMachine, type Life, type Machine } from './machine.ts'
import type { World } from './world.ts'
import { makeStampHere } from '../support/stamp.ts'

export interface MemberTools {
  readonly world: World
  readonly identity: SimIdentity
  readonly life: Life
}

/** How a member differs from an honest one: what it computes, what it has signed, what it says. */
export interface MemberBehaviour {
  readonly engine?: (engine: Engine, tools: MemberTools) => Engine
  readonly vault?: (vault: Vault, tools: MemberTools) => Vault
  readonly network?: (network: Network, tools: MemberTools) => Network
  /** What passes on each of its wires. */
  readonly link?: (link: Link, tools: MemberTools) => Link
  /** Does not work for others at all. */
  readonly idle?: boolean
}

export interface MemberMachine extends Machine {
  readonly identity: SimIdentity
  /** Its account: hex of the device key. */
  readonly id: string
  readonly agent: () => Agent | undefined
  /** False where it cannot be submitted now. */
  readonly submit: (texts: number, redundancy: number) => Promise<boolean>
}

const msPerText = 40
/** Below the least of a store's own tables: vault and agent keep theirs apart. */
const [vaultScope, agentScope] = ['vault', 'agent']
export const agentTable = (table: string): string => `${agentScope}/${table}`

/** The vault takes its identity from the store: without this it would make a new one, by a costly phrase. */
const writeIdentity = async ({ store, number }: Life, { device }: SimIdentity): Promise<void> => {
  if (number > 0) return
  await scopedStore(store, vaultScope).commit([{ table: 'identity', key: 'self', value: { ...device, phrase: null } }])
}

export const createMemberMachine = (
  world: World,
  parts: {
    readonly name: string
    readonly identity: SimIdentity
    readonly link: SwarmLink
    readonly skewMs: number
    readonly behaviour?: MemberBehaviour
  },
): MemberMachine => {
  const { name, identity, behaviour = {} } = parts
  const { keys, hub, log } = world
  const own = world.random(`member/${name}`)
  const losses = world.random(`losses/${name}`)
  let agent: Agent | undefined
  let jobs = 0

  const machine = createMachine(world, name, parts.skewMs, async (life) => {
    const { clock } = life
    const tools: MemberTools = { world, identity, life }
    await writeIdentity(life, identity)
    const opened = await createVault({
      store: scopedStore(life.store, vaultScope),
      keeper: keeperOf(identity),
      clock,
      random: own,
      verifier: keys.verifier,
      session: `life ${life.number}`,
    })
    if (!opened.ok) throw new Error(`vault of ${name}: ${opened.error.type}`)
    const vault = opened.value
    await vault.changeSettings({ consented: true, preset: 'all', share: 1 })
    await vault.joinSwarm(parts.link)
    const honestEngine = createFakeEngine({ clock, msPerText })
    const engine = behaviour.engine?.(honestEngine, tools) ?? honestEngine
    const wrap = (link: Link): Link => {
      const wire = weathered(link, name, losses, () => world.weather, log)
      return behaviour.link?.(wire, tools) ?? wire
    }
    const started = await startAgent({
      clock,
      random: own,
      vault: behaviour.vault?.(vault, tools) ?? vault,
      store: scopedStore(life.store, agentScope),
      engine: behaviour.idle
        ? { ...engine, classes: () => [], prepare: async (model) => ({ ok: false, error: { type: 'unknown-model', model } }) }
        : engine,
      sealer: createPlainSealer(own),
      makeStamp: makeStampHere,
      verifier: keys.verifier,
      cores: 2,
      bundledModels: [mini],
      dayStartMs: () => 0,
      mirrorsOf: () => [],
      openNetwork: ({ link, device, signHello }) => {
        const made = createNetwork({
          clock,
          random: own,
          verifier: keys.verifier,
          role: 'node',
          device,
          signHello,
          link,
          rtc: wrapRtc(hub.rtc(name), wrap),
          sdpSeal: memorySeal,
          relayDialer: wrapDialer(hub.dialer(name), wrap),
          trackerDialer: hub.tracker(name),
        })
        life.atEnd(made.close)
        const heard: Network = {
          ...made,
          send: (to, message) => {
            for (const tell of world.heard) tell(name, message)
            return made.send(to, message)
          },
        }
        return behaviour.network?.(heard, tools) ?? heard
      },
    })
    life.atEnd(started.stop)
    if (life.over()) return
    agent = started
    life.atEnd(() => (agent = undefined))
  })

  return {
    ...machine,
    identity,
    id: toHex(identity.device.device),
    agent: () => agent,
    submit: async (count, redundancy) => {
      const job = jobs++
      const texts = Array.from({ length: count }, (_, i) => `${name} asks ${job}/${i}`)
      const done = await agent?.jobs.submit({ texts, ids: texts, model: 'mini', redundancy, title: `job ${job}`, where: 'network' })
      return done?.ok === true
    },
  }
}
