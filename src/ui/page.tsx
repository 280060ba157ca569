/** Opens a page of the interface: its clients over the browser's channels, its texts' language, its React root. */
import { StrictMode, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import type { Clock } from '../lib/clock.ts'
import { uiChannelName } from '../messages/view.ts'
import { createAgentClient } from './agent-client.ts'
import { createBackgroundClient } from './background-client.ts'
import { openChannel } from './channel.ts'
import { language, type MessageKey, t } from './i18n.ts'
import { createUi } from './store.ts'
import { UiContext } from './ui-context.ts'

const pagesChannelName = 'edge-net/pages'

export const openPage = (deps: {
  readonly title: MessageKey
  readonly content: ReactNode
  readonly clock: Clock
  /** The browser's runtime.sendMessage. */
  readonly send: (message: unknown) => Promise<unknown>
}): void => {
  const ui = createUi({
    agent: createAgentClient({ channel: openChannel(uiChannelName), clock: deps.clock, pageId: crypto.randomUUID() }),
    background: createBackgroundClient(deps.send),
    pages: openChannel(pagesChannelName),
    clock: deps.clock,
  })
  document.documentElement.lang = language()
  document.title = t(deps.title)
  document.addEventListener('visibilitychange', () => document.hidden || void ui.refresh())
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <UiContext value={{ ui, clock: deps.clock }}>{deps.content}</UiContext>
    </StrictMode>,
  )
}
