/** What the list of members says of each account, and what a founder must type before one is closed. */
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { createStore } from 'zustand/vanilla'
import { createManualClock } from '../../../src/lib/clock.ts'
import type { ClosingView } from '../../../src/messages/founder-view.ts'
import type { Ui, UiState } from '../../../src/ui/store.ts'
import { Members } from '../../../src/ui/swarm/members.tsx'
import { isTyped } from '../../../src/ui/swarm/typed-id.ts'
import { UiContext } from '../../../src/ui/ui-context.ts'

const id = 'abcdef01'.repeat(8)
const page = (closing: ClosingView | null, { serving = true, seenMs = null as number | null } = {}): string => {
  const store = createStore(() => ({ nowMs: 10 * 86_400_000 }) as UiState)
  const account = { id, micro: 5_000_000, accepted: 7, rejected: 1, fined: false, closing }
  const members = [{ identity: '12'.repeat(32), accounts: [account], here: false, seenMs, blocked: false }]
  const value = { ui: { store } as Ui, clock: createManualClock() }
  return renderToStaticMarkup(createElement(UiContext, { value }, createElement(Members, { members, serving })))
}

test('an account can be closed, by a button that says which', () => {
  const html = page(null)
  expect(html).toContain('aria-label="close abcdef01"')
  expect(html).not.toContain('data-testid="closing"')
  expect(page(null, { serving: false })).toMatch(/data-testid="account-close"[^>]*disabled/)
})

test.each([
  [{ reason: 'SybilAttack', signed: 2, needed: 3 }, 'false', 'closingWaits'],
  [{ reason: 'Malicious', signed: 1, needed: 1 }, 'true', 'closingDone'],
] as const)('%j is told, and not asked for again', (closing, closed, text) => {
  const html = page(closing)
  expect(html).toContain(`data-closed="${closed}"`)
  expect(html).toContain(text)
  expect(html).not.toContain('account-close')
})

test('when a member was here last is said where it is known', () => {
  expect(page(null)).toContain('memberAway')
  expect(page(null, { seenMs: 7 * 86_400_000 })).toContain('memberSeen')
})

test.each([
  ['abcdef01', true],
  [' ABCDEF01 ', true],
  ['abcdef0', false],
  ['', false],
  [id, false],
])('%j typed: %s', (typed, confirmed) => expect(isTyped(typed, id)).toBe(confirmed))
