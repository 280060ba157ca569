/**
 * Whom a requester hires: what it knows of workers (its own results with them, their stake, who failed it lately, who was paid
 * ahead) put before the matcher (contract/matcher.ts). None of it outlives the agent but what the vault and the ledger hold.
 *
 * A stake is a device's. How it worked is the identity's: another device of whoever failed has failed as well.
 */
import { weighted } from '../contract/matcher.ts'
import { pending, type Quote, type Replica, type Task } from '../contract/requester.ts'
import { createSetbacks } from '../contract/setbacks.ts'
import type { NodeId } from '../identity/keys.ts'
import { concat, sha256, toHex } from '../lib/bytes.ts'
import type { AgentDeps, Membership } from './deps.ts'

/** Stakes known at once; the longest known are forgotten first. */
const stakesMax = 1_000

export interface Choice {
  readonly pick: (task: Task, quotes: readonly Quote[], count: number) => readonly Quote[]
  /** What a change of a task says of its workers. */
  readonly note: (before: Task, after: Task) => void
  /** In µcr; undefined: nobody could tell, and what is known stays. */
  readonly staked: (worker: NodeId, micro: number | undefined) => void
}

export const createChoice = (
  { clock, random }: Pick<AgentDeps, 'clock' | 'random'>,
  { policy }: Pick<Membership, 'policy'>,
  { tasks, paidAhead }: { readonly tasks: () => Iterable<Task>; readonly paidAhead: (worker: NodeId) => boolean },
): Choice => {
  /** By identity. */
  const records = new Map<string, { readonly ok: number; readonly bad: number }>()
  const stakes = new Map<NodeId, number>()
  const setbacks = createSetbacks()
  /** Nobody else can know which identity a task would draw. */
  const secret = random.bytes(policy.stakeMicro > 0 ? 32 : 0)
  let probationers = 0

  const onProbation = (worker: NodeId): boolean => (stakes.get(worker) ?? 0) < policy.stakeMicro
  const recordOf = (identity: string): { readonly ok: number; readonly bad: number } => records.get(identity) ?? { ok: 0, bad: 0 }
  const identityOf = (quote: Quote): string => toHex(quote.body.root)

  /** Its payment ahead is for work that is not decided on: another step would be beyond the one that it may have. */
  const paidAheadFor = (r: Replica): boolean =>
    r.prepay !== undefined &&
    (pending(r) || r.phase === 'delivered' || ((r.phase === 'accepted' || r.phase === 'rejected') && r.verdict === null))

  return {
    pick: (task, quotes, count) => {
      const busy = new Set([...tasks()].flatMap((t) => t.replicas.filter(paidAheadFor).map((r) => r.root)))
      const now = clock.now()
      const open = quotes.filter((q) => !busy.has(identityOf(q)) && !setbacks.waits(identityOf(q), now))
      const held = task.replicas.filter((r) => (pending(r) || r.outputHash !== null) && onProbation(r.worker)).length
      const sow = task.sow?.id ?? new Uint8Array(0)
      return weighted(open, count, {
        record: (q) => recordOf(identityOf(q)),
        paidAhead,
        ...(policy.stakeMicro > 0 && {
          probation: {
            of: onProbation,
            // By what it did here: what others attest of it is not read by nodes.
            vouchedFor: (q) => recordOf(identityOf(q)).ok > 0 && recordOf(identityOf(q)).bad === 0,
            turn: probationers % 2 === 0 ? 'vouched' : 'drawn',
            lot: (q) => toHex(sha256(concat(secret, sow, q.body.root))),
            held,
            redundancy: task.redundancy,
          },
        }),
      })
    },
    note: (before, after) => {
      for (const r of after.replicas) {
        const was = before.replicas.find((b) => b.worker === r.worker)
        if (!was && onProbation(r.worker)) probationers++
        // To want more ahead than may be paid is to fail as well: it would be asked again and again.
        const failed = r.phase === 'missing' || (r.phase === 'refused' && r.prepay !== undefined)
        if (failed && was?.phase !== r.phase) setbacks.failed(r.root, clock.now())
        if (r.verdict === null || was?.verdict === r.verdict) continue
        const { ok, bad } = recordOf(r.root)
        records.set(r.root, r.verdict === 'accepted' ? { ok: ok + 1, bad } : { ok, bad: bad + 1 })
        if (r.verdict === 'accepted') setbacks.succeeded(r.root)
        else setbacks.failed(r.root, clock.now())
      }
    },
    staked: (worker, micro) => {
      // A relay that is silent takes nobody's stake away.
      if (micro === undefined) return
      stakes.delete(worker)
      stakes.set(worker, micro)
      if (stakes.size > stakesMax) stakes.delete(stakes.keys().next().value!)
    },
  }
}
