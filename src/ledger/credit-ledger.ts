/**
 * `CreditLedger`: a node's own account as programs read and write it (spec: ledger.md, *Reading it*).
 *
 * A thin face over the own chain, a replica and the state tree; it keeps nothing. Amounts are µcr: integers as numbers, sums as
 * bigint. What the money rules forbid is a refusal with its reason. Reads count the uncertified end of the own chain; the state
 * root, and what others see, does not.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import { ok, type Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import type { StoreError } from '../lib/store.ts'
import { allowanceOf } from './apply.ts'
import { type BalanceProof, verifyBalanceProof } from './balance-proof.ts'
import { availableOf } from './chain-state.ts'
import { isAmount, type MakeOp, payOp, type PaidWork, refused, stakeOp, write, type Written } from './credit-ledger-write.ts'
import type { ParsedEntry } from './entry.ts'
import { multiplierPpm, ppmOfOne, sponsoredCpuSeconds } from './issuance.ts'
import type { OwnChain } from './own-chain.ts'
import type { IngestReport, Replica } from './replica.ts'
import { issuanceOf, type LedgerRules } from './rules.ts'
import type { FollowedState } from './state-tree-follow.ts'
import type { Certificate } from './types.ts'

export interface CreditLedgerDeps {
  readonly chain: OwnChain
  readonly replica: Pick<Replica, 'ingest' | 'verdicts'>
  readonly state: FollowedState
  readonly rules: LedgerRules
}

/** Whom the issuer credits, and for which work, if for any. */
export interface CreditReason {
  readonly payee: PublicKey
  readonly work?: PaidWork
}

export const historyPageMax = 256
export interface HistoryPage {
  /** Entries below this number; without it, the newest. */
  readonly before?: number
  /** At most `historyPageMax`. */
  readonly limit: number
}

/** A PN-counter's two halves towards one account: what was paid to it, and what it paid here, refunds among that. */
export interface SpentFigures {
  readonly paid: number
  readonly returned: number
}

const noWork: PaidWork = { units: 0, ok: 0, bad: 0 }

export class CreditLedger {
  readonly #deps: CreditLedgerDeps
  /** A payment is made from the totals before it: one after another. */
  readonly #serial = createSerial()

  constructor(deps: CreditLedgerDeps) {
    this.#deps = deps
  }

  /** Issuer only: pays out of its allowance. */
  async credit(amountMicro: number, { payee, work = noWork }: CreditReason): Written {
    return this.#isIssuer() ? this.pay(payee, amountMicro, work) : refused('not-issuer')
  }

