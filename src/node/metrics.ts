/** The relay's figures as Prometheus text. Counters begin anew with the process. */
import type { RelayCounters, RelayStanding } from '../agent/relay.ts'
import type { Mirror } from './mirror.ts'
import type { Tracker } from './tracker.ts'

export interface MetricsSources {
  readonly peers: number
  readonly tracker: Tracker
  readonly mirror: Mirror
  /** Undefined while the relay starts. */
  readonly counters: RelayCounters | undefined
  readonly standing: RelayStanding | undefined
}

export const metricsText = ({ peers, tracker, mirror, counters, standing }: MetricsSources): string =>
  [
    metric('peers', 'gauge', 'Peers with a bound link.', peers),
    metric('tracker_swarms', 'gauge', 'Swarms with peers at the tracker.', tracker.swarms()),
    metric('tracker_sockets', 'gauge', 'Open tracker sockets.', tracker.sockets()),
    metric('mirror_bytes_total', 'counter', 'Bytes of model files served.', mirror.bytesServed()),
    metric('certificates_total', 'counter', 'Submissions that were certified.', counters?.certified ?? 0),
    metric('certify_refused_total', 'counter', 'Submissions that were refused.', counters?.certifyRefused ?? 0),
    metric('redeemed_total', 'counter', 'Invites redeemed, repeats included.', counters?.redeemed ?? 0),
    metric('redeem_refused_total', 'counter', 'Redemptions that were refused.', counters?.redeemRefused ?? 0),
    metric(
      'roots_differed_total',
      'counter',
      'Times that another relay had the same heads and verdicts and another state root: one of the two is wrong.',
      counters?.rootsDiffered ?? 0,
    ),
    metric('verdicts', 'gauge', 'Verdicts against accounts.', standing?.verdicts ?? 0),
    metric('checkpoint_day', 'gauge', 'Day of the newest checkpoint, in days since the epoch.', standing?.checkpointDay ?? 0),
    metric('swarm_broken', 'gauge', '1: more witnesses lied than the swarm bears.', standing?.broken ? 1 : 0),
    metric('resident_memory_bytes', 'gauge', 'Memory of the process.', process.memoryUsage.rss()),
  ].join('')

const metric = (name: string, type: 'gauge' | 'counter', help: string, value: number): string =>
  `# HELP edge_net_${name} ${help}\n# TYPE edge_net_${name} ${type}\nedge_net_${name} ${value}\n`
