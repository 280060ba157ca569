/**
 * The node: one person's part in a swarm. Opens the network of the swarm that the vault knows, routes what comes in, runs
 * jobs and contracts, settles, and derives the view. `startAgent` is all that a shell (offscreen document, background page,
 * simulator) calls; it may be stopped and started at any moment.
 */
import { verifyDevice } from '../identity/device.ts'
import { parseSignedPolicy, rulesOf } from '../economy/policy-codec.ts'
import { type Bytes, equalBytes, sha256, toHex } from '../lib/bytes.ts'
import { err, type Result } from '../lib/result.ts'
import type { NodeId } from '../identity/keys.ts'
import type { NetworkStatus } from '../network/network.ts'
import type { WireBody, WireMessage } from '../network/wire.ts'
import type { ModelCard } from '../tasks/model-card.ts'
import type { VaultError } from '../vault/vault.ts'
import { deriveView, isPaused } from './agent-view.ts'
import type { AgentDeps, Membership } from './deps.ts'
import { createFindings, type Findings } from './findings.ts'
import { type FounderPart, founderReach, startFounder } from './founder.ts'
import type { History } from './history.ts'
import { createJobs, type Jobs } from './jobs.ts'
import { createParty, type Party } from './party.ts'
import { splitNetwork, type SplitNetwork } from './own-relay.ts'
import { createNoticeKeeper, type NoticeKeeper } from './notices.ts'
import { readStatus, sameSwarm } from './vault-status.ts'
import { worstOf } from './refusals.ts'
import { stampWanted } from './stamping.ts'

const tickMs = 1_000
/** The swarm's rules are asked of everyone this often until they come: well below what peers take for flooding. */
const policyAskMs = 10_000
/** Views are posted at most this often, but for a job's end, which somebody waits for. */
const viewEveryMs = 150

export type View = ReturnType<typeof deriveView>

export interface Agent {
  readonly view: () => View
  readonly onView: (listener: (view: View) => void) => () => void
  readonly jobs: Jobs
  /** Undefined while the swarm's policy is not known. */
  readonly history: () => History | undefined
  /** Sets the deposit to so many µcr: it is certified as a payment is, and waits for its turn where an entry waits. */
  readonly deposit: (stakedMicro: number) => Promise<Result<unknown, VaultError>>
  /** Asks which other devices this identity has; the view tells. */
  readonly lookForDevices: () => Promise<void>
  /** Closes an account for good, where this device is the swarm's witness (founder-roll.ts). */
  readonly judge: FounderPart['judge']
  /** In the founder's browser, where members who know what it signed are missing: it goes on without them. */
  readonly goOnAlone: () => void
  /** A contract or a job runs: the background is kept awake while this is so. */
  readonly busy: () => boolean
  readonly network: () => NetworkStatus | undefined
  readonly stop: () => void
}

/** Where this device founded the swarm, its founder's part beside it. */
type AgentParty = Party & { readonly founder: FounderPart | undefined }

