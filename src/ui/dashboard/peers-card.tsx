/** Whom this computer is connected to. */
import type { AgentView } from '../../messages/view.ts'
import { Card, Id } from '../components/parts.tsx'
import { formatDuration, formatPercent } from '../format.ts'
import { lookUp, t } from '../i18n.ts'
import { relayWhyText } from '../status-texts.ts'

export const PeersCard = ({ view }: { readonly view: AgentView }) => (
  <Card id="peers" title={t('peers')} icon="data" aside={<span className="count">{view.peers.length}</span>}>
    {view.peers.length === 0 && <p className="note">{t('peersNone')}</p>}
    <ul className="rows">
      {view.peers.map((peer) => (
        <li key={peer.id} data-testid="peer" data-role={peer.role} data-via={peer.via}>
          <Id value={peer.id} />
          <span>{peer.latencyMs === null ? '–' : formatDuration(peer.latencyMs)}</span>
          <small>
            {[
              t(peer.role === 'relay' ? 'peerRelay' : peer.via === 'webrtc' ? 'peerDirect' : 'peerByUrl'),
              peer.standing && t('standingWith', t(`standing_${peer.standing.tier}`), formatPercent(peer.standing.accuracy)),
              peer.standing && peer.standing.uptime !== null && t('peerUptime', formatPercent(peer.standing.uptime)),
            ]
              .filter(Boolean)
              .join(' · ')}
          </small>
        </li>
      ))}
      {view.relays
        .filter((relay) => relay.state !== 'open')
        .map((relay) => (
          <li key={relay.url} data-testid="relay" data-relay-state={relay.state} className="warn">
            <span className="url">{relay.url}</span>
            <small>{[lookUp(`relay_${relay.state}`) ?? relay.state, relayWhyText(relay.why)].filter(Boolean).join(': ')}</small>
          </li>
        ))}
    </ul>
  </Card>
)
