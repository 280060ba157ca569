/** States of the extension that the interface is looked at in: what background and agent would tell. */
import type { FounderAccountView } from '../../../src/messages/founder-view.ts'
import type { AgentView, BackgroundState, HistoryLineView, JobView, WorkView } from '../../../src/messages/view.ts'

export interface Scenario {
  readonly background: BackgroundState
  /** Null: no agent answers. */
  readonly view: AgentView | null
}

const hex = (seed: number, digits = 64): string =>
  Array.from({ length: digits }, (_, i) => ((seed * 2_654_435_761 + i * 40_503 * seed) >>> ((i * 7) % 24)) & 15)
    .map((n) => n.toString(16))
    .join('')
const credits = (n: number): number => Math.round(n * 1_000_000)
const minute = 60_000

const background: BackgroundState = {
  consented: true,
  preset: 'standard',
  share: 0.5,
  paused: null,
  hubUrl: 'https://huggingface.co',
  depositEarnings: true,
  swarm: { id: hex(3), relays: ['wss://relay.example.org'], trackers: ['wss://relay.example.org'], founded: null },
  left: [],
  phraseConfirmed: true,
  device: hex(5),
  root: hex(7),
}

const nowMs = Date.now()

const work: readonly WorkView[] = [
  {
    id: hex(11),
    requester: hex(13),
    startedMs: nowMs - 20_000,
    finishedMs: null,
    texts: 64,
    doneTexts: 22,
    model: 'mini',
    state: 'executing',
    earnedMicro: 0,
  },
  {
    id: hex(17),
    requester: hex(13),
    startedMs: nowMs - 4 * minute,
    finishedMs: nowMs - 3 * minute,
    texts: 64,
    doneTexts: 64,
    model: 'mini',
    state: 'paid',
    earnedMicro: credits(3.2),
  },
  {
    id: hex(19),
    requester: hex(23),
    startedMs: nowMs - 50 * minute,
    finishedMs: nowMs - 49 * minute,
    texts: 250,
    doneTexts: 250,
    model: 'minilm',
    state: 'paid',
    earnedMicro: credits(12.5),
  },
  {
    id: hex(29),
    requester: hex(31),
    startedMs: nowMs - 26 * 60 * minute,
    finishedMs: nowMs - 26 * 60 * minute,
    texts: 12,
    doneTexts: 12,
    model: 'mini',
    state: 'released',
    earnedMicro: 0,
  },
]

const job = (fields: Partial<JobView>): JobView => ({
  id: hex(37, 16),
  createdMs: nowMs - 2 * minute,
  finishedMs: null,
  model: 'mini',
  title: 'Recipes of the neighbourhood',
  state: 'working',
  priority: 'normal',
  texts: 240,
  doneTexts: 131,
  dimension: 96,
  maxCostMicro: credits(36),
  costMicro: credits(16.4),
  agreed: { '3': 128, '2': 3 },
  workers: [],
  failure: null,
  truncated: 0,
  ...fields,
})

export const doneJob = job({
  id: hex(41, 16),
  createdMs: nowMs - 12 * minute,
  finishedMs: nowMs - 11 * minute,
  title: 'Letters to the editor, 2025',
  state: 'done',
  doneTexts: 240,
  costMicro: credits(24.1),
  agreed: { '3': 0, '2': 240 },
  truncated: 4,
  workers: [
    { id: hex(43), accepted: 4, rejected: 0, missing: 0, paidMicro: credits(12.05) },
    { id: hex(47), accepted: 4, rejected: 0, missing: 0, paidMicro: credits(12.05) },
    { id: hex(53), accepted: 0, rejected: 4, missing: 0, paidMicro: 0 },
  ],
})

const failedJob = job({
  id: hex(59, 16),
  createdMs: nowMs - 3 * 60 * minute,
  finishedMs: nowMs - 170 * minute,
  title: '1,200 texts',
  state: 'failed',
  texts: 1200,
  doneTexts: 0,
  costMicro: 0,
  maxCostMicro: credits(180),
  agreed: {},
  failure: { type: 'too-few-workers', detail: '{"found":1,"needed":3}' },
})

