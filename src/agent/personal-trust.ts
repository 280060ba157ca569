/**
 * What this node makes of workers by what was paid for (spec: economy.md, *Reputation*): its own results with them, as its chain has
 * kept them, and what those whom it trusts report. It trusts whom it pays, and in less measure whom these pay (MeritRank).
 *
 * Reports cost their author nothing, so that none may weigh much: together they move the prior of who is not known here, and each
 * payer's counts weigh in it as five results at most, less the less it is trusted. What one has seen oneself counts in full beside it.
 */
import type { NodeId } from '../identity/keys.ts'
import { type Report, weighed } from '../economy/reports.ts'
import { accuracyOf, priorAccuracy, standingOf, type StandingTier, tierOf } from '../economy/standing.ts'
import { agedTally, type Outcome, type Tally } from '../economy/tally.ts'
import { meritRank, paidEdge, trustDefaults, trustWeights } from '../economy/trust.ts'
import { toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Vault } from '../vault/vault.ts'
import type { UptimeOf } from './presence.ts'

/** Reckoned anew when somebody is to be hired, and no more often. */
export const reckonedMsMin = 10 * 60_000
/** Where the vault did not answer. */
const askAgainMs = 60_000
/** Results of one payer's report that count at most: as many as a newcomer's prior is worth. */
export const reportedMax = 5
/** The error of a score of 0.1 is about 0.007. */
const walks = 2_000

export interface Experience {
  /** Accepted and rejected here, as the own chain has them and as they have faded. */
  readonly own: Outcome
  /** 0 … 1: what to expect of it before that. */
  readonly prior: number
  /** As people see it; null: nothing is known of its results. Hires go by those: silence costs them at once (contract/setbacks.ts). */
  readonly standing: PeerStanding | null
}

/** The tier of accuracy² · uptime, and both, 0 … 1. */
export interface PeerStanding {
  readonly tier: StandingTier
  /** How likely the next result is right, by own results and what others report. */
  readonly accuracy: number
  /** Null, and counted as 1, while it is not known for long enough. */
  readonly uptime: number | null
}

export interface PersonalTrust {
  readonly of: (worker: NodeId) => Experience
  /** With what was paid since. */
  readonly refresh: () => Promise<void>
}

/** Nobody has said anything of it. */
export const unknown: Experience = { own: { ok: 0, bad: 0 }, prior: priorAccuracy, standing: null }

export const createPersonalTrust = (clock: Clock, random: Random, vault: Vault, self: NodeId, uptimeOf: UptimeOf): PersonalTrust => {
  let known: ReadonlyMap<NodeId, Pick<Experience, 'own' | 'prior'>> = new Map()
  let [reckonedMs, askedMs] = [-Infinity, -Infinity]
  return {
    of: (worker) => {
      const found = known.get(worker)
      if (!found) return unknown
      const { own, prior } = found
      if (own.ok + own.bad === 0 && prior === priorAccuracy) return { ...found, standing: null }
      const [accuracy, uptime] = [accuracyOf(own, prior), uptimeOf(worker) ?? null]
      return { ...found, standing: { tier: tierOf(standingOf(accuracy, uptime ?? 1)), accuracy, uptime } }
    },
    refresh: async () => {
      const now = clock.now()
      if (now - reckonedMs < reckonedMsMin || now - askedMs < askAgainMs) return
      askedMs = now
      const read = await vault.call('reports', 'reports', {})
      if (!read.ok) return
      reckonedMs = now
      const lines = read.value.reports.map(({ payer, payee, ...line }) => ({ payer: toHex(payer), payee: toHex(payee), ...line }))
      const edges = lines.filter(({ tally }) => tally.ok > 0).map(({ payer, payee, micro }) => paidEdge(payer, payee, micro))
      const weightOf = trustWeights(self, meritRank(self, edges, drawnAhead(random), { ...trustDefaults, walks }))
      const owns = new Map<NodeId, Outcome>()
      const others = new Map<NodeId, ReadonlyMap<NodeId, Pick<Report, 'tally'>>>()
      for (const { payer, payee, tally } of lines) {
        const aged = agedTally(tally, now)
        if (payer === self) owns.set(payee, { ok: aged.ok, bad: aged.bad })
        else others.set(payee, new Map(others.get(payee)).set(payer, { tally: scaled(aged) }))
      }
      known = new Map(
        [...new Set([...owns.keys(), ...others.keys()])].map((worker) => {
          const prior = accuracyOf(weighed(others.get(worker) ?? new Map(), worker, weightOf, now))
          return [worker, { own: owns.get(worker) ?? unknown.own, prior }]
        }),
      )
    },
  }
}

const scaled = ({ ok, bad, asOfMs }: Tally): Tally => {
  const share = Math.min(1, reportedMax / Math.max(1, ok + bad))
  return { ok: ok * share, bad: bad * share, asOfMs }
}

const aheadBytes = 4_096
/** The same stream in larger draws: walks take four bytes a step. */
const drawnAhead = (random: Random): Random => {
  let [block, at] = [random.bytes(aheadBytes), 0]
  return {
    bytes: (length) => {
      if (at + length > aheadBytes) [block, at] = [random.bytes(aheadBytes), 0]
      return block.slice(at, (at += length))
    },
  }
}
