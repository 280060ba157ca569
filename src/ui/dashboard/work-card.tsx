/** What this computer did for others: who asked, how much, what it brought. */
import type { WorkView } from '../../messages/view.ts'
import { Card, Id } from '../components/parts.tsx'
import { formatAgo, formatCredits } from '../format.ts'
import { t, tn } from '../i18n.ts'
import { workStateTexts } from '../status-texts.ts'
import { useUiState } from '../ui-context.ts'

const shownMax = 8

export const WorkCard = ({ work }: { readonly work: readonly WorkView[] }) => {
  const nowMs = useUiState((s) => s.nowMs)
  return (
    <Card id="work" title={t('workTitle')} icon="people">
      {work.length === 0 ? (
        <p className="note">{t('workNone')}</p>
      ) : (
        <ul className="rows">
          {[...work]
            .sort((a, b) => b.startedMs - a.startedMs)
            .slice(0, shownMax)
            .map((task) => (
              <li key={task.id} data-testid="work" data-work-state={task.state}>
                <Id value={task.requester} />
                <span>{task.earnedMicro > 0 ? `+${formatCredits(task.earnedMicro)}` : t(workStateTexts[task.state])}</span>
                <small>{tn('workTexts', task.texts, task.model)}</small>
                <small>{formatAgo(task.startedMs, nowMs)}</small>
              </li>
            ))}
        </ul>
      )}
    </Card>
  )
}
