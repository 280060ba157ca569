/** The list price of the swarm that was made here: what a text costs, for everyone from the next job on. */
import { type FormEvent, useState } from 'react'
import type { UiError } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { formatExact } from '../format.ts'
import { t } from '../i18n.ts'
import { parseCredits, typedCredits } from '../parse-credits.ts'
import { useRequest, useUi } from '../ui-context.ts'

export const Price = ({ stepMicro, serving }: { readonly stepMicro: number; readonly serving: boolean }) => {
  const ui = useUi()
  const [typed, setTyped] = useState<string | null>(null)
  const [refused, setRefused] = useState<UiError | null>(null)
  const { busy, error, run, clear } = useRequest()
  const save = (event: FormEvent): void => {
    event.preventDefault()
    const amount = parseCredits(typed ?? '')
    setRefused(amount.ok ? null : { type: 'deposit', detail: JSON.stringify({ reason: amount.error }) })
    if (amount.ok) void run(() => ui.ask('terms', { stepMicro: amount.value })).then((done) => done && setTyped(null))
  }
  const shown = typed ?? typedCredits(stepMicro)
  return (
    <details>
      <summary data-testid="price-open">{t('priceTitle', formatExact(stepMicro))}</summary>
      <form className="stack" onSubmit={save}>
        <p className="note">{t('priceExplained')}</p>
        <label htmlFor="price-input">{t('priceLabel')}</label>
        <div className="inline">
          <input
            id="price-input"
            inputMode="decimal"
            autoComplete="off"
            data-testid="price-input"
            value={shown}
            onChange={(event) => {
              setTyped(event.target.value)
              clear()
            }}
          />
          <button
            type="submit"
            className="button quiet"
            data-testid="price-save"
            disabled={busy || !serving || shown.trim() === '' || shown === typedCredits(stepMicro)}
          >
            {t('save')}
          </button>
        </div>
        <ErrorNote error={refused ?? error} />
      </form>
    </details>
  )
}
