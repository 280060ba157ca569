/** Who had what before and has after, by the relay's certified ledger. */
import type { LedgerView } from '../../src/agent/relay-ledger.ts'
import type { DemoReport } from './report.ts'

export const readLedger = async (relayUrl: string): Promise<LedgerView> => (await (await fetch(`${relayUrl}/ledger.json`)).json()) as LedgerView

/** `names`: device key → name of its profile. Accepted and rejected results are those that certified `pay` entries count. */
export const accountsOf = (before: LedgerView, after: LedgerView, names: ReadonlyMap<string, string>): DemoReport['ledger'] => {
  const balanceIn = (ledger: LedgerView, author: string): number => ledger.accounts.find((a) => a.author === author)?.balance ?? 0
  const judged = (ledger: LedgerView, author: string, what: 'ok' | 'bad'): number =>
    ledger.accounts.flatMap((a) => (a.role === 'issuer' ? [] : a.payees)).reduce((sum, p) => (p.payee === author ? sum + p[what] : sum), 0)
  const account = (author: string, name: string, role: 'requester' | 'worker' | 'issuer'): DemoReport['ledger']['accounts'][number] => ({
    name,
    role,
    before: balanceIn(before, author),
    after: balanceIn(after, author),
    accepted: judged(after, author, 'ok') - judged(before, author, 'ok'),
    rejected: judged(after, author, 'bad') - judged(before, author, 'bad'),
  })
  return {
    accounts: [
      ...[...names].map(([author, name]) => account(author, name, name === 'requester' ? 'requester' : 'worker')),
      account(after.swarm.issuer, 'issuer', 'issuer'),
    ],
    inFlightBefore: before.inFlight,
    inFlightAfter: after.inFlight,
  }
}
