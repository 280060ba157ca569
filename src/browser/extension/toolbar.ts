/** The toolbar button tells the state without being opened: by its picture, and in words to who points at it. */
import browser from 'webextension-polyfill'
import { isPaused } from '../../agent/agent-view.ts'
import type { Clock } from '../../lib/clock.ts'
import { type AgentView, uiChannelName } from '../../messages/view.ts'
import type { Settings } from '../../vault/vault.ts'

const sizes = [16, 32, 48, 128] as const
const states = {
  off: { prefix: 'off-', text: 'activity_off' },
  paused: { prefix: 'off-', text: 'activity_paused' },
  idle: { prefix: '', text: 'activity_idle' },
  working: { prefix: 'working-', text: 'activity_working' },
} as const
type State = keyof typeof states

export interface Toolbar {
  readonly follow: (settings: Settings) => Promise<void>
}

/**
 * Whether the agent works is heard on the interface's channel, which wakes nobody: a background that sleeps has no agent that works,
 * since that keeps it awake.
 */
export const createToolbar = (clock: Clock): Toolbar => {
  let shown: State | undefined
  let settings: Settings | undefined
  let working = false
  const show = async (): Promise<void> => {
    if (!settings) return
    const off = !settings.consented || settings.paused === 'off'
    const state: State = off ? 'off' : isPaused(settings, clock.now()) ? 'paused' : working ? 'working' : 'idle'
    if (state === shown) return
    shown = state
    const button = browser.action ?? browser.browserAction
    const { prefix, text } = states[state]
    await button.setIcon({ path: Object.fromEntries(sizes.map((size) => [size, `/icons/${prefix}${size}.png`])) })
    await button.setTitle({ title: `${browser.i18n.getMessage('extName')}: ${browser.i18n.getMessage(text)}` })
  }
  new BroadcastChannel(uiChannelName).onmessage = ({ data }: MessageEvent<{ readonly view?: AgentView } | null>) => {
    if (!data?.view?.activity) return
    working = data.view.activity.working
    void show().catch(() => {})
  }
  return {
    follow: (next) => {
      settings = next
      return show()
    },
  }
}
