/** What the card of lost devices offers in each state, and what a screen reader says of it. */
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { createManualClock } from '../../../src/lib/clock.ts'
import type { LostDeviceView, LostView } from '../../../src/messages/view.ts'
import { LostDevice } from '../../../src/ui/dashboard/lost-device.tsx'
import type { Ui } from '../../../src/ui/store.ts'
import { UiContext } from '../../../src/ui/ui-context.ts'

const id = 'abcdef01'.repeat(8)
const page = (state: NonNullable<LostDeviceView['takeover']>['state'], freeMicro: number): string => {
  const takeover = { state, movedMicro: 5, restMicro: 0, freeMs: null }
  const devices = [{ id, seq: 3, freeMicro, stakedMicro: 0, lockedMicro: 0, takeover }]
  return render({ asked: true, answered: true, devices, before: [] })
}
const render = (lost: LostView): string => {
  const value = { ui: {} as Ui, clock: createManualClock() }
  return renderToStaticMarkup(createElement(UiContext, { value }, createElement(LostDevice, { lost })))
}

test.each([
  ['done', 0, false],
  ['done', 1, true],
  ['outrun', 0, true],
  ['certifying', 1, false],
  ['fined', 1, false],
] as const)('%s with %i µcr there', (state, freeMicro, offered) => {
  expect(page(state, freeMicro).includes('data-testid="lost-take"')).toBe(offered)
})

test.each([
  [null, true],
  ['asking', false],
  ['came', false],
  ['paid', false],
  ['closed', false],
  ['exhausted', false],
  ['other', false],
] as const)('what it had in the swarm before, %s', (state, offered) => {
  const html = render({ asked: true, answered: true, devices: [], before: [{ id, micro: 5, state }] })
  expect(html.includes('data-testid="lost-take"')).toBe(offered)
  expect(html).toContain(state === null ? 'lostHeld' : `lostBefore_${state}`)
  expect(html).not.toContain('lostNone')
})

test('a button says which device it is for', () => {
  expect(page('outrun', 0)).toContain('aria-label="lostTake abcdef01"')
})
