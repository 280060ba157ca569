/** How much: three presets, each a button. Choosing one is the yes that is sent. */
import type { BackgroundState } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Icon, type IconName } from '../components/icon.tsx'
import { type MessageKey, t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'
import { StepHeading } from './step-heading.tsx'

const presets: readonly (readonly [BackgroundState['preset'], IconName, MessageKey, MessageKey])[] = [
  ['gentle', 'leaf', 'presetGentle', 'presetGentleText'],
  ['standard', 'gauge', 'presetStandard', 'presetStandardText'],
  ['all', 'bolt', 'presetAll', 'presetAllText'],
]

export const Share = ({ onBack, onDone }: { readonly onBack: () => void; readonly onDone: () => void }) => {
  const ui = useUi()
  const { busy, error, run } = useRequest()
  return (
    <>
      <StepHeading title={t('presetTitle')} lead={t('presetLead')} />
      <div className="presets">
        {presets.map(([preset, icon, title, text]) => (
          <button
            key={preset}
            type="button"
            className="preset"
            data-testid={`preset-${preset}`}
            disabled={busy}
            onClick={() => void run(() => ui.ask('consent', { preset })).then((state) => state && onDone())}
          >
            <Icon name={icon} />
            <strong>{t(title)}</strong>
            <span>{t(text)}</span>
          </button>
        ))}
      </div>
      <ErrorNote error={error} />
      <div className="actions">
        <button type="button" className="link" onClick={onBack} disabled={busy}>
          {t('back')}
        </button>
      </div>
    </>
  )
}
