/** What a fresh install does, and what it must not do before the yes. */
import { createServer } from 'node:net'
import { browserKinds, expect, launch, test } from './harness/fixtures.ts'
import { launchChromium } from './harness/launch-chromium.ts'
import { byState, byTestId } from './harness/screen.ts'

for (const kind of browserKinds)
  test(`${kind}: a fresh install opens the first-run page`, async (_, info) => {
    const browser = await launch(kind)
    await expect.poll(() => browser.tabs()).toContain(browser.url('onboarding.html'))
    const page = await browser.open('onboarding.html')
    await page.waitFor(byState('consent'))
    await page.waitFor(byTestId('consent-yes'))
    await page.screenshot(info.outputPath('onboarding.png'))

    const popup = await browser.openPopup()
    await popup.waitFor(byState('no-consent'))
    await popup.screenshot(info.outputPath('popup.png'))
  })
