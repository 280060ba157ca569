/**
 * Where the agent runs: Chrome's offscreen document, or on Firefox the background page itself. The background starts it
 * when the user has said yes and stops it when that ends; whoever runs it may take it away at any time, so `ensure` is
 * asked again and again (on every wake and by an alarm).
 */
export interface AgentHost {
  /** Runs afterwards. Any number of calls at once start it once. */
  readonly ensure: () => Promise<void>
  readonly stop: () => Promise<void>
}

export const agentPage = 'agent.html'

export const createOffscreenHost = (): AgentHost => {
  const exists = async (): Promise<boolean> => {
    const contexts = await chrome.runtime.getContexts({ contextTypes: ['OFFSCREEN_DOCUMENT' as chrome.runtime.ContextType] })
    return contexts.length > 0
  }
  const create = async (): Promise<void> => {
    if (await exists()) return
    await chrome.offscreen.createDocument({
      url: agentPage,
      reasons: ['WORKERS', 'WEB_RTC'] as chrome.offscreen.Reason[],
      justification: 'Computes in Workers and talks to other browsers over WebRTC; a service worker can do neither.',
    })
  }
  return inTurn(create, async () => {
    if (await exists()) await chrome.offscreen.closeDocument()
  })
}

/** `start` begins the agent in this page and returns how to end it. */
export const createInPageHost = (start: () => Promise<() => Promise<void>>): AgentHost => {
  let stop: (() => Promise<void>) | undefined
  return inTurn(
    async () => {
      stop ??= await start()
    },
    async () => {
      const stopping = stop
      stop = undefined
      await stopping?.()
    },
  )
}

/** One after the other, and equal calls in a row as one: a second document would be refused, even while the first is made. */
const inTurn = (ensure: () => Promise<void>, stop: () => Promise<void>): AgentHost => {
  let last: { readonly action: () => Promise<void>; readonly done: Promise<void> } | undefined
  const run = (action: () => Promise<void>): Promise<void> => {
    if (last?.action === action) return last.done
    const before = last?.done ?? Promise.resolve()
    const current = { action, done: before.catch(() => {}).then(action) }
    last = current
    const forget = (): void => {
      if (last === current) last = undefined
    }
    current.done.then(forget, forget)
    return current.done
  }
  return { ensure: () => run(ensure), stop: () => run(stop) }
}
