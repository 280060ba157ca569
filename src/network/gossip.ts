/**
 * The door for signed contract messages. A sow goes from neighbour to neighbour while it has hops left: so it is verified
 * here, counted by author and known by its hash, that nobody can make others' machines carry forgeries or one thing twice.
 * All else is for its receiver alone, who verifies it.
 *
 * A sow that its author says again, or that comes with more hops than before, is said more widely: it is passed on once more, to others
 * by chance, and not delivered.
 */
import * as v from 'valibot'
import { type Bytes, concat, equalBytes, sha256, toHex, utf8 } from '../lib/bytes.ts'
import { type Cbor, decodeCanonical, encode } from '../lib/cbor.ts'
import type { Clock } from '../lib/clock.ts'
import { id32, key32, parse, sig64, uint } from '../lib/schema.ts'
import type { NodeId, Verifier } from '../identity/keys.ts'
import { sowsPerMinuteAndAuthor } from './limits.ts'
import { createKeyedRate } from './rate.ts'
import type { WireBody } from './wire.ts'

/**
 * Messages are remembered this long, and no more than so many. Less than the minute for which a quote holds and a task seeks hands
 * (contract/limits.ts): a sow said again must be heard again by those whose quotes have lapsed, or who could not do it at first.
 */
const rememberMs = 45_000
const rememberedMax = 8_192
/** What an author says again sooner than this is not passed on again: it says it every five seconds at most. */
const saidAgainMsMin = 4_000
const authorsMax = 4_096

const headSchema = v.looseObject({ kind: v.string(), swarm: id32, from: key32, expires: uint(), sig: sig64 })

export interface Heard {
  readonly author: NodeId
  /** It was here before. */
  readonly again: boolean
}

interface Seen {
  readonly sinceMs: number
  readonly saidMs: number
  /** The most that it came with. */
  readonly hops: number
}

export interface Gossip {
  /** `by`: who brought it. */
  readonly receive: (body: WireBody<'signed'>, by: NodeId) => Promise<Heard | 'drop' | 'fault'>
  /** Ours: it shall not come back. */
  readonly sent: (message: Bytes) => void
}

export const createGossip = (clock: Clock, verifier: Verifier, swarm: Bytes): Gossip => {
  const seen = new Map<string, Seen>()
  const authors = createKeyedRate(clock, sowsPerMinuteAndAuthor, authorsMax)
  /** Maps keep their order of insertion: the oldest stands first. */
  const forgetOld = (): void => {
    const now = clock.now()
    for (const [old, { sinceMs }] of seen) {
      if (sinceMs > now - rememberMs && seen.size < rememberedMax) break
      seen.delete(old)
    }
  }
  const remember = (hash: string, hops: number): void =>
    void seen.set(hash, { sinceMs: seen.get(hash)?.sinceMs ?? clock.now(), saidMs: clock.now(), hops })
  return {
    receive: async ({ message, hops }, by) => {
      const hash = toHex(sha256(message))
      forgetOld()
      // Most that comes is here already, by another way: known by its bytes, it is not read again.
      const before = seen.get(hash)
      if (before && before.hops >= hops && clock.now() - before.saidMs < saidAgainMsMin) return 'drop'
      const decoded = decodeCanonical(message)
      const head = decoded.ok ? parse(headSchema, decoded.value) : decoded
      if (!head.ok) return 'fault'
      const { kind, from, sig, ...rest } = head.value
      const heard: Heard = { author: toHex(from), again: before !== undefined }
      if (kind !== 'sow') return hops === 0 ? heard : 'fault'
      if (before && before.hops >= hops && (by !== heard.author || before.hops === Infinity)) return 'drop'
      // Whoever carries one has checked it: another swarm's is the carrier's fault.
      if (!equalBytes(head.value.swarm, swarm)) return 'fault'
      // An old one that somebody plays again would count against its author.
      if (head.value.expires <= clock.now()) return 'drop'
      if (!before) {
        // Until it has proved good, and for ever if it does not, no copy of it is passed on.
        remember(hash, Infinity)
        const signed = concat(utf8('edge-net/msg/1'), encode({ ...rest, kind, from } as Cbor))
        if (!(await verifier.verify(sig, signed, from))) return 'fault'
        if (!authors.take(heard.author)) {
          seen.delete(hash)
          return 'drop'
        }
      }
      remember(hash, Math.max(hops, before?.hops ?? 0))
      return heard
    },
    sent: (message) => {
      forgetOld()
      remember(toHex(sha256(message)), Infinity)
    },
  }
}
