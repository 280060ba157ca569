/** The demo's four people: each a real browser with a profile of its own, all saying yes to everything and joining one swarm. */
import { findBrowsers } from '../find-browsers.mjs'
import { command, currentView, viewWhere } from '../../tests/e2e/harness/agent-page.ts'
import { chromeExtensionDir, type ChromiumExtension, launchChromium } from '../../tests/e2e/harness/launch-chromium.ts'
import type { Screen } from '../../tests/e2e/harness/screen.ts'
import { liarExtensionDir } from './build.ts'

export type Role = 'requester' | 'worker'

export interface Opened {
  readonly name: string
  readonly role: Role
  readonly browser: ChromiumExtension
}

export interface Person extends Opened {
  /** A page of the extension: the requester's dashboard; of the workers one that draws nothing, from which the agent can be asked. */
  readonly screen: Screen
  /** Device key, hex: what the ledger calls this person. */
  readonly id: string
  readonly earnedMicro: number
}

const roles: readonly (readonly [name: string, role: Role])[] = [
  ['requester', 'requester'],
  ['worker 1', 'worker'],
  ['worker 2', 'worker'],
  ['worker 3', 'worker'],
]
/** With `--liar`, the one who runs the other build. Nothing after the launch knows of it. */
const liarName = 'worker 3'
const readyMsMax = 120_000

export const openBrowsers = async ({ headed, liar }: { readonly headed: boolean; readonly liar: boolean }): Promise<readonly Opened[]> => {
  // Once, not four times at the same time: a missing browser is fetched.
  await findBrowsers(['chromium'])
  return Promise.all(
    roles.map(async ([name, role]) => {
      const extensionDir = liar && name === liarName ? liarExtensionDir : chromeExtensionDir
      return { name, role, browser: await launchChromium({ headed, extensionDir }) }
    }),
  )
}

/** Clicks through the first run, joins, and waits until all have their grant, know each other and hold the model. */
export const joinAll = async (
  opened: readonly Opened[],
  link: string,
  model: string,
  { headed, onReady }: { readonly headed: boolean; readonly onReady: (ready: number) => void },
): Promise<readonly Person[]> => {
  let ready = 0
  return Promise.all(
    opened.map(async (person) => {
      await person.browser.onboard({ link, preset: 'all' })
      const dashboard = await person.browser.openDashboard()
      await dashboard.waitFor('main[data-state="ready"]', readyMsMax)
      await command(dashboard, 'prepareModel', { model })
      const others = `view.peers.filter((p) => p.role === 'node').length >= ${opened.length - 1}`
      // Certified: what is free may still be on its way to the ledger that the demo compares.
      await viewWhere(dashboard, `view.credits.earnedMicro > 0 && ${others}`, readyMsMax)
      const { self, credits } = await currentView(dashboard)
      onReady(++ready)
      const screen = person.role === 'requester' || headed ? dashboard : await leave(dashboard, person.browser)
      return { ...person, screen, id: self, earnedMicro: credits.earnedMicro }
    }),
  )
}

/** Four open dashboards would draw the progress of the work with the processor that does it. */
const leave = async (dashboard: Screen, browser: ChromiumExtension): Promise<Screen> => {
  const quiet = await browser.open('manifest.json')
  await dashboard.close()
  return quiet
}
