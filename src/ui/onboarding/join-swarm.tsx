/** Joining by a link that somebody has sent. */
import { type FormEvent, type ReactNode, useState } from 'react'
import type { BackgroundState } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'

export const JoinSwarm = (props: { readonly onJoined: (state: BackgroundState) => void; readonly children: ReactNode }) => {
  const ui = useUi()
  const [link, setLink] = useState('')
  const { busy, error, run, clear } = useRequest()
  const join = (event: FormEvent): void => {
    event.preventDefault()
    void run(() => ui.ask('join', { link: link.trim() })).then((state) => state && props.onJoined(state))
  }
  return (
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
        {props.children}
      </div>
    </form>
  )
}
