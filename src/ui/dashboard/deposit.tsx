/** The deposit: what it is, what is on its way in or out, and how to change it. */
import { useEffect, useState, type FormEvent } from 'react'
import type { AgentView, DepositView, UiError } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Progress } from '../components/parts.tsx'
import { formatAmount, formatWait } from '../format.ts'
import { t } from '../i18n.ts'
import { parseCredits, typedCredits } from '../parse-credits.ts'
import { useClock, useRequest, useUi } from '../ui-context.ts'

export const Deposit = ({ view, deposit }: { readonly view: AgentView; readonly deposit: DepositView }) => {
  const { certifiedMicro, waitingMicro, neededMicro, unlocking, unlockMs } = deposit
  const nowMs = useMinute()
  return (
    <section
      className="deposit"
      aria-labelledby="deposit-title"
      data-testid="deposit"
      data-micro={certifiedMicro}
      data-waiting={waitingMicro ?? ''}
    >
      <h3 id="deposit-title">{t('depositTitle')}</h3>
      <p>
        {neededMicro > 0
          ? t('depositOf', formatAmount(certifiedMicro), formatAmount(neededMicro), formatWait(unlockMs))
          : t('depositNone', formatAmount(certifiedMicro), formatWait(unlockMs))}
      </p>
      {neededMicro > 0 && <Progress value={certifiedMicro} max={neededMicro} label={t('depositTitle')} />}
      <div role="status">
        {waitingMicro !== null && (
          <p className="note warn" data-testid="deposit-waiting">
            {t('depositWaiting', formatAmount(waitingMicro))}
          </p>
        )}
        {unlocking.map(({ micro, freeMs }) => (
          <p key={`${micro}/${freeMs}`} className="note" data-testid="deposit-unlocking" data-micro={micro}>
            {t('depositUnlocking', formatAmount(micro), formatWait(freeMs - nowMs))}
          </p>
        ))}
      </div>
      <ChangeDeposit view={view} deposit={deposit} />
    </section>
  )
}

const ChangeDeposit = ({ view, deposit }: { readonly view: AgentView; readonly deposit: DepositView }) => {
  const ui = useUi()
  const [typed, setTyped] = useState('')
  const [refused, setRefused] = useState<UiError | null>(null)
  const { busy, error, run, clear } = useRequest()
  const nowMicro = deposit.waitingMicro ?? deposit.certifiedMicro
  const change = (sign: 1 | -1): void => {
    clear()
    const amount = parseCredits(typed)
    const fault = !amount.ok ? amount.error : sign < 0 && amount.value > nowMicro ? 'too-little' : null
    setRefused(fault && { type: 'deposit', detail: JSON.stringify({ reason: fault }) })
    if (!amount.ok || fault) return
    void run(() => ui.agent.call('deposit', { stakedMicro: nowMicro + sign * amount.value })).then((done) => done && setTyped(''))
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    change(1)
  }
  return (
    <details>
      <summary data-testid="deposit-open">{t('depositChange')}</summary>
      <form className="stack" onSubmit={submit}>
        <p className="note">{t('depositExplained', formatWait(deposit.unlockMs))}</p>
        <label htmlFor="deposit-amount">{t('depositAmount')}</label>
        <input
          id="deposit-amount"
          inputMode="decimal"
          autoComplete="off"
          data-testid="deposit-amount"
          value={typed}
          placeholder={typedCredits(Math.max(0, Math.min(view.credits.availableMicro, deposit.neededMicro - nowMicro)) || 10_000_000)}
          onChange={(event) => setTyped(event.target.value)}
        />
        <ErrorNote error={refused ?? error} />
        <div className="actions">
          <button type="submit" className="button quiet" data-testid="deposit-in" disabled={busy || typed.trim() === ''}>
            {t('depositIn')}
          </button>
          <button
            type="button"
            className="button quiet"
            data-testid="deposit-out"
            disabled={busy || typed.trim() === '' || nowMicro === 0}
            onClick={() => change(-1)}
          >
            {t('depositOut')}
          </button>
        </div>
      </form>
    </details>
  )
}

const minuteMs = 60_000

/** The time, anew every minute: what counts down in hours and minutes needs no more. */
const useMinute = (): number => {
  const clock = useClock()
  const [nowMs, setNowMs] = useState(() => clock.now())
  useEffect(() => clock.after(minuteMs, () => setNowMs(clock.now())), [clock, nowMs])
  return nowMs
}
