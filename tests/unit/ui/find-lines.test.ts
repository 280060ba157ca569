import { afterEach, expect, test, vi } from 'vitest'
import messages from '../../../public/_locales/en/messages.json'
import type { HistoryLineView } from '../../../src/messages/view.ts'
import { findLines, kindText } from '../../../src/ui/dashboard/find-lines.ts'

const line = (seq: number, fields: Partial<HistoryLineView>): HistoryLineView => ({
  seq,
  id: `${seq}`.repeat(64),
  time: Date.UTC(2026, 0, seq, 12),
  kind: 'paid',
  party: 'ab'.repeat(32),
  micro: -12_050_000,
  certified: true,
  ...fields,
})
const lines = [
  line(3, {}),
  line(2, { kind: 'received', party: 'cd'.repeat(32), micro: 3_200_000 }),
  line(1, { kind: 'joined', party: null, micro: 0 }),
]
const found = (query: string): number[] => findLines(lines, query).map(({ seq }) => seq)

test('lines are found by every word of what they show, by number and by whole ids', () => {
  expect(found('  ')).toEqual([3, 2, 1])
  expect(found('#2')).toEqual([2])
  expect(found('12.05')).toEqual([3])
  expect(found('abab 12.05')).toEqual([3])
  expect(found('abab 3.20')).toEqual([])
  expect(found('2222222222')).toEqual([2])
  expect(found('HISTORY_received')).toEqual([2])
  expect(found('jan 2026')).toEqual([3, 2, 1])
})

afterEach(() => vi.unstubAllGlobals())

test('what a line was about stands in its words, and is found by them', () => {
  const texts = messages as Record<string, { readonly message: string }>
  const getMessage = (key: string, given: string[] = []): string => (texts[key]?.message ?? '').replaceAll(/\$[A-Z]+\$/g, () => given[0]!)
  vi.stubGlobal('chrome', { i18n: { getMessage } })
  const about = [
    line(5, { kind: 'lent', micro: 0, weightMicro: 2_500_000 }),
    line(6, { kind: 'unlent', micro: 0, weightMicro: 0 }),
    line(7, { kind: 'attested', micro: 0, claim: 'works well' }),
    line(8, { kind: 'revoked', micro: 0, claim: 'works well' }),
    line(9, { kind: 'settled', party: null, micro: 0, epoch: Date.UTC(2026, 4, 6, 7) / 3_600_000 }),
    line(10, { kind: 'staked', party: null, micro: -1_000_000 }),
  ]
  expect(about.map(kindText)).toEqual([
    'Weight lent, now 2.50',
    'Weight taken back, now 0.00',
    'Said of them: “works well”',
    'No longer said of them: “works well”',
    expect.stringMatching(/^Bonuses settled for the hour from May 6, 2026/),
    'Deposited',
  ])
  const seqs = (query: string): number[] => findLines(about, query).map(({ seq }) => seq)
  expect(seqs('works well')).toEqual([7, 8])
  expect(seqs('weight')).toEqual([5, 6])
  expect(seqs('settled may')).toEqual([9])
  expect(seqs('deposited')).toEqual([10])
})
