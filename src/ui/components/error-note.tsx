/** What went wrong in plain words; below it what completes it, for whoever wants to know or report it. */
import type { UiError } from '../../messages/view.ts'
import { explain } from '../error-text.ts'
import { t } from '../i18n.ts'
import { Icon } from './icon.tsx'

export const ErrorNote = ({ error, onClose }: { readonly error: UiError | null; readonly onClose?: () => void }) => {
  if (!error) return null
  const { text, more } = explain(error)
  return (
    <div className="error-note" role="alert" data-testid="error" data-error={error.type}>
      <Icon name="alert" />
      <p>
        {text}
        {more && <small>{more}</small>}
      </p>
      {onClose && (
        <button type="button" className="icon-button" onClick={onClose} aria-label={t('dismiss')}>
          <Icon name="cross" />
        </button>
      )}
    </div>
  )
}
