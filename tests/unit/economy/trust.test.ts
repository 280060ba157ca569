import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  attestationMicro,
  attestedEdge,
  meritRank,
  paidEdge,
  sybilGainMax,
  trustDefaults,
  type TrustEdge,
  trustWeights,
} from '../../../src/economy/trust.ts'
import { createSeededRandom, shuffled } from '../../../src/lib/random.ts'

const edge = (from: string, to: string, weight = 1): TrustEdge => ({ from, to, weight })
const rank = (edges: readonly TrustEdge[], seed = 1, rules = trustDefaults) => meritRank('me', edges, createSeededRandom(seed), rules)

/** Me, six friends who know each other and one attacker, whom one of them once paid. */
const friends = ['f0', 'f1', 'f2', 'f3', 'f4', 'f5']
const honest = [
  ...friends.map((f) => edge('me', f)),
  ...friends.flatMap((f, i) => friends.filter((_, j) => j !== i).map((g) => edge(f, g))),
  edge('f0', 'attacker', 2),
]

type Wiring = (count: number) => readonly TrustEdge[]
const sybil = (i: number) => `sybil ${i}`
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)
const wirings: Readonly<Record<string, Wiring>> = {
  star: (n) => numbers(n).map((i) => edge('attacker', sybil(i))),
  chain: (n) => numbers(n).map((i) => edge(i === 0 ? 'attacker' : sybil(i - 1), sybil(i))),
  ring: (n) => numbers(n).flatMap((i) => [edge('attacker', sybil(i)), edge(sybil(i), sybil((i + 1) % n))]),
  'ring through the attacker': (n) => numbers(n).flatMap((i) => [edge('attacker', sybil(i)), edge(sybil(i), 'attacker')]),
  clique: (n) =>
    numbers(n).flatMap((i) => [
      edge('attacker', sybil(i)),
      ...numbers(n)
        .filter((j) => j !== i)
        .map((j) => edge(sybil(i), sybil(j))),
    ]),
}
const gainOf = (scores: ReadonlyMap<string, number>): number => {
  const sybils = [...scores].filter(([peer]) => peer.startsWith('sybil')).reduce((sum, [, score]) => sum + score, 0)
  return sybils / scores.get('attacker')!
}

/** Plain personalised PageRank by power iteration: the share of time of a walk that goes home with probability 0.15 a step. */
const pageRank = (edges: readonly TrustEdge[]): ReadonlyMap<string, number> => {
  let mass = new Map([['me', 1]])
  for (let round = 0; round < 200; round++) {
    const next = new Map([['me', 0.15]])
    for (const [peer, amount] of mass) {
      const own = edges.filter((e) => e.from === peer)
      const sum = own.reduce((total, e) => total + e.weight, 0)
      const spread = own.length > 0 ? own.map((e) => [e.to, e.weight / sum] as const) : [['me', 1] as const]
      for (const [to, part] of spread) next.set(to, (next.get(to) ?? 0) + 0.85 * amount * part)
    }
    mass = next
  }
  return mass
}

describe('sybils behind one edge', () => {
  const bound = sybilGainMax(trustDefaults)

  it.each(Object.keys(wirings))('gain no more than the bound, however many: %s', (name) => {
    expect(bound).toBeCloseTo(0.8, 12)
    const alone = rank(honest).get('attacker')!
    for (const count of [1, 3, 10, 40]) {
      const scores = rank([...honest, ...wirings[name]!(count)])
      // A tenth for sampling: about a thousand of the walks reach the attacker.
      expect(gainOf(scores)).toBeLessThan(bound * 1.1)
      expect(scores.get('attacker')!).toBeLessThan(alone * 1.1)
    }
  })

  it('that two peers lead to stay within a bound of those two, however many', () => {
    // No single bridge then, so the decay per hop alone bounds them: (1 − 0.2) / 0.2 of the walks that reach the two.
    for (const count of [1, 10, 40]) {
      const twin: Wiring = (n) => wirings['clique']!(n).map((e) => (e.from === 'attacker' ? { ...e, from: 'accomplice' } : e))
      const edges = [...honest, edge('f1', 'accomplice', 2), ...wirings['clique']!(count), ...twin(count)]
      const scores = rank(edges)
      const reach = rank(edges, 1, { ...trustDefaults, bridgeDecay: 0 })
      const sybils = [...scores].filter(([peer]) => peer.startsWith('sybil')).reduce((sum, [, score]) => sum + score, 0)
      expect(sybils / (reach.get('attacker')! + reach.get('accomplice')!)).toBeLessThan(4)
    }
  })

  it('pass that bound by far under plain personalised PageRank, and raise their master too', () => {
    expect(gainOf(pageRank([...honest, ...wirings['chain']!(3)]))).toBeGreaterThan(2 * bound)
    const [few, many] = [3, 40].map((n) => gainOf(pageRank([...honest, ...wirings['chain']!(n)])))
    expect(many!).toBeGreaterThan(2.5 * few!)
    expect(many!).toBeGreaterThan(6 * bound)
    const alone = pageRank(honest).get('attacker')!
    const circling = pageRank([...honest, ...wirings['ring through the attacker']!(10)]).get('attacker')!
    expect(circling).toBeGreaterThan(3 * alone)
  })

  it('weigh together less than their master as reporters, so that their reports do not outvote a friend', () => {
    const edges = [...honest, ...wirings['clique']!(40)]
    const weight = trustWeights('me', rank(edges))
    const together = numbers(40).reduce((sum, i) => sum + weight(sybil(i)), 0)
    expect(together).toBeLessThan(weight('f1'))
    expect([weight('me'), weight('nobody')]).toEqual([1, 0])
  })
})

