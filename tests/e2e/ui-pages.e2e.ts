/**
 * The interface's pages in a real Chromium under a played-out extension (tests/support/ui-pages): accessible in every state and
 * in both colour schemes, and usable from start to end by keyboard alone.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test as base } from '@playwright/test'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { chromiumArgs, findBrowsers } from '../../scripts/find-browsers.mjs'
import { type ServedPages, servePages } from '../support/ui-pages/serve.ts'
import { openCase, pageCases } from '../support/ui-pages/views.ts'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const test = base.extend<{ context: BrowserContext }, { served: ServedPages; chromium: Browser }>({
  served: [
    // Playwright reads the names of needed fixtures from this pattern.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const served = await servePages()
      await use(served)
      await served.close()
    },
    { scope: 'worker' },
  ],
  chromium: [
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const { chromium: executablePath } = await findBrowsers(['chromium'])
      const browser = await chromium.launch({ executablePath, args: [...chromiumArgs] })
      await use(browser)
      await browser.close()
    },
    { scope: 'worker' },
  ],
  context: async ({ chromium, served }, use) => {
    const context = await chromium.newContext({ reducedMotion: 'reduce' })
    await context.addInitScript({ content: served.fakeExtension })
    await use(context)
    await context.close()
  },
})

/** One line per finding: rule, and where. */
const findings = async (page: Page, rules?: readonly string[]): Promise<string[]> => {
  await page.evaluate(axeSource)
  return page.evaluate<string[]>(`axe.run(document, ${JSON.stringify(rules ? { runOnly: rules } : {})}).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target.join(' ') + ' ' + failureSummary)))`)
}

const withinWidth = 'document.documentElement.scrollWidth <= innerWidth'

for (const each of pageCases)
  test(`${each.name} is accessible, light and dark`, async ({ context, served }) => {
    const page = await context.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await page.emulateMedia({ colorScheme: 'light' })
    await openCase(page, served.url, each)
    expect(await findings(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await findings(page, ['color-contrast'])).toEqual([])
    expect(await page.evaluate(withinWidth)).toBe(true)
    // Where it is narrowest, in the longer words.
    await openCase(page, served.url, each, { language: 'de', widthMax: 360 })
    expect(await page.evaluate(withinWidth)).toBe(true)
    expect(errors).toEqual([])
  })

test('the first run, by keyboard alone', async ({ context, served }) => {
  const page = await context.newPage()
  await page.goto(`${served.url}/onboarding.html?scenario=fresh`)
  await page.locator('main[data-state="consent"]').waitFor()
  const press = async (id: string, key = 'Enter') => {
    for (let i = 0; i < 40 && !(await page.evaluate(`document.activeElement?.dataset.testid === ${JSON.stringify(id)}`)); i++)
      await page.keyboard.press('Tab')
    await expect(page.getByTestId(id)).toBeFocused()
    await page.keyboard.press(key)
  }
  await press('consent-yes')
  await expect(page.locator('h1')).toBeFocused()
  await press('preset-gentle', 'Space')
  await page.locator('main[data-state="swarm"]').waitFor()
  await press('link-input', 'e')
  await page.keyboard.type('dgenet:1:abc')
  await press('join')
  await page.locator('main[data-state="phrase"]').waitFor()
  await press('phrase-show')
  const words = await page.getByTestId('words').locator('li').allInnerTexts()
  await press('phrase-written')
  for (const input of await page.getByTestId('word-input').all()) {
    const place = Number(await input.getAttribute('data-place'))
    await expect(input).toBeFocused()
    await page.keyboard.type(words[place - 1]!.replace(/^\d+\s*/, ''))
    await page.keyboard.press('Tab')
  }
  await press('phrase-confirm')
  await page.locator('main[data-state="done"]').waitFor()
})

test('texts are handed in, searched and saved; cancelling ends a task', async ({ context, served }) => {
  const page = await context.newPage()
  await page.goto(`${served.url}/dashboard.html?scenario=working`)
  await page.locator('main[data-state="ready"]').waitFor()
  await expect(page.getByTestId('submit')).toBeDisabled()
  await page
    .getByTestId('texts-file')
    .setInputFiles({ name: 'two.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from('{"text":"one","id":"a"}\n{"text":"two"}\n') })
  await page.locator('[data-testid="quote"][data-state="ready"]').waitFor()
  await expect(page.getByTestId('readers')).toContainText('3 computers')
  const price = page.locator('[data-testid="quote"] .price')
  await expect(price).toHaveAttribute('data-micro', String(2 * 3 * 50_000))
  await page.getByTestId('priority').press('Space')
  await expect(price).toHaveAttribute('data-micro', String(2 * 2 * 3 * 50_000))
  // On this computer nothing is waited for and nothing is paid.
  await page.getByTestId('where-local').check()
  await expect(page.getByTestId('priority')).toHaveCount(0)
  await page.getByTestId('where-network').check()
  await expect(price).toHaveAttribute('data-micro', String(2 * 2 * 3 * 50_000))
  await page.getByTestId('title').fill('Two texts')
  await page.getByTestId('submit').click()
  const job = page.getByTestId('job').first()
  await expect(job).toHaveAttribute('data-state', 'done')
  await expect(job).toContainText('Two texts')
  await expect(job).toContainText('with priority')
  await expect(page.getByTestId('priority')).not.toBeChecked()
  await expect(page.getByTestId('texts-input')).toHaveValue('')

  await page.getByTestId('search-input').fill('bread')
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('search-results')).toHaveAttribute('data-state', 'ready')
  await expect(page.getByTestId('hit')).toHaveCount(10)

  for (const [id, ending] of [
    ['results-download-npy', /\.npy$/],
    ['results-download-jsonl', /\.jsonl$/],
  ] as const) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId(id).click()])
    expect(download.suggestedFilename()).toMatch(ending)
    const saved = readFileSync(await download.path())
    expect(ending.source.includes('npy') ? saved.length : saved.toString().trim().split('\n').length).toBe(
      ending.source.includes('npy') ? 128 + 240 * 96 * 4 : 240,
    )
  }

  await page.getByTestId('cancel').click()
  await expect(page.locator('[data-testid="job"][data-state="cancelled"]')).toBeVisible()
})

