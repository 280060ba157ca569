import { expect, test } from 'vitest'
import { readinessOf, statusOf } from '../../../src/ui/status.ts'
import type { UiState } from '../../../src/ui/store.ts'
import { type Scenario, scenarios } from '../../support/ui-pages/scenarios.ts'

const nowMs = Date.parse('2026-01-01')
const state = ({ background, view }: Scenario, changes: Partial<UiState> = {}): UiState => ({
  background,
  view,
  trouble: null,
  agent: view ? 'live' : 'silent',
  nowMs,
  ...changes,
})
const { idle, working } = scenarios
const settings = (changes: Partial<Scenario['background']>): Scenario => ({ ...working, background: { ...working.background, ...changes } })

test.each([
  ['nothing known yet', state(idle, { background: null }), 'loading', null],
  ['no yes', state(settings({ consented: false })), 'no-consent', 'no-consent'],
  ['switched off, whatever the agent says', state(settings({ paused: 'off' })), 'off', 'off'],
  ['paused until restart', state(settings({ paused: 'restart' })), 'paused', 'paused'],
  ['paused for a while', state(settings({ paused: nowMs + 1 })), 'paused', 'paused'],
  ['a pause that is over', state(settings({ paused: nowMs })), 'working', null],
  ['no swarm', state(scenarios['no-swarm']), 'idle', 'no-swarm'],
  ['agent not heard yet', state(scenarios.silent, { agent: 'waiting' }), 'idle', 'agent-starting'],
  ['agent gone', state(scenarios.silent), 'idle', 'agent-silent'],
  ['idle by the agent’s reason', state(scenarios.unreachable), 'idle', 'relay-unreachable'],
  ['working', state(working), 'working', null],
])('%s', (_, given, activity, reason) => {
  expect(statusOf(given)).toMatchObject({ activity, reason })
})

test('the end of a pause is told where it has one', () => {
  expect(statusOf(state(settings({ paused: nowMs + 60_000 }))).untilMs).toBe(nowMs + 60_000)
  expect(statusOf(state(settings({ paused: 'restart' }))).untilMs).toBeNull()
})

test('work can be handed in from the first peer on', () => {
  expect(readinessOf(state(idle, { background: null }))).toBe('loading')
  expect(readinessOf(state(scenarios.fresh))).toBe('no-consent')
  expect(readinessOf(state(scenarios['no-swarm']))).toBe('no-swarm')
  expect(readinessOf(state(scenarios.silent))).toBe('connecting')
  expect(readinessOf(state(scenarios.unreachable))).toBe('connecting')
  expect(readinessOf(state(idle))).toBe('ready')
})
