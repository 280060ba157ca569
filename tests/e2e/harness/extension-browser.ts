/** A real browser with the extension installed, as tests and demo use it whichever browser it is. */
import type { Onboarding } from './onboard.ts'
import type { Screen } from './screen.ts'

export interface ExtensionBrowser {
  readonly kind: 'chromium' | 'firefox'
  /** Profile folder: give it to a later launch to start again with what was stored. */
  readonly profileDir: string
  /** Address of a page of the extension, as `popup.html`. */
  readonly url: (page: string) => string
  readonly open: (page: string) => Promise<Screen>
  readonly openDashboard: () => Promise<Screen>
  readonly openPopup: () => Promise<Screen>
  /** Clicks through the first run in a page of its own and closes it. */
  readonly onboard: (onboarding?: Onboarding) => Promise<void>
  /** Addresses of all tabs. */
  readonly tabs: () => Promise<readonly string[]>
  /** SIGKILL: no page, no worker and no transaction gets to say goodbye. */
  readonly killHard: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface LaunchOptions {
  readonly extensionDir?: string
  readonly profileDir?: string
  readonly headed?: boolean
  readonly args?: readonly string[]
}
