/** Name, swarm and state, always in sight. */
import { Mark } from '../components/mark.tsx'
import { Balance } from '../components/balance.tsx'
import { t } from '../i18n.ts'
import { statusOf } from '../status.ts'
import { useUiState } from '../ui-context.ts'
import { activityTexts } from '../status-texts.ts'

export const TopBar = () => {
  const state = useUiState((s) => s)
  const { activity } = statusOf(state)
  return (
    <header className="top-bar">
      <Mark size={34} activity={activity} />
      <h1 className="wordmark">{t('extName')}</h1>
      {state.view?.swarm && (
        <span className="chip" title={state.view.swarm.id} data-testid="swarm-name">
          {state.view.swarm.name}
        </span>
      )}
      <span className="chip state-chip" data-activity={activity}>
        {t(activityTexts[activity])}
      </span>
      {state.view && (
        <p className="top-credits">
          <Balance view={state.view} unit={t('creditsUnit')} />
        </p>
      )}
    </header>
  )
}
