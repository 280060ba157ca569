import { expect, test } from 'vitest'
import { accountsOf, certifiedBad, sumsOf } from '../../../scripts/demo/ledger.ts'
import { describe as describeReport, type DemoReport } from '../../../scripts/demo/report.ts'
import type { LedgerView } from '../../../src/agent/relay-ledger.ts'

const credit = 1_000_000
type Payee = LedgerView['accounts'][number]['payees'][number]
const account = (author: string, balance: number, payees: readonly Payee[] = []): LedgerView['accounts'][number] => ({
  author,
  identity: null,
  role: author === 'i' ? 'issuer' : 'member',
  seq: 0,
  claimed: 0,
  paid: 0,
  staked: 0,
  balance,
  payees,
})
const ledger = (accounts: LedgerView['accounts'], inFlight = 0): LedgerView => ({
  swarm: { name: 'test', issuer: 'i' },
  accounts,
  inFlight,
  issuance: { epoch: -1, multiplierPpm: 1_000_000, sponsoredUnits: 0, issuedMicro: 0, dueMicro: 0, deviations: [] },
  stateRoot: '',
  verdicts: [],
  frauds: [],
  checkpoint: null,
  broken: false,
})

const grants = [{ payee: 'liar', total: 500, units: 0, ok: 7, bad: 7 }]
const before = ledger([account('i', -1000 * credit, grants), account('r', 500 * credit)], 500 * credit)
const payees = [
  { payee: 'w', total: 12, units: 12, ok: 1, bad: 0 },
  { payee: 'liar', total: 0, units: 0, ok: 0, bad: 2 },
]
const after = ledger([account('w', 512 * credit), account('i', -1000 * credit, grants), account('r', 488 * credit, payees)])
const people = [
  { id: 'r', name: 'requester', role: 'requester' },
  { id: 'w', name: 'worker 1', role: 'worker' },
  { id: 'liar', name: 'worker 2', role: 'worker' },
] as const
const votes = [
  { id: 'liar', accepted: 0, rejected: 240, missing: 0, paidMicro: 0 },
  { id: 'w', accepted: 240, rejected: 0, missing: 0, paidMicro: 12 * credit },
]

test('accounts stand in the order of the people, the issuer last; texts come from the votes', () => {
  const { accounts, inFlightBefore, inFlightAfter } = accountsOf(before, after, people, votes)
  expect(accounts).toEqual([
    { name: 'requester', role: 'requester', before: 500 * credit, after: 488 * credit, accepted: 0, rejected: 0 },
    { name: 'worker 1', role: 'worker', before: 0, after: 512 * credit, accepted: 240, rejected: 0 },
    { name: 'worker 2', role: 'worker', before: 0, after: 0, accepted: 0, rejected: 240 },
    { name: 'issuer', role: 'issuer', before: -1000 * credit, after: -1000 * credit, accepted: 0, rejected: 0 },
  ])
  expect([inFlightBefore, inFlightAfter]).toEqual([500 * credit, 0])
  expect(sumsOf(accountsOf(before, after, people, votes))).toEqual({ before: 0, after: 0 })
})

test('an account that nobody of the demo has is shown too: sums are over all', () => {
  const strange = ledger([...after.accounts, account('0123456789abcdef', 3)])
  const { accounts } = accountsOf(before, strange, people, votes)
  expect(accounts.at(-2)).toMatchObject({ name: '01234567', role: 'other', after: 3 })
})

test('bad results are those of certified entries of members', () => {
  expect([certifiedBad(after, 'liar'), certifiedBad(after, 'w')]).toEqual([2, 0])
})

test('the table names the outvoted one and what the sums come to', () => {
  const report: DemoReport = {
    model: 'mini',
    dimension: 96,
    texts: 240,
    agreed: { '3': 0, '2': 240 },
    failed: 0,
    results: [{ query: 'why?', hits: [{ id: '1', line: 0, score: 0.51, text: 'because\nof that' }] }],
    ledger: accountsOf(before, after, people, votes),
    timing: { buildMs: 1, startMs: 1, joinMs: 1, submitToResultMs: 1, searchMs: [1], totalMs: 5 },
  }
  const text = describeReport(report, new Map([['worker 2', 2]]))
  expect(text).toContain('0.510  because of that')
  expect(text).toContain('240 agreed by 2 of 3.')
  expect(text).toMatch(/worker 1 +0\.00 +512\.00 +\+512\.00 +240 +0\n/)
  expect(text).toMatch(/worker 2 .*240 +← outvoted by the others, not paid; bad results in the ledger: 2\n/)
  expect(text).toMatch(/sum +0\.00 +0\.00 +nothing was made or lost\n/)
  const lost = { ...report, ledger: { ...report.ledger, inFlightAfter: 1 } }
  expect(describeReport(lost, new Map())).toContain('THIS MUST BE ZERO')
})
