/** Firefox with the extension installed as a temporary add-on, driven by Puppeteer over WebDriver BiDi. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import puppeteer, { type Browser } from 'puppeteer-core'
import { findBrowsers } from '../../../scripts/find-browsers.mjs'
import { killQuietly, onCleanup, temporaryFolder } from './cleanup.ts'
import type { ExtensionBrowser, LaunchOptions } from './extension-browser.ts'
import { onboard } from './onboard.ts'
import { firefoxScreen } from './screen.ts'

export const firefoxExtensionDir = resolve('.output/firefox-mv2')
/** Fixed, so that pages have known addresses and IndexedDB is found again by the next launch with the same profile. */
const uuid = '7c9ad0a7-52f1-4a3e-9a38-4d0a4f6f2f11'
const startMsMax = 60_000

export interface FirefoxExtension extends ExtensionBrowser {
  readonly kind: 'firefox'
  readonly browser: Browser
  /** The value of an expression in the browser's own privileged scope; strings, numbers, booleans or JSON text. */
  readonly inChrome: (expression: string) => Promise<unknown>
}

export const launchFirefox = async (options: LaunchOptions = {}): Promise<FirefoxExtension> => {
  const { extensionDir = firefoxExtensionDir, headed = false, args = [] } = options
  const { firefox: executablePath } = await findBrowsers(['firefox'])
  const profile = options.profileDir === undefined ? temporaryFolder('firefox') : { path: options.profileDir, remove: async () => {} }
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: !headed,
    userDataDir: profile.path,
    // Without it BiDi refuses pages of extensions.
    args: ['--remote-allow-system-access', ...args],
    extraPrefsFirefox: {
      'extensions.webextensions.uuids': JSON.stringify({ [geckoId(extensionDir)]: uuid }),
      // Permission prompts are answered with yes, and candidates carry addresses: no mDNS responder is needed.
      'extensions.webextOptionalPermissionPrompts': false,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
    },
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    timeout: startMsMax,
  })
  const pid = browser.process()?.pid
  const gone = new Promise<void>((done) => browser.process()?.once('exit', () => done()))
  const kill = () => killQuietly(pid)
  const close = onCleanup(() => browser.close(), kill)
  await browser.installExtension(extensionDir)

  const url = (page: string) => `moz-extension://${uuid}/${page}`
  const open = async (page: string) => {
    const tab = await browser.newPage()
    // Extension pages report no load events.
    await tab.goto(url(page), { waitUntil: [] })
    return firefoxScreen(tab)
  }
  const inChrome = async (expression: string): Promise<unknown> => {
    const { contexts } = await send(browser, 'browsingContext.getTree', { 'moz:scope': 'chrome' })
    const context = (contexts as { context: string }[])[0]?.context
    const { result } = await send(browser, 'script.evaluate', { expression, target: { context }, awaitPromise: true })
    return (result as { value?: unknown }).value
  }
  return {
    kind: 'firefox',
    browser,
    profileDir: profile.path,
    url,
    open,
    openDashboard: () => open('dashboard.html'),
    openPopup: () => open('popup.html'),
    onboard: async (onboarding) => {
      const screen = await open('onboarding.html')
      await onboard(screen, onboarding)
      await screen.close()
    },
    tabs: async () =>
      JSON.parse(String(await inChrome('JSON.stringify(gBrowser.tabs.map((tab) => tab.linkedBrowser.currentURI.spec))'))) as string[],
    inChrome,
    killHard: async () => {
      kill()
      await gone
      await close().catch(() => {})
    },
    close: async () => {
      await close()
      await profile.remove()
    },
  }
}

const geckoId = (extensionDir: string): string => {
  const manifest = JSON.parse(readFileSync(join(extensionDir, 'manifest.json'), 'utf8')) as {
    browser_specific_settings: { gecko: { id: string } }
  }
  return manifest.browser_specific_settings.gecko.id
}

/** BiDi commands that Puppeteer has no method for go through its own connection. */
const send = async (browser: Browser, method: string, params: unknown): Promise<Record<string, unknown>> => {
  const { connection } = browser as unknown as {
    connection: { send: (m: string, p: unknown) => Promise<{ result: Record<string, unknown> }> }
  }
  return (await connection.send(method, params)).result
}
