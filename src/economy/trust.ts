/**
 * Personal trust: how far the viewer's own experience, and that of those it trusts, reaches a peer. MeritRank (Nasrulin, Ishmaev,
 * Pouwelse: *MeritRank: Sybil Tolerant Reputation for Merit-based Tokenomics*, 2022): random walks from oneself over the graph of
 * paid work and attestations, with
 *
 * - decay per hop: each step ends the walk with probability `hopDecay`, so a tail of sybils catches ever less;
 * - decay per bridge: a peer that walks reach through one and the same other peer loses `bridgeDecay` for each such peer, so
 *   identities that know the world through one edge only share a fraction of what stands before that edge;
 * - a walk counts a peer once however often it comes back, so circling gains nothing.
 *
 * Hence the bound: however many and however wired, the peers behind one edge to `a` sum to at most
 * score(a) · (1 − bridgeDecay) · (1 − hopDecay) / hopDecay (`sybilGainMax`), up to the error of sampling.
 */
import type { NodeId } from '../identity/keys.ts'
import type { Random } from '../lib/random.ts'
import { clamp } from './standing.ts'

export interface TrustRules {
  readonly hopDecay: number
  readonly bridgeDecay: number
  /** A peer is a bridge to another when more than this share of the walks that reach the other came through it. */
  readonly bridgeShare: number
  /** Walks sampled: the error of a score s is about √(s / walks). */
  readonly walks: number
}

export const trustDefaults: TrustRules = { hopDecay: 0.2, bridgeDecay: 0.8, bridgeShare: 0.9, walks: 10_000 }

/** A walk of more steps is cut: at the default decay one in a million is that long. */
const stepsMax = 64

/** What the peers behind one edge can gain, in scores of the peer at its end. */
export const sybilGainMax = ({ hopDecay, bridgeDecay }: TrustRules): number => ((1 - bridgeDecay) * (1 - hopDecay)) / hopDecay

/** One who trusts another, by so much (≥ 0): `weight`s of one `from` matter relative to each other only. */
export interface TrustEdge {
  readonly from: NodeId
  readonly to: NodeId
  readonly weight: number
}

/** What an attestation at full confidence weighs beside paid work, in µcr. */
export const attestationMicro = 10_000_000

/** Who paid for work trusts its worker by what it paid, in µcr. */
export const paidEdge = (payer: NodeId, payee: NodeId, paidMicro: number): TrustEdge => ({ from: payer, to: payee, weight: paidMicro })

/** Confidence in percent. */
export const attestedEdge = (by: NodeId, subject: NodeId, confidence: number): TrustEdge => ({
  from: by,
  to: subject,
  weight: attestationMicro * clamp(confidence / 100),
})

/** Scores 0 … 1 of all peers that a walk reached, without oneself. Same edges in any order and same randomness: same scores. */
export const meritRank = (
  self: NodeId,
  edges: readonly TrustEdge[],
  random: Random,
  rules: TrustRules = trustDefaults,
): ReadonlyMap<NodeId, number> => {
  const graph = graphOf(edges)
  const reached = new Map<NodeId, number>()
  /** Per peer: how many of the walks that reached it had passed another before. */
  const through = new Map<NodeId, Map<NodeId, number>>()
  for (let walk = 0; walk < rules.walks; walk++) {
    const seen = walkFrom(self, graph, random, rules.hopDecay)
    for (const [at, peer] of seen.entries()) {
      reached.set(peer, (reached.get(peer) ?? 0) + 1)
      const before = through.get(peer) ?? new Map<NodeId, number>()
      through.set(peer, before)
      for (const earlier of seen.slice(0, at)) before.set(earlier, (before.get(earlier) ?? 0) + 1)
    }
  }
  const scores = new Map<NodeId, number>()
  for (const [peer, count] of reached) {
    const bridges = [...through.get(peer)!.values()].filter((passed) => passed > rules.bridgeShare * count).length
    scores.set(peer, (count / rules.walks) * (1 - rules.bridgeDecay) ** bridges)
  }
  return scores
}

/**
 * How much a payer's reports weigh for this viewer (reports.ts): its own fully, another's in proportion to the most trusted peer,
 * a stranger's nothing.
 */
export const trustWeights = (self: NodeId, scores: ReadonlyMap<NodeId, number>): ((payer: NodeId) => number) => {
  let best = 0
  for (const score of scores.values()) best = Math.max(best, score)
  return (payer) => (payer === self ? 1 : (scores.get(payer) ?? 0) / (best || 1))
}

interface Outgoing {
  readonly to: readonly NodeId[]
  /** Cumulative weights, in the order of `to`. */
  readonly upTo: readonly number[]
}

const graphOf = (edges: readonly TrustEdge[]): ReadonlyMap<NodeId, Outgoing> => {
  const weights = new Map<NodeId, Map<NodeId, number>>()
  // Sorted, so that neither walks nor the rounding of sums depend on who was heard of first.
  const ordered = edges
    .filter((e) => e.weight > 0 && Number.isFinite(e.weight) && e.from !== e.to)
    .sort((a, b) => order(a.from, b.from) || order(a.to, b.to) || a.weight - b.weight)
  for (const { from, to, weight } of ordered) {
    const own = weights.get(from) ?? new Map<NodeId, number>()
    weights.set(from, own.set(to, (own.get(to) ?? 0) + weight))
  }
  return new Map(
    [...weights].map(([from, own]) => {
      let sum = 0
      return [from, { to: [...own.keys()], upTo: [...own.values()].map((weight) => (sum += weight)) }]
    }),
  )
}

/** The peers of one walk in the order of their first visit. */
const walkFrom = (self: NodeId, graph: ReadonlyMap<NodeId, Outgoing>, random: Random, hopDecay: number): readonly NodeId[] => {
  const seen = new Set<NodeId>()
  let at = self
  for (let step = 0; step < stepsMax; step++) {
    const outgoing = graph.get(at)
    // The first hop is the viewer's own experience: no walk ends before it.
    if (!outgoing || (step > 0 && share(random) < hopDecay)) break
    at = chosen(outgoing, share(random))
    if (at !== self) seen.add(at)
  }
  return [...seen]
}

const chosen = ({ to, upTo }: Outgoing, at: number): NodeId => {
  const target = at * upTo.at(-1)!
  let [low, high] = [0, to.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (upTo[middle]! > target) high = middle
    else low = middle + 1
  }
  return to[low]!
}

/** Uniform in [0, 1), of 32 bits. */
const share = (random: Random): number => {
  const [a, b, c, d] = random.bytes(4) as unknown as [number, number, number, number]
  return (a * 0x1_00_00_00 + b * 0x1_00_00 + c * 0x1_00 + d) / 0x1_0000_0000
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
