/**
 * What a page knows: the background's state and the agent's latest view, kept fresh.
 *
 * The agent tells of every change, but one that died cannot: whenever nothing was heard for a while the page asks. The background is
 * asked on opening and whenever the page is looked at again; other pages tell of the state that their own commands were answered with.
 */
import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Clock } from '../lib/clock.ts'
import type { Result } from '../lib/result.ts'
import type { AgentView, BackgroundCommand, BackgroundCommands, BackgroundState, UiError } from '../messages/view.ts'
import type { AgentClient } from './agent-client.ts'
import type { BackgroundClient } from './background-client.ts'
import { type Channel, fieldsOf } from './channel.ts'

export interface UiState {
  /** Null until the background has answered for the first time. */
  readonly background: BackgroundState | null
  /** Why the background could not be asked, while that is so. */
  readonly trouble: UiError | null
  readonly view: AgentView | null
  readonly agent: 'waiting' | 'live' | 'silent'
  readonly nowMs: number
}

export interface Ui {
  readonly store: StoreApi<UiState>
  readonly agent: AgentClient
  readonly ask: <C extends BackgroundCommand>(
    command: C,
    args: BackgroundCommands[C]['args'],
  ) => Promise<Result<BackgroundCommands[C]['answer'], UiError>>
  /** Asks the background anew, for instance when the page is looked at again. */
  readonly refresh: () => Promise<void>
  readonly close: () => void
}

const askAfterSilenceMs = 4_000
/** A machine that works hard may keep an answer waiting: only after this is the agent taken for gone. */
const goneAfterMs = 20_000
const askAgainMs = 1_000
const tickMs = 1_000

export const createUi = (deps: {
  readonly agent: AgentClient
  readonly background: BackgroundClient
  /** Between the pages of the interface: `{state}`. */
  readonly pages: Channel
  readonly clock: Clock
}): Ui => {
  const { agent, background, pages, clock } = deps
  const store = createStore<UiState>(() => ({ background: null, trouble: null, view: null, agent: 'waiting', nowMs: clock.now() }))
  let heardMs = -Infinity
  let closed = false
  let stopAsking = (): void => {}
  let stopTicking = (): void => {}

  const heard = (view: AgentView): void => {
    heardMs = clock.now()
    store.setState({ view, agent: 'live', nowMs: heardMs })
  }

  const watchAgent = async (): Promise<void> => {
    if (clock.now() - heardMs >= askAfterSilenceMs) {
      const answer = await agent.call('view', {})
      if (closed) return
      if (answer.ok) heard(answer.value)
      // A view that is no longer true must not be shown as if it were.
      else if (clock.now() - heardMs >= goneAfterMs) store.setState({ view: null, agent: 'silent' })
    }
    stopAsking = clock.after(store.getState().agent === 'live' ? askAfterSilenceMs : askAgainMs, () => void watchAgent())
  }

  const tick = (): void => {
    store.setState({ nowMs: clock.now() })
    // A background that is only just starting answers soon.
    if (store.getState().trouble) void refresh()
    stopTicking = clock.after(tickMs, tick)
  }

  const ask: Ui['ask'] = async (command, args) => {
    const answer = await background.call(command, args)
    if (closed) return answer
    if (!answer.ok) {
      if (answer.error.type === 'background-unreachable') store.setState({ trouble: answer.error })
    } else if (isState(answer.value)) {
      store.setState({ background: answer.value, trouble: null })
      if (command !== 'state') pages.post({ state: answer.value })
    }
    return answer
  }

  const refresh = async (): Promise<void> => void (await ask('state', {}))
  const stopViews = agent.onView(heard)
  const stopPages = pages.listen((message) => {
    const state = fieldsOf(message)?.state
    if (isState(state)) store.setState({ background: state })
  })
  void watchAgent()
  tick()
  void refresh()

  return {
    store,
    agent,
    ask,
    refresh,
    close: () => {
      closed = true
      for (const stop of [stopAsking, stopTicking, stopViews, stopPages]) stop()
      agent.close()
      pages.close()
    },
  }
}

const isState = (value: unknown): value is BackgroundState => {
  const fields = fieldsOf(value)
  return typeof fields?.consented === 'boolean' && 'paused' in fields && 'swarm' in fields
}
