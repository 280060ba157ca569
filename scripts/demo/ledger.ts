/** Who had what before and has after, by the relay's certified ledger; and whose results were outvoted, by the votes. */
import type { LedgerView } from '../../src/agent/relay-ledger.ts'
import type { JobView } from '../../src/messages/view.ts'
import type { Person } from './people.ts'
import type { DemoAccount, DemoReport } from './report.ts'

export const readLedger = async (relayUrl: string): Promise<LedgerView> =>
  (await (await fetch(`${relayUrl}/ledger.json`)).json()) as LedgerView

/** Accepted and rejected are texts, as the requester's comparison of the replicas found. */
export const accountsOf = (
  before: LedgerView,
  after: LedgerView,
  people: readonly Pick<Person, 'id' | 'name' | 'role'>[],
  votes: JobView['workers'],
): DemoReport['ledger'] => {
  const balanceIn = (ledger: LedgerView, author: string): number => ledger.accounts.find((a) => a.author === author)?.balance ?? 0
  const account = ({ id, name, role }: { readonly id: string; readonly name: string; readonly role: DemoAccount['role'] }): DemoAccount => {
    const vote = votes.find((worker) => worker.id === id)
    return {
      name,
      role,
      before: balanceIn(before, id),
      after: balanceIn(after, id),
      accepted: vote?.accepted ?? 0,
      rejected: vote?.rejected ?? 0,
    }
  }
  const known = new Set([...people.map((p) => p.id), after.swarm.issuer])
  const others = after.accounts
    .filter((a) => !known.has(a.author))
    .map((a) => ({ id: a.author, name: a.author.slice(0, 8), role: 'other' as const }))
  const issuer = { id: after.swarm.issuer, name: 'issuer', role: 'issuer' } as const
  return { accounts: [...people, ...others, issuer].map(account), inFlightBefore: before.inFlight, inFlightAfter: after.inFlight }
}

/** Results of each account that certified `pay` entries call bad: tasks, as the ledger counts them. */
export const certifiedBad = (ledger: LedgerView, author: string): number =>
  ledger.accounts.flatMap((a) => (a.role === 'issuer' ? [] : a.payees)).reduce((sum, p) => (p.payee === author ? sum + p.bad : sum), 0)

/** What all have and what is under way between them, in µcr: zero, at any time. */
export const sumsOf = ({
  accounts,
  inFlightBefore,
  inFlightAfter,
}: DemoReport['ledger']): { readonly before: number; readonly after: number } => ({
  before: accounts.reduce((sum, a) => sum + a.before, inFlightBefore),
  after: accounts.reduce((sum, a) => sum + a.after, inFlightAfter),
})
