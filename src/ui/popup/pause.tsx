/** Pause for an hour or until the browser starts anew; or go on at once. */
import type { BackgroundState } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Icon, type IconName } from '../components/icon.tsx'
import { type MessageKey, t } from '../i18n.ts'
import type { Activity } from '../status.ts'
import { useClock, useRequest, useUi } from '../ui-context.ts'

export const pauseMs = 3_600_000

export const Pause = ({ activity }: { readonly activity: Activity }) => {
  const ui = useUi()
  const clock = useClock()
  const { busy, error, run } = useRequest()
  if (activity === 'off') return null
  const choice = (testid: string, icon: IconName, text: MessageKey, paused: () => BackgroundState['paused']) => (
    <button
      type="button"
      className="button quiet"
      data-testid={testid}
      disabled={busy}
      onClick={() => void run(() => ui.ask('settings', { paused: paused() }))}
    >
      <Icon name={icon} />
      {t(text)}
    </button>
  )
  return (
    <section className="pause" aria-label={t('pauseTitle')}>
      {activity === 'paused' ? (
        choice('resume', 'play', 'resume', () => null)
      ) : (
        <>
          {choice('pause-hour', 'clock', 'pauseHour', () => clock.now() + pauseMs)}
          {choice('pause-restart', 'restart', 'pauseRestart', () => 'restart')}
        </>
      )}
      <ErrorNote error={error} />
    </section>
  )
}
