/** Joining by link, or later. Here too an identity is restored, for that goes only before a swarm was joined. */
import { useState, type FormEvent } from 'react'
import type { BackgroundState } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'
import { Restore } from './restore.tsx'
import { StepHeading } from './step-heading.tsx'

export const Swarm = (props: { readonly onJoined: (state: BackgroundState) => void; readonly onLater: () => void }) => {
  const ui = useUi()
  const [link, setLink] = useState('')
  const { busy, error, run, clear } = useRequest()
  const join = (event: FormEvent): void => {
    event.preventDefault()
    void run(() => ui.ask('join', { link: link.trim() })).then((state) => state && props.onJoined(state))
  }
  return (
    <>
      <StepHeading title={t('swarmTitle')} lead={t('swarmLead')} />
      <form className="stack" onSubmit={join}>
        <label htmlFor="link">{t('swarmLink')}</label>
        <textarea
          id="link"
          data-testid="link-input"
          rows={3}
          value={link}
          placeholder="edgenet:1:…"
          spellCheck={false}
          autoComplete="off"
          aria-describedby="link-hint"
          aria-invalid={error !== null}
          onChange={(event) => {
            setLink(event.target.value)
            clear()
          }}
          onKeyDown={(event) => event.key === 'Enter' && join(event)}
        />
        <p className="note" id="link-hint">
          {t('swarmLinkHint')}
        </p>
        <ErrorNote error={error} />
        <div className="actions">
          <button type="submit" className="button" data-testid="join" disabled={busy || link.trim() === ''}>
            {busy ? t('joining') : t('join')}
          </button>
          <button type="button" className="button quiet" data-testid="join-later" disabled={busy} onClick={props.onLater}>
            {t('joinLater')}
          </button>
        </div>
      </form>
      <Restore />
    </>
  )
}
