/** A page of the extension as a person meets it: the few gestures that Playwright (Chromium) and Puppeteer (Firefox) share. */
import type { Page as PlaywrightPage } from 'playwright'
import type { Page as PuppeteerPage } from 'puppeteer-core'

export interface Screen {
  readonly click: (selector: string) => Promise<void>
  /** Replaces what stands in a text field. */
  readonly fill: (selector: string, value: string) => Promise<void>
  readonly choose: (selector: string, value: string) => Promise<void>
  readonly upload: (selector: string, file: string) => Promise<void>
  /** Until an element that matches is visible. */
  readonly waitFor: (selector: string, timeoutMs?: number) => Promise<void>
  readonly has: (selector: string) => Promise<boolean>
  readonly text: (selector: string) => Promise<string>
  readonly attribute: (selector: string, name: string) => Promise<string | null>
  /** The value of a JavaScript expression in the page, awaited; JSON only. */
  readonly evaluate: <T>(expression: string) => Promise<T>
  readonly screenshot: (file: string) => Promise<void>
  readonly close: () => Promise<void>
}

export const waitMsDefault = 30_000
const visiblePollMs = 50
export const byTestId = (id: string): string => `[data-testid="${id}"]`
export const byState = (state: string): string => `[data-state="${state}"]`

/** From the front: a tab behind another one draws a frame a second, and a click waits for two that are alike. */
export const chromiumScreen = (page: PlaywrightPage): Screen => ({
  click: async (selector) => {
    await page.bringToFront()
    await page.locator(selector).first().click()
  },
  fill: (selector, value) => page.locator(selector).first().fill(value),
  choose: async (selector, value) => void (await page.locator(selector).first().selectOption(value)),
  upload: (selector, file) => page.locator(selector).first().setInputFiles(file),
  waitFor: (selector, timeout = waitMsDefault) => page.locator(selector).first().waitFor({ state: 'visible', timeout }),
  has: async (selector) => (await page.locator(selector).count()) > 0,
  text: (selector) => page.locator(selector).first().innerText(),
  attribute: (selector, name) => page.locator(selector).first().getAttribute(name),
  evaluate: (expression) => page.evaluate(expression),
  screenshot: async (file) => void (await page.screenshot({ path: file, fullPage: true })),
  close: () => page.close(),
})

export const firefoxScreen = (page: PuppeteerPage): Screen => {
  const find = async (selector: string) => {
    const element = await page.waitForSelector(selector, { timeout: waitMsDefault })
    if (element === null) throw new Error(`no ${selector}`)
    return element
  }
  /** By interval and from the front: Puppeteer waits by animation frames, which a tab behind another one never gets. */
  const visible = async (selector: string, timeout = waitMsDefault): Promise<void> => {
    await page.bringToFront()
    const shown = (wanted: string): boolean => [...document.querySelectorAll(wanted)].some((element) => element.checkVisibility())
    await page.waitForFunction(shown, { polling: visiblePollMs, timeout }, selector).catch(async (error: unknown) => {
      throw new Error(`not visible: ${selector}; the page: ${await page.evaluate(() => document.body.innerHTML)}`, { cause: error })
    })
  }
  return {
    click: async (selector) => {
      await visible(`${selector}:not(:disabled)`)
      await (await find(selector)).click()
    },
    fill: async (selector, value) => {
      await visible(selector)
      const field = await find(selector)
      // As Playwright fills: at once, and told as input. React hears of a value only through the element's own setter.
      await field.evaluate((element, wanted) => {
        const { set } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(element), 'value')!
        ;(element as HTMLInputElement).focus()
        set!.call(element, wanted)
        element.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertText', data: wanted }))
      }, value)
    },
    choose: async (selector, value) => {
      await find(selector)
      await page.select(selector, value)
    },
    upload: async (selector, file) => {
      const input = await find(selector)
      await (input as Awaited<ReturnType<typeof page.waitForSelector<'input'>>>)!.uploadFile(file)
    },
    waitFor: visible,
    has: async (selector) => (await page.$(selector)) !== null,
    text: async (selector) => {
      await find(selector)
      return page.$eval(selector, (element) => (element as HTMLElement).innerText)
    },
    attribute: async (selector, name) => {
      await find(selector)
      return page.$eval(selector, (element, attribute) => element.getAttribute(attribute), name)
    },
    evaluate: (expression) => page.evaluate(expression) as Promise<never>,
    screenshot: async (file) => void (await page.screenshot({ path: file as `${string}.png`, fullPage: true })),
    close: () => page.close(),
  }
}