export const startAgent = async (deps: AgentDeps): Promise<Agent> => {
  const { clock, vault, engine, verifier } = deps
  let status = await readStatus(deps)
  let network: ReturnType<AgentDeps['openNetwork']> | undefined
  let split: SplitNetwork | undefined
  /** Until the founder's part of before has ended: two must not write one store. */
  let closing: Promise<unknown> = Promise.resolve()
  /** What each peer said last of a witness, before the policy is known. */
  const early = new Map<NodeId, WireBody<'witness'>>()
  let party: AgentParty | undefined
  let notices: NoticeKeeper | undefined
  let findings: Findings | undefined
  let cards: readonly ModelCard[] = deps.bundledModels
  let revision = 0
  let policyAskedMs = 0
  /** A newcomer was given the policy, and cannot read it. */
  let policyUnread = false
  let stopped = false
  let cancelView: (() => void) | undefined
  let cancelTick: (() => void) | undefined
  const listeners = new Set<(view: View) => void>()

  const changed = (): void => {
    if (cancelView || stopped) return
    cancelView = clock.after(viewEveryMs, postView)
  }
  const postView = (): void => {
    cancelView?.()
    cancelView = undefined
    if (stopped) return
    revision++
    if (listeners.size === 0) return
    const current = view()
    for (const listener of listeners) listener(current)
  }

  const jobs = createJobs(deps, {
    requester: () => party?.requester,
    swarm: () => (status.swarm ? toHex(status.swarm.link.swarm) : null),
    policy: () => party && { ...party.member.policy, ...party.member.terms() },
    account: () => party?.settlement.account(),
    changed,
    ended: postView,
  })

  const view = (): View =>
    deriveView(
      {
        now: clock.now(),
        dayStartMs: deps.dayStartMs(),
        status,
        policy: party?.member.policy,
        policyUnread,
        notices,
        network: network?.status(),
        witnesses: party && { away: party.member.link.relays.length === 0 && party.book.relays().length === 0 },
        founder: party?.founder?.view(),
        account: party?.settlement.account(),
        refusal: party?.settlement.grantRefused(),
        notCarried: party?.carrying.refused() ?? null,
        stamp: party?.stamping.progress() ?? null,
        lost: party?.lost.view(),
        trouble: worstOf([findings?.trouble(), party?.settlement.trouble(), notices?.contradicted() ? 'contradicted' : null]),
        closedFor: findings?.closedFor() ?? null,
        vouchers: party?.vouchers,
        experience: party?.trust.of,
        cards,
        models: engine.models(),
        jobs: jobs.list(),
        tasks: party?.requester.tasks() ?? [],
        hires: party?.worker.hires() ?? [],
        cores: deps.cores,
      },
      revision,
    )

  const willing = (): boolean => status.settings.consented && !isPaused(status.settings, clock.now())

  /** One party per network: a second policy that comes meanwhile, or a network closed meanwhile, opens none. */
  let opening: Membership['network'] | undefined
  const openParty = async (joined: Omit<Membership, 'terms'>, signedPolicy: Bytes): Promise<void> => {
    if (party || opening === joined.network) return
    opening = joined.network
    const { newest, against } = status.swarm?.notices ?? {}
    const kept = createNoticeKeeper({ ...deps, ...joined }, { newest, against: against ?? undefined }, {
      keep: async (notice) => (await vault.call(`notice/${toHex(sha256(notice))}`, 'notice', { notice })).ok,
      changed: () => {
        offer(member)
        party?.founder?.onTerms()
        changed()
      },
    })
    notices = kept
    const member: Membership = { ...joined, terms: kept.terms }
    await findings?.open(rulesOf(member.policy))
    const opened = await createParty(deps, member, { jobs, willing, changed })
    const { requester, worker, settlement, book } = opened
    offer(member)
    await worker.resume()
    if (network !== member.network) return
    const founded = status.swarm?.founded
    party = !founded || !split ? { ...opened, founder: undefined } : {
      ...opened,
      founder: startFounder(deps, { ...member, signedPolicy }, founded, { split, book, changed, served: () => settlement.onPeer(toHex(status.device.device)), blocked: () => member.terms().blocked.map(toHex) }),
    }
    await requester.resume()
    await opened.lost.refresh()
    for (const peer of member.network.peers()) settlement.onPeer(peer.id)
    for (const [from, binding] of early) await onWitness(from, binding)
    early.clear()
    void prepareDefault()
    changed()
  }

  /** The models in force, from the mirrors in force. */
  const offer = ({ link, terms }: Membership): void => {
    const { models, relays } = terms()
    cards = [...models, ...deps.bundledModels.filter((card) => !models.some((m) => m.name === card.name))]
    engine.configure(cards, deps.mirrorsOf({ ...link, relays: [...new Set([...relays, ...link.relays])] }))
  }

  /** The first model of the policy is what a newcomer works with. */
  const prepareDefault = async (): Promise<void> => {
    const first = cards[0]
    if (first && status.settings.consented) await engine.prepare(first.name)
  }

  const open = async (): Promise<void> => {
    const swarm = status.swarm
    // Opened already where the swarm changed while we were starting.
    if (network || !swarm || !status.settings.consented || stopped) return
    await closing
    if (network || stopped) return
    const bare = deps.openNetwork({
      ...(swarm.founded && { reach: founderReach }),
      link: swarm.link,
      device: status.device,
      signHello: async (fields) => {
        const signed = await vault.call(`hello/${toHex(fields.ownNonce)}`, 'hello', fields)
        return signed.ok ? signed.value.signature : undefined
      },
    })
    split = swarm.founded && splitNetwork(bare, status.device, clock)
    const opened = split?.node ?? bare
    network = opened
    findings = createFindings(deps, { swarm: swarm.link.swarm, self: status.device.device, network: opened }, changed, async (bytes) => {
      const told = await vault.call(`verdict/${toHex(sha256(bytes))}`, 'verdict', { bytes })
      await party?.settlement.refresh()
      return told.ok
    })
    opened.onStatus(changed)
    opened.onPeer((peer, change) => {
      party?.requester.onPeer(peer.id, change === 'joined')
      if (change === 'left') early.delete(peer.id)
      if (change === 'joined') {
        if (party) {
          party.settlement.onPeer(peer.id)
          party.worker.onPeer(peer.id)
          if (!party.founder) party.book.tell(peer.id)
        } else void opened.send(peer.id, ['policy?', {}])
      }
      changed()
    })
    opened.onMessage((from, message, forwarded) => {
      void receive(from, message, forwarded)
    })
    if (swarm.policy) {
      const known = parseSignedPolicy(swarm.policy)
      if (known.ok) await openParty({ device: status.device, link: swarm.link, policy: known.value.policy, network: opened }, swarm.policy)
    }
  }

  const close = (): void => {
    notices?.close()
    notices = undefined
    party?.worker.stop()
    party?.stamping.stop()
    party?.requester.stop()
    const founder = party?.founder?.close() ?? Promise.resolve()
    closing = Promise.all([closing, founder.catch(() => {})])
    network?.close()
    split = undefined
    early.clear()
    network = undefined
    opening = undefined
    findings = undefined
    policyUnread = false
    party = undefined
  }

  const receive = async (from: NodeId, message: WireMessage, forwarded: boolean): Promise<void> => {
    const [type, body] = message
    if (type === 'policy') return onPolicy(from, body.bytes)
    // Whoever has the policy can hand it on: it is checked against the swarm's id, not against who brought it.
    if (type === 'policy?') return status.swarm?.policy ? void network?.send(from, ['policy', { bytes: status.swarm.policy }]) : undefined
    if (type === 'witness') return onWitness(from, body)
    if (type === 'verdict' || type === 'broken') {
      if (type === 'verdict') await party?.lost.onVerdict(from, body.bytes)
      return findings?.hear(from, type, body.bytes)
    }
    if (type === 'notice?' || type === 'notice') return notices?.onMessage(from, message)
    if (!party) return
    const { requester, worker, settlement, inbox, keepsakes } = party
    if (type === 'range?') return keepsakes.onRange(from, body)
    if (type === 'entries') await keepsakes.onEntries(from, body)
    if (type === 'entries' || type === 'refused' || type === 'devices' || type === 'balance') await party.lost.onMessage(from, message)
    if (type === 'balance' || type === 'refused') await party.carrying.onMessage(from, message)
    if (type === 'chunk') return body.direction === 0 ? worker.onChunk(from, body) : requester.onChunk(from, body)
    if (type === 'want') return body.direction === 0 ? requester.onWant(from, body) : worker.onWant(from, body)
    if (type === 'entries' || type === 'head' || type === 'refused') return settlement.onMessage(from, type, body)
    // A relay can forward words in any name: whoever is to read a payload speaks for itself.
    if (type === 'evidence?') return forwarded ? undefined : party.wrongResults.onAsked(from, body)
    if (type !== 'signed') return
    const received = await inbox.receive(from, body.message, forwarded)
    if (!received) return
    const { message: said, id } = received
    if (equalBytes(said.from, party.member.device.device) || !notices?.admits(said.from, ...(said.kind === 'quote' ? [said.body.root] : []))) return
    if (said.kind === 'sow') return worker.onSow(said, id)
    if (said.kind === 'quote' && !(await verifyDevice(verifier, { root: said.body.root, device: said.from, signature: said.body.certificate }))) return
    await requester.onSigned(said, id, body.message, toHex(said.from))
    await worker.onSigned(said, id, body.message)
  }

  const onPolicy = async (from: NodeId, bytes: Uint8Array): Promise<void> => {
    const opened = network
    if (party || !status.swarm || !opened) return
    const signedPolicy = bytes as Uint8Array<ArrayBuffer>
    // The id names the bytes: another peer's forgery, asked at the same time, must not get this one's answer.
    const kept = await vault.call(`policy/${toHex(sha256(signedPolicy))}`, 'policy', { signedPolicy })
    if (!kept.ok && kept.error.type === 'policy-unread') policyUnread = true
    if (!kept.ok) return kept.error.type === 'refused' ? opened.blame(from, kept.error.what) : changed()
    const parsed = parseSignedPolicy(signedPolicy)
    if (parsed.ok && !party && network === opened) await openParty({ device: status.device, link: status.swarm.link, policy: parsed.value.policy, network: opened }, signedPolicy)
  }

  /** Before the policy is here, nobody can say what is right: it waits. */
  const onWitness = async (from: NodeId, binding: WireBody<'witness'>): Promise<void> => {
    // Of those that are linked only: a relay can forward words in as many names as it likes.
    if (!party) return network?.peer(from) ? void early.set(from, binding) : undefined
    const { book, settlement } = party
    const device = toHex(binding.device)
    // Someone who has become one of those to turn to with the ledger.
    if ((await book.heard(binding, from)) && network?.peer(device)) settlement.onPeer(device)
    changed()
  }

  const stopListening = vault.onChange((next) => {
    const before = status
    status = next
    engine.setShare(next.settings.share)
    if (next.swarm?.notices) void notices?.take(next.swarm.notices.newest)
    if (next.swarm?.founded) party?.founder?.follow(next.swarm.founded)
    if (!willing() && party) void party.worker.withdraw()
    void party?.lost.refresh()
    if (!sameSwarm(before, next)) {
      close()
      void open()
    }
    changed()
  })

  const askForPolicy = (): readonly Promise<unknown>[] => {
    if (clock.now() - policyAskedMs < policyAskMs) return []
    policyAskedMs = clock.now()
    return (network?.peers() ?? []).map((peer) => network!.send(peer.id, ['policy?', {}]))
  }
  const tick = (): void => {
    cancelTick = clock.after(tickMs, () => {
      party?.stamping.tick({ wanted: willing() && stampWanted(status, party.settlement.account()) })
      const work = party ? [party.requester.tick(), party.worker.tick(), party.settlement.tick(party.requester.active()), party.lost.tick(), party.carrying.tick(), party.wrongResults.tick(), jobs.tick()] : askForPolicy()
      void Promise.allSettled(work).then(() => {
        if (!stopped) tick()
      })
    })
  }

  engine.configure(cards, [])
  engine.setShare(status.settings.share)
  engine.onChange(changed)
  await jobs.resume()
  await open()
  if (status.settings.consented && !status.swarm) void prepareDefault()
  tick()

  return {
    view,
    onView: (listener) => {
      listeners.add(listener)
      void party?.trust.refresh().then(changed)
      return () => void listeners.delete(listener)
    },
    jobs,
    history: () => party?.history,
    lookForDevices: async () => party?.lost.look(),
    judge: async (target, reason) => (await party?.founder?.judge(target, reason)) ?? err({ type: 'judge', reason: 'not-founder' }),
    goOnAlone: () => party?.founder?.goOn(),
    deposit: async (stakedMicro) => {
      const asked = await vault.call(`deposit/${toHex(deps.random.bytes(8))}`, 'deposit', { stakedMicro })
      await party?.settlement.submit()
      return asked
    },
    busy: () => (party ? party.requester.active() > 0 || party.worker.hires().some((h) => h.finishedMs === null && h.agreement !== null) : false),
    network: () => network?.status(),
    stop: () => {
      stopped = true
      cancelTick?.()
      cancelView?.()
      stopListening()
      close()
    },
  }
}
