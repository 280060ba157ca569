/** What is free to spend, at a glance, and what a fine took of what others are owed. */
import type { AgentView } from '../../messages/view.ts'
import { formatAmount, formatCredits } from '../format.ts'
import { t } from '../i18n.ts'

/** A dash where the agent has not told yet. Who has put all it earned into its deposit has not nothing: that is shown. */
export const Balance = (props: { readonly view: AgentView | null; readonly unit: string; readonly testid?: string }) => {
  const { view, unit, testid } = props
  const availableMicro = view?.credits.availableMicro
  const { certifiedMicro = 0, waitingMicro = null, neededMicro = 0 } = view?.deposit ?? {}
  const depositMicro = Math.max(certifiedMicro, waitingMicro ?? 0)
  const inDeposit = availableMicro === 0 && neededMicro > 0 && depositMicro > 0
  return (
    <>
      <strong data-testid={testid} data-micro={availableMicro}>
        {inDeposit ? t('depositFigure', formatAmount(depositMicro), formatAmount(neededMicro)) : formatCredits(availableMicro ?? NaN)}
      </strong>{' '}
      <span>{inDeposit ? t('depositFigureUnit') : unit}</span>
    </>
  )
}

/** Why debts wait, and what to do. Of a closed account none is ever paid: its trouble says so. */
export const Uncovered = ({ view }: { readonly view: Pick<AgentView, 'credits' | 'trouble'> }) => {
  const { uncoveredMicro, finesMicro } = view.credits
  if (uncoveredMicro === 0 || view.trouble === 'closed') return null
  return (
    <p className="note warn" role="status" data-testid="credits-uncovered" data-micro={uncoveredMicro}>
      {finesMicro > 0
        ? t('creditsUncovered', formatAmount(uncoveredMicro), formatAmount(finesMicro))
        : t('creditsUncoveredOther', formatAmount(uncoveredMicro))}
    </p>
  )
}