const view: AgentView = {
  revision: 1,
  stamp: null,
  notice: null,
  self: hex(5),
  identity: hex(7),
  swarm: { id: hex(3), name: 'Tuesday reading circle', kind: 'private', highPriority: 2 },
  relays: [{ url: 'wss://relay.example.org', state: 'open', why: null }],
  peers: [
    { id: hex(61), role: 'relay', via: 'url', sinceMs: nowMs - 90 * minute, latencyMs: 18, standing: null },
    { id: hex(13), role: 'node', via: 'webrtc', sinceMs: nowMs - 60 * minute, latencyMs: 31, standing: { tier: 'Elite', accuracy: 0.98, uptime: 0.996 } },
    { id: hex(23), role: 'node', via: 'webrtc', sinceMs: nowMs - 5 * minute, latencyMs: 7, standing: { tier: 'Probation', accuracy: 0.81, uptime: null } },
    { id: hex(31), role: 'node', via: 'webrtc', sinceMs: nowMs - minute, latencyMs: null, standing: null },
  ],
  activity: { working: false, idleReason: 'no-requesters' },
  credits: {
    availableMicro: credits(512.35),
    pendingMicro: credits(3.2),
    reservedMicro: 0,
    aheadMicro: 0,
    finesMicro: 0,
    uncoveredMicro: 0,
    owedMicro: 0,
    earnedMicro: credits(48.7),
    spentMicro: credits(36.35),
    todayMicro: credits(15.7),
  },
  deposit: {
    certifiedMicro: credits(37),
    waitingMicro: null,
    neededMicro: credits(100),
    unlocking: [],
    unlockMs: 24 * 60 * minute,
  },
  lost: { asked: false, answered: false, devices: [], before: [] },
  trouble: null,
  closedFor: null,
  notCarried: null,
  founderAway: false,
  founder: null,
  tasksDone: 1284,
  peopleHelpedToday: 3,
  peopleHelped: 17,
  share: { allowed: 0.5, cores: 8 },
  models: [
    { name: 'mini', dimension: 96, state: 'ready', loadedBytes: 1_040_000, totalBytes: 1_040_000, why: null },
    { name: 'minilm', dimension: 384, state: 'loading', loadedBytes: 9_100_000, totalBytes: 23_700_000, why: null },
  ],
  jobs: [],
  work: work.slice(1),
}

const lines: readonly (readonly [minutesAgo: number, seq: number, line: Pick<HistoryLineView, 'kind'> & Partial<HistoryLineView>])[] = [
  [4, 44, { kind: 'received', party: hex(13), micro: credits(3.2) }],
  [11, 43, { kind: 'paid', party: hex(43), micro: credits(-12.05) }],
  [11, 43, { kind: 'paid', party: hex(47), micro: credits(-12.05) }],
  [30, 42, { kind: 'lent', party: hex(23), weightMicro: credits(2.5) }],
  [40, 41, { kind: 'staked', micro: credits(-37) }],
  [45, 41, { kind: 'attested', party: hex(23), claim: 'works well' }],
  [49, 40, { kind: 'received', party: hex(23), micro: credits(12.5) }],
  [26 * 60, 0, { kind: 'granted', party: hex(67), micro: credits(500) }],
  [26 * 60, 0, { kind: 'joined' }],
]
export const history: readonly HistoryLineView[] = lines.map(([minutesAgo, seq, line], i) => ({
  party: null,
  micro: 0,
  ...line,
  seq,
  id: hex(71 + i),
  time: nowMs - minutesAgo * minute,
  certified: i > 0,
}))

const idle = (idleReason: AgentView['activity']['idleReason'], changes: Partial<AgentView> = {}): Scenario => ({
  background,
  view: { ...view, activity: { working: false, idleReason }, ...changes },
})

const ownBackground: BackgroundState = {
  ...background,
  swarm: {
    id: hex(3),
    relays: [],
    trackers: ['wss://tracker.example.org'],
    founded: {
      invites: [
        { token: hex(71, 32), link: `edgenet:1:${'hlggXd0Zk3qPv1Yw'.repeat(14)}`, uses: 10, revoked: false },
        { token: hex(73, 32), link: `edgenet:1:${'hlggXd0Zk3qPv1Yw'.repeat(14)}`, uses: 1, revoked: true },
      ],
    },
  },
}
const account = (seed: number, changes: Partial<FounderAccountView> = {}): FounderAccountView => ({
  id: hex(seed),
  micro: credits(512.35),
  accepted: 120,
  rejected: 2,
  fined: false,
  closing: null,
  ...changes,
})
const ownView: AgentView = {
  ...view,
  relays: [],
  peers: view.peers.filter((peer) => peer.role === 'node'),
  founder: {
    state: 'serving',
    invites: [
      { token: hex(71, 32), usesLeft: 7 },
      { token: hex(73, 32), usesLeft: 1 },
    ],
    members: [
      { identity: hex(21), accounts: [account(22), account(23, { fined: true })], here: true, seenMs: nowMs, blocked: false },
      {
        identity: hex(24),
        accounts: [account(25, { closing: { reason: 'SybilAttack', signed: 2, needed: 3 } })],
        here: false,
        seenMs: nowMs - 3 * 24 * 60 * minute,
        blocked: false,
      },
      {
        identity: hex(26),
        accounts: [account(27, { closing: { reason: 'Malicious', signed: 3, needed: 3 } })],
        here: false,
        seenMs: null,
        blocked: true,
      },
    ],
  },
  notice: { version: 4, stepMicro: 80_000, blocked: [hex(26)], contradicted: false },
}

