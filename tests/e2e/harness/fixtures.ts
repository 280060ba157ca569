/** Playwright's runner with launchers that close what they opened when the test ends, however it ends. */
import { test as base } from '@playwright/test'
import { cleanUp } from './cleanup.ts'
import type { ExtensionBrowser, LaunchOptions } from './extension-browser.ts'
import { launchChromium } from './launch-chromium.ts'
import { launchFirefox } from './launch-firefox.ts'

export const browserKinds = ['chromium', 'firefox'] as const
export type BrowserKind = (typeof browserKinds)[number]

export const launch = (kind: BrowserKind, options?: LaunchOptions): Promise<ExtensionBrowser> =>
  kind === 'chromium' ? launchChromium(options) : launchFirefox(options)

export const test = base.extend<{ cleanedUp: void }>({
  cleanedUp: [
    // Playwright reads the names of needed fixtures from this pattern.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      try {
        await use()
      } finally {
        await cleanUp()
      }
    },
    { auto: true },
  ],
})
export { expect } from '@playwright/test'
