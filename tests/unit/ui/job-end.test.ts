import { expect, test } from 'vitest'
import { resultTexts } from '../../../src/ui/dashboard/job-end.ts'

const job = { state: 'failed', texts: 2_000, doneTexts: 1_130, agreed: { '3': 750, '2': 250 }, maxCostMicro: 1 } as const

test('of a task that ended early there is what was agreed on, not what was merely computed', () => {
  expect(resultTexts(job)).toBe(1_000)
  expect(resultTexts({ ...job, state: 'cancelled' })).toBe(1_000)
  expect(resultTexts({ ...job, agreed: {} })).toBe(0)
})

test('this computer’s own work needs no agreement', () => {
  expect(resultTexts({ ...job, state: 'cancelled', agreed: {}, maxCostMicro: 0 })).toBe(1_130)
})

test('all of what is done, nothing of what goes on', () => {
  expect(resultTexts({ ...job, state: 'done' })).toBe(2_000)
  expect(resultTexts({ ...job, state: 'working' })).toBe(0)
})
