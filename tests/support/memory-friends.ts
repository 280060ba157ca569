/** A swarm of friends without a relay, in one process on one clock: everyone a whole agent with its vault, one of them the founder, met by a tracker. */
import { startAgent, type Agent } from '../../src/agent/agent.ts'
import type { SwarmLink } from '../../src/economy/link.ts'
import { createNobleVerifier } from '../../src/identity/noble.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../src/lib/clock.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { createMemoryStore, type Store, type StoreValue } from '../../src/lib/store.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import type { Network } from '../../src/network/network.ts'
import { mini } from '../../src/tasks/models.ts'
import { createMemoryKeyKeeper } from '../../src/vault/key-keeper.ts'
import { createVault, type LocalVault } from '../../src/vault/create-vault.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { createFakeEngine } from './fake-engine.ts'
import { createPlainSealer, grantMicro } from './memory-agents.ts'
import { createMemoryHub, type MemoryHub, memorySeal } from './memory-network.ts'
import { makeStampHere } from './stamp.ts'

export const friendsTracker = 'ws://127.0.0.1:8787'

/** A browser profile: what both contexts have stored. */
export type Profile = readonly [vault: ReadonlyMap<string, StoreValue>, agent: ReadonlyMap<string, StoreValue>]

export interface Friend {
  readonly name: string
  readonly id: () => string
  readonly vault: () => LocalVault
  readonly agent: () => Agent
  readonly profile: () => Profile
  /** The browser is closed or killed: nothing of it can be reached. */
  readonly quit: () => void
  /** A new session of the browser, on what was stored or on an older copy. */
  readonly start: (profile?: Profile) => Promise<void>
  /** Called before each call reaches the vault. */
  onCall: (call: string, args: unknown) => void
  /** From the next start on: faults of its network and of the agent's store. */
  network: (opened: Network) => Network
  store: (opened: Store) => Store
}

export interface Friends {
  readonly clock: ManualClock
  readonly hub: MemoryHub
  readonly founder: Friend
  /** With the first invite, as the founder shows it. */
  readonly link: SwarmLink
  /** `lie`: what its engine answers is changed by it. */
  readonly join: (name: string, by?: SwarmLink, lie?: string) => Promise<Friend>
  readonly until: (what: string, holds: () => boolean, msMax?: number) => Promise<void>
}

export const createMemoryFriends = async (seed: string, uses = 10): Promise<Friends> => {
  const clock = createManualClock()
  const hub = createMemoryHub(clock, createSeededRandom(seed))
  const verifier = createNobleVerifier()
  hub.startTracker(friendsTracker)

  const open = async (name: string, lie = ''): Promise<Friend> => {
    const random = createSeededRandom(`${seed}/${name}`)
    const keeper = createMemoryKeyKeeper(random)
    const engine = createFakeEngine({ clock, lie, msPerText: 10 })
    let stores = { vault: createMemoryStore(), agent: createMemoryStore() }
    let sessions = 0
    let vault: LocalVault
    let agent: Agent
    let id = ''
    const begin = async (): Promise<void> => {
      const opened = await createVault({ store: stores.vault, keeper, clock, random, verifier, session: `${name}/${++sessions}` })
      if (!opened.ok) throw new Error(`vault: ${opened.error.type}`)
      vault = opened.value
      const mine = vault
      await mine.changeSettings({ consented: true, preset: 'all', share: 1 })
      id = toHex((await mine.status()).device.device)
      const watched: Vault = {
        onChange: mine.onChange,
        call: async (request, call, args) => {
          friend.onCall(call, args)
          return vault === mine && !away ? mine.call(request, call, args) : { ok: false, error: { type: 'unavailable' } }
        },
      }
      agent = await startAgent({
        clock,
        random,
        vault: watched,
        store: friend.store(stores.agent),
        engine,
        sealer: createPlainSealer(random),
        makeStamp: makeStampHere,
        verifier,
        cores: 2,
        bundledModels: [mini],
        dayStartMs: () => 0,
        mirrorsOf: () => [],
        openNetwork: ({ link, device, signHello, reach }) =>
          friend.network(
            createNetwork({
              clock,
              random,
              verifier,
              role: 'node',
              device,
              signHello,
              link,
              rtc: hub.rtc(name),
              sdpSeal: memorySeal,
              relayDialer: hub.dialer(name),
              trackerDialer: hub.tracker(name),
              ...(reach && { degree: reach.degree, limits: { peersMax: reach.peersMax } }),
            }),
          ),
      })
    }
    let away = false
    const friend: Friend = {
      name,
      id: () => id,
      vault: () => vault,
      agent: () => agent,
      profile: () => [stores.vault.snapshot(), stores.agent.snapshot()],
      quit: () => {
        away = true
        agent.stop()
        hub.isolate(name)
      },
      start: async (profile) => {
        const [ofVault, ofAgent] = profile ?? friend.profile()
        stores = { vault: createMemoryStore(ofVault), agent: createMemoryStore(ofAgent) }
        away = false
        hub.heal(name)
        await begin()
      },
      onCall: () => {},
      network: (opened) => opened,
      store: (opened) => opened,
    }
    await begin()
    return friend
  }

  const founder = await open('founder')
  const made = await founder.vault().foundSwarm({ name: 'friends', trackers: [friendsTracker], grantMicro, uses }, [mini])
  if (!made.ok) throw new Error(JSON.stringify(made.error))
  const { link: own, founded } = (await founder.vault().status()).swarm!
  const link: SwarmLink = { ...own, invite: founded!.invites.find((invite) => !invite.own)!.token }

  return {
    clock,
    hub,
    founder,
    link,
    join: async (name, by = link, lie) => {
      const friend = await open(name, lie)
      const joined = await friend.vault().joinSwarm(by)
      if (!joined.ok) throw new Error(`join: ${joined.error.type}`)
      return friend
    },
    until: async (what, holds, msMax = 120_000) => {
      for (let waited = 0; waited <= msMax; waited += 100) {
        if (holds()) return
        await clock.advance(100)
        // Stamps are made and checked by WebAssembly, which is set up beside the clock that is moved by hand.
        await new Promise((resolve) => setTimeout(resolve, 0))
      }
      throw new Error(`not within ${msMax} ms: ${what}`)
    },
  }
}
