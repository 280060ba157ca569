import { expect, test } from 'vitest'
import type { HistoryLineView } from '../../../src/messages/view.ts'
import { findLines } from '../../../src/ui/dashboard/find-lines.ts'

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
