/**
 * The background: keeps the vault, answers the extension's pages, serves the vault to the agent, and sees to it that the
 * agent runs when (and only when) the user has said yes. On Chrome this is a service worker that may be stopped at any
 * instruction and started again by any message, so every listener is set at once, before anything is awaited, and nothing
 * of consequence is kept in memory.
 */
import browser, { type Runtime } from 'webextension-polyfill'
import type { Clock } from '../../lib/clock.ts'
import { serveVault } from '../../messages/port-vault.ts'
import type { Vault, VaultStatus } from '../../vault/vault.ts'
import { type AgentHost, agentPage } from './agent-host.ts'
import { type CommandDeps, createCommands, type VaultControls } from './commands.ts'
import { isOwnPage, toPortLike, vaultPortName, wakeMessage } from './runtime.ts'
import { createToolbar } from './toolbar.ts'

export interface OwnedVault extends Vault, VaultControls {
  readonly close: () => Promise<void>
}

export interface BackgroundDeps {
  readonly clock: Clock
  readonly openVault: () => Promise<OwnedVault>
  /** Deletes all that this extension has stored. */
  readonly eraseStorage: () => Promise<void>
  readonly presetShares: CommandDeps['presetShares']
  readonly models: CommandDeps['models']
  /** `vault` is for an agent that lives in the background's own page. */
  readonly createHost: (vault: () => Promise<Vault>) => AgentHost
}

const uiPages = ['popup.html', 'dashboard.html', 'onboarding.html'] as const
const onboardingPage = 'onboarding.html'
/** Brings back an agent that the browser took away while nobody was looking. Half a minute is the browser's least. */
const watchAlarm = 'agent'
const watchMinutes = 0.5
/** Between two revivals out of turn. */
const revivalMsMin = 10_000

export const startBackground = (deps: BackgroundDeps): void => {
  const { clock } = deps
  let opening: Promise<OwnedVault> | undefined
  let revivedMs = Number.NEGATIVE_INFINITY
  const ports = new Set<Runtime.Port>()

  const vault = (): Promise<OwnedVault> => (opening ??= open())
  const open = async (): Promise<OwnedVault> => {
    try {
      const opened = await deps.openVault()
      opened.onChange((status) => {
        void inTurn(() => follow(status)).catch(() => {})
        // An agent whose port was cut while this worker slept hears of changes only when it connects again.
        if (ports.size === 0) void browser.runtime.sendMessage(wakeMessage).catch(() => {})
      })
      return opened
    } catch (error) {
      // Pages are told why; the next who asks tries again.
      opening = undefined
      throw error
    }
  }
  const host = deps.createHost(vault)
  const toolbar = createToolbar(clock)

  /** What is done about the agent is done one after another, so that the last word holds. */
  let last: Promise<void> = Promise.resolve()
  const inTurn = (action: () => Promise<void>): Promise<void> => {
    const done = last.then(action)
    // What failed here is tried again at the next look.
    last = done.catch(() => {})
    return done
  }
  const follow = async ({ settings }: VaultStatus): Promise<void> => {
    await toolbar.follow(settings)
    // Only Chrome takes agents away, and only there the permission is asked for.
    if (settings.consented) await browser.alarms?.create(watchAlarm, { periodInMinutes: watchMinutes })
    else await browser.alarms?.clear(watchAlarm)
    if (settings.consented) await host.ensure()
    else await host.stop()
  }
  /** On every start, alarm, and loss of the agent. Without a vault there is no yes, and nothing runs. */
  const look = (): void => {
    const looked = inTurn(async () => {
      const status = await vault().then((opened) => opened.status())
      await follow(status)
    })
    void looked.catch(() => {})
  }
  const erase = (): Promise<void> =>
    inTurn(async () => {
      await host.stop()
      const before = opening
      const erased = (async () => {
        await before?.then((opened) => opened.close()).catch(() => {})
        await deps.eraseStorage()
      })()
      // Whoever asks meanwhile waits for the fresh one.
      opening = erased.then(open)
      opening.catch(() => (opening = undefined))
      await erased
      await follow(await (await vault()).status())
    })
  const answer = createCommands({ vault, erase, presetShares: deps.presetShares, models: deps.models })

  browser.runtime.onInstalled.addListener(({ reason }) => {
    if (reason === 'install') void browser.tabs.create({ url: browser.runtime.getURL(onboardingPage) })
  })
  browser.runtime.onStartup.addListener(look)
  browser.alarms?.onAlarm.addListener(look)
  // `respond` and `true`, not a promise: the one way that every version of both browsers knows.
  const onMessage = (message: unknown, sender: Runtime.MessageSender, respond: (reply: unknown) => void): true | void => {
    if (!isOwnPage(sender, uiPages)) return
    void answer(message).then(respond)
    return true
  }
  browser.runtime.onMessage.addListener(onMessage as Runtime.OnMessageListenerCallback)
  browser.runtime.onConnect.addListener((port) => {
    if (port.name !== vaultPortName || !port.sender || !isOwnPage(port.sender, [agentPage])) return port.disconnect()
    ports.add(port)
    port.onDisconnect.addListener(() => {
      ports.delete(port)
      // Its page died, most likely. One that dies again and again is left to the alarm.
      if (clock.now() - revivedMs < revivalMsMin) return
      revivedMs = clock.now()
      look()
    })
    serveVault(vault(), toPortLike(port))
  })
  look()
}
