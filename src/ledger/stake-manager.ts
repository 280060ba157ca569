/**
 * `StakeManager`: stakes, lent weight and what verdicts burn (spec: ledger.md, *Reading it*, *Verdicts*).
 *
 * Each account writes its own stake and its own delegations, so nobody can take back another's; slashing takes a verdict that
 * 2f+1 witnesses signed, and its cost goes to nobody. Amounts are µcr.
 */
import type { PublicKey } from '../identity/keys.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import type { StoreError } from '../lib/store.ts'
import { allowanceOf } from './apply.ts'
import { isAmount, type LedgerRefusal, type MakeOp, refused, stakeOp, write, type Written } from './credit-ledger-write.ts'
import type { OwnChain } from './own-chain.ts'
import type { Replica } from './replica.ts'
import { type LedgerRules, unlockMsDefault } from './rules.ts'
import type { FollowedState } from './state-tree-follow.ts'
import { type Verdict, type VerdictError } from './verdict.ts'
import { noUnlocking, stakeSeen, stillUnlocking } from './witness-unlocking.ts'

export interface StakeManagerDeps {
  readonly chain: OwnChain
  readonly replica: Pick<Replica, 'records' | 'verdicts'>
  readonly state: Pick<FollowedState, 'judged'>
  readonly rules: LedgerRules
  readonly clock: Clock
}

export type SlashError = LedgerRefusal | VerdictError | StoreError

export class StakeManager {
  readonly #deps: StakeManagerDeps
  /** A stake is set from the one before it: one after another. */
  readonly #serial = createSerial()

  constructor(deps: StakeManagerDeps) {
    this.#deps = deps
  }

  /** Stakes so much more. */
  async stake(amountMicro: number): Written {
    return this.#write((state, slashedMicro) =>
      isAmount(amountMicro) ? stakeOp(state, amountMicro, slashedMicro, allowanceOf(this.#deps.rules, state.head)) : refused('amount'),
    )
  }

  /** Stakes so much less. */
  async unstake(amountMicro: number): Written {
    return this.#write((state, slashedMicro) =>
      isAmount(amountMicro) ? stakeOp(state, -amountMicro, slashedMicro, allowanceOf(this.#deps.rules, state.head)) : refused('amount'),
    )
  }

  /** Lends so much more weight, never credits. */
  async delegate(to: PublicKey, amountMicro: number): Written {
    return this.#write(({ head, delegated }) => {
      const lent = (delegated.get(toHex(to)) ?? 0) + amountMicro
      if (equalBytes(to, head.author)) return refused('self')
      if (!isAmount(amountMicro) || !Number.isSafeInteger(lent)) return refused('amount')
      if (head.lent + BigInt(amountMicro) > BigInt(head.staked)) return refused('delegate-exceeds')
      return ok({ op: 'delegate', lines: [[to, lent]] })
    })
  }

  /** Takes back so much of what `delegator`, who must be this node, has lent. */
  async undelegate(delegator: PublicKey, to: PublicKey, amountMicro: number): Written {
    if (!equalBytes(delegator, this.#deps.chain.author)) return refused('not-delegator')
    return this.#write(({ delegated }) => {
      const lent = (delegated.get(toHex(to)) ?? 0) - amountMicro
      if (!isAmount(amountMicro)) return refused('amount')
      return lent < 0 ? refused('undelegate-exceeds') : ok({ op: 'delegate', lines: [[to, lent]] })
    })
  }

  /** Each offence counts once. What is no full verdict is refused, whoever brings it. */
  async slash(verdict: Verdict): Promise<Result<void, SlashError>> {
    const { replica, state } = this.#deps
    const taken = await replica.verdicts.take(verdict)
    if (!taken.ok) return taken.error.type === 'verdict' && taken.error.reason === 'few' ? refused('no-verdict') : err(taken.error)
    await state.judged(verdict.target)
    return ok(undefined)
  }

  /** As certified: what counts for others. */
  async getStake(author: PublicKey): Promise<number> {
    return (await this.#deps.replica.records.head(author))[0].staked
  }

  /** What verdicts have left of the stake, and the weight that others lend. */
  async getEffectiveStake(author: PublicKey): Promise<bigint> {
    const { records, verdicts } = this.#deps.replica
    const left = BigInt(await this.getStake(author)) - (await verdicts.slashedMicro(author))
    const lent = [...(await records.lentTo(author)).values()].reduce((sum, amount) => sum + BigInt(amount), 0n)
    return (left > 0n ? left : 0n) + lent
  }

  async meetsMinimum(author: PublicKey, minimumMicro: number): Promise<boolean> {
    return (await this.getEffectiveStake(author)) >= BigInt(minimumMicro)
  }

  /** Credits of ours were unstaked less than the unlock time ago, by our clock; the witnesses go by theirs. */
  async isLocked(): Promise<boolean> {
    const { chain, rules, clock } = this.#deps
    let unlocking = noUnlocking
    for (const { entry } of await chain.entriesFrom(0))
      for (const op of entry.ops) if (op.op === 'stake') unlocking = stakeSeen(unlocking, op.amount, entry.time)
    return stillUnlocking(unlocking, clock.now(), rules.unlockMs ?? unlockMsDefault).parts.length > 0
  }

  async totalStaked(): Promise<bigint> {
    return (await this.#deps.replica.records.heads()).reduce((sum, { staked }) => sum + BigInt(staked), 0n)
  }

  /** What all verdicts cost together. */
  async totalSlashed(): Promise<bigint> {
    const { verdicts } = this.#deps.replica
    const targets = new Map((await verdicts.verdicts()).map(({ target }) => [toHex(target), target]))
    let sum = 0n
    for (const target of targets.values()) sum += await verdicts.slashedMicro(target)
    return sum
  }

  /** Accounts with any stake. */
  async stakerCount(): Promise<number> {
    return (await this.#deps.replica.records.heads()).filter(({ staked }) => staked > 0).length
  }

  #write(make: MakeOp): Written {
    return this.#serial('write', () => write(this.#deps.chain, this.#deps.replica.verdicts, make))
  }
}
