/** The whole account in one table of figures. */
import type { AgentView } from '../../messages/view.ts'
import { Card, Figure } from '../components/parts.tsx'
import { Balance, Uncovered } from '../components/balance.tsx'
import { Trouble } from '../components/trouble.tsx'
import { Deposit } from './deposit.tsx'
import { formatCount, formatCredits } from '../format.ts'
import { t } from '../i18n.ts'
import { notCarriedTexts } from '../status-texts.ts'

export const CreditsCard = ({ view }: { readonly view: AgentView }) => {
  const { credits } = view
  return (
    <Card id="credits" title={t('creditsTitle')} icon="coin">
      <p className="balance">
        <Balance view={view} unit={t('creditsAvailable')} testid="credits-available" />
      </p>
      <Trouble view={view} />
      {view.notCarried && (
        <p className="note warn" role="status" data-testid="not-carried" data-why={view.notCarried}>
          {t(notCarriedTexts[view.notCarried])}
        </p>
      )}
      <Uncovered view={view} />
      <dl className="list">
        <Figure label={t('creditsPendingLabel')} value={formatCredits(credits.pendingMicro)} testid="credits-pending" />
        <Figure label={t('creditsReservedLabel')} value={formatCredits(credits.reservedMicro)} testid="credits-reserved" />
        <Figure label={t('creditsOwedLabel')} value={formatCredits(credits.owedMicro)} testid="credits-owed" />
        {credits.aheadMicro > 0 && (
          <Figure label={t('creditsAheadLabel')} value={formatCredits(credits.aheadMicro)} testid="credits-ahead" />
        )}
        {credits.finesMicro > 0 && (
          <Figure label={t('creditsFinesLabel')} value={formatCredits(credits.finesMicro)} testid="credits-fines" />
        )}
        <Figure label={t('creditsEarnedLabel')} value={formatCredits(credits.earnedMicro)} testid="credits-earned" />
        <Figure label={t('creditsSpentLabel')} value={formatCredits(credits.spentMicro)} testid="credits-spent" />
      </dl>
      {view.deposit && <Deposit view={view} deposit={view.deposit} />}
      <dl className="figures">
        <Figure label={t('tasksDone')} value={formatCount(view.tasksDone)} testid="tasks-done" />
        <Figure label={t('helpedToday')} value={formatCount(view.peopleHelpedToday)} />
        <Figure label={t('helpedEver')} value={formatCount(view.peopleHelped)} testid="helped" />
      </dl>
    </Card>
  )
}
