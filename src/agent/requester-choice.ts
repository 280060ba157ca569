/**
 * Whom a requester hires: what it knows of workers (its own results with them, what those whom it trusts report, their stake, who
 * failed it lately, who was paid ahead) put before the matcher (contract/matcher.ts). None of it outlives the agent but what the vault
 * and the ledger hold.
 *
 * A stake is a device's, and so is what the ledger tells of its results. How it worked in this life is the identity's: another device of
 * whoever failed has failed as well.
 */
import { areApart, type Blocks, isPlaced, isRenamed } from '../contract/blocks.ts'
import { quotesPerSowMax } from '../contract/limits.ts'
import { costOf, weighted } from '../contract/matcher.ts'
import { type Places, withQuote } from '../contract/quote-places.ts'
import { mayQuote, pending, type Quote, type Replica, type Task } from '../contract/requester.ts'
import { unused } from '../contract/requester-due.ts'
import { createSetbacks } from '../contract/setbacks.ts'
import { accuracyOf } from '../economy/standing.ts'
import { faultyMax } from '../ledger/rules.ts'
import type { NodeId } from '../identity/keys.ts'
import { type Bytes, compareBytes, concat, sha256, toHex } from '../lib/bytes.ts'
import { createRate } from '../network/rate.ts'
import type { AgentDeps, Membership } from './deps.ts'
import type { Experience } from './personal-trust.ts'
import type { Standing } from './standings.ts'

/** Standings known at once; the longest known are forgotten first. */
const standingsMax = 1_000
/** Relays change the secrets behind the labels of blocks: what is older is asked for again. */
const blocksMsMax = 10 * 60_000
/** Whoever is not seen may be, once relays are there and it is linked with them. */
const unplacedMs = 30_000
/** Where all places are taken, so many are asked about as might deserve one: the rest of the questions is for whom one hires. */
const asksForPlacePerMinute = 30

/** As one good result says that somebody trusted in full has had: less is nobody's word for it. */
const vouchedMin = accuracyOf({ ok: 1, bad: 0 })

export interface Choice {
  /** By what one knows of them, which places for quotes go to whom. */
  readonly places: (task: Task) => Places
  /** ask: it has a place, or may once it is known who it is. keep: it has, and no more is to be learnt. */
  readonly hears: (task: Task, quote: Quote) => 'ask' | 'keep' | 'no'
  readonly pick: (task: Task, quotes: readonly Quote[], count: number) => readonly Quote[]
  /** What a change of a task says of its workers. */
  readonly note: (before: Task, after: Task) => void
  /** What relays say of a worker; undefined: too few could tell, and what is known stays. */
  readonly told: (worker: NodeId, standing: Pick<Standing, 'stakedMicro' | 'blocks'> | undefined) => void
  /** Workers that this task's choice is between or beside, of whom it is not known where they are. */
  readonly unplaced: (task: Task) => readonly NodeId[]
}

