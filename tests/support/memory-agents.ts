/** A whole swarm in one process on one clock and one seed: relay (witness, issuer) and agents with their vaults. */
import { startAgent, type Agent } from '../../src/agent/agent.ts'
import { startRelay, type RelayNode } from '../../src/agent/relay.ts'
import type { Kind } from '../../src/contract/messages.ts'
import type { Sealer } from '../../src/contract/sealing.ts'
import type { SwarmLink } from '../../src/economy/link.ts'
import { createPolicy, privateDefaults, signPolicy, swarmIdOf } from '../../src/economy/policy-codec.ts'
import { helloMessage } from '../../src/identity/hello-message.ts'
import { createNobleVerifier } from '../../src/identity/noble.ts'
import { sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../src/lib/clock.ts'
import { createSeededRandom, type Random } from '../../src/lib/random.ts'
import { createMemoryStore, type Store } from '../../src/lib/store.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import { mini } from '../../src/tasks/models.ts'
import { createMemoryKeyKeeper } from '../../src/vault/key-keeper.ts'
import { createVault, type LocalVault } from '../../src/vault/create-vault.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { createFakeEngine } from './fake-engine.ts'
import { createMemoryHub, type MemoryHub, memorySeal } from './memory-network.ts'
import { relayUrl, testIdentity } from './memory-nodes.ts'

export const grantMicro = privateDefaults.grantMicro

/** Keeps lengths and binds chunks to their keys, but hides nothing: sealing itself is tested with the real adapter. */
export const createPlainSealer = (random: Random): Sealer => ({
  generateKeyPair: async () => {
    const privateKey = random.bytes(32)
    return { privateKey, publicKey: sha256(privateKey) }
  },
  seal: async ({ plaintext, chunkBytes, ownPrivate }) => {
    const chunks = []
    for (let at = 0; at === 0 || at < plaintext.length; at += chunkBytes) chunks.push(plaintext.slice(at, at + chunkBytes) as Uint8Array<ArrayBuffer>)
    return { ok: true, value: { enc: sha256(ownPrivate), chunks } }
  },
  open: async ({ chunks, enc, from }) => {
    if (toHex(enc) !== toHex(from)) return { ok: false, error: { type: 'sealed-damaged' } }
    const whole = new Uint8Array(chunks.reduce((n, c) => n + c.length, 0))
    let at = 0
    for (const chunk of chunks) {
      whole.set(chunk, at)
      at += chunk.length
    }
    return { ok: true, value: whole }
  },
})

export interface MemoryAgent {
  readonly name: string
  readonly id: string
  readonly vault: LocalVault
  readonly agent: () => Agent
  readonly texts: () => number
  /** The agent's context dies and a new one starts on its store. */
  readonly restart: () => Promise<void>
  /** Gone for good, as a killed browser. */
  readonly kill: () => void
  /** Called before each vault call's answer reaches the agent. */
  onCall: (call: string, id: string) => void
}

export interface MemorySwarm {
  readonly clock: ManualClock
  readonly hub: MemoryHub
  /** What everyone joins by. */
  readonly link: SwarmLink
  readonly relay: () => RelayNode
  readonly relayStore: Store
  readonly stopRelay: () => Promise<void>
  readonly startRelay: () => Promise<void>
  /** `by`: where another link than that of all is joined by. */
  readonly join: (name: string, options?: { readonly lie?: string; readonly msPerText?: number; readonly by?: SwarmLink }) => Promise<MemoryAgent>
  /** Advances until it holds, by steps; throws after `msMax`. */
  readonly until: (what: string, holds: () => boolean, msMax?: number) => Promise<void>
}

export type AnyKind = Kind

export const createMemorySwarm = async (seed: string | number): Promise<MemorySwarm> => {
  const clock = createManualClock()
  const random = createSeededRandom(seed)
  const hub = createMemoryHub(clock, random)
  const verifier = createNobleVerifier()
  const [founder, witness, issuer, relayDevice] = await Promise.all(['founder', 'witness', 'issuer', 'relay'].map((name) => testIdentity(`${seed}/${name}`)))
  const policy = createPolicy(
    { random, now: clock.now() },
    { name: 'test', founder: founder!.signer.publicKey, witnesses: [witness!.signer.publicKey], issuer: issuer!.signer.publicKey, models: [mini] },
  )
  const signedPolicy = await signPolicy(founder!.signer, policy)
  const swarm = swarmIdOf(policy)
  const relayStore = createMemoryStore()
  const bare: SwarmLink = { swarm, founder: policy.founder, secret: random.bytes(32), relays: [], trackers: [], invite: null }

  let running: { readonly node: RelayNode; readonly stop: () => void } | undefined
  const start = async (): Promise<void> => {
    const network = createNetwork({
      clock,
      random: createSeededRandom(`${seed}/relay`),
      verifier,
      role: 'relay',
      device: relayDevice!.device,
      signHello: (fields) => relayDevice!.signer.sign(helloMessage(swarm, relayDevice!.device.device, fields)),
      link: bare,
      ownUrl: relayUrl,
    })
    const node = await startRelay({ clock, random, store: relayStore, verifier, network, signedPolicy, witness: witness!.signer, issuer: { signer: issuer!.signer, certificate: issuer!.device } })
    const unlisten = hub.listen(relayUrl, network.accept)
    running = {
      node,
      stop: () => {
        unlisten()
        network.close()
      },
    }
  }
  await start()
  const invite = await running!.node.issuer.createInvite({ grantMicro, usesLeft: 100, expires: clock.now() + 1e9 })
  if (!invite.ok) throw new Error('no invite')
  const link: SwarmLink = { ...bare, relays: [relayUrl], invite: invite.value }

  return {
    clock,
    hub,
    link,
    relayStore,
    relay: () => running!.node,
    startRelay: start,
    stopRelay: async () => {
      running?.stop()
      await running?.node.close()
      running = undefined
    },
    join: async (name, { lie = '', msPerText = 10, by = link } = {}) => {
      const own = createSeededRandom(`${seed}/${name}`)
      const opened = await createVault({ store: createMemoryStore(), keeper: createMemoryKeyKeeper(own), clock, random: own, verifier, session: 'one' })
      if (!opened.ok) throw new Error(`vault: ${opened.error.type}`)
      const vault = opened.value
      await vault.changeSettings({ consented: true, preset: 'all', share: 1 })
      const joined = await vault.joinSwarm(by)
      if (!joined.ok) throw new Error(`join: ${joined.error.type}`)
      const store = createMemoryStore()
      const engine = createFakeEngine({ clock, lie, msPerText })
      let dead = false
      const member = {
        name,
        id: toHex((await vault.status()).device.device),
        vault,
        texts: engine.texts,
        onCall: (_call: string, _id: string): void => {},
      }
      const watched: Vault = {
        onChange: vault.onChange,
        call: async (id, call, args) => {
          if (dead) return { ok: false, error: { type: 'unavailable' } }
          const answer = await vault.call(id, call, args)
          member.onCall(call, id)
          return answer
        },
      }
      const open = (): Promise<Agent> =>
        startAgent({
          clock,
          random: own,
          vault: watched,
          store,
          engine,
          sealer: createPlainSealer(own),
          verifier,
          cores: 2,
          bundledModels: [mini],
          dayStartMs: () => 0,
          mirrorsOf: () => [],
          openNetwork: ({ link: swarmLink, device, signHello }) =>
            createNetwork({ clock, random: own, verifier, role: 'node', device, signHello, link: swarmLink, rtc: hub.rtc(name), sdpSeal: memorySeal, relayDialer: hub.dialer(name), trackerDialer: hub.tracker(name) }),
        })
      let agent = await open()
      return Object.assign(member, {
        agent: () => agent,
        restart: async () => {
          agent.stop()
          agent = await open()
        },
        kill: () => {
          dead = true
          agent.stop()
          hub.isolate(name)
        },
      })
    },
    until: async (what, holds, msMax = 120_000) => {
      for (let waited = 0; waited <= msMax; waited += 100) {
        if (holds()) return
        await clock.advance(100)
      }
      throw new Error(`not within ${msMax} ms: ${what}`)
    },
  }
}

export { utf8 }
