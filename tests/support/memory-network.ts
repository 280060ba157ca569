/**
 * A network in memory: WebRTC, relays and trackers for many nodes over one clock, with latency, cut and silent paths.
 * What a node sends arrives whole, in order and later; what is cut is closed on both ends, what is silenced just vanishes.
 */
import { type Bytes, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { type Random, randomBelow, shuffled } from '../../src/lib/random.ts'
import { err, ok, type Result } from '../../src/lib/result.ts'
import type { Binding, DialError, Link, RelayDialer, Rtc, SdpSeal, TrackerDialer, TrackerHandlers } from '../../src/network/ports.ts'

export interface MemoryHub {
  readonly rtc: (node: string) => Rtc
  /** A relay's side: every dialled link is handed to `onLink`. Returns how to stop (its links close). The node's name is the URL. */
  readonly listen: (url: string, onLink: (link: Link) => void) => () => void
  readonly dialer: (node: string) => RelayDialer
  /** Starts a tracker under this URL; returns how to stop it. It forgets everything when stopped. */
  readonly startTracker: (url: string) => () => void
  readonly tracker: (node: string) => TrackerDialer
  /** Closes what is between the two and refuses more, until healed. */
  readonly cut: (a: string, b: string) => void
  /** As after the power went: closes all links of the node and refuses more, until healed. */
  readonly isolate: (node: string) => void
  /** Frames between the two vanish, links stay: what a sleeping machine looks like from outside. */
  readonly silence: (a: string, b: string) => void
  readonly heal: (a: string, b?: string) => void
  /** Open links, as pairs of names. */
  readonly links: () => readonly (readonly [a: string, b: string])[]
  /** Links ever opened. */
  readonly opened: () => number
  /** Frames sent so far. */
  readonly frames: () => number
  /** Where relays see the node, from its next link on; nowhere as long as it is not said. */
  readonly place: (node: string, address: string) => void
}

/** Pretends to seal, for networks in memory. */
export const memorySeal: SdpSeal = {
  seal: async (text) => utf8(text),
  open: async (sealed) => ok(new TextDecoder().decode(sealed)),
}

export interface MemoryHubOptions {
  readonly latencyMs?: number
  /** Up to this much more, by chance. */
  readonly jitterMs?: number
}

const connectTimeoutMs = 30_000

interface Wire {
  readonly a: string
  readonly b: string
  readonly shut: (reason: string) => void
}

export const createMemoryHub = (clock: Clock, random: Random, { latencyMs = 5, jitterMs = 5 }: MemoryHubOptions = {}): MemoryHub => {
  const wires = new Set<Wire>()
  /** The same, by whom they join. */
  const between = new Map<string, Set<Wire>>()
  const listeners = new Map<string, (link: Link) => void>()
  const offers = new Map<string, { readonly node: string; readonly fingerprint: Bytes }>()
  const answers = new Map<string, { readonly node: string; readonly fingerprint: Bytes; readonly taken: (end: Link) => void }>()
  const trackers = new Map<string, { readonly members: Map<object, Member>; readonly shut: () => void }>()
  const isolated = new Set<string>()
  const cuts = new Set<string>()
  const addresses = new Map<string, string>()
  const silent = new Set<string>()
  let serial = 0
  let frames = 0
  let opened = 0

  const pair = (a: string, b: string): string => (a < b ? `${a}\0${b}` : `${b}\0${a}`)
  const apart = (a: string, b: string): boolean => isolated.has(a) || isolated.has(b) || cuts.has(pair(a, b))
  const delay = (): number => latencyMs + (jitterMs > 0 ? randomBelow(random, jitterMs + 1) : 0)

  /** Two ends of one channel. */
  const connect = (a: string, b: string, bindA: Binding, bindB: Binding): readonly [Link, Link] => {
    opened++
    const both = pair(a, b)
    let shut = false
    let closedBy: string | undefined
    const half = (from: string): { link: (binding: Binding, initiator: boolean, other: () => Half) => Link; half: Half } => {
      let handlers: Parameters<Link['open']>[0] | undefined
      const waiting: (() => void)[] = []
      let lastDue = 0
      const own: Half = {
        receive: (act) => {
          const due = Math.max(lastDue, clock.now() + delay())
          lastDue = due
          // Whoever closed its end hears no more, also not what was under way.
          clock.after(due - clock.now(), () =>
            closedBy === from ? undefined : handlers ? act(handlers) : waiting.push(() => act(handlers!)),
          )
        },
      }
      return {
        half: own,
        link: (binding, initiator, other) => ({
          binding,
          initiator,
          open: (given) => {
            handlers = given
            for (const act of waiting.splice(0)) act()
          },
          send: (frame) => {
            if (shut) return
            frames++
            const copy = frame.slice() as Bytes
            if (silent.has(both)) return
            other().receive((h) => h.onFrame(copy))
          },
          bufferedBytes: () => 0,
          close: (reason) => end(reason, from),
        }),
      }
    }
    const ends = [half(a), half(b)] as const
    const end = (reason: string, by?: string): void => {
      if (shut) return
      shut = true
      closedBy = by
      wires.delete(wire)
      between.get(both)?.delete(wire)
      if (between.get(both)?.size === 0) between.delete(both)
      const unheard = by !== undefined && silent.has(both)
      if (by !== a && !unheard) ends[0].half.receive((h) => h.onClose(reason))
      if (by !== b && !unheard) ends[1].half.receive((h) => h.onClose(reason))
    }
    const wire: Wire = { a, b, shut: (reason) => end(reason) }
    wires.add(wire)
    between.set(both, (between.get(both) ?? new Set()).add(wire))
    return [ends[0].link(bindA, true, () => ends[1].half), ends[1].link(bindB, false, () => ends[0].half)]
  }

  const unreachable = (where: string): Result<never, DialError> => err({ type: 'unreachable', where, message: 'nobody there' })
  const later = (): Promise<void> => new Promise((resolve) => void clock.after(delay(), resolve))

  return {
    rtc: (node) => ({
      offer: async () => {
        const id = `offer/${serial++}`
        const fingerprint = sha256(utf8(`${node}/${id}`))
        offers.set(id, { node, fingerprint })
        return ok({
          sdp: id,
          accept: async (sdp) => {
            await later()
            const answer = answers.get(sdp)
            if (!offers.delete(id) || !answer || apart(node, answer.node)) return unreachable(sdp)
            answers.delete(sdp)
            const [near, far] = connect(
              node,
              answer.node,
              { kind: 'webrtc', own: fingerprint, peer: answer.fingerprint },
              { kind: 'webrtc', own: answer.fingerprint, peer: fingerprint },
            )
            answer.taken(far)
            return ok(near)
          },
          abort: () => void offers.delete(id),
        })
      },
      answer: async (sdp) => {
        const offer = offers.get(sdp)
        if (!offer || apart(offer.node, node)) return unreachable(sdp)
        const id = `answer/${serial++}`
        const link = new Promise<Result<Link, DialError>>((resolve) => {
          answers.set(id, { node, fingerprint: sha256(utf8(`${node}/${id}`)), taken: (end) => resolve(ok(end)) })
          clock.after(connectTimeoutMs, () => resolve(err({ type: 'timeout', where: node, message: 'the answer was not used' })))
        })
        return ok({ sdp: id, link })
      },
    }),
    listen: (url, onLink) => {
      listeners.set(url, onLink)
      return () => {
        listeners.delete(url)
        for (const wire of [...wires]) if (wire.a === url || wire.b === url) wire.shut('relay stopped')
      }
    },
    dialer: (node) => ({
      dial: async (url) => {
        await later()
        const onLink = listeners.get(url)
        if (!onLink || apart(node, url)) return unreachable(url)
        const [near, far] = connect(node, url, { kind: 'url', url }, { kind: 'url', url })
        onLink({ ...far, remoteAddress: addresses.get(node) })
        return ok(near)
      },
    }),
    place: (node, address) => void addresses.set(node, address),
    startTracker: (url) => {
      const members = new Map<object, Member>()
      const shut = (): void => {
        trackers.delete(url)
        for (const m of [...members.values()]) m.handlers.onClose('tracker stopped')
      }
      trackers.set(url, { members, shut })
      return shut
    },
    tracker: (node) => ({
      connect: (url, handlers) => {
        const session = {}
        let open = true
        clock.after(delay(), () => {
          const tracker = trackers.get(url)
          if (!open) return
          if (!tracker || apart(node, url)) return handlers.onClose('unreachable')
          tracker.members.set(session, { node, handlers, swarm: undefined, peerId: '' })
          handlers.onOpen()
        })
        const self = (): Member | undefined => trackers.get(url)?.members.get(session)
        return {
          announce: ({ infoHash, peerId, offers: list }) => {
            const me = self()
            if (!me) return
            me.swarm = toHex(infoHash)
            me.peerId = toHex(peerId)
            const others = shuffled(
              random,
              [...trackers.get(url)!.members.values()].filter((m) => m !== me && m.swarm === me.swarm),
            )
            list.forEach(({ offerId, sealed }, i) => {
              const to = others[i]
              if (to) clock.after(delay(), () => to.handlers.onOffer({ peerId: me.peerId, offerId: toHex(offerId), sealed }))
            })
          },
          answer: ({ toPeerId, offerId, sealed, peerId }) => {
            const to = [...(trackers.get(url)?.members.values() ?? [])].find((m) => m.peerId === toPeerId)
            if (to && self()) clock.after(delay(), () => to.handlers.onAnswer({ peerId: toHex(peerId), offerId, sealed }))
          },
          close: () => {
            open = false
            trackers.get(url)?.members.delete(session)
          },
        }
      },
    }),
    cut: (a, b) => {
      cuts.add(pair(a, b))
      for (const wire of [...(between.get(pair(a, b)) ?? [])]) wire.shut('cut')
    },
    isolate: (node) => {
      isolated.add(node)
      for (const wire of [...wires]) if (wire.a === node || wire.b === node) wire.shut('cut')
    },
    silence: (a, b) => void silent.add(pair(a, b)),
    heal: (a, b) => {
      isolated.delete(a)
      if (b === undefined) return
      cuts.delete(pair(a, b))
      silent.delete(pair(a, b))
    },
    links: () => [...wires].map(({ a, b }) => [a, b] as const),
    opened: () => opened,
    frames: () => frames,
  }
}

interface Half {
  readonly receive: (act: (handlers: Parameters<Link['open']>[0]) => void) => void
}

interface Member {
  readonly node: string
  readonly handlers: TrackerHandlers
  swarm: string | undefined
  peerId: string
}
