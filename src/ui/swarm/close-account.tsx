/**
 * A founder closes a member's account, as the owner of the swarm's witness (spec: ledger.md, *Verdicts*): what that does, why, and the
 * account's first digits typed, since nobody can undo it.
 */
import { type FormEvent, useId, useState } from 'react'
import type { ClosingView, JudgedReason } from '../../messages/founder-view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { shortId } from '../format.ts'
import { type MessageKey, t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'
import { isTyped } from './typed-id.ts'

const reasons: Readonly<Record<JudgedReason, MessageKey>> = { SybilAttack: 'closeSybil', Malicious: 'closeMalicious' }
const effects: readonly MessageKey[] = ['closeNothingMore', 'closeStands', 'closeTold', 'closeForGood']

/** How far it is: one of several witnesses closes nothing alone. */
export const Closing = ({ closing: { reason, signed, needed } }: { readonly closing: ClosingView }) => (
  <p className="note" role="status" data-testid="closing" data-closed={signed >= needed} data-signed={signed}>
    {signed >= needed ? t('closingDone', t(reasons[reason])) : t('closingWaits', signed, needed, t(reasons[reason]))}
  </p>
)

export const CloseAccount = ({ account, serving }: { readonly account: string; readonly serving: boolean }) => {
  /** False: it was, and is not any more: the focus goes back to where it came from. */
  const [asking, setAsking] = useState<boolean | null>(null)
  const label = `${t('close')} ${shortId(account)}`
  if (asking) return <Question account={account} label={label} serving={serving} onEnd={() => setAsking(false)} />
  return (
    <button
      type="button"
      className="link danger"
      data-testid="account-close"
      aria-label={label}
      disabled={!serving}
      autoFocus={asking === false}
      onClick={() => setAsking(true)}
    >
      {t('close')}
    </button>
  )
}

const Question = (props: { readonly account: string; readonly label: string; readonly serving: boolean; readonly onEnd: () => void }) => {
  const { account, label, serving, onEnd } = props
  const ui = useUi()
  const id = useId()
  const [reason, setReason] = useState<JudgedReason | null>(null)
  const [typed, setTyped] = useState('')
  const { busy, error, run } = useRequest()
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (reason) void run(() => ui.agent.call('judge', { account, reason })).then((done) => done && onEnd())
  }
  return (
    <form className="twice" aria-label={label} data-testid="account-question" onSubmit={submit}>
      <p>{t('closeQuestion', shortId(account))}</p>
      <ul>
        {effects.map((effect) => (
          <li key={effect}>{t(effect)}</li>
        ))}
      </ul>
      <fieldset>
        <legend>{t('closeReason')}</legend>
        {(Object.keys(reasons) as JudgedReason[]).map((one, i) => (
          <label key={one} className="tick">
            <input
              type="radio"
              name={`${id}-reason`}
              data-testid={`close-${one}`}
              autoFocus={i === 0}
              required
              checked={reason === one}
              onChange={() => setReason(one)}
            />
            <span>{t(reasons[one])}</span>
          </label>
        ))}
      </fieldset>
      <label htmlFor={`${id}-typed`}>{t('closeType', shortId(account))}</label>
      <input
        id={`${id}-typed`}
        className="typed-id"
        data-testid="close-typed"
        value={typed}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
        onChange={(event) => setTyped(event.target.value)}
      />
      <div className="actions">
        <button
          type="submit"
          className="button danger"
          data-testid="account-close-yes"
          disabled={busy || !serving || reason === null || !isTyped(typed, account)}
        >
          {t('closeYes')}
        </button>
        <button type="button" className="button quiet" onClick={onEnd}>
          {t('keep')}
        </button>
      </div>
      <ErrorNote error={error} />
    </form>
  )
}
