/** After the no: nothing was asked of anyone, nothing runs, and the way back is open. */
import { t } from '../i18n.ts'
import { StepHeading } from './step-heading.tsx'

export const Declined = ({ onBack }: { readonly onBack: () => void }) => (
  <>
    <StepHeading title={t('declinedTitle')} lead={t('declinedText')} />
    <div className="actions">
      <button type="button" className="button quiet" data-testid="consent-back" onClick={onBack}>
        {t('declinedBack')}
      </button>
    </div>
  </>
)
