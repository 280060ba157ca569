/** Bringing back an identity by its 24 words. */
import { useState, type FormEvent } from 'react'
import { ErrorNote } from '../components/error-note.tsx'
import { t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'

export const Restore = () => {
  const ui = useUi()
  const [phrase, setPhrase] = useState('')
  const [restored, setRestored] = useState(false)
  const { busy, error, run } = useRequest()
  const words = phrase.trim().toLowerCase().split(/\s+/)
  const restore = (event: FormEvent): void => {
    event.preventDefault()
    void run(() => ui.ask('restore', { phrase: words.join(' ') })).then((state) => {
      if (!state) return
      setRestored(true)
      setPhrase('')
    })
  }
  return (
    <details className="card restore">
      <summary data-testid="restore-open">{t('restoreTitle')}</summary>
      <form className="stack" onSubmit={restore}>
        <label htmlFor="phrase">{t('restoreLabel')}</label>
        <textarea
          id="phrase"
          data-testid="restore-input"
          rows={3}
          value={phrase}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="none"
          onChange={(event) => setPhrase(event.target.value)}
        />
        <p className="note">{t('restoreHint')}</p>
        <ErrorNote error={error} />
        <div className="actions">
          <button type="submit" className="button quiet" data-testid="restore" disabled={busy || words.length !== 24}>
            {t('restore')}
          </button>
        </div>
        <p className="good" role="status" data-testid="restored">
          {restored && t('restored')}
        </p>
      </form>
    </details>
  )
}
