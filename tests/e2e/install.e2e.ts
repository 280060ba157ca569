/** What a fresh install does, and what it must not do before the yes. */
import type { BackgroundState } from '../../src/messages/view.ts'
import { browserKinds, expect, launch, test } from './harness/fixtures.ts'
import { launchChromium } from './harness/launch-chromium.ts'
import { byState, byTestId, type Screen } from './harness/screen.ts'

/** The agent opens its database as the first thing it does. */
const agentHasRun = (page: Screen): Promise<boolean> =>
  page.evaluate(`indexedDB.databases().then((all) => all.some(({ name }) => name === 'edge-net-agent'))`)

/** What a page of ours gets for an answer. */
const ask = <T>(page: Screen, command: string, args: object = {}): Promise<{ readonly ok: T }> =>
  page.evaluate(`(globalThis.browser ?? chrome).runtime.sendMessage(${JSON.stringify({ command, args })})`)

for (const kind of browserKinds) {
  test(`${kind}: a fresh install opens the first-run page, nothing runs before the yes, and what is malformed is refused`, async () => {
    const browser = await launch(kind)
    await expect.poll(browser.tabs).toContain(browser.url('onboarding.html'))

    const page = await browser.open('onboarding.html')
    await page.waitFor(byTestId('consent-yes'))
    await page.screenshot(test.info().outputPath('onboarding.png'))
    // In the one size that the styles are made for, whatever the browser gives to pages of extensions.
    expect(await page.evaluate('getComputedStyle(document.body).fontSize === getComputedStyle(document.documentElement).fontSize')).toBe(true)
    const popup = await browser.openPopup()
    await popup.waitFor(byState('no-consent'))
    await popup.screenshot(test.info().outputPath('popup.png'))
    expect(await agentHasRun(page)).toBe(false)

    // Nor does anything that is said to the background in a wrong way.
    expect(await ask(page, 'settings', { consented: true })).toMatchObject({ error: { type: 'malformed' } })
    expect(await ask(page, 'join', { link: 'edgenet:1:AAAA' })).toMatchObject({ error: { type: 'link' } })
    expect(await ask<BackgroundState>(page, 'state')).toMatchObject({ ok: { consented: false } })

    await page.click(byTestId('consent-no'))
    expect(await agentHasRun(page)).toBe(false)
  })

  test(`${kind}: after the yes it runs, what was said is kept over a restart, and erasing leaves a fresh install behind, with another identity`, async () => {
    const browser = await launch(kind)
    await browser.onboard({ preset: 'gentle' })
    const popup = await browser.openPopup()
    await popup.waitFor(byState('idle'))
    await expect.poll(() => agentHasRun(popup)).toBe(true)
    const title = () => popup.evaluate<string>(`(async () => { const { action, browserAction } = globalThis.browser ?? chrome; return (action ?? browserAction).getTitle({}) })()`)
    await expect.poll(title).toBe('Edge-Net: Idle')
    await ask(popup, 'settings', { paused: 'off' })
    await expect.poll(title).toBe('Edge-Net: Off')
    await ask(popup, 'settings', { paused: null })
    await browser.killHard()

    const again = await launch(kind, { profileDir: browser.profileDir })
    const reopened = await again.openPopup()
    await reopened.waitFor(byState('idle'))

    const before = await ask<BackgroundState>(reopened, 'state')
    const after = await ask<BackgroundState>(reopened, 'erase')
    expect(before).toMatchObject({ ok: { consented: true } })
    expect(after).toMatchObject({ ok: { consented: false, swarm: null } })
    expect(after.ok.root).not.toBe(before.ok.root)
    expect(await agentHasRun(reopened)).toBe(false)
    expect(await ask(reopened, 'state')).toEqual(after)
  })
}

test('chromium: no offscreen document before the yes; afterwards it is there, and comes back when it is taken away', async () => {
  const browser = await launchChromium()
  const page = await browser.open('onboarding.html')
  await page.waitFor(byTestId('consent-yes'))
  expect(await browser.agentRuns()).toBe(false)
  await browser.onboard()
  await expect.poll(browser.agentRuns).toBe(true)

  await browser.stopServiceWorker()
  expect(await browser.agentRuns()).toBe(true)
  await browser.inAgent('globalThis.first = true')
  await browser.stopAgent()
  // Any look at the extension wakes the worker, and the worker looks after the agent.
  const popup = await browser.openPopup()
  await popup.waitFor(byState('idle'))
  await expect.poll(() => browser.inAgent('globalThis.first ?? false').catch(() => 'none')).toBe(false)
})
