/** Members who keep copies of what was confirmed here are missing: the founder waits, or decides, knowing what it may cost, to go on. */
import { useState } from 'react'
import { ErrorNote } from '../components/error-note.tsx'
import { t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'

export const GoOn = () => {
  const ui = useUi()
  /** False: it was, and is not any more: the focus goes back to where it came from. */
  const [asking, setAsking] = useState<boolean | null>(null)
  const { busy, error, run } = useRequest()
  if (!asking)
    return (
      <button type="button" className="link danger" data-testid="go-on" autoFocus={asking === false} onClick={() => setAsking(true)}>
        {t('goOn')}
      </button>
    )
  return (
    <div className="twice" role="group" aria-label={t('goOn')}>
      <p>{t('goOnQuestion')}</p>
      <div className="actions">
        <button
          type="button"
          className="button danger"
          data-testid="go-on-yes"
          disabled={busy}
          onClick={() => void run(() => ui.agent.call('goOnAlone', {}))}
        >
          {t('goOn')}
        </button>
        <button type="button" className="button quiet" autoFocus onClick={() => setAsking(false)}>
          {t('goOnNot')}
        </button>
      </div>
      <ErrorNote error={error} />
    </div>
  )
}
