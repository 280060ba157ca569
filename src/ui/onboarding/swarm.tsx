/** Joining by link, making a swarm, or later. Here too an identity is restored, for that goes only before a swarm was joined. */
import { useState } from 'react'
import type { BackgroundState } from '../../messages/view.ts'
import { type MessageKey, t } from '../i18n.ts'
import { Invites } from '../swarm/invites.tsx'
import { LeftSwarms } from '../swarm/left-swarms.tsx'
import { MakeSwarm } from '../swarm/make-swarm.tsx'
import { useUiState } from '../ui-context.ts'
import { JoinSwarm } from './join-swarm.tsx'
import { Restore } from './restore.tsx'
import { StepHeading } from './step-heading.tsx'

type Way = 'join' | 'make'
const ways: readonly (readonly [Way, MessageKey])[] = [
  ['join', 'wayJoin'],
  ['make', 'wayMake'],
]

export const Swarm = (props: { readonly onJoined: (state: BackgroundState) => void; readonly onLater: () => void }) => {
  const left = useUiState((s) => s.background?.left) ?? []
  const [way, setWay] = useState<Way>('join')
  const [made, setMade] = useState<BackgroundState | null>(null)
  if (made) return <Made state={made} onGo={() => props.onJoined(made)} />
  const later = (
    <button type="button" className="button quiet" data-testid="join-later" onClick={props.onLater}>
      {t('joinLater')}
    </button>
  )
  return (
    <>
      <StepHeading title={t('swarmTitle')} lead={t('swarmLead')} />
      <LeftSwarms left={left} onTakenUp={props.onJoined} />
      <fieldset className="ways">
        <legend className="visually-hidden">{t('wayTitle')}</legend>
        {ways.map(([name, text]) => (
          <label key={name}>
            <input type="radio" name="way" data-testid={`way-${name}`} checked={way === name} onChange={() => setWay(name)} />
            <span>{t(text)}</span>
          </label>
        ))}
      </fieldset>
      {way === 'join' ? <JoinSwarm onJoined={props.onJoined}>{later}</JoinSwarm> : <MakeSwarm onMade={setMade}>{later}</MakeSwarm>}
      <Restore />
    </>
  )
}

const Made = ({ state, onGo }: { readonly state: BackgroundState; readonly onGo: () => void }) => (
  <>
    <StepHeading title={t('madeTitle')} lead={t('madeLead')} />
    <Invites invites={state.swarm?.founded?.invites ?? []} founder={null} />
    <div className="actions">
      <button type="button" className="button" data-testid="made-go" onClick={onGo}>
        {t('madeGo')}
      </button>
    </div>
  </>
)
