/**
 * A name for this run of the browser, the same for every service worker in it: what ends with a restart is told by it. On
 * Firefox the background page lives as long as the browser, so that a name made at its start is enough.
 */
import browser from 'webextension-polyfill'

export const browserSession = async (fresh: () => string): Promise<string> => {
  if (!browser.storage?.session) return fresh()
  const { session } = await browser.storage.session.get('session')
  if (typeof session === 'string') return session
  const made = fresh()
  await browser.storage.session.set({ session: made })
  return made
}
