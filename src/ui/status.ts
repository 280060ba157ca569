/** One word for what goes on, and the reason where nothing does: derived from what the page knows, in the order that matters to people. */
import type { BackgroundState, IdleReason } from '../messages/view.ts'
import type { UiState } from './store.ts'

export type Activity = 'loading' | 'no-consent' | 'off' | 'paused' | 'idle' | 'working'
/** The agent's reasons, and two that it cannot give itself. */
export type Reason = IdleReason | 'agent-starting' | 'agent-silent'

export interface Status {
  readonly activity: Activity
  readonly reason: Reason | null
  /** When a pause ends by itself. */
  readonly untilMs: number | null
}

export const isPaused = (paused: BackgroundState['paused'], nowMs: number): boolean =>
  paused === 'restart' || (typeof paused === 'number' && paused > nowMs)

export const statusOf = ({ background, view, agent, nowMs }: UiState): Status => {
  const status = (activity: Activity, reason: Reason | null = null, untilMs: number | null = null): Status => ({
    activity,
    reason,
    untilMs,
  })
  if (!background) return status('loading')
  const { consented, paused, swarm } = background
  if (!consented) return status('no-consent', 'no-consent')
  if (paused === 'off') return status('off', 'off')
  if (isPaused(paused, nowMs)) return status('paused', 'paused', typeof paused === 'number' ? paused : null)
  if (!swarm) return status('idle', 'no-swarm')
  if (!view) return status('idle', agent === 'silent' ? 'agent-silent' : 'agent-starting')
  return view.activity.working ? status('working') : status('idle', view.activity.idleReason)
}

export type Readiness = 'loading' | 'no-consent' | 'no-swarm' | 'connecting' | 'ready'

/** Whether work can be handed in: in a swarm, with at least one peer or relay to speak to. */
export const readinessOf = ({ background, view }: UiState): Readiness => {
  if (!background) return 'loading'
  if (!background.consented) return 'no-consent'
  if (!background.swarm) return 'no-swarm'
  return view?.swarm && view.peers.length > 0 ? 'ready' : 'connecting'
}
