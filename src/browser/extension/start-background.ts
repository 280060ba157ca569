/**
 * The background: keeps the vault, answers the extension's pages, serves the vault to the agent, and sees to it that the
 * agent runs when (and only when) the user has said yes. On Chrome this is a service worker that may be stopped at any
 * instruction and started again by any message, so every listener is set at once, before anything is awaited, and nothing
 * of consequence is kept in memory.
 */
import browser, { type Runtime } from 'webextension-polyfill'
import { serveVault } from '../../messages/port-vault.ts'
import type { Vault, VaultStatus } from '../../vault/vault.ts'
import { type AgentHost, agentPage } from './agent-host.ts'
import { type CommandDeps, createCommands, type VaultControls } from './commands.ts'
import { isOwnPage, toPortLike, vaultPortName, wakeMessage } from './runtime.ts'
import { showState } from './toolbar.ts'

export interface OwnedVault extends Vault, VaultControls {
  readonly close: () => Promise<void>
}

export interface BackgroundDeps {
  readonly openVault: () => Promise<OwnedVault>
  /** Deletes all that this extension has stored. */
  readonly eraseStorage: () => Promise<void>
  readonly presetShares: CommandDeps['presetShares']
  /** `vault` is for an agent that lives in the background's own page. */
  readonly createHost: (vault: () => Promise<Vault>) => AgentHost
}

const uiPages = ['popup.html', 'dashboard.html', 'onboarding.html'] as const
const onboardingPage = 'onboarding.html'
/** Brings back an agent that the browser took away while nobody was looking. Half a minute is the browser's least. */
const watchAlarm = 'agent'
const watchMinutes = 0.5

export const startBackground = (deps: BackgroundDeps): void => {
  let opening: Promise<OwnedVault> | undefined
  const ports = new Set<Runtime.Port>()
  const vault = (): Promise<OwnedVault> => (opening ??= open())
  const host = deps.createHost(vault)

  const open = async (): Promise<OwnedVault> => {
    const opened = await deps.openVault()
    opened.onChange((status) => {
      void follow(status)
      // An agent whose port was cut while this worker slept hears of changes only when it connects again.
      if (ports.size === 0) void browser.runtime.sendMessage(wakeMessage).catch(() => {})
    })
    return opened
  }

  const follow = async ({ settings }: VaultStatus): Promise<void> => {
    await showState(settings)
    if (settings.consented) await host.ensure()
    else await host.stop()
    // Only Chrome takes agents away, and only there the permission is asked for.
    if (!browser.alarms) return
    if (settings.consented) await browser.alarms.create(watchAlarm, { periodInMinutes: watchMinutes })
    else await browser.alarms.clear(watchAlarm)
  }
  /** On every start and alarm. Where the stores do not open, pages are told when they ask; nothing runs. */
  const look = (): void => {
    vault()
      .then((opened) => opened.status())
      .then(follow)
      .catch(() => host.stop())
  }

  const erase = async (): Promise<void> => {
    await host.stop()
    const before = opening
    opening = undefined
    await before?.then((opened) => opened.close()).catch(() => {})
    await deps.eraseStorage()
    look()
  }
  const answer = createCommands({ vault, erase, presetShares: deps.presetShares })

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
    port.onDisconnect.addListener(() => void ports.delete(port))
    serveVault(vault(), toPortLike(port))
  })
  look()
}
