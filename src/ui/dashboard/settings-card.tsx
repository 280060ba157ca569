/** Where models come from, who one is, leaving the swarm, erasing everything. What cannot be undone asks twice. */
import { type FormEvent, useState } from 'react'
import type { BackgroundState, LostView } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Card, Id } from '../components/parts.tsx'
import { t } from '../i18n.ts'
import { LostDevice } from './lost-device.tsx'
import { useRequest, useUi } from '../ui-context.ts'

export const SettingsCard = ({ background, lost }: { readonly background: BackgroundState; readonly lost: LostView | null }) => {
  const founded = background.swarm?.founded
  return (
    <Card id="settings" title={t('settingsTitle')} icon="gear">
      <HubUrl saved={background.hubUrl} />
      <dl className="list">
        <div className="figure">
          <dt>{t('yourId')}</dt>
          <dd>
            <Id value={background.root} />
          </dd>
        </div>
        <div className="figure">
          <dt>{t('thisDevice')}</dt>
          <dd>
            <Id value={background.device} />
          </dd>
        </div>
      </dl>
      {!background.phraseConfirmed && (
        <p className="note warn">
          {t('phraseNotBackedUp')}{' '}
          <a className="link" href="/onboarding.html">
            {t('phraseBackUp')}
          </a>
        </p>
      )}
      {lost && <LostDevice lost={lost} />}
      <div className="stack">
        {background.swarm && (
          <Twice testid="leave" command="leave" text={t('leave')} question={t(founded ? 'leaveQuestionFounder' : 'leaveQuestion')} />
        )}
        <Twice testid="erase" command="erase" text={t('erase')} question={t(founded ? 'eraseQuestionFounder' : 'eraseQuestion')} />
      </div>
    </Card>
  )
}

const HubUrl = ({ saved }: { readonly saved: string }) => {
  const ui = useUi()
  const [typed, setTyped] = useState<string | null>(null)
  const { busy, error, run } = useRequest()
  const save = (event: FormEvent): void => {
    event.preventDefault()
    void run(() => ui.ask('settings', { hubUrl: (typed ?? saved).trim() })).then((state) => state && setTyped(null))
  }
  return (
    <form className="stack" onSubmit={save}>
      <label htmlFor="hub">{t('hubLabel')}</label>
      <div className="inline">
        <input
          id="hub"
          type="url"
          data-testid="hub-url"
          value={typed ?? saved}
          spellCheck={false}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button type="submit" className="button quiet" data-testid="hub-save" disabled={busy || typed === null || typed === saved}>
          {t('save')}
        </button>
      </div>
      <ErrorNote error={error} />
    </form>
  )
}

const Twice = (props: {
  readonly testid: string
  readonly command: 'leave' | 'erase'
  readonly text: string
  readonly question: string
}) => {
  const ui = useUi()
  const [asking, setAsking] = useState(false)
  const { busy, error, run } = useRequest()
  if (!asking)
    return (
      <button type="button" className="link danger" data-testid={props.testid} onClick={() => setAsking(true)}>
        {props.text}
      </button>
    )
  return (
    <div className="twice" role="group" aria-label={props.text}>
      <p>{props.question}</p>
      <div className="actions">
        <button
          type="button"
          className="button danger"
          data-testid={`${props.testid}-yes`}
          disabled={busy}
          onClick={() => void run(() => ui.ask(props.command, {})).then((state) => state && setAsking(false))}
        >
          {props.text}
        </button>
        <button type="button" className="button quiet" autoFocus onClick={() => setAsking(false)}>
          {t('keep')}
        </button>
      </div>
      <ErrorNote error={error} />
    </div>
  )
}
