/** Why there is no work: every link of the chain with its state, and a test on this computer alone. */
import { useState } from 'react'
import type { AgentCommands, AgentView } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Icon } from '../components/icon.tsx'
import { formatAgo, formatDuration } from '../format.ts'
import { t, tn } from '../i18n.ts'
import { relayWhyText } from '../status-texts.ts'
import { useRequest, useUi, useUiState } from '../ui-context.ts'

export const WhyNoWork = ({ view }: { readonly view: AgentView }) => {
  const ui = useUi()
  const nowMs = useUiState((s) => s.nowMs)
  const { busy, error, run } = useRequest()
  const [tested, setTested] = useState<AgentCommands['selfTest']['answer'] | null>(null)
  const relay = view.relays.find((r) => r.state === 'open') ?? view.relays[0]
  const neighbours = view.peers.filter((peer) => peer.role === 'node').length
  const ready = view.models.filter((model) => model.state === 'ready').map((model) => model.name)
  const lastMs = Math.max(...view.work.map((work) => work.startedMs))
  return (
    <details className="card why" data-testid="why-no-work">
      <summary>{t('whyTitle')}</summary>
      <ul className="checks">
        {relay ? (
          <Check
            good={relay.state === 'open'}
            text={relay.state === 'open' ? t('whyRelayOpen') : t('whyRelayClosed')}
            more={relayWhyText(relay.why)}
          />
        ) : (
          <Check good={!view.founderAway} text={view.founderAway ? t('founderAway') : t('whyFounderHere')} />
        )}
        <Check good={neighbours > 0} text={tn('whyPeers', neighbours)} />
        <Check good={ready.length > 0} text={ready.length > 0 ? t('whyModels', ready.join(', ')) : t('whyNoModel')} />
        <Check good={view.work.length > 0} text={view.work.length > 0 ? t('whyLastWork', formatAgo(lastMs, nowMs)) : t('whyNoRequest')} />
      </ul>
      <button
        type="button"
        className="button quiet"
        data-testid="self-test"
        disabled={busy}
        onClick={() => void run(() => ui.agent.call('selfTest', {})).then((answer) => setTested(answer ?? null))}
      >
        <Icon name="gauge" />
        {busy ? t('selfTestRuns') : t('selfTest')}
      </button>
      <p className="note" role="status" data-testid="self-test-result">
        {tested && t('selfTestGood', tested.texts, formatDuration(tested.ms))}
      </p>
      <ErrorNote error={error} />
    </details>
  )
}

const Check = ({ good, text, more = '' }: { readonly good: boolean; readonly text: string; readonly more?: string }) => (
  <li data-good={good}>
    <Icon name={good ? 'check' : 'clock'} />
    <span>
      {text}
      {more && <small>{more}</small>}
    </span>
  </li>
)
