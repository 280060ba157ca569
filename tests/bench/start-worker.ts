/**
 * `start.worker`: from a page's message to the answer of a service worker that has to start for it. The browser says that
 * none runs before each message goes. Playwright watches its start, which costs some of the time.
 */
import { cleanUp } from '../e2e/harness/cleanup.ts'
import { launchChromium } from '../e2e/harness/launch-chromium.ts'
import { type Figure, median, round2 } from './figure.ts'

const starts = 15
const attemptsMax = 3 * starts

export const benchStartWorker = async (): Promise<readonly Figure[]> => {
  try {
    const browser = await launchChromium()
    await browser.onboard()
    const page = await browser.openDashboard()
    const cdp = await browser.context.browser()!.newBrowserCDPSession()
    const runs = async (): Promise<boolean> => {
      const { targetInfos } = await cdp.send('Target.getTargets')
      return targetInfos.some(({ type, url }) => type === 'service_worker' && url.startsWith(browser.url('')))
    }
    const ask = (): Promise<number> =>
      page.evaluate<number>(`(async () => {
        const start = performance.now()
        const state = await chrome.runtime.sendMessage({ command: 'state', args: {} })
        if (!state?.ok) throw new Error(JSON.stringify(state))
        return performance.now() - start
      })()`)
    const times: number[] = []
    const awake: number[] = []
    await ask()
    for (let attempt = 0; attempt < attemptsMax && times.length < starts; attempt++) {
      awake.push(await ask())
      await browser.stopServiceWorker()
      // The agent may have woken it meanwhile; such a round does not count.
      if (await runs()) continue
      times.push(await ask())
    }
    console.error(`start.worker: ${times.map(Math.round).join(' ')} ms; one that is awake answers in ${round2(median(awake))} ms`)
    if (times.length === 0) throw new Error('the service worker never stayed stopped')
    return [{ name: 'start.worker', value: round2(median(times)), unit: 'ms p50', n: times.length }]
  } finally {
    await cleanUp()
  }
}