test('a founder takes a member off and back, closes an account, changes the price and withdraws a link, by keyboard', async ({
  context,
  served,
}) => {
  const page = await context.newPage()
  await page.goto(`${served.url}/dashboard.html?scenario=founder`)
  await page.locator('main[data-state="ready"]').waitFor()
  const press = (id: string) => page.getByTestId(id).first().press('Enter')
  await press('members-open')
  const member = page.getByTestId('member').first()
  await press('member-block')
  await expect(page.getByRole('button', { name: 'No, keep it' })).toBeFocused()
  await press('member-block-yes')
  await expect(member).toHaveAttribute('data-blocked', 'true')
  await press('member-unblock')
  await expect(member).toHaveAttribute('data-blocked', 'false')

  const account = page.getByTestId('member-account').first()
  await press('account-close')
  await expect(page.getByTestId('close-SybilAttack')).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await expect(page.getByTestId('close-Malicious')).toBeChecked()
  await page.keyboard.press('Tab')
  await page.keyboard.type('00000000')
  await expect(page.getByTestId('account-close-yes')).toBeDisabled()
  await page.getByTestId('close-typed').fill((await account.getAttribute('data-account'))!.slice(0, 8).toUpperCase())
  await page.keyboard.press('Enter')
  await expect(account.getByTestId('closing')).toHaveAttribute('data-closed', 'true')
  await expect(account.getByTestId('account-close')).toHaveCount(0)

  // Whoever thinks better of it is back where they were.
  await press('account-close')
  await page.getByRole('button', { name: 'No, keep it' }).press('Enter')
  await expect(page.getByTestId('account-close').first()).toBeFocused()

  await press('price-open')
  await page.getByTestId('price-input').fill('0.12')
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('price-open')).toContainText('0.12')

  await press('invite-revoke')
  await press('invite-revoke-yes')
  await expect(page.getByTestId('invite').first()).toHaveAttribute('data-revoked', 'true')
})

test('a swarm that was founded here and left is taken up again by a click', async ({ context, served }) => {
  const page = await context.newPage()
  await page.goto(`${served.url}/dashboard.html?scenario=founder-left`)
  await page.getByTestId('take-up').press('Enter')
  await expect(page.getByTestId('founder-state')).toBeVisible()
  await expect(page.getByTestId('take-up')).toHaveCount(0)
})

test('what a lost device had in the swarm before is brought over with the words, by keyboard', async ({ context, served }) => {
  const page = await context.newPage()
  await page.goto(`${served.url}/dashboard.html?scenario=lost`)
  const device = page.locator('[data-testid="lost-before"][data-state="found"]')
  await device.getByTestId('lost-take').press('Enter')
  await expect(device.getByTestId('lost-words')).toBeFocused()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await expect(device.getByTestId('lost-take')).toBeFocused()
  await page.keyboard.press('Enter')
  await page.keyboard.type('apple '.repeat(23))
  await expect(device.getByTestId('lost-yes')).toBeDisabled()
  await page.keyboard.type('apple')
  await device.getByTestId('lost-yes').press('Enter')
  await expect(page.locator('[data-testid="lost-before"][data-state="asking"]')).toBeVisible()
})

test('the share slider saves what was chosen', async ({ context, served }) => {
  const page = await context.newPage()
  await page.goto(`${served.url}/popup.html?scenario=idle`)
  const slider = page.getByTestId('share')
  await slider.focus()
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowLeft')
  await expect(slider).toHaveValue('30')
  const other = await context.newPage()
  await other.goto(`${served.url}/popup.html?scenario=idle`)
  await page.getByTestId('power').press('Space')
  // Another open page is told of the state that was saved, the share in it included.
  await expect(other.locator('main')).toHaveAttribute('data-state', 'off')
  await expect(other.getByTestId('share')).toHaveValue('30')
})
