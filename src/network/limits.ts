/** What a peer may cost us. Sizes stand in the wire schemas; here are rates, counts and waits. */
import type { WireType } from './wire.ts'

/**
 * Frames a minute and peer, with a minute's worth as a burst. Far above what an honest node sends; what is over is dropped
 * and costs a little score, unless the peer only carries it.
 */
export const ratesPerMinute: Readonly<Record<WireType, number>> = {
  'policy?': 10,
  policy: 10,
  // A link says it once, and each change once more; an answer is two notices at most, and they are large.
  'notice?': 20,
  notice: 20,
  redeem: 6,
  refused: 600,
  certify: 120,
  entries: 1_200,
  'head?': 120,
  head: 600,
  'range?': 120,
  'devices?': 6,
  devices: 60,
  'balance?': 12,
  balance: 60,
  carry: 6,
  witness: 60,
  signed: 1_200,
  // 48 KiB each: 30 MiB/s, more than a data channel was seen to carry.
  chunk: 40_000,
  want: 600,
  // Four witnesses are asked about one result every two minutes; what shows it is 22 chunks at most (contract/evidence.ts).
  'wrong-result': 12,
  'evidence?': 60,
  evidence: 120,
  forward: 12_000,
  neighbours: 240,
  introduce: 300,
  ping: 60,
  pong: 60,
  // Among relays: a newcomer's reconciliation takes a round for every 400 accounts, and a frame holds some eighty short chains.
  'heads?': 600,
  heads: 600,
  'ranges?': 600,
  ranges: 1_200,
  fork: 240,
  verdict: 600,
  fraud: 120,
  propose: 600,
  checkpoint: 60,
  'leaves?': 240,
  leaves: 1_200,
  broken: 12,
}
/** What peers pass on for others: too much of it is dropped, but not held against who passed it on. */
export const carriedTypes: ReadonlySet<WireType> = new Set(['signed', 'forward', 'introduce'])
/** Types that this version does not know. */
export const unknownPerMinute = 600
export const sowsPerMinuteAndAuthor = 10

/** Links to nodes that the mesh strives for in a swarm of up to 100; accepted are twice as many. */
export const degreeDefault = 5
/**
 * To how many a sow is passed on, a relay's times the hops that it came with: an author reaches its neighbours, and with one hop some
 * eight times its relays and twice its nodes beside them, whatever the size of the swarm. Each time that it says it again it reaches others.
 */
export const passedToMax = { node: 2, relay: 8 } as const
/** Bound peers: a node's few, a relay's many. */
export const peersMax = { node: 64, relay: 1_000 } as const
/** Handshakes under way at once. */
export const handshakesMax = { node: 16, relay: 128 } as const
/** Relays that one node keeps links with. */
export const relaysMax = 8

/** As many nodes and relays as one `neighbours` message holds. */
export const neighboursToldMax = { nodes: 64, relays: 8 } as const

/** Bytes a minute that a relay passes on for one sender. */
export const forwardBytesPerMinute = 64 * 1024 * 1024

/** Points (scores.ts). */
export const costs = { malformed: 10, overRate: 1, blame: 10 } as const
