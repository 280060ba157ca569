/** How much of the processor may be used. The slider says what that is in cores; below it, what is allowed right now. */
import { useEffect, useRef, useState } from 'react'
import type { AgentView, BackgroundState } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { formatCores, formatCount, formatPercent } from '../format.ts'
import { t } from '../i18n.ts'
import { useClock, useRequest, useUi } from '../ui-context.ts'

const saveAfterMs = 200

export const SharePanel = (props: { readonly background: BackgroundState; readonly view: AgentView | null }) => {
  const ui = useUi()
  const clock = useClock()
  const { error, run } = useRequest()
  /** What is being chosen, until it has been saved. */
  const [chosen, setChosen] = useState<number | null>(null)
  const callOff = useRef(() => {})
  useEffect(() => () => callOff.current(), [])

  const share = chosen ?? props.background.share
  const cores = props.view?.share.cores ?? navigator.hardwareConcurrency
  const inCores = t('shareInCores', formatCores(share, cores), formatCount(cores))

  const choose = (next: number): void => {
    setChosen(next)
    callOff.current()
    callOff.current = clock.after(saveAfterMs, () => void run(() => ui.ask('settings', { share: next })).then(() => setChosen(null)))
  }

  return (
    <section className="card share" aria-label={t('shareTitle')}>
      <div className="share-head">
        <label htmlFor="share">{t('shareTitle')}</label>
        <output htmlFor="share">{formatPercent(share)}</output>
      </div>
      <input
        id="share"
        data-testid="share"
        type="range"
        min={5}
        max={100}
        step={5}
        value={Math.round(share * 100)}
        aria-valuetext={`${formatPercent(share)}, ${inCores}`}
        style={{ ['--filled' as string]: `${((Math.max(0.05, share) - 0.05) / 0.95) * 100}%` }}
        onChange={(event) => choose(event.target.valueAsNumber / 100)}
      />
      <p className="note">
        <span>{inCores}</span>
        {props.view && <span data-testid="share-now">{t('shareNow', formatPercent(props.view.share.allowed))}</span>}
      </p>
      <ErrorNote error={error} />
    </section>
  )
}
