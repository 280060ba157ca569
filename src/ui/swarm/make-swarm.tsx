/** Making a swarm of one's own: what it is called, where its members meet, what an invite brings and how many may use it. */
import { type FormEvent, type ReactNode, useState } from 'react'
import type { BackgroundState } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'
import { placesOf, TrackerFields } from './tracker-fields.tsx'

const microPerCredit = 1_000_000
const nameCharsMax = 80
const usesMax = 1_000
/** As the policy's table has it for friends (economy.md); the most is what all grants may come to. */
const grantDefault = '500'
const grantCreditsMax = 25_000
const usesDefault = '10'

export const MakeSwarm = (props: { readonly onMade: (state: BackgroundState) => void; readonly children?: ReactNode }) => {
  const ui = useUi()
  const [name, setName] = useState('')
  const [places, setPlaces] = useState('')
  const [usesPublic, setUsesPublic] = useState(false)
  const [grant, setGrant] = useState(grantDefault)
  const [uses, setUses] = useState(usesDefault)
  const { busy, error, run, clear } = useRequest()
  const trackers = placesOf(places, usesPublic)
  const make = (event: FormEvent): void => {
    event.preventDefault()
    const wanted = { name: name.trim(), trackers, grantMicro: Math.round(Number(grant) * microPerCredit), uses: Number(uses) }
    void run(() => ui.ask('found', wanted)).then((state) => state && props.onMade(state))
  }
  const typed = (set: (value: string) => void) => (value: string) => {
    set(value)
    clear()
  }
  return (
    <form className="stack" onSubmit={make} data-testid="make-form">
      <label htmlFor="swarm-name">{t('makeName')}</label>
      <input
        id="swarm-name"
        data-testid="swarm-name-input"
        value={name}
        maxLength={nameCharsMax}
        required
        autoComplete="off"
        onChange={(event) => typed(setName)(event.target.value)}
      />
      <TrackerFields places={places} usesPublic={usesPublic} onPlaces={typed(setPlaces)} onPublic={setUsesPublic} />
      {trackers.length === 0 && (
        <p className="note warn" data-testid="nobody-can-join">
          {t('makeNobodyCanJoin')}
        </p>
      )}
      <div className="pair">
        <NumberField id="swarm-grant" label={t('makeGrant')} value={grant} max={grantCreditsMax} onChange={typed(setGrant)} />
        <NumberField id="swarm-uses" label={t('makeUses')} value={uses} max={usesMax} onChange={typed(setUses)} />
      </div>
      <p className="note">{t('makeYouAreWitness')}</p>
      <ErrorNote error={error} />
      <div className="actions">
        <button type="submit" className="button" data-testid="make" disabled={busy || name.trim() === ''}>
          {busy ? t('making') : t('make')}
        </button>
        {props.children}
      </div>
    </form>
  )
}

export const NumberField = (props: {
  readonly id: string
  readonly label: string
  readonly value: string
  readonly max: number
  readonly onChange: (value: string) => void
}) => (
  <div className="stack">
    <label htmlFor={props.id}>{props.label}</label>
    <input
      id={props.id}
      data-testid={props.id}
      type="number"
      inputMode="numeric"
      required
      min={1}
      max={props.max}
      step={1}
      value={props.value}
      onChange={(event) => props.onChange(event.target.value)}
    />
  </div>
)
