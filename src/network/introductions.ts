/**
 * Links by introduction: an offer goes to a neighbour of ours that is linked with the wanted peer, the answer comes back
 * the same way. The neighbour carries the SDP and can at worst keep it: `hello` binds the channel to the key that was asked for.
 */
import type { NodeId } from '../identity/keys.ts'
import { type Bytes, equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { err } from '../lib/result.ts'
import type { Link, Rtc, RtcOffer, SdpSeal } from './ports.ts'
import type { Session } from './session.ts'
import type { WireBody } from './wire.ts'

export const answerTimeoutMs = 15_000
export const offersMax = 4
export const answersMax = 8

export interface IntroductionDeps {
  readonly self: Bytes
  readonly clock: Clock
  readonly random: Random
  readonly rtc: Rtc | undefined
  readonly seal: SdpSeal
  readonly session: (id: NodeId) => Session | undefined
  /** Would we take a link with this peer, which asks for one? */
  readonly welcome: (id: NodeId) => boolean
  readonly join: (link: Link, expected: Bytes) => void
  readonly failed: (id: NodeId) => void
  /** This machine has no address that a peer could reach. */
  readonly noCandidates: () => void
}

export interface Introductions {
  readonly ask: (id: NodeId, via: NodeId) => Promise<void>
  readonly receive: (from: Session, body: WireBody<'introduce'>) => void
  /** Peers that an offer of ours is on its way to. */
  readonly pending: () => ReadonlySet<NodeId>
}

interface Pending {
  readonly id: Bytes
  offer: RtcOffer | undefined
  readonly stop: () => void
}

export const createIntroductions = (deps: IntroductionDeps): Introductions => {
  const { self, clock, rtc, seal } = deps
  const selfId = toHex(self)
  const pending = new Map<NodeId, Pending>()
  let answering = 0

  const drop = (id: NodeId): void => {
    const entry = pending.get(id)
    if (!entry) return
    pending.delete(id)
    entry.stop()
    entry.offer?.abort()
  }
  const giveUp = (id: NodeId): void => {
    drop(id)
    deps.failed(id)
  }
  const say = (
    session: Session | undefined,
    to: Bytes,
    id: Bytes,
    kind: 'offer' | 'answer' | 'refuse',
    sdp: Bytes = new Uint8Array(0),
  ): void => void session?.send(['introduce', { to, from: self, id, kind, sdp }])

  const ask: Introductions['ask'] = async (peer, via) => {
    if (!rtc || pending.size >= offersMax || pending.has(peer)) return
    const entry: Pending = { id: deps.random.bytes(16), offer: undefined, stop: clock.after(answerTimeoutMs, () => giveUp(peer)) }
    pending.set(peer, entry)
    const made = await rtc.offer()
    if (!made.ok) {
      if (made.error.type === 'no-candidates') deps.noCandidates()
      return giveUp(peer)
    }
    if (pending.get(peer) !== entry) return made.value.abort()
    entry.offer = made.value
    const sealed = await seal.seal(made.value.sdp)
    if (pending.get(peer) === entry) say(deps.session(via), fromHex(peer)!, entry.id, 'offer', sealed)
  }
  const onOffer = async (way: Session, { from, id, sdp }: WireBody<'introduce'>): Promise<void> => {
    const peer = toHex(from)
    // Two offers that crossed: the lower key's stands.
    const crossed = pending.has(peer)
    if (!rtc || answering >= answersMax || (crossed && selfId < peer) || !deps.welcome(peer)) return say(way, from, id, 'refuse')
    if (crossed) drop(peer)
    answering++
    try {
      const opened = await seal.open(sdp)
      const answer = opened.ok ? await rtc.answer(opened.value) : opened
      if (!answer.ok) {
        if (answer.error.type === 'no-candidates') deps.noCandidates()
        return say(way, from, id, 'refuse')
      }
      say(way, from, id, 'answer', await seal.seal(answer.value.sdp))
      const link = await answer.value.link
      if (link.ok) deps.join(link.value, from)
    } finally {
      answering--
    }
  }
  const onAnswer = async (peer: NodeId, entry: Pending, { from, sdp }: WireBody<'introduce'>): Promise<void> => {
    const { offer } = entry
    if (!offer) return
    // Used once; the wait for the channel itself is the adapter's.
    entry.offer = undefined
    const opened = await seal.open(sdp)
    const link = opened.ok ? await offer.accept(opened.value) : opened
    if (!opened.ok) offer.abort()
    if (!link.ok) return pending.get(peer) === entry ? giveUp(peer) : undefined
    if (pending.get(peer) === entry) drop(peer)
    deps.join(link.value, from)
  }

  return {
    ask,
    receive: (session, body) => {
      const { to, from, id, kind } = body
      if (!equalBytes(to, self)) {
        // Passed on for the two ends, who are both linked with us; nobody asks in another's name.
        if (!equalBytes(from, session.device)) return
        const next = deps.session(toHex(to))
        if (next) void next.send(['introduce', body])
        else if (kind === 'offer') void session.send(['introduce', { to: from, from: to, id, kind: 'refuse', sdp: new Uint8Array(0) }])
        return
      }
      const peer = toHex(from)
      if (kind === 'offer') return void onOffer(session, body)
      const entry = pending.get(peer)
      if (!entry || !equalBytes(entry.id, id)) return
      if (kind === 'refuse') giveUp(peer)
      else void onAnswer(peer, entry, body)
    },
    pending: () => new Set(pending.keys()),
  }
}

/** Stands in where there is no WebRTC: nothing is ever sealed. */
export const neverSeal: SdpSeal = { seal: async () => new Uint8Array(0), open: async () => err({ type: 'unsealable' }) }
