/** Where models come from, what becomes of what one earns, who one is, leaving the swarm, erasing everything. What cannot be undone asks twice. */
import { type FormEvent, useState } from 'react'
import type { BackgroundState, LostView } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Card, Id } from '../components/parts.tsx'
import { Twice } from '../components/twice.tsx'
import { t } from '../i18n.ts'
import { LostDevice } from './lost-device.tsx'
import { useRequest, useUi } from '../ui-context.ts'

export const SettingsCard = ({ background, lost }: { readonly background: BackgroundState; readonly lost: LostView | null }) => {
  const ui = useUi()
  const founded = background.swarm?.founded
  return (
    <Card id="settings" title={t('settingsTitle')} icon="gear">
      <div className="settings">
        <HubUrl saved={background.hubUrl} />
        <DepositEarnings on={background.depositEarnings} />
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
            <Twice
              testid="leave"
              act={() => ui.ask('leave', {})}
              text={t('leave')}
              question={t(founded ? 'leaveQuestionFounder' : 'leaveQuestion')}
            />
          )}
          <Twice
            testid="erase"
            act={() => ui.ask('erase', {})}
            text={t('erase')}
            question={t(founded ? 'eraseQuestionFounder' : 'eraseQuestion')}
          />
        </div>
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

const DepositEarnings = ({ on }: { readonly on: boolean }) => {
  const ui = useUi()
  const { busy, error, run } = useRequest()
  return (
    <div className="stack">
      <label className="tick">
        <input
          type="checkbox"
          data-testid="deposit-earnings"
          aria-describedby="deposit-earnings-hint"
          checked={on}
          disabled={busy}
          onChange={(event) => void run(() => ui.ask('settings', { depositEarnings: event.target.checked }))}
        />
        <span>{t('depositEarnings')}</span>
      </label>
      <p className="note" id="deposit-earnings-hint">
        {t('depositEarningsHint')}
      </p>
      <ErrorNote error={error} />
    </div>
  )
}
