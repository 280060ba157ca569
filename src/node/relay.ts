/** `edge-net relay`, put together: data folder, setup, port, network, agent. Says what went wrong in words for its owner. */
import { fileURLToPath } from 'node:url'
import { keptTerms, startRelayNotices } from '../agent/relay-notices.ts'
import { attestsFor } from '../agent/relay-settling.ts'
import { type RelayDeps, type RelayNode, startRelay, type WitnessNode } from '../agent/relay.ts'
import { systemClock } from '../crypto/clock.ts'
import { createWebCryptoVerifier } from '../crypto/ed25519.ts'
import { systemRandom } from '../crypto/random.ts'
import { createSealer } from '../crypto/sealing.ts'
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
import { chooseDataFolder, openDataFolder } from './data-folder.ts'
import { createHttpServer, type HttpServer } from './http-server.ts'
import { metricsText } from './metrics.ts'
import { createMirror } from './mirror.ts'
import { createJudgingEngine } from './judging-engine.ts'
import { readCards, withCards } from './model-cards.ts'
import { defaultName, firstPort, type RelayOptions } from './options.ts'
import { serveOrders } from './orders.ts'
import { carryOut, termsLines } from './relay-orders.ts'
import { changeAddress, createSetup, inviteUses, keptInvite, loopbackUrl, readSetup, type Setup, type SetupError } from './setup.ts'
import { createTracker } from './tracker.ts'
import { createNodeRelayDialer, createWebSocketLink } from './websocket-link.ts'

export interface RunningRelay {
  /** By which one joins the swarm. */
  readonly link: string
  readonly port: number
  /** The folder that it keeps. */
  readonly data: string
  readonly close: () => Promise<void>
}

/** What a test build puts in the place of the honest one. */
export type RelayParts = Pick<RelayDeps, 'createWitness'>

/** Until enough witnesses are there to sign it. */
const attestEveryMs = 30_000
/** Ports tried at the first start. */
const portsMax = 100
const tryAgainLaterClose = 1013

const ownModels = fileURLToPath(new URL('../../models', import.meta.url))

