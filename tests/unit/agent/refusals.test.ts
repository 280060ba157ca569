import { expect, test } from 'vitest'
import { createRefusals } from '../../../src/agent/refusals.ts'

test('what one witness may lie about is not believed; what more say is, until an entry is certified or they say otherwise', () => {
  const refusals = createRefusals(1)
  refusals.heard('a', 'closed')
  refusals.heard('a', 'closed')
  expect(refusals.trouble()).toBeNull()
  refusals.heard('b', 'closed')
  expect(refusals.trouble()).toBe('closed')
  refusals.heard('b', 'rate')
  expect(refusals.trouble()).toBeNull()
  refusals.heard('b', 'forked')
  refusals.heard('c', 'forked')
  expect(refusals.trouble()).toBe('forked')
  refusals.clear()
  expect(refusals.trouble()).toBeNull()
})

test('a single witness is believed', () => {
  const refusals = createRefusals(0)
  refusals.heard('a', 'slashed')
  expect(refusals.trouble()).toBe('slashed')
})
