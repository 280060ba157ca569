/** The popup: what goes on at a glance, and the few things one changes without opening a page. */
import { Icon } from '../components/icon.tsx'
import { ErrorNote } from '../components/error-note.tsx'
import { t } from '../i18n.ts'
import { statusOf } from '../status.ts'
import { useUiState } from '../ui-context.ts'
import { CreditsPanel } from './credits-panel.tsx'
import { Pause } from './pause.tsx'
import { SharePanel } from './share-panel.tsx'
import { StatusPanel } from './status-panel.tsx'
import { WhyNoWork } from './why-no-work.tsx'

export const Popup = () => {
  const state = useUiState((s) => s)
  const status = statusOf(state)
  const { background, view, trouble } = state
  return (
    <main className="popup" data-state={status.activity} data-reason={status.reason ?? ''}>
      <StatusPanel status={status} />
      <ErrorNote error={trouble} />
      {background?.consented && (
        <>
          <CreditsPanel view={view} />
          <SharePanel background={background} view={view} />
          <Pause activity={status.activity} />
          {status.activity === 'idle' && view && background.swarm && <WhyNoWork view={view} />}
        </>
      )}
      {background?.consented && (
        <footer>
          <a className="button quiet" href="/dashboard.html" target="_blank" data-testid="open-dashboard">
            {t('openDashboard')}
            <Icon name="open" />
          </a>
        </footer>
      )}
    </main>
  )
}
