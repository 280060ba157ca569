/** What stands between the person and handing in work, with the next step. */
import { t } from '../i18n.ts'
import { type Readiness, statusOf } from '../status.ts'
import { reasonTexts, relayWhyText } from '../status-texts.ts'
import { useUiState } from '../ui-context.ts'

export const Notice = ({ readiness }: { readonly readiness: Readiness }) => {
  const state = useUiState((s) => s)
  const { reason } = statusOf(state)
  const trouble = reason === 'no-grant' || reason === 'making-stamp'
  const stamp = reason === 'making-stamp' ? state.view?.stamp : null
  const away = state.view?.founderAway === true
  if ((readiness === 'ready' && !trouble && !away) || readiness === 'loading') return null
  const why =
    readiness === 'connecting' && (reason === null || reason === 'no-requesters') ? t('connecting') : reason && t(reasonTexts[reason])
  const relayWhy = relayWhyText(state.view?.relays.find((relay) => relay.why)?.why)
  const inSwarm = readiness === 'connecting' || readiness === 'ready'
  return (
    <section className="notice" role="status" data-testid="notice">
      <p>
        {readiness === 'ready' && !trouble ? null : why}
        {inSwarm && away && <span data-testid="founder-away">{t('founderAway')}</span>}
        {stamp && <progress max={stamp.triesExpected} value={stamp.tries} aria-label={why ?? undefined} />}
        {inSwarm && relayWhy && <small>{relayWhy}</small>}
      </p>
      {!inSwarm && (
        <a className="button" href="/onboarding.html" data-testid="to-onboarding">
          {t(readiness === 'no-consent' ? 'setUp' : 'joinASwarm')}
        </a>
      )}
    </section>
  )
}
