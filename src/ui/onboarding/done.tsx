/** All set: where to find it, and what to do first. */
import { Icon } from '../components/icon.tsx'
import { t } from '../i18n.ts'
import { useUiState } from '../ui-context.ts'
import { StepHeading } from './step-heading.tsx'

export const Done = () => {
  const joined = useUiState((s) => s.background?.swarm !== null)
  const confirmed = useUiState((s) => s.background?.phraseConfirmed)
  return (
    <>
      <StepHeading title={t('doneTitle')} lead={joined ? t('doneText') : t('doneTextNoSwarm')} />
      <ul className="checks">
        <li data-good="true">
          <Icon name="check" />
          {t('doneRunning')}
        </li>
        <li data-good={joined}>
          <Icon name={joined ? 'check' : 'clock'} />
          {joined ? t('doneJoined') : t('doneNotJoined')}
        </li>
        <li data-good={confirmed}>
          <Icon name={confirmed ? 'check' : 'clock'} />
          {confirmed ? t('doneBackedUp') : t('doneNotBackedUp')}
        </li>
      </ul>
      <div className="actions">
        <a className="button" href="/dashboard.html" data-testid="to-dashboard">
          {t('openDashboard')}
        </a>
      </div>
    </>
  )
}
