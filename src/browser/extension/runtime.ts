/** The extension's own runtime: whose message it is, and ports as messages/port-vault.ts wants them. */
import browser, { type Runtime } from 'webextension-polyfill'
import type { PortLike } from '../../messages/port-vault.ts'

export const vaultPortName = 'edge-net/vault'
/** From the background to an agent whose port was cut: there is news, connect again. */
export const wakeMessage = 'edge-net/wake'

/** True for one of the named pages of this extension, and for nothing else: no site, no other extension, no content script. */
export const isOwnPage = (sender: Runtime.MessageSender, pages: readonly string[]): boolean => {
  if (sender.id !== browser.runtime.id || sender.url === undefined) return false
  const [address] = sender.url.split(/[?#]/)
  return pages.some((page) => address === browser.runtime.getURL(page))
}

export const toPortLike = (port: Runtime.Port): PortLike => ({
  postMessage: (message) => port.postMessage(message),
  onMessage: (listener) => port.onMessage.addListener((message) => listener(message)),
  onDisconnect: (listener) => port.onDisconnect.addListener(() => listener()),
  disconnect: () => port.disconnect(),
})
