/** What is looked at and checked: page, scenario, and the gestures that lead there. */
import type { Page } from 'playwright'
import type { PageName } from './serve.ts'
import type { ScenarioName } from './scenarios.ts'

export interface PageCase {
  readonly name: string
  readonly page: PageName
  readonly scenario: ScenarioName
  readonly state: string
  readonly gestures?: (page: Page) => Promise<void>
}

const click = (page: Page, id: string): Promise<void> => page.getByTestId(id).first().click()
const state = (page: Page, name: string): Promise<void> => page.locator(`main[data-state="${name}"]`).waitFor()
const sampleTexts = Array.from({ length: 24 }, (_, i) => `A sentence about bread, number ${i + 1}`).join('\n')

const toShare = async (page: Page): Promise<void> => {
  await click(page, 'consent-yes')
  await state(page, 'share')
}
const toMake = async (page: Page): Promise<void> => {
  await toShare(page)
  await click(page, 'preset-standard')
  await state(page, 'swarm')
  await click(page, 'way-make')
  await page.getByTestId('swarm-name-input').fill('Tuesday reading circle')
}
const toWords = async (page: Page): Promise<void> => {
  await click(page, 'phrase-show')
  await page.getByTestId('words').waitFor()
}

export const pageCases: readonly PageCase[] = [
  { name: 'onboarding-consent', page: 'onboarding', scenario: 'fresh', state: 'consent' },
  {
    name: 'onboarding-declined',
    page: 'onboarding',
    scenario: 'fresh',
    state: 'consent',
    gestures: async (page) => {
      await click(page, 'consent-no')
      await state(page, 'declined')
    },
  },
  { name: 'onboarding-share', page: 'onboarding', scenario: 'fresh', state: 'consent', gestures: toShare },
  {
    name: 'onboarding-swarm',
    page: 'onboarding',
    scenario: 'fresh',
    state: 'consent',
    gestures: async (page) => {
      await toShare(page)
      await click(page, 'preset-standard')
      await state(page, 'swarm')
      await page.getByTestId('link-input').fill('https://example.org')
      await click(page, 'join')
      await click(page, 'restore-open')
      await page.getByTestId('restore-input').fill('apple '.repeat(24))
      await click(page, 'restore')
      await page.getByTestId('error').nth(1).waitFor()
    },
  },
  {
    name: 'onboarding-make',
    page: 'onboarding',
    scenario: 'fresh',
    state: 'consent',
    gestures: async (page) => {
      await toMake(page)
      await page.getByTestId('swarm-trackers').fill('tracker.example.org')
      await click(page, 'make')
      await page.getByTestId('error').waitFor()
    },
  },
  {
    name: 'onboarding-made',
    page: 'onboarding',
    scenario: 'fresh',
    state: 'consent',
    gestures: async (page) => {
      await toMake(page)
      await click(page, 'public-trackers')
      await click(page, 'make')
      await page.getByTestId('invite-link').first().waitFor()
    },
  },
  { name: 'onboarding-phrase', page: 'onboarding', scenario: 'phrase', state: 'phrase' },
  { name: 'onboarding-words', page: 'onboarding', scenario: 'phrase', state: 'phrase', gestures: toWords },
  {
    name: 'onboarding-asked',
    page: 'onboarding',
    scenario: 'phrase',
    state: 'phrase',
    gestures: async (page) => {
      await toWords(page)
      await click(page, 'phrase-written')
      for (const input of await page.getByTestId('word-input').all()) await input.fill('apple')
      await click(page, 'phrase-confirm')
      await page.getByTestId('error').waitFor()
    },
  },
  { name: 'onboarding-done', page: 'onboarding', scenario: 'idle', state: 'done' },
  { name: 'popup-fresh', page: 'popup', scenario: 'fresh', state: 'no-consent' },
  { name: 'popup-working', page: 'popup', scenario: 'working', state: 'working' },
  {
    name: 'popup-idle',
    page: 'popup',
    scenario: 'idle',
    state: 'idle',
    gestures: async (page) => {
      await page.getByText('Why no work?').or(page.getByText('Warum keine Arbeit?')).click()
      await click(page, 'self-test')
    },
  },
  { name: 'popup-deposit', page: 'popup', scenario: 'deposit', state: 'idle' },
  { name: 'popup-no-swarm', page: 'popup', scenario: 'no-swarm', state: 'idle' },
  { name: 'popup-paused', page: 'popup', scenario: 'paused', state: 'paused' },
  { name: 'popup-off', page: 'popup', scenario: 'off', state: 'off' },
  { name: 'popup-unreachable', page: 'popup', scenario: 'unreachable', state: 'idle' },
  { name: 'popup-silent', page: 'popup', scenario: 'silent', state: 'idle' },
  { name: 'dashboard-fresh', page: 'dashboard', scenario: 'fresh', state: 'no-consent' },
  { name: 'dashboard-no-swarm', page: 'dashboard', scenario: 'no-swarm', state: 'no-swarm' },
  { name: 'dashboard-founder', page: 'dashboard', scenario: 'founder', state: 'ready', gestures: (page) => click(page, 'places-open') },
  {
    name: 'dashboard-founder-members',
    page: 'dashboard',
    scenario: 'founder',
    state: 'ready',
    gestures: async (page) => {
      await click(page, 'invite-revoke')
      await click(page, 'members-open')
      await click(page, 'member-block')
      await click(page, 'price-open')
      await page.getByTestId('price-input').fill('0')
      await click(page, 'price-save')
      await page.getByTestId('error').waitFor()
    },
  },
  {
    name: 'dashboard-founder-close',
    page: 'dashboard',
    scenario: 'founder',
    state: 'ready',
    gestures: async (page) => {
      await click(page, 'members-open')
      await click(page, 'account-close')
      await click(page, 'close-Malicious')
      await page.getByTestId('close-typed').fill('1234')
    },
  },
  { name: 'dashboard-closed', page: 'dashboard', scenario: 'closed', state: 'ready' },
  { name: 'popup-closed', page: 'popup', scenario: 'closed', state: 'idle' },
  { name: 'dashboard-contradicted', page: 'dashboard', scenario: 'contradicted', state: 'ready' },
  { name: 'popup-blocked', page: 'popup', scenario: 'blocked', state: 'idle' },
  { name: 'dashboard-policy-unread', page: 'dashboard', scenario: 'policy-unread', state: 'connecting' },
  {
    name: 'dashboard-founder-missing',
    page: 'dashboard',
    scenario: 'founder-missing',
    state: 'ready',
    gestures: (page) => click(page, 'go-on'),
  },
  { name: 'dashboard-founder-left', page: 'dashboard', scenario: 'founder-left', state: 'no-swarm' },
  { name: 'dashboard-founder-away', page: 'dashboard', scenario: 'founder-away', state: 'ready' },
  {
    name: 'popup-founder-away',
    page: 'popup',
    scenario: 'founder-away',
    state: 'idle',
    gestures: (page) => page.getByTestId('why-no-work').locator('summary').click(),
  },
  { name: 'dashboard-forked', page: 'dashboard', scenario: 'forked', state: 'ready' },
  { name: 'dashboard-unreachable', page: 'dashboard', scenario: 'unreachable', state: 'connecting' },
  {
    name: 'dashboard-quote',
    page: 'dashboard',
    scenario: 'ready',
    state: 'ready',
    gestures: async (page) => {
      await page.getByTestId('texts-input').fill(sampleTexts)
      await click(page, 'priority')
      await page.locator('[data-testid="quote"][data-state="ready"]').waitFor()
    },
  },
  {
    name: 'dashboard-blank-line',
    page: 'dashboard',
    scenario: 'ready',
    state: 'ready',
    gestures: async (page) => {
      await page
        .getByTestId('texts-file')
        .setInputFiles({ name: 'letters.txt', mimeType: 'text/plain', buffer: Buffer.from('one\n\nthree\n') })
      await page.getByTestId('error').waitFor()
      await click(page, 'erase')
    },
  },
  {
    name: 'dashboard-history',
    page: 'dashboard',
    scenario: 'ready',
    state: 'ready',
    gestures: async (page) => {
      for (const i of [0, 1]) {
        await page.getByTestId('history-check').nth(i).click()
        await page.getByTestId('history-checked').nth(i).waitFor()
      }
    },
  },
  {
    name: 'dashboard-lost',
    page: 'dashboard',
    scenario: 'lost',
    state: 'ready',
    gestures: async (page) => {
      await click(page, 'lost-take')
      await page.getByTestId('lost-words').fill('apple '.repeat(24))
    },
  },
  {
    name: 'dashboard-deposit',
    page: 'dashboard',
    scenario: 'deposit',
    state: 'ready',
    gestures: async (page) => {
      await click(page, 'deposit-open')
      await page.getByTestId('deposit-amount').fill('60')
      await click(page, 'deposit-out')
      await page.getByTestId('deposit').getByTestId('error').waitFor()
    },
  },
  {
    name: 'dashboard-results',
    page: 'dashboard',
    scenario: 'working',
    state: 'ready',
    gestures: async (page) => {
      await page.getByTestId('job-workers').locator('summary').first().click()
      await page.getByTestId('search-input').fill('keeping bread fresh')
      await click(page, 'search-button')
      await page.locator('[data-testid="search-results"][data-state="ready"]').waitFor()
      await page.getByTestId('results-preview').waitFor()
    },
  },
]

const widths: Readonly<Record<PageName, number>> = { popup: 360, dashboard: 1240, onboarding: 900 }
export const viewportOf = (page: PageName): { width: number; height: number } => ({
  width: widths[page],
  height: page === 'popup' ? 560 : 900,
})

/** Opens a case in a page whose context has the fake extension, and brings it to where it is looked at. */
export const openCase = async (
  page: Page,
  url: string,
  wanted: PageCase,
  { language = 'en', widthMax = Infinity }: { readonly language?: string; readonly widthMax?: number } = {},
): Promise<void> => {
  const { width, height } = viewportOf(wanted.page)
  await page.setViewportSize({ width: Math.min(width, widthMax), height })
  await page.goto(`${url}/${wanted.page}.html?scenario=${wanted.scenario}&language=${language}`)
  await state(page, wanted.state)
  await wanted.gestures?.(page)
}
