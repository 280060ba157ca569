/** On or off until switched on again. */
import { t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'

export const PowerSwitch = ({ on }: { readonly on: boolean }) => {
  const ui = useUi()
  const request = useRequest()
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-label={t('powerSwitch')}
      className="switch"
      data-testid="power"
      disabled={request.busy}
      onClick={() => void request.run(() => ui.ask('settings', { paused: on ? 'off' : null }))}
    >
      <span />
    </button>
  )
}
