/** `edge-net relay`, put together: data folder, setup, port, network, agent. Says what went wrong in words for its owner. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type RelayNode, startRelay } from '../agent/relay.ts'
import { systemClock } from '../crypto/clock.ts'
import { createWebCryptoVerifier } from '../crypto/ed25519.ts'
import { systemRandom } from '../crypto/random.ts'
import { neverExpires } from '../economy/issuer.ts'
import { formatLink } from '../economy/link-codec.ts'
import type { SwarmLink } from '../economy/link.ts'
import { swarmIdOf } from '../economy/policy-codec.ts'
import { helloMessage } from '../identity/hello-message.ts'
import { createNobleVerifier } from '../identity/noble.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { createNetwork } from '../network/create-network.ts'
import type { Network } from '../network/network.ts'
import type { ModelCard } from '../tasks/model-card.ts'
import { miniF32, modelCards } from '../tasks/models.ts'
import type { RelayStore } from './classic-level-store.ts'
import { openDataFolder } from './data-folder.ts'
import { createHttpServer, type HttpServer } from './http-server.ts'
import { metricsText } from './metrics.ts'
import { createMirror } from './mirror.ts'
import type { RelayOptions } from './options.ts'
import { changeAddress, createSetup, keptInvite, readSetup, type Setup } from './setup.ts'
import { createTracker } from './tracker.ts'
import { createWebSocketLink } from './websocket-link.ts'

export interface RunningRelay {
  /** By which one joins the swarm. */
  readonly link: string
  readonly port: number
  readonly close: () => Promise<void>
}

const firstPort = 8787
/** Ports tried at the first start. */
const portsMax = 100
/** How many may join by the printed link. */
const inviteUses = 100
const tryAgainLaterClose = 1013

const ownModels = fileURLToPath(new URL('../../models', import.meta.url))

export const runRelay = async (options: RelayOptions, log: (line: string) => void): Promise<Result<RunningRelay, string>> => {
  const cards = await readCards(options.modelCards)
  if (!cards.ok) return cards
  const opened = await openDataFolder(options.data)
  if (!opened.ok) return opened
  const store = opened.value
  const running = await runOn(store, options, cards.value, log).catch((error: unknown) =>
    err(`${options.data}: ${(error as Error).message}`),
  )
  if (!running.ok) await store.close()
  return running
}

const runOn = async (
  store: RelayStore,
  options: RelayOptions,
  given: readonly ModelCard[],
  log: (line: string) => void,
): Promise<Result<RunningRelay, string>> => {
  const kept = await readSetup(store)
  if (!kept.ok) return err(`the store in ${options.data} is damaged: ${kept.error}. Nothing was changed; restore the folder from a backup.`)
  const models = kept.value?.signedPolicy.policy.models ?? [
    ...modelCards.filter((card) => !given.some((own) => own.name === card.name)),
    ...given,
  ]
  const unlisted = given.find(
    (card) => !models.some((model) => model.name === card.name && model.files.at(-1)?.sha256 === card.files.at(-1)?.sha256),
  )
  if (unlisted)
    return err(
      `model ${unlisted.name} is not in the policy of the swarm in ${options.data}, and a policy does not change: start a new swarm with --data DIR.`,
    )

  /** Empty until the agent has started: the port must be known before. */
  const started: { agent?: { readonly network: Network; readonly node: RelayNode; readonly url: string } } = {}
  const tracker = createTracker(systemClock)
  // The unquantized mini is offered whatever the policy lists: it comes with the project.
  const mirror = createMirror([...models, miniF32], [ownModels, ...options.models])
  const server = createHttpServer({
    tracker,
    mirror,
    onPeer: (socket) => {
      const { agent } = started
      if (agent) agent.network.accept(createWebSocketLink(socket, { kind: 'url', url: agent.url }, false))
      else socket.close(tryAgainLaterClose)
    },
    metrics: async () =>
      metricsText({ peers: started.agent?.network.peers().length ?? 0, tracker, mirror, counters: started.agent?.node.counters() }),
    ledger: async () => (started.agent ? started.agent.node.ledger() : Promise.reject(new Error('still starting'))),
  })
  const closeServer = <T>(result: T): Promise<T> => server.close().then(() => result)

  const port = await listen(server, options.port ?? kept.value?.port ?? firstPort, options.port === undefined && kept.value === undefined)
  if (!port.ok) return closeServer(port)
  const setup = await settle(
    store,
    kept.value,
    { port: port.value, url: options.url ?? kept.value?.url },
    options.name ?? 'Edge-Net swarm',
    models,
    log,
  )
  if (!setup.ok) return closeServer(setup)
  const { signedPolicy, device, issuer, witness } = setup.value

  const link = linkOf(setup.value)
  const url = link.relays[0]!
  const verifier = createWebCryptoVerifier(createNobleVerifier())
  const network = createNetwork({
    clock: systemClock,
    random: systemRandom,
    verifier,
    role: 'relay',
    device: device.certificate,
    signHello: (fields) => device.signer.sign(helloMessage(link.swarm, device.signer.publicKey, fields)),
    link: { ...link, relays: [], trackers: [] },
    ownUrl: url,
  })
  const node = await startRelay({ clock: systemClock, random: systemRandom, store, verifier, network, signedPolicy, witness, issuer })
  const { grantMicro } = signedPolicy.policy
  const invite = await keptInvite(store, () => node.issuer.createInvite({ grantMicro, usesLeft: inviteUses, expires: neverExpires }))
  if (!invite.ok) {
    network.close()
    return closeServer(invite)
  }
  started.agent = { network, node, url }

  return ok({
    link: formatLink({ ...link, invite: invite.value }),
    port: port.value,
    close: async () => {
      network.close()
      await server.close()
      await node.close()
      await store.close()
    },
  })
}

