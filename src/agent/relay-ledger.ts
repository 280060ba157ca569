/** The whole ledger as plain data: what `/ledger.json` shows. Amounts in integer µcr, keys in hex. */
import type { EpochsView } from '../economy/epoch-book.ts'
import type { Policy } from '../economy/policy.ts'
import type { Replica } from '../ledger/replica.ts'
import type { Checkpoint } from '../ledger/checkpoint.ts'
import { type SlashReason, slashRules } from '../ledger/verdict.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'

export interface LedgerView {
  readonly swarm: { readonly name: string; readonly issuer: string }
  readonly accounts: readonly {
    readonly author: string
    /** Root key that its join names. */
    readonly identity: string | null
    readonly role: 'issuer' | 'member'
    readonly seq: number
    readonly claimed: number
    readonly paid: number
    readonly staked: number
    /** claimed − paid: the issuer's is negative. */
    readonly balance: number
    readonly payees: readonly {
      readonly payee: string
      readonly total: number
      readonly units: number
      readonly ok: number
      readonly bad: number
    }[]
  }[]
  /** Σ paid − Σ claimed: certified as paid, and not claimed yet. */
  readonly inFlight: number
  /** Over all accounts and verdicts: the same in every relay that knows the same. */
  readonly stateRoot: string
  readonly verdicts: readonly { readonly target: string; readonly reason: SlashReason; readonly costMicro: number }[]
  /** Witness keys that have signed two entries at one number. */
  readonly frauds: readonly string[]
  /** The newest that 2f+1 witnesses signed; `day` in days since the epoch. */
  readonly checkpoint: { readonly day: number; readonly root: string } | null
  /** More witnesses lied than the swarm bears. */
  readonly broken: boolean
  readonly issuance: {
    /** Of the last settle; −1: none. */
    readonly epoch: number
    /** Parts per million. */
    readonly multiplierPpm: number
    readonly sponsoredUnits: number
    /** Paid for epochs in all, and not paid yet of the last one. */
    readonly issuedMicro: number
    readonly dueMicro: number
    /** Where the issuer paid something else than the split that this relay computed. */
    readonly deviations: readonly { readonly epoch: number; readonly account: string; readonly expected: number; readonly paid: number }[]
  }
}

export interface LedgerFacts {
  readonly root: () => Bytes
  readonly broken: () => Promise<boolean>
  readonly checkpoint: () => Promise<Checkpoint | undefined>
}

export const viewLedger = async (replica: Replica, policy: Policy, epochs: EpochsView, facts: LedgerFacts): Promise<LedgerView> => {
  const accounts: LedgerView['accounts'][number][] = []
  let inFlight = 0n
  for (const { author } of await replica.accounts()) {
    const { head, paid } = await replica.state(author)
    inFlight += head.paid - head.claimed
    accounts.push({
      author: toHex(author),
      identity: head.identity && toHex(head.identity),
      role: equalBytes(author, policy.issuer) ? 'issuer' : 'member',
      seq: head.seq,
      claimed: Number(head.claimed),
      paid: Number(head.paid),
      staked: head.staked,
      balance: Number(head.claimed - head.paid),
      payees: [...paid].map(([payee, figures]) => ({ payee, ...figures })),
    })
  }
  const checkpoint = await facts.checkpoint()
  return {
    swarm: { name: policy.name, issuer: toHex(policy.issuer) },
    accounts,
    inFlight: Number(inFlight),
    stateRoot: toHex(facts.root()),
    verdicts: (await replica.verdicts.verdicts()).map(({ target, reason }) => ({
      target: toHex(target),
      reason,
      costMicro: slashRules[reason].costMicro,
    })),
    frauds: (await replica.verdicts.frauds()).map(({ witness }) => toHex(witness)),
    checkpoint: checkpoint ? { day: checkpoint.day, root: toHex(checkpoint.root) } : null,
    broken: await facts.broken(),
    issuance: {
      epoch: epochs.epoch,
      multiplierPpm: Number(epochs.multiplierPpm),
      sponsoredUnits: Number(epochs.sponsoredUnits),
      issuedMicro: Number(epochs.issuedMicro),
      dueMicro: Number(epochs.dueMicro),
      deviations: epochs.deviations.map(({ epoch, account, expectedMicro, paidMicro }) => ({
        epoch,
        account,
        expected: Number(expectedMicro),
        paid: Number(paidMicro),
      })),
    },
  }
}
