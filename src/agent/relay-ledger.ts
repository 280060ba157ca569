/** The whole ledger as plain data: what `/ledger.json` shows. Amounts in integer µcr, keys in hex. */
import type { Policy } from '../economy/policy.ts'
import type { Replica } from '../ledger/replica.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'

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
}

export const viewLedger = async (replica: Replica, policy: Policy): Promise<LedgerView> => {
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
  return { swarm: { name: policy.name, issuer: toHex(policy.issuer) }, accounts, inFlight: Number(inFlight) }
}
