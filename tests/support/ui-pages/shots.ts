/**
 * `npx tsx tests/support/ui-pages/shots.ts [part of a name] [language] [width]`: takes a picture of every screen, light and dark, into
 * .cache/ui-shots, for people to look at.
 */
import { mkdirSync } from 'node:fs'
import { chromium } from 'playwright'
import { chromiumArgs, findBrowsers } from '../../../scripts/find-browsers.mjs'
import { servePages } from './serve.ts'
import { openCase, pageCases } from './views.ts'

const [wanted = '', language = 'en', width] = process.argv.slice(2)
mkdirSync('.cache/ui-shots', { recursive: true })
const served = await servePages()
const browser = await chromium.launch({ executablePath: (await findBrowsers(['chromium'])).chromium, args: [...chromiumArgs] })
for (const colorScheme of ['light', 'dark'] as const) {
  const context = await browser.newContext({ colorScheme, deviceScaleFactor: 2, reducedMotion: 'reduce' })
  await context.addInitScript({ content: served.fakeExtension })
  for (const each of pageCases.filter(({ name }) => name.includes(wanted))) {
    const page = await context.newPage()
    page.on('console', (message) => message.type() === 'error' && console.log(each.name, message.text()))
    page.on('pageerror', (error) => console.log(each.name, error.message))
    await openCase(page, served.url, each, { language, widthMax: Number(width ?? Infinity) }).catch((error: Error) =>
      console.log(each.name, error.message),
    )
    await page.evaluate('scrollTo(0, 0)')
    await page.screenshot({
      path: `.cache/ui-shots/${each.name}-${colorScheme}${language === 'en' ? '' : `-${language}`}${width === undefined ? '' : `-${width}`}.png`,
      fullPage: true,
    })
    await page.close()
  }
  await context.close()
}
await browser.close()
await served.close()
