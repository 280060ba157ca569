/** Who is in the swarm that was made here: taken off with a question and back with a click; an account closed for good. */
import type { FounderAccountView, FounderMemberView } from '../../messages/founder-view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Id } from '../components/parts.tsx'
import { Twice } from '../components/twice.tsx'
import { formatAgo, formatAmount, formatCount, shortId } from '../format.ts'
import { t } from '../i18n.ts'
import { useRequest, useUi, useUiState } from '../ui-context.ts'
import { CloseAccount, Closing } from './close-account.tsx'
import { keysOf } from './member-keys.ts'

/** `serving`: before, no notice and no verdict is signed. */
export const Members = ({ members, serving }: { readonly members: readonly FounderMemberView[]; readonly serving: boolean }) => (
  <details>
    <summary data-testid="members-open">{t('membersTitle', members.length)}</summary>
    <div className="stack">
      <p className="note">{t(members.length === 0 ? 'membersNone' : 'membersExplained')}</p>
      {members.length > 0 && <p className="note">{t('membersClosing')}</p>}
      <ul className="rows members">
        {members.map((member) => (
          <li key={member.identity} data-testid="member" data-member={member.identity} data-blocked={member.blocked}>
            <div className="member">
              <Id value={member.identity} />
              <small>
                <Presence member={member} />
              </small>
            </div>
            {member.accounts.map((account) => (
              <Account key={account.id} account={account} serving={serving} />
            ))}
            {member.blocked ? <TakeBack member={member} serving={serving} /> : <TakeOff member={member} serving={serving} />}
          </li>
        ))}
      </ul>
    </div>
  </details>
)

const Presence = ({ member: { blocked, here, seenMs } }: { readonly member: FounderMemberView }) => {
  const nowMs = useUiState((s) => s.nowMs)
  if (blocked) return t('memberBlocked')
  if (here) return t('memberHere')
  return seenMs === null ? t('memberAway') : t('memberSeen', formatAgo(seenMs, nowMs))
}

const Account = ({ account, serving }: { readonly account: FounderAccountView; readonly serving: boolean }) => (
  <div className="account" data-testid="member-account" data-account={account.id}>
    <p className="note">
      {t('accountFigures', shortId(account.id), formatAmount(account.micro), formatCount(account.accepted), formatCount(account.rejected))}
      {account.fined && ` ${t('accountFined')}`}
    </p>
    {account.closing ? <Closing closing={account.closing} /> : <CloseAccount account={account.id} serving={serving} />}
  </div>
)

interface One {
  readonly member: FounderMemberView
  readonly serving: boolean
}

const TakeOff = ({ member, serving }: One) => {
  const ui = useUi()
  return (
    <Twice
      testid="member-block"
      text={t('memberBlock')}
      label={`${t('memberBlock')} ${shortId(member.identity)}`}
      question={t('memberBlockQuestion')}
      disabled={!serving}
      act={() => ui.ask('terms', { block: keysOf(member) })}
    />
  )
}

const TakeBack = ({ member, serving }: One) => {
  const ui = useUi()
  const { busy, error, run } = useRequest()
  return (
    <div>
      <button
        type="button"
        className="link"
        data-testid="member-unblock"
        aria-label={`${t('memberUnblock')} ${shortId(member.identity)}`}
        disabled={busy || !serving}
        onClick={() => void run(() => ui.ask('terms', { unblock: keysOf(member) }))}
      >
        {t('memberUnblock')}
      </button>
      <ErrorNote error={error} />
    </div>
  )
}
