/** `ReputationScore` (spec: economy.md, *Reputation*): one peer's score as a value that outcomes move. A view, never validity. */
import * as v from 'valibot'
import { err, ok, type Result } from '../lib/result.ts'
import { parse, type SchemaError, text } from '../lib/schema.ts'
import { accuracyOf, clamp, compositeReputation, priorAccuracy, type StandingTier, stakeWeightOf, standingOf, tierOf } from './standing.ts'
import { type Tally, withOutcome } from './tally.ts'
import { uptimeShare } from './uptime.ts'

/** When an outcome was, in ms since the epoch. */
export interface When {
  /** By the clock of who counts. */
  readonly nowMs: number
  /** By the reporter's clock, where that is another; ahead of `nowMs` it counts as now. */
  readonly atMs?: number
  /** How much the viewer trusts the reporter, 0 … 1. */
  readonly weight?: number
}

interface Fields extends Tally {
  readonly priorAccuracy: number
  readonly uptime: number
  readonly stakeCredits: number
}

const jsonBytesMax = 1024
const share = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1))
const count = v.pipe(v.number(), v.finite(), v.minValue(0))
const fieldsSchema = v.strictObject({
  ok: count,
  bad: count,
  asOfMs: v.nullable(v.pipe(v.number(), v.safeInteger())),
  priorAccuracy: share,
  uptime: share,
  stakeCredits: count,
})

export class ReputationScore {
  #fields: Fields

  private constructor(fields: Fields) {
    this.#fields = fields
  }

  /** From known figures. Accuracy and uptime are taken into 0 … 1, a stake below 0 as 0, what is no number as 0. */
  static new(accuracy: number, uptime: number, stakeCredits: number): ReputationScore {
    return new ReputationScore({
      ok: 0,
      bad: 0,
      asOfMs: null,
      // The figure weighs as much as a newcomer's prior does: a handful of outcomes.
      priorAccuracy: clamp(accuracy),
      uptime: clamp(uptime),
      stakeCredits: atLeast0(stakeCredits),
    })
  }

  /** From counts and times so far; accuracy by the prior of standing.ts. */
  static newWithTracking(
    okCount: number,
    badCount: number,
    answeredMs: number,
    connectedMs: number,
    stakeCredits: number,
  ): ReputationScore {
    return new ReputationScore({
      ok: atLeast0(okCount),
      bad: atLeast0(badCount),
      asOfMs: null,
      priorAccuracy,
      uptime: uptimeShare({ answeredMs: atLeast0(answeredMs), connectedMs: atLeast0(connectedMs) }),
      stakeCredits: atLeast0(stakeCredits),
    })
  }

  /** From `toJson`, whoever kept it. */
  static fromJson(json: string): Result<ReputationScore, SchemaError> {
    const sized = parse(text(jsonBytesMax), json)
    if (!sized.ok) return sized
    let value: unknown
    try {
      value = JSON.parse(sized.value)
    } catch {
      return err({ type: 'malformed', what: 'not JSON', where: '' })
    }
    const fields = parse(fieldsSchema, value)
    return fields.ok ? ok(new ReputationScore(fields.value)) : fields
  }

  get accuracy(): number {
    return accuracyOf(this.#fields, this.#fields.priorAccuracy)
  }

  get uptime(): number {
    return this.#fields.uptime
  }

  get stakeCredits(): number {
    return this.#fields.stakeCredits
  }

  recordSuccess(when: When): void {
    this.#record({ ok: 1, bad: 0 }, when)
  }

  recordFailure(when: When): void {
    this.#record({ ok: 0, bad: 1 }, when)
  }

  /** accuracy² · uptime · stakeWeight: a displayed figure, and for comparison. Tiers go by standing, without the stake. */
  compositeScore(): number {
    return compositeReputation(this.accuracy, this.uptime, this.stakeCredits)
  }

  stakeWeight(): number {
    return stakeWeightOf(this.stakeCredits)
  }

  tierName(): StandingTier {
    return tierOf(standingOf(this.accuracy, this.uptime))
  }

  meetsMinimum(accuracy: number, uptime: number, stakeCredits: number): boolean {
    return this.accuracy >= accuracy && this.uptime >= uptime && this.stakeCredits >= stakeCredits
  }

  isBetterThan(other: ReputationScore): boolean {
    return this.compositeScore() > other.compositeScore()
  }

  toJson(): string {
    return JSON.stringify(this.#fields)
  }

  #record(outcome: { readonly ok: number; readonly bad: number }, { nowMs, atMs = nowMs, weight = 1 }: When): void {
    const weighed = { ok: outcome.ok * clamp(weight), bad: outcome.bad * clamp(weight) }
    this.#fields = { ...this.#fields, ...withOutcome(this.#fields, weighed, { atMs, nowMs }) }
  }
}

const atLeast0 = (value: number): number => (value > 0 && Number.isFinite(value) ? value : 0)
