/** The mark, one word for what goes on, why, and the next step where there is one; beside it the main switch. */
import { formatTime } from '../format.ts'
import { type MessageKey, t, tn } from '../i18n.ts'
import { Mark } from '../components/mark.tsx'
import type { Reason, Status } from '../status.ts'
import { activityTexts, reasonTexts } from '../status-texts.ts'
import { useUiState } from '../ui-context.ts'
import { PowerSwitch } from './power-switch.tsx'

export const StatusPanel = ({ status }: { readonly status: Status }) => {
  const consented = useUiState((s) => s.background?.consented ?? false)
  const next = nextSteps[status.reason ?? 'paused']
  return (
    <header className="status">
      <Mark activity={status.activity} size={44} />
      <div className="status-words" aria-live="polite">
        <h1 data-testid="activity">{t(activityTexts[status.activity])}</h1>
        <p data-testid="reason">
          <Why status={status} />
        </p>
        {next && (
          <a
            className={status.activity === 'no-consent' ? 'button' : 'link'}
            href="/onboarding.html"
            target="_blank"
            data-testid="next-step"
          >
            {t(next)}
          </a>
        )}
      </div>
      {consented && <PowerSwitch on={status.activity !== 'off'} />}
    </header>
  )
}

/** Both lead to the first-run page, which opens at the step that is due. */
const nextSteps: { readonly [R in Reason]?: MessageKey } = { 'no-consent': 'setUp', 'no-swarm': 'joinASwarm' }

const Why = ({ status }: { readonly status: Status }) => {
  const requesters = useUiState((s) => new Set(s.view?.work.filter(isRunning).map((w) => w.requester)).size)
  if (status.activity === 'working') return requesters > 0 ? tn('workingFor', requesters) : t('workingForYou')
  if (status.untilMs !== null) return t('pausedUntil', formatTime(status.untilMs))
  if (status.activity === 'paused') return t('pausedUntilRestart')
  return status.reason ? t(reasonTexts[status.reason]) : status.activity === 'idle' ? t('reason_none') : null
}

const isRunning = (work: { readonly state: string }): boolean => ['agreed', 'receiving', 'executing'].includes(work.state)