export const scenarios = {
  founder: { background: ownBackground, view: ownView },
  'founder-missing': { background: ownBackground, view: { ...ownView, founder: { ...ownView.founder!, state: 'missing' } } },
  'founder-left': {
    background: { ...background, swarm: null, left: [{ id: hex(3), name: 'Tuesday reading circle' }] },
    view: { ...view, swarm: null, relays: [], peers: [], work: [], deposit: null, lost: null },
  },
  closed: { background, view: { ...view, trouble: 'closed', closedFor: 'Malicious' } },
  contradicted: { background, view: { ...view, trouble: 'contradicted' } },
  blocked: { background, view: { ...view, peers: [], activity: { working: false, idleReason: 'blocked' } } },
  'policy-unread': {
    background,
    view: { ...view, swarm: null, notice: null, activity: { working: false, idleReason: 'policy-unread' } },
  },
  'founder-away': {
    background: { ...background, swarm: { id: hex(3), relays: [], trackers: ['wss://tracker.example.org'], founded: null } },
    view: { ...view, relays: [], peers: view.peers.filter((peer) => peer.role === 'node'), founderAway: true },
  },
  fresh: { background: { ...background, consented: false, swarm: null, phraseConfirmed: false }, view: null },
  'no-swarm': {
    background: { ...background, swarm: null, phraseConfirmed: false },
    view: {
      ...view,
      swarm: null,
      relays: [],
      peers: [],
      work: [],
      credits: { ...view.credits, availableMicro: 0, pendingMicro: 0, todayMicro: 0 },
    },
  },
  phrase: { background: { ...background, phraseConfirmed: false }, view },
  working: {
    background,
    view: {
      ...view,
      activity: { working: true, idleReason: null },
      credits: { ...view.credits, reservedMicro: credits(72) },
      jobs: [job({ priority: 'high', maxCostMicro: credits(72), costMicro: credits(32.8) }), doneJob, failedJob],
      work,
    },
  },
  idle: idle('no-requesters'),
  ready: idle('no-requesters', { jobs: [] }),
  lost: idle('no-requesters', {
    lost: {
      asked: true,
      answered: true,
      devices: [
        { id: hex(101), seq: 12, freeMicro: credits(84.25), stakedMicro: credits(37), lockedMicro: 0, takeover: null },
        {
          id: hex(103),
          seq: 40,
          freeMicro: 0,
          stakedMicro: 0,
          lockedMicro: credits(20),
          takeover: { state: 'unlocking', movedMicro: credits(212), restMicro: credits(20), freeMs: nowMs + 22 * 60 * minute },
        },
      ],
      before: [
        { id: hex(107), micro: credits(310.5), state: null },
        { id: hex(109), micro: credits(12), state: 'exhausted' },
      ],
    },
  }),
  deposit: idle('no-requesters', {
    deposit: {
      certifiedMicro: credits(37),
      waitingMicro: credits(49.5),
      neededMicro: credits(100),
      unlocking: [
        { micro: credits(8), freeMs: nowMs + 95 * minute },
        { micro: credits(5.25), freeMs: nowMs + 23 * 60 * minute },
      ],
      unlockMs: 24 * 60 * minute,
    },
  }),
  newcomer: idle('no-requesters', { credits: { ...view.credits, availableMicro: 0, earnedMicro: credits(37), spentMicro: 0 } }),
  fined: idle('no-requesters', {
    trouble: 'fined',
    credits: { ...view.credits, availableMicro: 0, owedMicro: credits(15), finesMicro: credits(100), uncoveredMicro: credits(12.5) },
  }),
  forked: idle('no-requesters', { trouble: 'forked' }),
  unreachable: idle('relay-unreachable', {
    peers: [],
    relays: [{ url: 'wss://relay.example.org', state: 'unreachable', why: 'connection refused; next try in 20 s' }],
  }),
  paused: { background: { ...background, paused: nowMs + 40 * minute }, view: { ...view, share: { allowed: 0, cores: 8 } } },
  off: { background: { ...background, paused: 'off' }, view: { ...view, share: { allowed: 0, cores: 8 } } },
  silent: { background, view: null },
} satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof scenarios
