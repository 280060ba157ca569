/** The agent's state as the user interface shows it (messages/view.ts gives the shape its meaning). Pure derivation. */
import type { Replica, Task } from '../contract/requester.ts'
import type { Hire } from '../contract/worker.ts'
import { owedMicro, tabShare } from '../economy/price.ts'
import type { Policy } from '../economy/policy.ts'
import type { JudgedReason } from '../ledger/verdict.ts'
import { toHex } from '../lib/bytes.ts'
import type { NetworkStatus } from '../network/network.ts'
import type { ModelCard } from '../tasks/model-card.ts'
import type { ModelStatus } from '../tasks/engine.ts'
import type { Account, Settings, VaultStatus } from '../vault/vault.ts'
import type { NotCarried } from './carrying.ts'
import type { FounderView } from './founder.ts'
import { agreedBy } from './job-parts.ts'
import type { Job } from './jobs.ts'
import type { Trouble } from './refusals.ts'
import type { StampProgress } from './stamping.ts'
import type { NoticeKeeper } from './notices.ts'
import type { LostView } from './lost-devices.ts'
import type { PersonalTrust } from './personal-trust.ts'
import type { Vouchers } from './vouchers.ts'

/** Jobs and contracts shown at most; the newest. */
const jobsShownMax = 100
const workShownMax = 50

export interface ViewSource {
  readonly now: number
  readonly dayStartMs: number
  readonly status: VaultStatus
  readonly policy: Pick<Policy, 'name' | 'kind' | 'highPriority' | 'stakeMicro' | 'unlockMs'> | undefined
  /** The policy came, in a form that this version does not read. */
  readonly policyUnread: boolean
  readonly notices: Pick<NoticeKeeper, 'terms' | 'version' | 'contradicted'> | undefined
  readonly network: NetworkStatus | undefined
  /** Away: nobody who witnesses can be reached, and no relay is named that could be. Undefined while the policy is not known. */
  readonly witnesses: { readonly away: boolean } | undefined
  readonly founder: FounderView | undefined
  readonly account: Account | undefined
  readonly lost: LostView | undefined
  readonly refusal: string | undefined
  /** Why the credits of the predecessor do not come over. */
  readonly notCarried: NotCarried | null
  readonly stamp: StampProgress | null
  readonly trouble: Trouble | null
  readonly closedFor: JudgedReason | null
  readonly vouchers: Vouchers | undefined
  readonly experience: PersonalTrust['of'] | undefined
  readonly cards: readonly ModelCard[]
  readonly models: readonly ModelStatus[]
  readonly jobs: readonly Job[]
  readonly tasks: readonly Task[]
  readonly hires: readonly Hire[]
  readonly cores: number
}

export const isPaused = ({ paused }: Settings, now: number): boolean => paused === 'off' || paused === 'restart' || (typeof paused === 'number' && paused > now)

const idleReason = (s: ViewSource): string | null => {
  const { settings, swarm } = s.status
  if (!settings.consented) return 'no-consent'
  if (settings.paused === 'off') return 'off'
  if (isPaused(settings, s.now)) return 'paused'
  if (!swarm) return 'no-swarm'
  if (s.policyUnread || swarm.policyUnread) return 'policy-unread'
  const [relays, peers] = [s.network?.relays ?? [], s.network?.peers ?? []]
  if (peers.length === 0) {
    if (s.network?.turnedAway) return 'blocked'
    if (relays.some((r) => r.state === 'refused')) return 'swarm-refused'
    if (relays.some((r) => r.state === 'unreachable')) return 'relay-unreachable'
    const trackers = s.network?.trackers ?? []
    return relays.length === 0 && trackers.length > 0 && trackers.every((t) => t.state === 'unreachable') ? 'tracker-unreachable' : 'no-peers'
  }
  if (!s.policy) return 'no-policy'
  if (!peers.some((p) => p.role === 'node')) return 'no-peers'
  if (!s.models.some((m) => m.state === 'ready')) return s.models.some((m) => m.state === 'failed') ? 'model-failed' : 'model-loading'
  if (s.stamp) return 'making-stamp'
  if (s.refusal !== undefined && s.account?.summary == null) return 'no-grant'
  return 'no-requesters'
}