const linkOf = ({ signedPolicy: { policy }, swarmSecret, port, url }: Setup): SwarmLink => {
  const address = url ?? `ws://127.0.0.1:${port}`
  return { swarm: swarmIdOf(policy), founder: policy.founder, secret: swarmSecret, relays: [address], trackers: [address], invite: null }
}

/** The setup of before, with the address that is now, or a new one. */
const settle = async (
  store: RelayStore,
  kept: Setup | undefined,
  address: Pick<Setup, 'port' | 'url'>,
  name: string,
  models: readonly ModelCard[],
  log: (line: string) => void,
): Promise<Result<Setup, string>> => {
  if (kept === undefined) return createSetup({ store, random: systemRandom, clock: systemClock }, { ...address, name, models })
  const now = { ...kept, ...address }
  const [before, after] = [linkOf(kept).relays[0], linkOf(now).relays[0]]
  if (kept.port === now.port && kept.url === now.url) return ok(kept)
  const changed = await changeAddress(store, address)
  if (changed.ok && before !== after) log(`links that were given out before name ${before}; the new one names ${after}`)
  return changed.ok ? ok(now) : changed
}

/** `mayMove`: nothing names the port yet, so the next free one will do. */
const listen = async (server: HttpServer, first: number, mayMove: boolean): Promise<Result<number, string>> => {
  for (let port = first; port < first + (mayMove ? portsMax : 1); port++) {
    const listening = await server.listen(port)
    if (listening.ok) return listening
    if (listening.error.type === 'not-allowed') return err(`port ${port} may not be opened by this user: give another with --port N`)
  }
  return mayMove
    ? err(`ports ${first} to ${first + portsMax - 1} are all taken: give another with --port N`)
    : err(`port ${first} is taken by another process: free it, or give another with --port N (links that name ${first} then lead nowhere)`)
}

const readCards = async (files: readonly string[]): Promise<Result<readonly ModelCard[], string>> => {
  const cards: ModelCard[] = []
  for (const file of files) {
    try {
      // Checked as part of the policy that it goes into.
      const card = JSON.parse(await readFile(file, 'utf8')) as ModelCard
      if (typeof card?.name !== 'string' || !Array.isArray(card.files))
        return err(`${file} is no model card: it needs at least name and files`)
      cards.push(card)
    } catch (error) {
      return err(`the model card ${file} cannot be read: ${(error as Error).message}`)
    }
  }
  return ok(cards)
}
