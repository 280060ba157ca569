/** Credits with today's change, and what this computer did for others. A dash where the agent has not told yet. */
import type { AgentView, DepositView } from '../../messages/view.ts'
import { Balance, Uncovered } from '../components/balance.tsx'
import { Figure } from '../components/parts.tsx'
import { Trouble } from '../components/trouble.tsx'
import { formatAmount, formatChange, formatCount, formatCredits, formatWait } from '../format.ts'
import { t } from '../i18n.ts'

export const CreditsPanel = ({ view }: { readonly view: AgentView | null }) => {
  const credits = view?.credits
  const neighbours = view?.peers.filter((peer) => peer.role === 'node').length
  return (
    <section className="card credits" aria-label={t('creditsTitle')}>
      <div className="balance">
        <p>
          <Balance view={view} unit={t('creditsUnit')} testid="credits-available" />
        </p>
        {credits && credits.todayMicro !== 0 && (
          <p className="today" data-sign={Math.sign(credits.todayMicro)}>
            {t('creditsToday', formatChange(credits.todayMicro))}
          </p>
        )}
      </div>
      {credits && credits.pendingMicro > 0 && (
        <p className="note" data-testid="credits-pending" data-micro={credits.pendingMicro}>
          {t('creditsPending', formatCredits(credits.pendingMicro))}
        </p>
      )}
      {view && <Trouble view={view} />}
      {view && <Uncovered view={view} />}
      {view?.deposit && <DepositNote deposit={view.deposit} />}
      {credits && credits.reservedMicro > 0 && <p className="note">{t('creditsReserved', formatCredits(credits.reservedMicro))}</p>}
      <dl className="figures">
        <Figure label={t('tasksDone')} value={formatCount(view?.tasksDone ?? NaN)} testid="tasks-done" />
        <Figure label={t('helpedToday')} value={formatCount(view?.peopleHelpedToday ?? NaN)} testid="helped-today" />
        <Figure label={t('peers')} value={formatCount(neighbours ?? NaN)} testid="peers" />
      </dl>
    </section>
  )
}

/** What was set aside, what of it waits for the witnesses, and what is on its way out. */
const DepositNote = ({
  deposit: { certifiedMicro, waitingMicro, neededMicro, unlocking, unlockMs },
}: {
  readonly deposit: DepositView
}) => {
  const unlockingMicro = unlocking.reduce((sum, { micro }) => sum + micro, 0)
  const shown = certifiedMicro > 0 || neededMicro > 0
  return (
    <>
      {shown && (
        <p className="note" data-testid="credits-deposit" data-micro={certifiedMicro}>
          {neededMicro > 0
            ? t('depositShort', formatAmount(certifiedMicro), formatAmount(neededMicro), formatWait(unlockMs))
            : t('depositShortNone', formatAmount(certifiedMicro))}
        </p>
      )}
      {waitingMicro !== null && <p className="note">{t('depositShortWaiting', formatAmount(waitingMicro))}</p>}
      {unlockingMicro > 0 && (
        <p className="note" data-testid="credits-unlocking" data-micro={unlockingMicro}>
          {t('depositShortUnlocking', formatAmount(unlockingMicro))}
        </p>
      )}
    </>
  )
}
