/**
 * A lost or stolen device: find it, see what would be moved, type the 24 words, and follow what the witnesses decide. What it had in the
 * swarm that this one succeeds comes in the same way, from the issuer.
 */
import { useState, type FormEvent } from 'react'
import type { LostBeforeView, LostDeviceView, LostView } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Id } from '../components/parts.tsx'
import { formatAmount, formatWait, shortId } from '../format.ts'
import { t } from '../i18n.ts'
import { lostBeforeTexts, takeoverTexts } from '../status-texts.ts'
import { useClock, useRequest, useUi } from '../ui-context.ts'

export const LostDevice = ({ lost }: { readonly lost: LostView }) => {
  const ui = useUi()
  const { busy, error, run } = useRequest()
  return (
    <details
      className="lost"
      open={lost.devices.some(({ takeover }) => takeover !== null) || lost.before.some(({ state }) => state !== null)}
    >
      <summary data-testid="lost-open">{t('lostTitle')}</summary>
      <div className="stack">
        <p className="note">{t('lostExplained')}</p>
        <div className="actions">
          <button
            type="button"
            className="button quiet"
            data-testid="lost-look"
            disabled={busy}
            onClick={() => void run(() => ui.agent.call('lookForDevices', {}))}
          >
            {t('lostLook')}
          </button>
        </div>
        <ErrorNote error={error} />
        <p className="note" role="status" data-testid="lost-state">
          {lost.asked && (lost.answered ? lost.devices.length + lost.before.length === 0 && t('lostNone') : t('lostLooking'))}
        </p>
        <ul className="rows">
          {lost.devices.map((device) => (
            <li key={device.id} data-testid="lost-device" data-device={device.id} data-state={device.takeover?.state ?? 'found'}>
              <Device device={device} />
            </li>
          ))}
        </ul>
        {lost.before.length > 0 && (
          <section className="stack" aria-labelledby="lost-before">
            <h3 id="lost-before">{t('lostBefore')}</h3>
            <ul className="rows">
              {lost.before.map((device) => (
                <li key={device.id} data-testid="lost-before" data-device={device.id} data-state={device.state ?? 'found'}>
                  <Before device={device} />
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </details>
  )
}

const Before = ({ device: { id, micro, state } }: { readonly device: LostBeforeView }) => (
  <div className="stack">
    <Id value={id} />
    {state === null ? (
      <>
        <p>{t('lostHeld', formatAmount(micro))}</p>
        <ByPhrase device={id} command="carryOver" act={t('lostBring')} question={t('lostBringQuestion')} />
      </>
    ) : (
      <p role="status" className={state === 'came' ? 'good' : state === 'asking' ? 'note' : 'bad'}>
        {t(lostBeforeTexts[state], formatAmount(micro))}
      </p>
    )}
  </div>
)

const Device = ({ device }: { readonly device: LostDeviceView }) => {
  const clock = useClock()
  const { takeover, freeMicro, stakedMicro, lockedMicro } = device
  const laterMicro = stakedMicro + lockedMicro
  // Something may have come in for it since.
  const again = takeover === null || takeover.state === 'outrun' || (takeover.state === 'done' && freeMicro > 0)
  return (
    <div className="stack">
      <Id value={device.id} />
      {takeover && (
        <p role="status" className={takeoverTone(takeover.state)}>
          {t(
            takeoverTexts[takeover.state],
            formatAmount(takeover.movedMicro),
            formatAmount(takeover.restMicro),
            takeover.freeMs === null ? '' : formatWait(takeover.freeMs - clock.now()),
          )}
        </p>
      )}
      {again && (
        <p>
          {laterMicro > 0 ? t('lostHoldsBoth', formatAmount(freeMicro), formatAmount(laterMicro)) : t('lostHolds', formatAmount(freeMicro))}
        </p>
      )}
      {again && <ByPhrase device={device.id} command="takeOver" act={t('lostTake')} question={t('lostQuestion')} />}
    </div>
  )
}

const takeoverTone = (state: NonNullable<LostDeviceView['takeover']>['state']): string =>
  state === 'done' ? 'good' : state === 'certifying' || state === 'unlocking' ? 'note' : 'bad'

const wordCount = 24

/** What only the root key can say of another device. */
const ByPhrase = (props: {
  readonly device: string
  readonly command: 'takeOver' | 'carryOver'
  readonly act: string
  readonly question: string
}) => {
  const { device, command, act, question } = props
  /** A device may stand in both lists. */
  const field = `words-${command}-${device}`
  const ui = useUi()
  const [phrase, setPhrase] = useState<string | null>(null)
  /** The form was open: the focus goes back to where it came from. */
  const [opened, setOpened] = useState(false)
  const { busy, error, run } = useRequest()
  /** There may be several devices: what is heard says which. */
  const named = (text: string): string => `${text} ${shortId(device)}`
  if (phrase === null)
    return (
      <button
        type="button"
        className="link danger"
        data-testid="lost-take"
        aria-label={named(act)}
        autoFocus={opened}
        onClick={() => {
          setPhrase('')
          setOpened(true)
        }}
      >
        {act}
      </button>
    )
  const words = phrase.trim().toLowerCase().split(/\s+/)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    void run(() => ui.ask(command, { device, phrase: words.join(' ') })).then((state) => state && setPhrase(null))
  }
  return (
    <form className="twice" onSubmit={submit}>
      <p>{question}</p>
      <label htmlFor={field}>{t('restoreLabel')}</label>
      <textarea
        id={field}
        aria-label={named(t('restoreLabel'))}
        data-testid="lost-words"
        rows={5}
        value={phrase}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
        autoFocus
        onChange={(event) => setPhrase(event.target.value)}
      />
      <ErrorNote error={error} />
      <div className="actions">
        <button
          type="submit"
          className="button danger"
          data-testid="lost-yes"
          aria-label={named(act)}
          disabled={busy || words.length !== wordCount}
        >
          {act}
        </button>
        <button type="button" className="button quiet" aria-label={named(t('keep'))} onClick={() => setPhrase(null)}>
          {t('keep')}
        </button>
      </div>
    </form>
  )
}
