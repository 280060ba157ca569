/**
 * The network core, put together: links come from relays, trackers, introductions or outside (`accept`), pass `hello`, and
 * become sessions; sessions' messages pass schema, size and rate and go to where they belong; the mesh is kept at its degree.
 *
 * Invariants: nothing but the handshake passes before both ends verified; one session per peer; nothing a peer sends throws.
 */
import type { SwarmLink } from '../economy/link.ts'
import type { HelloFields } from '../identity/hello-message.ts'
import type { DeviceCertificate, NodeId, Signature, Verifier } from '../identity/keys.ts'
import { type Bytes, equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { type Random, sample } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { createDials } from './dials.ts'
import { encodeFrame } from './frame.ts'
import { createForwarder, unwrap, wrap } from './forwarding.ts'
import { createGossip } from './gossip.ts'
import { shakeHands } from './handshake.ts'
import type { HelloError } from './hello.ts'
import { createIntroductions, neverSeal } from './introductions.ts'
import { costs, degreeDefault, forwardBytesPerMinute, handshakesMax, passedToMax, peersMax } from './limits.ts'
import { createNeighbourhood } from './neighbourhood.ts'
import type { Ground, Network, Peer } from './network.ts'
import { priorityOf } from './outbox.ts'
import type { Link, RelayDialer, Rtc, SdpSeal, TrackerDialer } from './ports.ts'
import { createRelayKeeper } from './relay-keeper.ts'
import { createRelaySet, withoutSlash } from './relay-set.ts'
import { createScores } from './scores.ts'
import { createSession, keepsOld, sameTimeMs, type Session } from './session.ts'
import { subscribe } from './subscribe.ts'
import { infoHash } from './swarm-keys.ts'
import { createLater, createTelling } from './telling.ts'
import { createTrackerKeeper } from './tracker-keeper.ts'
import type { WireBody, WireMessage } from './wire.ts'

/** The mesh is looked after this often; a longer gap than `asleepMs` between two looks means that the machine slept. */
export const tickMs = 2_000
export const asleepMs = 30_000
/** After sleep, peers have this long to show that they are still there. */
export const probeMs = 5_000
/** Peers that a link is kept with before others: a swarm's witnesses among its members. */
const soughtMax = 16
/** Where the machine has no address to offer, it is looked again after this time. */
const noCandidatesRestMs = 60_000

export interface NetworkDeps {
  readonly clock: Clock
  readonly random: Random
  readonly verifier: Verifier
  readonly role: 'node' | 'relay'
  readonly device: DeviceCertificate
  /** The device key's signature over `helloMessage` (identity/hello-message.ts); undefined where it cannot be had. */
  readonly signHello: (fields: HelloFields) => Promise<Signature | undefined>
  readonly link: SwarmLink
  /** A relay's own URL: what it binds incoming links to, and the one relay that it does not dial. */
  readonly ownUrl?: string
  readonly rtc?: Rtc
  /** Needed beside `rtc`. */
  readonly sdpSeal?: SdpSeal
  readonly relayDialer?: RelayDialer
  readonly trackerDialer?: TrackerDialer
  readonly degree?: number
  readonly limits?: { readonly peersMax?: number; readonly forwardBytesPerMinute?: number }
}

export const createNetwork = (deps: NetworkDeps): Network => {
  const { clock, random, verifier, role, device, link: swarmLink, rtc, sdpSeal, degree = degreeDefault } = deps
  const self = device.device
  const selfId = toHex(self)
  const sessions = new Map<NodeId, Session>()
  const ended = new Map<Session, ((reason: string) => void)[]>()
  const scores = createScores(clock)
  const dials = createDials(clock)
  const gossip = createGossip(clock, verifier, swarmLink.swarm)
  const neighbourhood = createNeighbourhood(selfId, clock, random)
  const forwarder = createForwarder(clock, deps.limits?.forwardBytesPerMinute ?? forwardBytesPerMinute, (id) => sessions.get(id))
  const onMessage = new Set<(from: NodeId, message: WireMessage, forwarded: boolean) => void>()
  const onPeer = new Set<(peer: Peer, change: 'joined' | 'left') => void>()
  const onStatus = new Set<() => void>()
  const sessionsMax = deps.limits?.peersMax ?? peersMax[role]
  /** Peers that a link is being bound to. */
  const joining = new Set<NodeId>()
  const sought = new Set<NodeId>()
  let admits: Ground['admits'] = () => true
  let turnedAway = false
  let handshakes = 0
  let closed = false
  let restUntilMs = 0

  const emit = (from: NodeId, message: WireMessage, forwarded: boolean): void => onMessage.forEach((tell) => tell(from, message, forwarded))
  const changed = (): void => (closed ? undefined : onStatus.forEach((tell) => tell()))
  const nodeLinks = (): number => [...sessions.values()].filter((s) => s.role === 'node').length
  const noCandidates = (): void => {
    restUntilMs = clock.now() + noCandidatesRestMs
  }
  /** Links to nodes that the mesh lacks and could make. */
  const wanted = (): number =>
    rtc && clock.now() >= restUntilMs ? Math.max(0, degree - nodeLinks() - introductions.pending().size - joining.size) : 0
  const recentlyLinked = (id: NodeId): boolean => {
    const session = sessions.get(id)
    return session !== undefined && clock.now() - session.boundMs() <= sameTimeMs
  }
  /** A link that has stood for a while is no reason to refuse: who asks for another has lost it. */
  const welcome = (id: NodeId): boolean =>
    id !== selfId &&
    !joining.has(id) &&
    !recentlyLinked(id) &&
    !scores.backedOff(id) &&
    (sessions.has(id) || sought.has(id) || nodeLinks() < 2 * degree)

  // Sessions: from a fresh link to the end.

  const bindingOf = (link: Link): Link['binding'] =>
    link.binding.kind === 'url'
      ? { kind: 'url', url: withoutSlash(link.initiator ? link.binding.url : (deps.ownUrl ?? link.binding.url)) }
      : link.binding

  const join = async (link: Link, expected?: Bytes, onEnded?: (reason: string) => void): Promise<Result<void, HelloError>> => {
    if (closed) {
      link.close('closed')
      return err({ type: 'hello', reason: 'closed', by: 'us' })
    }
    const expectedId = expected && toHex(expected)
    if (expectedId !== undefined) joining.add(expectedId)
    const result = await shakeHands(link, bindingOf(link), expected, {
      clock,
      random,
      verifier,
      role,
      device,
      swarm: swarmLink.swarm,
      secret: swarmLink.secret,
      signHello: deps.signHello,
      admit: (theirs) => {
        const id = toHex(theirs.device)
        if (!admits(theirs.root, theirs.device)) return 'blocked'
        if (scores.backedOff(id)) return 'backed-off'
        if (sessions.has(id)) return undefined
        const full = sessions.size >= sessionsMax || (role === 'node' && theirs.role === 'node' && nodeLinks() >= 2 * degree)
        return full && !sought.has(id) ? 'full' : undefined
      },
    })
    if (expectedId !== undefined) joining.delete(expectedId)
    if (!result.ok) {
      if (result.error.reason === 'blocked' && result.error.by === 'peer') turnedAway = true
      if (expectedId !== undefined) dials.failed(expectedId)
      return result
    }
    const bound = result.value
    const id = toHex(bound.theirs.device)
    // Either may have come to be so during the handshake.
    const gone = closed ? 'closed' : admits(bound.theirs.root, bound.theirs.device) ? undefined : 'blocked'
    if (gone) {
      bound.link.close(gone)
      return err({ type: 'hello', reason: gone, by: 'us' })
    }
    turnedAway = false
    dials.succeeded(id)
    const existing = sessions.get(id)
    if (existing) {
      if (onEnded) ended.get(existing)?.push(onEnded)
      if (keepsOld(self, existing.bound(), bound, clock.now() - existing.boundMs())) existing.retire(bound)
      else {
        existing.replace(bound)
        // It may have begun anew, and know nothing.
        telling.joined(existing)
        telling.changed()
      }
      return ok(undefined)
    }
    const session = createSession(clock, bound, { onMessage: receive, onFault: fault, onClosed: left })
    sessions.set(id, session)
    telling.joined(session)
    ended.set(session, onEnded ? [onEnded] : [])
    onPeer.forEach((tell) => tell(session.peer(), 'joined'))
    session.start()
    neighboursChanged()
    return ok(undefined)
  }
  const left = (session: Session, reason: string): void => {
    sessions.delete(session.id)
    telling.left(session)
    neighbourhood.gone(session.id)
    if (closed) return
    onPeer.forEach((tell) => tell(session.peer(), 'left'))
    for (const tell of ended.get(session) ?? []) tell(reason)
    ended.delete(session)
    neighboursChanged()
    if (session.role === 'node') for (const tracker of trackers) tracker.wake()
  }
  const fault = (session: Session, points: number, what: string): void => {
    if (scores.fault(session.id, points)) session.close(`misbehaved: ${what}`)
  }

  // What arrives.

  const receiveSigned = async (
    session: Session,
    from: NodeId,
    message: WireMessage & readonly ['signed', unknown],
    forwarded: boolean,
  ): Promise<void> => {
    const heard = await gossip.receive(message[1], from)
    // A relay does not read what it forwards.
    if (heard === 'fault') return forwarded ? undefined : fault(session, costs.malformed, 'signed')
    if (heard === 'drop' || closed) return
    if (message[1].hops > 0 && !forwarded) pass(message[1].message, message[1].hops - 1, [session.id, heard.author])
    if (!heard.again) emit(from, message, forwarded || heard.author !== from)
  }
  const receive = (session: Session, message: WireMessage): void => {
    switch (message[0]) {
      case 'signed':
        return void receiveSigned(session, session.id, message, false)
      case 'neighbours':
        neighbourhood.say(session.id, message[1].peers.map(toHex), message[1].relays.map(toHex))
        return seekSoon()
      case 'introduce':
        return introductions.receive(session, message[1])
      case 'forward':
        return receiveForward(session, message[1])
      default:
        return emit(session.id, message, false)
    }
  }
  const receiveForward = (session: Session, body: WireBody<'forward'>): void => {
    if (!equalBytes(body.to, self)) {
      // Nodes carry nothing for others: a relay that asks them to is confused, not hostile.
      if (role === 'relay' && forwarder.forward(session, body) === 'fault') fault(session, costs.malformed, 'forward')
      return
    }
    const inner = session.trustedRelay ? unwrap(body) : 'fault'
    if (inner === 'fault') return fault(session, costs.malformed, 'forward')
    const from = toHex(body.from)
    if (inner[0] === 'signed') void receiveSigned(session, from, inner, true)
    else emit(from, inner, true)
  }
  const sayTo = (to: Iterable<Session>, message: Bytes, hops: number): void => {
    const frame = encodeFrame(['signed', { message, hops }])
    if (frame.ok) for (const session of to) void session.put(frame.value, priorityOf('signed'))
  }
  /**
   * An author says it to all its neighbours: those need not hear it again, nor does a relay that is linked with the one that brought
   * it. Of the others a few by chance, however large the swarm.
   */
  const pass = (message: Bytes, hops: number, [from, author]: readonly [NodeId, NodeId]): void => {
    const max = role === 'relay' ? passedToMax.relay * (hops + 1) : passedToMax.node
    const byRelay = sessions.get(from)?.role === 'relay'
    const told = ({ id, role }: Session): boolean =>
      id === from || id === author || neighbourhood.linked(author, id) || (byRelay && role === 'relay' && neighbourhood.linked(from, id))
    const others = [...sessions.values()].filter((session) => !told(session))
    sayTo(sample(random, others, max), message, hops)
  }

  // The mesh.

  const introductions = createIntroductions({
    self,
    clock,
    random,
    rtc: sdpSeal && rtc,
    seal: sdpSeal ?? neverSeal,
    session: (id) => sessions.get(id),
    welcome,
    join: (link, expected) => void join(link, expected),
    failed: dials.failed,
    noCandidates,
  })
  const seek = (): void => {
    const fit = (id: NodeId): boolean =>
      !sessions.has(id) && !joining.has(id) && !introductions.pending().has(id) && dials.mayTry(id) && !scores.backedOff(id)
    for (const id of sought) {
      const via = rtc && clock.now() >= restUntilMs && fit(id) ? neighbourhood.ways(id)[0] : undefined
      if (via !== undefined) void introductions.ask(id, via)
    }
    for (let left = wanted(); left > 0; left--) {
      const candidate = neighbourhood.pick(fit)
      if (!candidate) return
      void introductions.ask(candidate.id, candidate.via)
    }
  }
  const later = createLater(clock, () => closed)
  const seekSoon = later(50, seek)
  const telling = createTelling(random, later, () => [...sessions.values()])
  const neighboursChanged = (): void => {
    telling.changed()
    seekSoon()
    changed()
  }
  const wake = (): void => {
    restUntilMs = 0
    dials.clear()
    for (const session of [...sessions.values()]) session.probe(probeMs)
    for (const keeper of [...relays.all(), ...trackers]) keeper.wake()
    seekSoon()
  }
  let lookedMs = clock.now()
  const tick = (): void => {
    if (closed) return
    const gap = clock.now() - lookedMs
    lookedMs = clock.now()
    if (gap > asleepMs) wake()
    seek()
    clock.after(tickMs, tick)
  }

  const { relayDialer, trackerDialer } = deps
  const keeping = { clock, random, join: (link: Link, onEnded: (reason: string) => void) => join(link, undefined, onEnded), changed }
  const relays = createRelaySet(relayDialer ? swarmLink.relays : [], {
    ownUrl: deps.ownUrl,
    keep: (url) => createRelayKeeper(url, relayDialer!, keeping),
  })
  const trackers =
    trackerDialer && rtc && sdpSeal
      ? swarmLink.trackers.map((url) =>
          createTrackerKeeper(url, trackerDialer, {
            clock,
            random,
            self,
            infoHash: infoHash(swarmLink.swarm, swarmLink.secret),
            rtc,
            seal: sdpSeal,
            wanted,
            welcome: (id) => welcome(id) && !sessions.has(id),
            join: (link, expected) => void join(link, expected),
            noCandidates,
            changed,
          }),
        )
      : []
  clock.after(tickMs, tick)

  const send: Network['send'] = async (to, message) => {
    const direct = sessions.get(to)
    if (direct) return direct.send(message)
    const ways = neighbourhood.ways(to)
    const relaySessions = [...sessions.values()].filter((s) => s.trustedRelay)
    const relay = relaySessions.find((s) => ways.includes(s.id)) ?? relaySessions[0]
    const device = fromHex(to)
    if (!relay || device?.length !== 32) return err({ type: 'no-route' })
    const frame = wrap(self, device, message)
    return frame ? relay.put(frame, priorityOf(message[0])) : err({ type: 'too-large' })
  }

  return {
    status: () => ({
      relays: relays.all().map((keeper) => ({ url: keeper.url, ...keeper.state() })),
      trackers: trackers.map((keeper) => ({ url: keeper.url, state: keeper.state() })),
      peers: [...sessions.values()].map((s) => s.peer()),
      turnedAway,
    }),
    peers: () => [...sessions.values()].map((s) => s.peer()),
    peer: (id) => sessions.get(id)?.peer(),
    send,
    gossip: (signed) => {
      const { message, hops } = signed[1]
      gossip.sent(message)
      sayTo(sessions.values(), message, hops)
    },
    onMessage: subscribe(onMessage),
    onPeer: subscribe(onPeer),
    onStatus: subscribe(onStatus),
    blame: (id, reason) => {
      const session = sessions.get(id)
      if (session) fault(session, costs.blame, reason)
      else scores.fault(id, costs.blame)
    },
    accept: (link) => {
      if (handshakes >= handshakesMax[role]) return link.close('full')
      handshakes++
      void join(link).then(() => handshakes--)
    },
    seek: (id) => {
      if (id === selfId || sought.size >= soughtMax) return
      sought.add(id)
      seekSoon()
    },
    ground: (given) => {
      admits = given.admits
      if (relayDialer && !closed) relays.name(given.relays)
      for (const session of [...sessions.values()]) if (!admits(session.peer().root, session.device)) session.close('blocked')
      changed()
    },
    wake,
    close: () => {
      if (closed) return
      closed = true
      for (const keeper of [...relays.all(), ...trackers]) keeper.close()
      for (const session of [...sessions.values()]) session.close('closed')
    },
  }
}
