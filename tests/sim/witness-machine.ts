/** A relay of the swarm on a machine: witness and replica, and in the first of them the issuer. */
import { startRelay, type RelayDeps, type RelayNode, type WitnessNode } from '../../src/agent/relay.ts'
import type { PublicKey } from '../../src/identity/keys.ts'
import { helloMessage } from '../../src/identity/hello-message.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import type { Network } from '../../src/network/network.ts'
import { createFakeEngine } from '../support/fake-engine.ts'
import { createPlainSealer } from '../support/memory-agents.ts'
import { weathered, wrapDialer } from './links.ts'
import { createMachine, type Machine } from './machine.ts'
import type { SimIdentity } from './keys.ts'
import type { World } from './world.ts'

/** How a relay differs from an honest one. */
export interface WitnessBehaviour {
  readonly createWitness?: RelayDeps['createWitness']
  readonly network?: (network: Network, world: World) => Network
}

export interface WitnessMachine extends Machine {
  readonly url: string
  readonly honest: boolean
  readonly witness: PublicKey
  /** Undefined while it is dead or starting. */
  readonly node: () => WitnessNode | undefined
  /** The same, where it is the issuer. */
  readonly issuer: () => RelayNode['issuer'] | undefined
}

/** It does again what workers do (member-machine.ts). */
const msPerText = 40

export const witnessUrl = (i: number): string => `ws://10.0.0.${i + 1}:8787`

export const createWitnessMachine = (
  world: World,
  parts: {
    readonly index: number
    readonly identity: SimIdentity
    readonly others: readonly PublicKey[]
    readonly issuer?: SimIdentity
    readonly skewMs: number
    readonly behaviour?: WitnessBehaviour
  },
): WitnessMachine => {
  const { index, identity, others, issuer, behaviour } = parts
  const { keys, link, signedPolicy } = world
  const url = witnessUrl(index)
  const witness = keys.signer(`witness/${index}`)
  const random = world.random(`relay/${index}`)
  const losses = world.random(`losses/${url}`)
  const sealer = createPlainSealer(world.random(`evidence/${index}`))
  let node: WitnessNode | undefined
  let issuing: RelayNode | undefined

  const machine = createMachine(world, url, parts.skewMs, async (life) => {
    const wrap = (link_: Parameters<typeof weathered>[0]) => weathered(link_, url, losses, () => world.weather, world.log)
    const made = createNetwork({
      clock: life.clock,
      random,
      verifier: keys.verifier,
      role: 'relay',
      device: identity.device,
      signHello: (fields) => identity.signer.sign(helloMessage(link.swarm, identity.device.device, fields)),
      link,
      ownUrl: url,
      relayDialer: wrapDialer(world.hub.dialer(url), wrap),
    })
    life.atEnd(made.close)
    const heard: Network = {
      ...made,
      send: (to, message) => {
        for (const tell of world.heard) tell(url, message)
        return made.send(to, message)
      },
    }
    const network = behaviour?.network?.(heard, world) ?? heard
    const deps: RelayDeps = {
      clock: life.clock,
      random,
      store: life.store,
      verifier: keys.verifier,
      network,
      signedPolicy,
      witness,
      others,
      device: identity.device.device,
      reexecution: { engine: createFakeEngine({ clock: life.clock, msPerText }), sealer },
      ...(behaviour?.createWitness ? { createWitness: behaviour.createWitness } : {}),
    }
    life.atEnd(() => {
      node = undefined
      issuing = undefined
    })
    const started = issuer
      ? await startRelay({ ...deps, issuer: { signer: issuer.signer, certificate: issuer.device } })
      : await startRelay(deps)
    if (life.over()) return
    node = started
    issuing = 'issuer' in started ? (started as RelayNode) : undefined
    life.atEnd(world.hub.listen(url, (incoming) => network.accept(wrap(incoming))))
  })
  return {
    ...machine,
    url,
    honest: behaviour === undefined,
    witness: witness.publicKey,
    node: () => node,
    issuer: () => issuing?.issuer,
  }
}
