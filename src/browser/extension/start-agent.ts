/**
 * The agent in its page: Chrome's offscreen document or Firefox's background page. Serves the interface and keeps the
 * background awake while, and only while, a contract runs.
 */
import { startAgent } from '../../agent/agent.ts'
import type { AgentDeps } from '../../agent/deps.ts'
import { serveUi } from './serve-ui.ts'

/** Chrome stops a service worker after 30 s without a message. */
const keepAwakeMs = 20_000

/** Returns how to end it; what it was doing goes on from the store at the next start. */
export const startAgentShell = (deps: AgentDeps): (() => Promise<void>) => {
  const { clock, vault, engine, store } = deps
  let stopAwake = (): void => {}
  const running = startAgent(deps).then((agent) => {
    const stopUi = serveUi(agent, engine, clock.now)
    const beat = (): void => {
      stopAwake = clock.after(keepAwakeMs, () => {
        if (agent.busy()) void vault.call('awake', 'status', {})
        beat()
      })
    }
    beat()
    return () => {
      stopUi()
      agent.stop()
    }
  })
  return async () => {
    const stop = await running
    stopAwake()
    stop()
    engine.close()
    await store.close()
  }
}
