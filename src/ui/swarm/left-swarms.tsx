/** Swarms that were founded in this browser and left: each with the button that takes it up again. */
import type { BackgroundState } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Card } from '../components/parts.tsx'
import { t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'

export const LeftSwarms = (props: { readonly left: BackgroundState['left']; readonly onTakenUp: (state: BackgroundState) => void }) => {
  const ui = useUi()
  const { busy, error, run } = useRequest()
  if (props.left.length === 0) return null
  return (
    <Card id="left-swarms" title={t('leftTitle')} icon="people">
      <div className="stack">
        {props.left.map(({ id, name }) => (
          <div key={id} className="inline">
            <p>{t('leftText', name)}</p>
            <button
              type="button"
              className="button"
              data-testid="take-up"
              data-swarm={id}
              aria-label={t('takeUpLabel', name)}
              disabled={busy}
              onClick={() => void run(() => ui.ask('takeUp', { swarm: id })).then((state) => state && props.onTakenUp(state))}
            >
              {t('takeUp')}
            </button>
          </div>
        ))}
        <p className="note">{t('leftHint')}</p>
        <ErrorNote error={error} />
      </div>
    </Card>
  )
}
