/** The toolbar button tells the state without being opened. */
import browser from 'webextension-polyfill'
import type { Settings } from '../../vault/vault.ts'

const sizes = [16, 32, 48, 128] as const
const icons = (prefix: string): Record<number, string> => Object.fromEntries(sizes.map((size) => [size, `/icons/${prefix}${size}.png`]))

export const showState = async ({ consented, paused }: Settings): Promise<void> => {
  const button = browser.action ?? browser.browserAction
  const runs = consented && paused === null
  await button.setIcon({ path: icons(runs ? '' : 'off-') })
}
