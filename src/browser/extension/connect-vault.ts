/** The agent's way to the vault where the background is another context (Chrome). */
import browser from 'webextension-polyfill'
import type { Clock } from '../../lib/clock.ts'
import { createRemoteVault, type RemoteVault } from '../../messages/port-vault.ts'
import { toPortLike, vaultPortName, wakeMessage } from './runtime.ts'

export const connectVault = (clock: Clock): RemoteVault => {
  const vault = createRemoteVault(() => toPortLike(browser.runtime.connect({ name: vaultPortName })), clock)
  browser.runtime.onMessage.addListener((message: unknown) => {
    if (message === wakeMessage) vault.wake()
    return undefined
  })
  // The first word of a port is the status: settings and swarm are known without asking.
  vault.wake()
  return vault
}
