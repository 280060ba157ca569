/** The links by which others join a swarm that was made here: copied with a click, with what is left of each, and withdrawn. */
import { type FormEvent, useState } from 'react'
import type { AgentView, InviteView } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { copyText } from '../copy-text.ts'
import { Icon } from '../components/icon.tsx'
import { Twice } from '../components/twice.tsx'
import { t, tn } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'
import { NumberField } from './make-swarm.tsx'

export const Invites = (props: { readonly invites: readonly InviteView[]; readonly founder: AgentView['founder'] }) => (
  <ul className="invites">
    {props.invites.map((invite, i) => (
      <li key={invite.token} data-testid="invite" data-revoked={invite.revoked}>
        {invite.revoked ? (
          <p className="note">{t('inviteRevoked', i + 1)}</p>
        ) : (
          <>
            <InviteLink
              invite={invite}
              number={i + 1}
              usesLeft={props.founder?.invites.find(({ token }) => token === invite.token)?.usesLeft ?? null}
            />
            <Revoke token={invite.token} number={i + 1} />
          </>
        )}
      </li>
    ))}
  </ul>
)

const Revoke = ({ token, number }: { readonly token: string; readonly number: number }) => {
  const ui = useUi()
  return (
    <Twice
      testid="invite-revoke"
      text={t('inviteRevoke')}
      label={`${t('inviteRevoke')} ${number}`}
      question={t('inviteRevokeQuestion')}
      act={() => ui.ask('revokeInvite', { token })}
    />
  )
}

/** `usesLeft`: null while the agent has not said. */
export const InviteLink = (props: { readonly invite: InviteView; readonly number: number; readonly usesLeft: number | null }) => {
  const { link, uses } = props.invite
  const [copied, setCopied] = useState<boolean | null>(null)
  const copy = (): void => void copyText(link, navigator.clipboard).then(setCopied)
  return (
    <div className="stack">
      <div className="inline">
        <input
          readOnly
          className="link-field"
          data-testid="invite-link"
          aria-label={t('inviteLabel', props.number)}
          value={link}
          onFocus={(event) => event.target.select()}
        />
        <button
          type="button"
          className="button quiet"
          data-testid="invite-copy"
          aria-label={t('inviteCopyLabel', props.number)}
          onClick={copy}
        >
          <Icon name={copied ? 'check' : 'file'} />
          {t('inviteCopy')}
        </button>
      </div>
      <p className="note" data-testid="invite-uses" data-left={props.usesLeft ?? ''}>
        {props.usesLeft === null ? tn('inviteUses', uses) : tn('inviteLeft', props.usesLeft, uses)}
        <span role="status"> {copied !== null && t(copied ? 'inviteCopied' : 'inviteNotCopied')}</span>
      </p>
    </div>
  )
}

const usesMax = 1_000

export const NewInvite = () => {
  const ui = useUi()
  const [uses, setUses] = useState('1')
  const { busy, error, run } = useRequest()
  const create = (event: FormEvent): void => {
    event.preventDefault()
    void run(() => ui.ask('invite', { uses: Number(uses) }))
  }
  return (
    <form className="stack" onSubmit={create}>
      <div className="inline end">
        <NumberField id="invite-uses-input" label={t('inviteNewUses')} value={uses} max={usesMax} onChange={setUses} />
        <button type="submit" className="button quiet" data-testid="invite-new" disabled={busy}>
          {t('inviteNew')}
        </button>
      </div>
      <ErrorNote error={error} />
    </form>
  )
}
