/** What went wrong in plain words; `detail` completes it for whoever wants to know or report it. */
import type { UiError } from '../../messages/view.ts'
import { lookUp, t } from '../i18n.ts'
import { Icon } from './icon.tsx'

export const errorText = ({ type }: UiError): string => lookUp(`error_${type.replaceAll('-', '_')}`) ?? t('error_unknown', type)

export const ErrorNote = ({ error, onClose }: { readonly error: UiError | null; readonly onClose?: () => void }) =>
  error && (
    <div className="error-note" role="alert" data-testid="error" data-error={error.type}>
      <Icon name="alert" />
      <p>
        {errorText(error)}
        {error.detail && <small>{error.detail}</small>}
      </p>
      {onClose && (
        <button type="button" className="icon-button" onClick={onClose} aria-label={t('dismiss')}>
          <Icon name="cross" />
        </button>
      )}
    </div>
  )