export const createChoice = (
  { clock, random }: Pick<AgentDeps, 'clock' | 'random'>,
  { policy }: { readonly policy: Pick<Membership['policy'], 'stakeMicro' | 'independence' | 'witnesses'> },
  {
    tasks,
    paidAhead,
    experience,
  }: {
    readonly tasks: () => Iterable<Task>
    readonly paidAhead: (worker: NodeId) => boolean
    readonly experience: (worker: NodeId) => Pick<Experience, 'own' | 'prior'>
  },
): Choice => {
  /** By identity. */
  const records = new Map<string, { readonly ok: number; readonly bad: number }>()
  const standings = new Map<NodeId, { readonly stakedMicro: number; readonly blocks: Blocks; readonly askedMs: number }>()
  const byAddress = policy.independence === 'identity-and-address'
  const faulty = faultyMax(policy.witnesses.length)
  const setbacks = createSetbacks()
  /** Nobody else can know which identity a task would draw. */
  const secret = random.bytes(policy.stakeMicro > 0 ? 32 : 0)
  let probationers = 0

  const onProbation = (worker: NodeId): boolean => (standings.get(worker)?.stakedMicro ?? 0) < policy.stakeMicro
  const recordOf = (identity: string): { readonly ok: number; readonly bad: number } => records.get(identity) ?? { ok: 0, bad: 0 }
  const identityOf = (quote: Quote): string => toHex(quote.body.root)
  /** Results of this life, or of those before it as the chain has them: what is not settled yet is in the one alone. */
  const recordFor = (quote: Quote, identity = identityOf(quote)) => {
    const [here, { own, prior }] = [recordOf(identity), experience(quote.worker)]
    return { ok: Math.max(here.ok, own.ok), bad: Math.max(here.bad, own.bad), prior }
  }

  const blocksOf = (worker: NodeId): Blocks => standings.get(worker)?.blocks ?? new Map()
  const apart = (a: NodeId, b: NodeId): boolean => areApart(blocksOf(a), blocksOf(b), faulty)
  /** Its result counts, or may yet. */
  const counts = (r: Replica): boolean => pending(r) || r.outputHash !== null
  /** One that cannot be told from the others would keep all others out: where one result is enough it is as good as any. */
  const fits = (task: Task, worker: NodeId): boolean =>
    !byAddress ||
    ((task.redundancy === 1 || isPlaced(blocksOf(worker), faulty)) && task.replicas.every((r) => !counts(r) || apart(r.worker, worker)))

  /** Its payment ahead is for work that is not decided on: another step would be beyond the one that it may have. */
  const paidAheadFor = (r: Replica): boolean =>
    r.prepay !== undefined &&
    (pending(r) || r.phase === 'delivered' || ((r.phase === 'accepted' || r.phase === 'rejected') && r.verdict === null))

  const lotOf = (task: Task, q: Quote): Bytes => sha256(concat(secret, task.sow?.id ?? new Uint8Array(0), q.body.root))
  /** Neither a newcomer here nor out of the relays' sight, as far as the policy asks. */
  const isOpen = (worker: NodeId): boolean => !onProbation(worker) && (!byAddress || isPlaced(blocksOf(worker), faulty))
  const asks = policy.stakeMicro > 0 || byAddress
  const asksForPlace = createRate(clock, asksForPlacePerMinute)
  /** Lower is better: of use, owed work, not failing lately, known by good work, of good standing. */
  const places = (task: Task, asIfOpen?: NodeId): Places => {
    const now = clock.now()
    const usable = unused(task, now)
    const weigh = (q: Quote) => {
      const identity = identityOf(q)
      const record = recordFor(q, identity)
      const open = q.worker === asIfOpen || isOpen(q.worker)
      const ranks = [usable(q), paidAhead(q.worker), !setbacks.waits(identity, now), record.ok > record.bad, open]
      // Newcomers are drawn: neither haste nor a low price gets them more than their part.
      return { ranks, lot: policy.stakeMicro > 0 && !open ? lotOf(task, q) : undefined, cost: costOf(() => record, q) }
    }
    /** Each is compared with many. */
    const known = new Map<Quote, ReturnType<typeof weigh>>()
    const weighed = (q: Quote): ReturnType<typeof weigh> => {
      const found = known.get(q) ?? weigh(q)
      known.set(q, found)
      return found
    }
    return {
      compare: (one, other) => {
        const [a, b] = [weighed(one), weighed(other)]
        const differ = a.ranks.findIndex((rank, i) => rank !== b.ranks[i])
        if (differ >= 0) return a.ranks[differ] ? -1 : 1
        return a.lot && b.lot ? compareBytes(a.lot, b.lot) : a.cost - b.cost
      },
      together: (a, b) => byAddress && isPlaced(blocksOf(a), faulty) && isPlaced(blocksOf(b), faulty) && !apart(a, b),
    }
  }
  const isKnown = (worker: NodeId): boolean => clock.now() - (standings.get(worker)?.askedMs ?? -Infinity) < unplacedMs

  return {
    places,
    hears: (task, quote) => {
      const hasPlace = (asIfOpen?: NodeId): boolean => withQuote(task.quotes, quote, places(task, asIfOpen)) !== undefined
      if (!mayQuote(task, quote)) return 'no'
      const place = hasPlace()
      if (!asks) return place ? 'keep' : 'no'
      if (place && task.quotes.some(({ worker }) => worker === quote.worker)) return 'ask'
      const asked = !isKnown(quote.worker) && (place || hasPlace(quote.worker))
      if (asked && (task.quotes.length < quotesPerSowMax || asksForPlace.take())) return 'ask'
      return place ? 'keep' : 'no'
    },
    pick: (task, quotes, count) => {
      const busy = new Set([...tasks()].flatMap((t) => t.replicas.filter(paidAheadFor).map((r) => r.root)))
      const now = clock.now()
      const open = quotes.filter((q) => !busy.has(identityOf(q)) && !setbacks.waits(identityOf(q), now) && fits(task, q.worker))
      const held = task.replicas.filter((r) => counts(r) && onProbation(r.worker)).length
      return weighted(open, count, {
        record: (q) => recordFor(q),
        paidAhead,
        ...(byAddress && { apart }),
        ...(policy.stakeMicro > 0 && {
          probation: {
            of: onProbation,
            // By what it did here, or for those whom one trusts.
            vouchedFor: (q) => {
              const { ok, bad, prior } = recordFor(q)
              return bad === 0 && (ok > 0 || prior >= vouchedMin)
            },
            turn: probationers % 2 === 0 ? 'vouched' : 'drawn',
            lot: (q) => toHex(lotOf(task, q)),
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
        const failed = r.phase === 'missing' || (r.phase === 'refused' && r.prepay?.promised === false)
        if (failed && was?.phase !== r.phase) setbacks.failed(r.root, clock.now())
        if (r.verdict === null || was?.verdict === r.verdict) continue
        const { ok, bad } = recordOf(r.root)
        records.set(r.root, r.verdict === 'accepted' ? { ok: ok + 1, bad } : { ok, bad: bad + 1 })
        if (r.verdict === 'accepted') setbacks.succeeded(r.root)
        else setbacks.failed(r.root, clock.now())
      }
    },
    told: (worker, standing) => {
      // A relay that is silent takes nobody's stake away, and whoever has left is where it was.
      const stakedMicro = standing?.stakedMicro ?? standings.get(worker)?.stakedMicro ?? 0
      const blocks = standing && isPlaced(standing.blocks, faulty) ? standing.blocks : blocksOf(worker)
      standings.delete(worker)
      standings.set(worker, { stakedMicro, blocks, askedMs: clock.now() })
      if (standings.size > standingsMax) standings.delete(standings.keys().next().value!)
    },
    unplaced: (task) => {
      if (!byAddress) return []
      const quoted = task.quotes.flatMap(({ worker }) => standings.get(worker) ?? [])
      const hired = new Set(task.replicas.filter(counts).map(({ worker }) => worker))
      const known = (worker: NodeId): boolean => {
        const standing = standings.get(worker)
        if (!standing) return false
        // A relay that began anew has new labels: whoever works here is compared with nobody who quotes since.
        const renamed = hired.has(worker) && quoted.some((q) => q.askedMs > standing.askedMs && isRenamed(standing.blocks, q.blocks))
        return clock.now() - standing.askedMs < (isPlaced(standing.blocks, faulty) && !renamed ? blocksMsMax : unplacedMs)
      }
      return [...new Set([...hired, ...task.quotes.map(({ worker }) => worker)])].filter((worker) => !known(worker))
    },
  }
}