export const runRelay = async (
  given: RelayOptions,
  log: (line: string) => void,
  parts: RelayParts = {},
): Promise<Result<RunningRelay, string>> => {
  const cards = await readCards(given.modelCards)
  if (!cards.ok) return cards
  const folder = await chooseDataFolder(given.data, given.witness)
  if (!folder.ok) return folder
  const options = { ...given, data: folder.value }
  const opened = await openDataFolder(options.data)
  if (!opened.ok) return opened
  const store = opened.value
  const running = await runOn(store, options, cards.value, log, parts).catch((error: unknown) =>
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
  parts: RelayParts,
): Promise<Result<RunningRelay, string>> => {
  const kept = await readSetup(store)
  if (!kept.ok) return err(whyUnread(kept.error, options.data))
  const misplaced = whyMisplaced(kept.value, options)
  if (misplaced !== undefined) return err(misplaced)
  // A new one is alone. What it dropped nobody could hand out any more.
  if (options.keepDays !== 'all' && (kept.value?.signedPolicy.policy.witnesses.length ?? 1) === 1)
    return err(
      '--keep: this relay is the only one of its swarm, so it keeps everything: members could restore neither an old profile nor a lost device from what it dropped. Start it without --keep.',
    )
  const models = kept.value ? (await keptTerms(store, kept.value.signedPolicy.policy)).models : withCards(modelCards, given)
  const unlisted = given.find(
    (card) => !models.some((model) => model.name === card.name && model.files.at(-1)?.sha256 === card.files.at(-1)?.sha256),
  )
  if (unlisted)
    return err(
      `model ${unlisted.name} is not on the list of the swarm in ${options.data}: the founder puts it there with \`edge-net notice --model-card FILE\`.`,
    )

  /** Empty until the agent has started: the port must be known before. */
  const started: { agent?: { readonly network: Network; readonly node: WitnessNode; readonly url: string } } = {}
  const tracker = createTracker(systemClock)
  // The unquantized mini is offered whatever the policy lists: it comes with the project.
  const mirror = createMirror([...models, miniF32], [ownModels, ...options.models])
  const server = createHttpServer({
    tracker,
    mirror,
    trustProxy: options.trustProxy,
    onPeer: (socket, address) => {
      const { agent } = started
      if (agent) agent.network.accept(createWebSocketLink(socket, { kind: 'url', url: agent.url }, false, address))
      else socket.close(tryAgainLaterClose)
    },
    metrics: async () =>
      metricsText({
        peers: started.agent?.network.peers().length ?? 0,
        tracker,
        mirror,
        counters: started.agent?.node.counters(),
        standing: await started.agent?.node.standing(),
      }),
    ledger: async () => (started.agent ? started.agent.node.ledger() : Promise.reject(new Error('still starting'))),
  })
  const closeServer = <T>(result: T): Promise<T> => server.close().then(() => result)

  const port = await listen(server, options.port ?? kept.value?.port ?? firstPort, options.port === undefined && kept.value === undefined)
  if (!port.ok) return closeServer(port)
  const setup = await settle(
    store,
    kept.value,
    { port: port.value, url: options.url ?? kept.value?.url },
    options.name ?? defaultName,
    models,
    log,
  )
  if (!setup.ok) return closeServer(setup)
  const { signedPolicy, device, issuer, witness, circle } = setup.value

  const link = linkOf(setup.value)
  const url = urlOf(setup.value)
  const verifier = createWebCryptoVerifier(createNobleVerifier())
  const network = createNetwork({
    clock: systemClock,
    random: systemRandom,
    verifier,
    role: 'relay',
    device: device.certificate,
    signHello: (fields) => device.signer.sign(helloMessage(link.swarm, device.signer.publicKey, fields)),
    // The other relays, if there are any: the network does not dial its own URL.
    link: { ...link, trackers: [] },
    ownUrl: url,
    relayDialer: createNodeRelayDialer(),
  })
  const notices = await startRelayNotices({ clock: systemClock, verifier, network, policy: signedPolicy.policy, store }, () =>
    log(termsLines(notices.version(), notices.terms(), notices.contradicted()).join('; ')),
  )
  const others = (circle?.relays ?? []).flatMap((relay, i) => (i + 1 === circle?.place ? [] : [relay.device]))
  const { keepDays } = options
  const relayDeps = {
    clock: systemClock,
    random: systemRandom,
    store,
    verifier,
    network,
    signedPolicy,
    witness,
    others,
    device: device.certificate.device,
    keepDays,
    ...(options.judgeResults && {
      reexecution: { engine: await createJudgingEngine(models, [ownModels, ...options.models], log), sealer: createSealer() },
    }),
    ...parts,
  }
  const issuing = issuer && (await startRelay({ ...relayDeps, issuer }))
  const node = issuing ?? (await startRelay(relayDeps))
  const { grantMicro } = signedPolicy.policy
  let stopAttesting = (): void => {}
  const attest = async (by: RelayNode['issuer']): Promise<void> => {
    const done = await by.append(async (state) => attestsFor(state, options)).catch(() => false)
    if (!done) stopAttesting = systemClock.after(attestEveryMs, () => void attest(by))
  }
  if (options.sponsors.length + options.referrers.length > 0) {
    if (issuing) void attest(issuing.issuer)
    else log('sponsors and referrers are attested in the relay of the issuer, the first one: nothing was changed here')
  }
  const invite = await keptInvite(store, async () =>
    issuing ? issuing.issuer.createInvite({ grantMicro, usesLeft: inviteUses, expires: neverExpires }) : err('the invite is missing'),
  )
  if (!invite.ok) {
    network.close()
    return closeServer(invite)
  }
  started.agent = { network, node, url }
  if (signedPolicy.policy.independence === 'identity-and-address' && !options.trustProxy && url.startsWith('wss://'))
    log(
      'the policy sets workers apart by their addresses, and behind a proxy none is seen: start with --trust-proxy if it adds X-Forwarded-For',
    )
  const owner = {
    clock: systemClock,
    store,
    policy: signedPolicy.policy,
    notices,
    founder: setup.value.founder,
    issuer: issuing?.issuer,
    judge: node.judge,
    link,
  }
  const stopOrders = serveOrders(options.data, systemClock, log, (order, name) => carryOut(owner, order, name))

  return ok({
    link: formatLink({ ...link, invite: grantMicro > 0 ? invite.value : null }),
    port: port.value,
    data: options.data,
    close: async () => {
      stopAttesting()
      await stopOrders()
      notices.close()
      network.close()
      await server.close()
      await node.close()
      await store.close()
    },
  })
}

/** What its owner is to do. */
const whyUnread = ({ type, what }: SetupError, data: string): string =>
  type === 'version'
    ? `the policy of the swarm in ${data} is of a form that this version of Edge-Net does not read (${what}): an earlier or a later one wrote it. Nothing was changed, ledger and keys are all there. Run it with the version that wrote it, or start a new swarm with --data DIR and give its link to the members.`
    : `the store in ${data} is damaged: ${what}. Nothing was changed; restore the folder from a backup.`

const urlOf = ({ url, port }: Setup): string => url ?? loopbackUrl(port)

/** Every relay of a swarm prints the same. */
const linkOf = (setup: Setup): SwarmLink => {
  const { policy } = setup.signedPolicy
  const addresses = setup.circle?.relays.map(({ url }) => url) ?? [urlOf(setup)]
  return {
    swarm: swarmIdOf(policy),
    founder: policy.founder,
    secret: policy.kind === 'public' ? null : setup.swarmSecret,
    relays: addresses,
    trackers: addresses,
    invite: null,
  }
}

/** What the folder holds is not what the command line says. */
const whyMisplaced = (kept: Setup | undefined, { witness, port, data }: RelayOptions): string | undefined => {
  const circle = kept?.circle
  if (circle && !witness)
    return `${data} is the folder of one of several witnesses: start it with --witness ${circle.place}/${circle.relays.length} and the folder that holds this one as --data.`
  if (!witness) return undefined
  if (!circle || circle.place !== witness.place || circle.relays.length !== witness.of)
    return `${data} is not the folder of witness ${witness.place} of ${witness.of}${circle ? ` but of ${circle.place} of ${circle.relays.length}` : ''}.`
  const own = urlOf(kept)
  return port !== undefined && own.startsWith('ws://') && !own.endsWith(`:${port}`)
    ? `--port: the others and every link know this relay as ${own}.`
    : undefined
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
  const [before, after] = [urlOf(kept), urlOf(now)]
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