  /** Issuer only: the amount times the contribution multiplier as of its last settle, rounded down. Nobody hands in hours. */
  async creditWithMultiplier(baseMicro: number, reason: CreditReason): Written {
    if (!this.#isIssuer()) return refused('not-issuer')
    if (!isAmount(baseMicro)) return refused('amount')
    const { decayCpuSeconds, cpuSecondsPerGigaunit } = issuanceOf(this.#deps.rules)
    const { sponsoredUnits } = await this.#deps.chain.head()
    const ppm = multiplierPpm(sponsoredCpuSeconds(sponsoredUnits, cpuSecondsPerGigaunit), BigInt(decayCpuSeconds))
    return this.credit(Number((BigInt(baseMicro) * ppm) / ppmOfOne), reason)
  }

  /** Out of what is available. */
  async pay(payee: PublicKey, amountMicro: number, work: PaidWork = noWork): Written {
    return this.#write((state, slashedMicro) => {
      const spendable = availableOf(state.head, slashedMicro) + allowanceOf(this.#deps.rules, state.head)
      return payOp(state, payee, amountMicro, work, spendable)
    })
  }

  /** `pay`, the amount first. */
  async deduct(amountMicro: number, payee: PublicKey): Written {
    return this.pay(payee, amountMicro)
  }

  /** A pay back, of no more than came from there beyond what went there. */
  async refund(payer: PublicKey, amountMicro: number): Written {
    return this.#write((state, slashedMicro) => {
      const key = toHex(payer)
      const received = (state.claimed.get(key)?.total ?? 0) - (state.paid.get(key)?.total ?? 0)
      if (amountMicro > received) return refused('refund-exceeds')
      return payOp(state, payer, amountMicro, noWork, availableOf(state.head, slashedMicro))
    })
  }

  /** Stakes so much more. */
  async stake(amountMicro: number): Written {
    return this.#write((state, slashedMicro) =>
      isAmount(amountMicro) ? stakeOp(state, amountMicro, slashedMicro, allowanceOf(this.#deps.rules, state.head)) : refused('amount'),
    )
  }

  /** Stakes so much less; witnesses certify nothing that spends it for the swarm's unlock time. */
  async unstake(amountMicro: number): Written {
    return this.#write((state, slashedMicro) =>
      isAmount(amountMicro) ? stakeOp(state, -amountMicro, slashedMicro, allowanceOf(this.#deps.rules, state.head)) : refused('amount'),
    )
  }

  /** Claimed less paid; what is staked is part of it. */
  async balance(): Promise<bigint> {
    const { claimed, paid } = await this.#deps.chain.head()
    return claimed - paid
  }

  /** What can be paid or staked; below zero only under a verdict, or for the issuer. */
  async available(): Promise<bigint> {
    const { chain, replica } = this.#deps
    return availableOf(await chain.head(), await replica.verdicts.slashedMicro(chain.author))
  }

  async totalEarned(): Promise<bigint> {
    return (await this.#deps.chain.head()).claimed
  }

  async totalSpent(): Promise<bigint> {
    return (await this.#deps.chain.head()).paid
  }

  async stakedAmount(): Promise<number> {
    return (await this.#deps.chain.head()).staked
  }

  /** Entries of the own chain, the newest first. */
  async history({ before, limit }: HistoryPage): Promise<readonly ParsedEntry[]> {
    const { chain } = this.#deps
    const top = Math.min(before ?? Infinity, await this.eventCount())
    const entries: ParsedEntry[] = []
    for (let seq = top - 1; seq >= 0 && entries.length < Math.min(limit, historyPageMax); seq--) {
      const entry = await chain.entry(seq)
      if (entry) entries.push(entry)
    }
    return entries
  }

  /** Takes another's certified entries into the replica, checked; idempotent, commutative and associative. */
  async merge(entries: readonly Uint8Array[], certificate: Certificate | null, from: string): Promise<Result<IngestReport, StoreError>> {
    const { replica, state } = this.#deps
    const report = await replica.ingest(entries, certificate, from)
    if (!report.ok) return report
    await state.took(report.value)
    return ok(report.value)
  }

  /** G-counter: total claimed, by payer. */
  async exportEarned(): Promise<ReadonlyMap<NodeId, number>> {
    const { claimed } = await this.#deps.chain.state()
    return new Map([...claimed].map(([payer, { total }]) => [payer, total]))
  }

  /** PN-counter, by payee. */
  async exportSpent(): Promise<ReadonlyMap<NodeId, SpentFigures>> {
    const { paid, claimed } = await this.#deps.chain.state()
    return new Map([...paid].map(([payee, { total }]) => [payee, { paid: total, returned: claimed.get(payee)?.total ?? 0 }]))
  }

  /** Of every certified account known here. */
  stateRoot(): Bytes {
    return this.#deps.state.tree.root()
  }

  stateRootHex(): string {
    return toHex(this.stateRoot())
  }

  verifyStateRoot(root: Uint8Array): boolean {
    return equalBytes(this.stateRoot(), root)
  }

  /** What shows a holder of the state root what it says of this account, by default our own. */
  proveBalance(author: PublicKey = this.#deps.chain.author): BalanceProof {
    return this.#deps.state.tree.prove(author)
  }

  /** What the state of this root says of an account; undefined: it does not know it. */
  verifyBalanceProof(root: Bytes, author: PublicKey, proof: BalanceProof): ReturnType<typeof verifyBalanceProof> {
    return verifyBalanceProof(root, author, proof)
  }

  /** Entries of the own chain. */
  async eventCount(): Promise<number> {
    return (await this.#deps.chain.head()).seq + 1
  }

  #isIssuer(): boolean {
    return equalBytes(this.#deps.chain.author, this.#deps.rules.issuer)
  }

  #write(make: MakeOp): Written {
    return this.#serial('write', () => write(this.#deps.chain, this.#deps.replica.verdicts, make))
  }
}