export const deriveView = (s: ViewSource, revision: number) => {
  const working = s.hires.some((h) => h.phase === 'received' || h.phase === 'agreed') || s.jobs.some((j) => j.state === 'hiring' || j.state === 'working')
  const today = s.vouchers?.today(s.dayStartMs) ?? { micro: 0, requesters: 0 }
  const accepted = s.vouchers?.accepted() ?? { contracts: 0, requesters: 0 }
  return {
    revision,
    self: toHex(s.status.device.device),
    identity: toHex(s.status.device.root),
    swarm: s.status.swarm && s.policy ? { id: toHex(s.status.swarm.link.swarm), name: s.policy.name, kind: s.policy.kind, highPriority: s.policy.highPriority } : null,
    relays: (s.network?.relays ?? []).map(({ url, state, why }) => ({ url, state, why: why ?? s.refusal ?? null })),
    peers: (s.network?.peers ?? []).map(({ id, role, via, sinceMs, latencyMs }) => ({ id, role, via, sinceMs, latencyMs: latencyMs ?? null, standing: s.experience?.(id).standing ?? null })),
    activity: { working, idleReason: working ? null : idleReason(s) },
    credits: {
      availableMicro: Math.max(0, s.account?.availableMicro ?? 0),
      pendingMicro: s.vouchers?.pendingMicro() ?? 0,
      reservedMicro: s.account?.reservedMicro ?? 0,
      owedMicro: s.account?.tabsMicro ?? 0,
      finesMicro: s.account?.penalties.finesMicro ?? 0,
      uncoveredMicro: s.account ? Math.max(0, s.account.tabsMicro - Math.max(0, s.account.payableMicro)) : 0,
      aheadMicro: (s.account?.ahead ?? []).reduce((sum, [, micro]) => sum + micro, 0),
      earnedMicro: s.account?.earnedMicro ?? 0,
      spentMicro: s.account?.spentMicro ?? 0,
      todayMicro: today.micro,
    },
    deposit: depositView(s),
    lost: s.lost ?? null,
    founderAway: s.witnesses?.away === true && s.founder === undefined,
    founder: s.founder ?? null,
    notice: noticeView(s),
    trouble: s.trouble,
    closedFor: s.closedFor,
    notCarried: s.notCarried,
    stamp: s.stamp,
    tasksDone: accepted.contracts,
    peopleHelpedToday: today.requesters,
    peopleHelped: accepted.requesters,
    share: { allowed: isPaused(s.status.settings, s.now) ? 0 : s.status.settings.share, cores: s.cores },
    models: s.models.map((m) => ({
      name: m.name,
      dimension: s.cards.find((c) => c.name === m.name)?.dimension ?? 0,
      state: m.state,
      loadedBytes: m.loadedBytes,
      totalBytes: m.totalBytes,
      why: m.error ? m.error.type : null,
    })),
    jobs: s.jobs.slice(0, jobsShownMax).map((job) => jobView(job, s.tasks.filter((t) => t.job === job.id), s.cards)),
    work: [...s.hires].sort((a, b) => b.startedMs - a.startedMs).filter((h) => h.agreement !== null).slice(0, workShownMax).map(workView),
  }
}

/** What the deposit is once everything is certified that was asked for; null: certified. */
const depositWaiting = ({ summary, deposit }: Account): number | null =>
  deposit.wantedMicro ?? (deposit.stakedMicro === (summary?.staked ?? 0) ? null : deposit.stakedMicro)

/** What holds of what the founder may change. */
const noticeView = ({ notices }: ViewSource) => {
  if (!notices) return null
  const { prices, blocked } = notices.terms()
  return { version: notices.version(), stepMicro: prices.embedding, blocked: blocked.map(toHex), contradicted: notices.contradicted() }
}

const depositView = ({ account, policy }: ViewSource) =>
  account?.summary && policy
    ? {
        certifiedMicro: account.summary.staked,
        waitingMicro: depositWaiting(account),
        neededMicro: policy.stakeMicro,
        unlocking: account.deposit.unlocking,
        unlockMs: policy.unlockMs,
      }
    : null

const paidFor = (task: Task, r: Replica): number =>
  r.phase === 'accepted' || r.verdict === 'accepted' ? Number(owedMicro(tabShare(task.sowBody.units, r.quote.body.price))) : 0

/** Texts that so many replicas have done as the quorum needs: what the person may call done. */
const doneOf = (task: Task): number => {
  if (task.phase === 'verified') return task.texts
  const done = task.replicas.map((r) => r.doneTexts).sort((a, b) => b - a)
  return done[Math.ceil((task.redundancy + 1) / 2) - 1] ?? 0
}

const jobView = (job: Job, tasks: readonly Task[], cards: readonly ModelCard[]) => {
  const workers = new Map<string, { id: string; accepted: number; rejected: number; missing: number; paidMicro: number }>()
  let costMicro = 0
  for (const task of tasks)
    for (const r of task.replicas) {
      const w = workers.get(r.worker) ?? { id: r.worker, accepted: 0, rejected: 0, missing: 0, paidMicro: 0 }
      const paidMicro = paidFor(task, r)
      costMicro += paidMicro
      workers.set(r.worker, {
        ...w,
        accepted: w.accepted + (paidMicro > 0 ? task.texts : 0),
        rejected: w.rejected + (r.phase === 'rejected' || r.verdict === 'rejected' ? task.texts : 0),
        missing: w.missing + (r.phase === 'missing' ? task.texts : 0),
        paidMicro: w.paidMicro + paidMicro,
      })
    }
  return {
    id: job.id,
    createdMs: job.createdMs,
    finishedMs: job.finishedMs,
    model: job.model,
    title: job.title,
    state: job.state,
    priority: job.priority === 'high' ? 'high' : 'normal',
    texts: job.texts,
    doneTexts: job.where === 'local' ? job.localDone : tasks.reduce((sum, t) => sum + doneOf(t), 0),
    dimension: job.dimension ?? cards.find((c) => c.name === job.model)?.dimension ?? null,
    maxCostMicro: job.maxCostMicro,
    costMicro,
    agreed: agreedBy(tasks),
    workers: [...workers.values()],
    failure: job.failure,
    truncated: job.truncated,
  }
}

const workStates = { quoted: 'agreed', agreed: 'receiving', received: 'executing', executed: 'delivered', paid: 'paid', rejected: 'rejected', released: 'released' } as const

const workView = (h: Hire) => ({
  id: h.id,
  requester: h.requester,
  startedMs: h.startedMs,
  finishedMs: h.finishedMs,
  texts: h.texts,
  doneTexts: h.doneTexts,
  model: h.sow.model,
  state: workStates[h.phase],
  earnedMicro: h.phase === 'paid' ? (h.result?.earnedMicro ?? 0) : 0,
})
