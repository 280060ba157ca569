/** What stands where one looks for what one has: never nothing where all of it is in the deposit; and why debts wait. */
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { AgentView, DepositView } from '../../../src/messages/view.ts'
import { Balance, Uncovered } from '../../../src/ui/components/balance.tsx'

const credit = 1_000_000
const deposit: DepositView = { certifiedMicro: 37 * credit, waitingMicro: null, neededMicro: 100 * credit, unlocking: [], unlockMs: 1 }
const balance = (availableMicro: number, of: DepositView | null): string => {
  const view = { credits: { availableMicro }, deposit: of } as AgentView
  return renderToStaticMarkup(createElement(Balance, { view, unit: 'unit', testid: 'it' }))
}
const strong = (text: string, micro: number) => `<strong data-testid="it" data-micro="${micro}">${text}</strong>`

test.each([
  ['what is free', 5 * credit, deposit, '5.00', 'unit'],
  ['all of it in the deposit', 0, deposit, 'depositFigure', 'depositFigureUnit'],
  ['all of it on its way there', 0, { ...deposit, certifiedMicro: 0, waitingMicro: credit }, 'depositFigure', 'depositFigureUnit'],
  ['nothing at all', 0, { ...deposit, certifiedMicro: 0 }, '0.00', 'unit'],
  ['nothing, where no deposit is asked for', 0, { ...deposit, neededMicro: 0 }, '0.00', 'unit'],
  ['nothing yet', 0, null, '0.00', 'unit'],
] as const)('%s', (_, availableMicro, of, figure, unit) => {
  expect(balance(availableMicro, of)).toBe(`${strong(figure, availableMicro)} <span>${unit}</span>`)
})

test.each([
  [0, 100 * credit, 'fined', null],
  [3, 100 * credit, 'fined', 'creditsUncovered'],
  [3, 0, null, 'creditsUncoveredOther'],
  [3, 0, 'closed', null],
] as const)('%i µcr of debts not covered, %i of fines, %s', (uncoveredMicro, finesMicro, trouble, text) => {
  const credits = { uncoveredMicro, finesMicro } as AgentView['credits']
  const shown = renderToStaticMarkup(createElement(Uncovered, { view: { credits, trouble } }))
  expect(shown).toBe(
    text === null ? '' : `<p class="note warn" role="status" data-testid="credits-uncovered" data-micro="${uncoveredMicro}">${text}</p>`,
  )
})
