/** Chromium with the unpacked extension, driven by Playwright; with the means to kill its contexts one by one. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type BrowserContext, type CDPSession, chromium } from 'playwright'
import { chromiumArgs, findBrowsers } from '../../../scripts/find-browsers.mjs'
import { killQuietly, onCleanup, temporaryFolder } from './cleanup.ts'
import type { ExtensionBrowser, LaunchOptions } from './extension-browser.ts'
import { onboard } from './onboard.ts'
import { chromiumScreen } from './screen.ts'

export const chromeExtensionDir = resolve('.output/chrome-mv3')
const startMsMax = 60_000
/** The lock is a socket, whose path the system limits to 104 or 108 characters; some 45 are the browser's own part. */
const lockFolderCharsMax = 58

export interface ChromiumExtension extends ExtensionBrowser {
  readonly kind: 'chromium'
  readonly context: BrowserContext
  readonly id: string
  /** Whether the offscreen document exists. */
  readonly agentRuns: () => Promise<boolean>
  /** Closes the offscreen document under the extension's feet. */
  readonly stopAgent: () => Promise<void>
  /** The value of an expression in the offscreen document, awaited; JSON only. */
  readonly inAgent: <T>(expression: string) => Promise<T>
  /** Stops the service worker as the browser does when it is idle; any message wakes a new one. */
  readonly stopServiceWorker: () => Promise<void>
}

export const launchChromium = async (options: LaunchOptions = {}): Promise<ChromiumExtension> => {
  const { extensionDir = chromeExtensionDir, headed = false, args = [] } = options
  const { chromium: executablePath } = await findBrowsers(['chromium'])
  const id = extensionId(extensionDir)
  const profile = options.profileDir === undefined ? temporaryFolder('chromium') : { path: options.profileDir, remove: async () => {} }
  const launching = chromium.launchPersistentContext(profile.path, {
    executablePath,
    headless: !headed,
    // Nobody looks, and without a graphics card each frame of an animation is drawn by the processor that should compute.
    ...(headed ? {} : { reducedMotion: 'reduce' as const }),
    args: [...chromiumArgs, `--disable-extensions-except=${extensionDir}`, `--load-extension=${extensionDir}`, ...args],
    // Ours close relays and remove profiles too.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    // What it makes for its lock goes with the profile, however it ends.
    ...(profile.path.length <= lockFolderCharsMax ? { env: { ...process.env, TMPDIR: profile.path } } : {}),
    timeout: startMsMax,
  })
  // Registered before it runs: an end that comes meanwhile waits for it, and removes the profile after it.
  const started: { pid?: number } = {}
  const kill = () => killQuietly(started.pid)
  const close = onCleanup(async () => (await launching).close(), kill)
  const context = await launching
  const browser = context.browser()
  if (browser === null) throw new Error('a persistent context without a browser')
  const cdp = await browser.newBrowserCDPSession()
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo')
  const main = processInfo.find((p) => p.type === 'browser')
  if (main) started.pid = main.id
  const gone = new Promise<void>((done) => context.once('close', () => done()))

  const url = (page: string) => `chrome-extension://${id}/${page}`
  const open = async (page: string) => {
    const tab = await context.newPage()
    await tab.goto(url(page))
    return chromiumScreen(tab)
  }
  const agent = async () => {
    const { targetInfos } = await cdp.send('Target.getTargets')
    return targetInfos.find((t) => t.url === url('agent.html') && t.type === 'background_page')
  }
  return {
    kind: 'chromium',
    context,
    id,
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
    tabs: async () => context.pages().map((page) => page.url()),
    agentRuns: async () => (await agent()) !== undefined,
    stopAgent: async () => {
      const target = await agent()
      if (target) await cdp.send('Target.closeTarget', { targetId: target.targetId })
    },
    inAgent: async (expression) => {
      const target = await agent()
      if (!target) throw new Error('the agent does not run')
      return evaluateIn(cdp, target.targetId, expression)
    },
    stopServiceWorker: async () => {
      const page = await context.newPage()
      // A page without scripts of ours: it must not wake the worker again.
      await page.goto(url('manifest.json'))
      const session = await context.newCDPSession(page)
      await session.send('ServiceWorker.enable')
      await session.send('ServiceWorker.stopAllWorkers')
      await page.close()
    },
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

/** Chromium's rule: the first 16 bytes of the SHA-256 of the public key, a nibble a letter. */
const extensionId = (extensionDir: string): string => {
  const { key } = JSON.parse(readFileSync(join(extensionDir, 'manifest.json'), 'utf8')) as { key: string }
  const hash = createHash('sha256').update(Buffer.from(key, 'base64')).digest('hex').slice(0, 32)
  return Array.from(hash, (digit) => 'abcdefghijklmnop'[parseInt(digit, 16)]).join('')
}

/** The offscreen document is no page to Playwright; it is reached as a target of the browser's own session. */
const evaluateIn = async <T>(cdp: CDPSession, targetId: string, expression: string): Promise<T> => {
  const { sessionId } = await cdp.send('Target.attachToTarget', { targetId, flatten: false })
  try {
    const answer = new Promise<string>((done) => {
      const listen = (event: { sessionId: string; message: string }) => {
        if (event.sessionId !== sessionId || (JSON.parse(event.message) as { id?: number }).id !== 1) return
        cdp.off('Target.receivedMessageFromTarget', listen)
        done(event.message)
      }
      cdp.on('Target.receivedMessageFromTarget', listen)
    })
    const params = { expression, awaitPromise: true, returnByValue: true }
    await cdp.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }) })
    const { result } = JSON.parse(await answer) as {
      result: { result: { value: T }; exceptionDetails?: { exception?: { description?: string } } }
    }
    if (result.exceptionDetails) throw new Error(result.exceptionDetails.exception?.description ?? 'failed in the agent')
    return result.result.value
  } finally {
    await cdp.send('Target.detachFromTarget', { sessionId })
  }
}
