/** Who is in the swarm that was made here: taken off with a question, taken back with a click. */
import type { FounderMemberView } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Id } from '../components/parts.tsx'
import { Twice } from '../components/twice.tsx'
import { shortId } from '../format.ts'
import { t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'
import { keysOf } from './member-keys.ts'

/** `serving`: before, no notice is signed. */
export const Members = ({ members, serving }: { readonly members: readonly FounderMemberView[]; readonly serving: boolean }) => (
  <details>
    <summary data-testid="members-open">{t('membersTitle', members.length)}</summary>
    <div className="stack">
      <p className="note">{t(members.length === 0 ? 'membersNone' : 'membersExplained')}</p>
      <ul className="rows members">
        {members.map((member) => (
          <li key={member.identity} data-testid="member" data-member={member.identity} data-blocked={member.blocked}>
            <Id value={member.identity} />
            <small>{t(member.blocked ? 'memberBlocked' : member.here ? 'memberHere' : 'memberAway')}</small>
            {member.blocked ? <TakeBack member={member} serving={serving} /> : <TakeOff member={member} serving={serving} />}
          </li>
        ))}
      </ul>
    </div>
  </details>
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
