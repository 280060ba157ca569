/** Who is in the swarm, as its founder sees them: whoever has an account, is linked, or is on the block list. Pure. */
import type { JudgedReason } from '../ledger/verdict.ts'
import type { LedgerView } from './relay-ledger.ts'

/** Beyond these a swarm wants a relay and its `/ledger.json`. */
const membersShownMax = 500

export interface FounderMember {
  /** Root key; a key of the block list that nobody here is known by stands for itself. */
  readonly identity: string
  /** One a device; one that has received nothing yet has no entry in the ledger. */
  readonly accounts: readonly FounderAccount[]
  /** Linked with the founder now. */
  readonly here: boolean
  /** When it last was, as far as this browser has noted it. */
  readonly seenMs: number | null
  readonly blocked: boolean
}

export interface FounderAccount {
  /** Device key. */
  readonly id: string
  /** Claimed less paid, as certified: the deposit is in it, fines are not taken off. */
  readonly micro: number
  /** Its results, as those who paid for them say in the ledger. */
  readonly accepted: number
  readonly rejected: number
  readonly fined: boolean
  readonly closing: Closing | null
}

/** `needed` of the witnesses' signatures close it for good. */
export interface Closing {
  readonly reason: JudgedReason
  readonly signed: number
  readonly needed: number
}

export const membersOf = ({
  ledger: { accounts, verdicts },
  closings,
  peers,
  seen,
  blocked,
  self,
}: {
  readonly ledger: {
    readonly accounts: readonly Pick<LedgerView['accounts'][number], 'author' | 'identity' | 'role' | 'balance' | 'payees'>[]
    readonly verdicts: LedgerView['verdicts']
  }
  /** By device. */
  readonly closings: ReadonlyMap<string, Closing>
  readonly peers: readonly { readonly id: string; readonly identity: string }[]
  /** By identity. */
  readonly seen: ReadonlyMap<string, number>
  readonly blocked: readonly string[]
  /** The founder's own identity. */
  readonly self: string
}): readonly FounderMember[] => {
  const devices = new Map<string, Set<string>>()
  const know = (identity: string, device?: string): void => {
    const known = devices.get(identity) ?? new Set()
    if (device !== undefined) known.add(device)
    devices.set(identity, known)
  }
  for (const { author, identity, role } of accounts) if (identity !== null && role === 'member') know(identity, author)
  for (const { id, identity } of peers) know(identity, id)
  const known = new Set([...devices].flatMap(([identity, own]) => [identity, ...own]))
  for (const key of blocked) if (!known.has(key)) know(key)

  const results = new Map<string, { readonly accepted: number; readonly rejected: number }>()
  for (const { payee, ok, bad } of accounts.flatMap(({ payees }) => payees)) {
    const { accepted, rejected } = results.get(payee) ?? { accepted: 0, rejected: 0 }
    results.set(payee, { accepted: accepted + ok, rejected: rejected + bad })
  }
  const balances = new Map(accounts.map(({ author, balance }) => [author, balance]))
  const fined = new Set(verdicts.flatMap(({ target, costMicro }) => (costMicro > 0 ? [target] : [])))
  const accountOf = (id: string): FounderAccount => ({
    id,
    micro: balances.get(id) ?? 0,
    ...(results.get(id) ?? { accepted: 0, rejected: 0 }),
    fined: fined.has(id),
    closing: closings.get(id) ?? null,
  })
  const refused = new Set(blocked)
  const here = new Set(peers.map(({ identity }) => identity))
  return [...devices]
    .filter(([identity]) => identity !== self)
    .sort(([a], [b]) => Number(here.has(b)) - Number(here.has(a)) || (a < b ? -1 : 1))
    .slice(0, membersShownMax)
    .map(([identity, own]) => ({
      identity,
      accounts: [...own].map(accountOf),
      here: here.has(identity),
      seenMs: seen.get(identity) ?? null,
      blocked: refused.has(identity),
    }))
}
