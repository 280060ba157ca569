/** A whole swarm in one process on one clock and one seed: relays (witnesses, the issuer in the first) and agents with their vaults. */
import { startAgent, type Agent } from '../../src/agent/agent.ts'
import { startRelayNotices } from '../../src/agent/relay-notices.ts'
import type { NoticeKeeper } from '../../src/agent/notices.ts'
import { startRelay, type RelayDeps, type RelayNode, type WitnessNode } from '../../src/agent/relay.ts'
import type { Kind } from '../../src/contract/messages.ts'
import type { Sealer } from '../../src/contract/sealing.ts'
import type { SwarmLink } from '../../src/economy/link.ts'
import type { Policy } from '../../src/economy/policy.ts'
import { createPolicy, type PolicyParts, privateDefaults, signPolicy, swarmIdOf } from '../../src/economy/policy-codec.ts'
import { helloMessage } from '../../src/identity/hello-message.ts'
import type { Signer } from '../../src/identity/keys.ts'
import { createNobleVerifier } from '../../src/identity/noble.ts'
import { sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../src/lib/clock.ts'
import { createSeededRandom, type Random } from '../../src/lib/random.ts'
import { createMemoryStore, type Store } from '../../src/lib/store.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import type { Engine } from '../../src/tasks/engine.ts'
import { mini } from '../../src/tasks/models.ts'
import { createMemoryKeyKeeper } from '../../src/vault/key-keeper.ts'
import { createVault, type LocalVault } from '../../src/vault/create-vault.ts'
import type { Vault, VaultError } from '../../src/vault/vault.ts'
import { createFakeEngine } from './fake-engine.ts'
import { createMemoryHub, type MemoryHub, memorySeal } from './memory-network.ts'
import { relayUrl, testIdentity } from './memory-nodes.ts'
import { makeStampHere } from './stamp.ts'

export const grantMicro = privateDefaults.grantMicro

/** Keeps lengths and binds chunks to their keys, but hides nothing: sealing itself is tested with the real adapter. */
export const createPlainSealer = (random: Random): Sealer => ({
  generateKeyPair: async () => {
    const privateKey = random.bytes(32)
    return { privateKey, publicKey: sha256(privateKey) }
  },
  seal: async ({ plaintext, chunkBytes, ownPrivate }) => {
    const chunks = []
    for (let at = 0; at === 0 || at < plaintext.length; at += chunkBytes)
      chunks.push(plaintext.slice(at, at + chunkBytes) as Uint8Array<ArrayBuffer>)
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

/** A call's arguments, where they are a message that is to be signed. */
export interface AskedOf {
  readonly kind?: Kind
  readonly body?: Record<string, unknown>
}

export interface MemoryAgent {
  readonly name: string
  readonly id: string
  readonly vault: LocalVault
  readonly agent: () => Agent
  /** Keeps the profile as it is now; what is returned puts it back, and starts anew on it. */
  readonly backUp: () => () => Promise<void>
  readonly texts: () => number
  /** The agent's context dies and a new one starts on its store. */
  readonly restart: () => Promise<void>
  /** Gone for good, as a killed browser. */
  readonly kill: () => void
  /** Called before each call reaches the vault: may wait, may change the message's body, may answer in the vault's place. */
  before: (call: string, id: string, args: AskedOf) => Promise<VaultError | undefined>
  /** What the agent keeps, as it is now. */
  readonly store: () => Store
  /** Called before each vault call's answer reaches the agent. */
  onCall: (call: string, id: string) => void
}

export interface MemorySwarm {
  readonly clock: ManualClock
  readonly hub: MemoryHub
  /** What everyone joins by. */
  readonly link: SwarmLink
  readonly policy: Policy
  readonly founder: Signer
  readonly relay: () => RelayNode
  readonly relayStore: Store
  /** Undefined: the first one, with the issuer. */
  readonly stopRelay: (index?: number) => Promise<void>
  readonly startRelay: (index?: number) => Promise<void>
  /** A relay that is stopped begins anew, as a machine that was never on. */
  readonly emptyRelay: (index: number) => void
  readonly relays: readonly MemoryRelay[]
  /** `by`: where another link than that of all is joined by. */
  readonly join: (
    name: string,
    options?: { readonly lie?: string; readonly msPerText?: number; readonly by?: SwarmLink },
  ) => Promise<MemoryAgent>
  /** Advances until it holds, by steps; throws after `msMax`. */
  readonly until: (what: string, holds: () => boolean, msMax?: number) => Promise<void>
}

export interface MemoryRelay {
  /** Its name in the hub as well. */
  readonly url: string
  readonly store: Store
  /** Undefined while it is stopped. */
  readonly node: () => WitnessNode | undefined
  readonly notices: () => NoticeKeeper | undefined
}

export interface MemorySwarmOptions {
  /** One relay each; 3f+1. */
  readonly witnesses?: number
  /** For a relay whose witness is not the honest one. */
  readonly witnessOf?: (index: number) => RelayDeps['createWitness']
  /** What each relay's witness does work again with; undefined: it judges no results. */
  readonly engineOf?: (index: number, clock: ManualClock) => Engine | undefined
  /** What differs from the private defaults. */
  readonly policy?: Partial<PolicyParts>
  /** Another swarm, whose members can reach this one. */
  readonly beside?: Pick<MemorySwarm, 'clock' | 'hub'>
}

export type AnyKind = Kind

export const createMemorySwarm = async (
  seed: string | number,
  { witnesses = 1, witnessOf = () => undefined, engineOf = () => undefined, policy: parts = {}, beside }: MemorySwarmOptions = {},
): Promise<MemorySwarm> => {
  const clock = beside?.clock ?? createManualClock()
  const random = createSeededRandom(seed)
  const hub = beside?.hub ?? createMemoryHub(clock, random)
  const verifier = createNobleVerifier()
  const [founder, issuer] = await Promise.all(['founder', 'issuer'].map((name) => testIdentity(`${seed}/${name}`)))
  const own = await Promise.all(
    Array.from({ length: witnesses }, async (_, i) => ({
      url: relayUrl.replace('8787', String((beside ? 8887 : 8787) + i)),
      store: createMemoryStore() as Store,
      witness: (await testIdentity(`${seed}/witness${i || ''}`)).signer,
      relay: await testIdentity(`${seed}/relay${i || ''}`),
    })),
  )
  const policy = createPolicy(
    { random, now: clock.now() },
    {
      name: 'test',
      founder: founder!.signer.publicKey,
      witnesses: own.map(({ witness }) => witness.publicKey),
      issuer: issuer!.signer.publicKey,
      models: [mini],
      stampBits: 0,
      ...parts,
    },
  )
  const signedPolicy = await signPolicy(founder!.signer, policy)
  const swarm = swarmIdOf(policy)
  const bare: SwarmLink = { swarm, founder: policy.founder, secret: random.bytes(32), relays: [], trackers: [], invite: null }

  const running: (
    { readonly node: WitnessNode; readonly issuing?: RelayNode; readonly notices: NoticeKeeper; readonly stop: () => void } | undefined
  )[] = []
  const start = async (index = 0): Promise<void> => {
    const { url, store, witness, relay } = own[index]!
    const network = createNetwork({
      clock,
      random: createSeededRandom(index === 0 ? `${seed}/relay` : `${seed}/relay${index}`),
      verifier,
      role: 'relay',
      device: relay.device,
      signHello: (fields) => relay.signer.sign(helloMessage(swarm, relay.device.device, fields)),
      link: { ...bare, relays: own.map((one) => one.url) },
      ownUrl: url,
      relayDialer: hub.dialer(url),
    })
    const createWitness = witnessOf(index)
    const engine = engineOf(index, clock)
    const parts = {
      clock,
      random,
      store,
      verifier,
      network,
      signedPolicy,
      witness,
      device: relay.device.device,
      others: own.filter((one) => one.url !== url).map((one) => one.relay.device.device),
      ...(createWitness && { createWitness }),
      ...(engine && { reexecution: { engine, sealer: createPlainSealer(createSeededRandom(`${seed}/evidence${index}`)) } }),
    }
    const issuing =
      index === 0 ? await startRelay({ ...parts, issuer: { signer: issuer!.signer, certificate: issuer!.device } }) : undefined
    const node = issuing ?? (await startRelay(parts))
    const notices = await startRelayNotices({ clock, verifier, network, policy, store })
    const unlisten = hub.listen(url, network.accept)
    running[index] = {
      node,
      notices,
      ...(issuing && { issuing }),
      stop: () => {
        unlisten()
        notices.close()
        network.close()
      },
    }
  }
  for (const index of own.keys()) await start(index)
  const invite = await running[0]!.issuing!.issuer.createInvite({ grantMicro, usesLeft: 100, expires: clock.now() + 1e9 })
  if (!invite.ok) throw new Error('no invite')
  const link: SwarmLink = { ...bare, relays: own.map(({ url }) => url), invite: invite.value }

  return {
    clock,
    hub,
    link,
    policy,
    founder: founder!.signer,
    relayStore: own[0]!.store,
    relay: () => running[0]!.issuing!,
    relays: own.map((one, index) => ({
      url: one.url,
      get store() {
        return one.store
      },
      node: () => running[index]?.node,
      notices: () => running[index]?.notices,
    })),
    startRelay: start,
    emptyRelay: (index) => void (own[index]!.store = createMemoryStore()),
    stopRelay: async (index = 0) => {
      running[index]?.stop()
      await running[index]?.node.close()
      running[index] = undefined
    },
    join: async (name, { lie = '', msPerText = 10, by = link } = {}) => {
      const own = createSeededRandom(`${seed}/${name}`)
      const keeper = createMemoryKeyKeeper(own)
      const openVault = async (kept: Store, session: string): Promise<LocalVault> => {
        const opened = await createVault({ store: kept, keeper, clock, random: own, verifier, session })
        if (!opened.ok) throw new Error(`vault: ${opened.error.type}`)
        return opened.value
      }
      let vaultStore = createMemoryStore()
      let vault = await openVault(vaultStore, 'one')
      await vault.changeSettings({ consented: true, preset: 'all', share: 1 })
      const joined = await vault.joinSwarm(by)
      if (!joined.ok) throw new Error(`join: ${joined.error.type}`)
      let store = createMemoryStore()
      const engine = createFakeEngine({ clock, lie, msPerText })
      let dead = false
      const member = {
        name,
        id: toHex((await vault.status()).device.device),
        vault,
        texts: engine.texts,
        before: async (_call: string, _id: string, _args: AskedOf): Promise<VaultError | undefined> => undefined,
        store: () => store,
        onCall: (_call: string, _id: string): void => {},
      }
      const watched: Vault = {
        onChange: (listener) => vault.onChange(listener),
        call: async (id, call, args) => {
          if (dead) return { ok: false, error: { type: 'unavailable' } }
          const error = await member.before(call, id, args as AskedOf)
          if (error) return { ok: false, error }
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
          makeStamp: makeStampHere,
          verifier,
          cores: 2,
          bundledModels: [mini],
          dayStartMs: () => 0,
          mirrorsOf: () => [],
          openNetwork: ({ link: swarmLink, device, signHello }) =>
            createNetwork({
              clock,
              random: own,
              verifier,
              role: 'node',
              device,
              signHello,
              link: swarmLink,
              rtc: hub.rtc(name),
              sdpSeal: memorySeal,
              relayDialer: hub.dialer(name),
              trackerDialer: hub.tracker(name),
            }),
        })
      let agent = await open()
      let sessions = 0
      return Object.assign(member, {
        agent: () => agent,
        backUp: () => {
          const [vaultThen, storeThen] = [vaultStore.snapshot(), store.snapshot()]
          return async () => {
            agent.stop()
            ;[vaultStore, store] = [createMemoryStore(vaultThen), createMemoryStore(storeThen)]
            vault = await openVault(vaultStore, `restored ${++sessions}`)
            member.vault = vault
            agent = await open()
          }
        },
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