describe('personal trust', () => {
  it('is deterministic: same randomness, same scores, whatever the order of the edges', () => {
    const edges = [...honest, ...wirings['clique']!(5)]
    expect(rank(shuffled(createSeededRandom(7), edges))).toEqual(rank(edges))
    expect(rank(edges, 2)).not.toEqual(rank(edges))
  })

  it('follows what was paid for, and decays by the hop', () => {
    const scores = rank([edge('me', 'a', 3), edge('me', 'b', 1)])
    expect(scores.get('a')).toBeCloseTo(0.75, 1)
    expect(scores.get('b')).toBeCloseTo(0.25, 1)
    // One hop on through one peer: a hop's decay and a bridge's.
    const far = rank([edge('me', 'a'), edge('a', 'b')])
    expect(far.get('a')).toBe(1)
    expect(far.get('b')).toBeCloseTo(0.8 * 0.2, 1)
  })

  it('takes nobody for a bridge where there are two ways', () => {
    const two = rank([edge('me', 'a'), edge('me', 'b'), edge('a', 'c'), edge('b', 'c')])
    expect(two.get('c')).toBeCloseTo(0.8, 1)
    // A second way of next to nothing hides no bridge.
    const feigned = rank([edge('me', 'a', 100), edge('me', 'b'), edge('a', 'c'), edge('b', 'c')])
    expect(feigned.get('c')!).toBeLessThan(0.2)
  })

  it('reaches nobody from somebody without experience, and never oneself', () => {
    expect(rank([]).size).toBe(0)
    expect(rank([edge('a', 'b'), edge('b', 'me')]).size).toBe(0)
    expect([...rank([edge('me', 'a'), edge('a', 'me')]).keys()]).toEqual(['a'])
    expect(trustWeights('me', new Map())('a')).toBe(0)
  })

  it('is not moved by what others attest of themselves or with broken weights', () => {
    const broken = [edge('a', 'a', 1e9), edge('me', 'x', NaN), edge('me', 'x', -1), edge('me', 'x', Infinity), edge('me', 'x', 0)]
    expect(rank([edge('me', 'a'), edge('me', 'b'), ...broken])).toEqual(rank([edge('me', 'a'), edge('me', 'b')]))
  })

  it('gives scores within 0 … 1 on any graph', () => {
    const peer = fc.constantFrom('me', 'a', 'b', 'c', 'd', 'e')
    const few = { ...trustDefaults, walks: 50 }
    fc.assert(
      fc.property(fc.array(fc.tuple(peer, peer, fc.double())), (all) => {
        const scores = rank(
          all.map(([from, to, weight]) => edge(from, to, weight)),
          1,
          few,
        )
        for (const score of scores.values()) expect(score > 0 && score <= 1).toBe(true)
        expect(scores.has('me')).toBe(false)
      }),
    )
  })

  it('weighs paid work by its amount, attestations by confidence', () => {
    expect(paidEdge('a', 'b', 5)).toEqual({ from: 'a', to: 'b', weight: 5 })
    expect(attestedEdge('a', 'b', 50).weight).toBe(attestationMicro / 2)
    expect(attestedEdge('a', 'b', 1_000).weight).toBe(attestationMicro)
  })
})
