/** The swarm that was made here: how its part goes, whom to invite, who is in it, what work costs, where to meet. */
import { type FormEvent, useState } from 'react'
import type { AgentView, BackgroundState } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Card } from '../components/parts.tsx'
import { type MessageKey, t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'
import { GoOn } from './go-on.tsx'
import { Invites, NewInvite } from './invites.tsx'
import { Members } from './members.tsx'
import { Price } from './price.tsx'
import { placesOf, publicTrackers, TrackerFields } from './tracker-fields.tsx'

const stateTexts: { readonly [S in NonNullable<AgentView['founder']>['state']]: MessageKey } = {
  starting: 'founder_starting',
  recalling: 'founder_recalling',
  missing: 'founder_missing',
  serving: 'founder_serving',
}

export const SwarmCard = ({ background, view }: { readonly background: BackgroundState; readonly view: AgentView | null }) => {
  const { swarm } = background
  if (!swarm?.founded) return null
  const state = view?.founder?.state ?? 'starting'
  return (
    <Card id="own-swarm" title={t('ownSwarmTitle')} icon="people">
      <div className="stack">
        <p className="note" role="status" data-testid="founder-state" data-founder={state}>
          {t(stateTexts[state])}
        </p>
        {state === 'missing' && <GoOn />}
        {swarm.trackers.length === 0 && <p className="note warn">{t('makeNobodyCanJoin')}</p>}
        <Invites invites={swarm.founded.invites} founder={view?.founder ?? null} />
        <NewInvite />
        {view?.founder && <Members members={view.founder.members} serving={state === 'serving'} />}
        {view?.notice && <Price stepMicro={view.notice.stepMicro} serving={state === 'serving'} />}
        <Places saved={swarm.trackers} />
      </div>
    </Card>
  )
}

const Places = ({ saved }: { readonly saved: readonly string[] }) => {
  const ui = useUi()
  const [places, setPlaces] = useState(() => saved.filter((place) => !publicTrackers.includes(place)).join(' '))
  const [usesPublic, setUsesPublic] = useState(() => saved.some((place) => publicTrackers.includes(place)))
  const { busy, error, run, clear } = useRequest()
  const wanted = placesOf(places, usesPublic)
  const save = (event: FormEvent): void => {
    event.preventDefault()
    void run(() => ui.ask('trackers', { trackers: wanted }))
  }
  return (
    <details>
      <summary data-testid="places-open">{t('placesTitle')}</summary>
      <form className="stack" onSubmit={save}>
        <TrackerFields
          places={places}
          usesPublic={usesPublic}
          onPlaces={(typed) => {
            setPlaces(typed)
            clear()
          }}
          onPublic={setUsesPublic}
        />
        <ErrorNote error={error} />
        <div className="actions">
          <button type="submit" className="button quiet" data-testid="places-save" disabled={busy || wanted.join() === saved.join()}>
            {t('save')}
          </button>
        </div>
      </form>
    </details>
  )
}
