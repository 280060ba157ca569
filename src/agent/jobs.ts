/**
 * Jobs: what a person submits. A job's texts are cut into tasks, a few in flight at a time; its vectors come together as
 * tasks are verified. Everything lies in the store, so a job outlives any context; a local job runs on this machine, free.
 */
import type { Body } from '../contract/messages.ts'
import type { Task } from '../contract/requester.ts'
import type { Policy } from '../economy/policy.ts'
import { maxCostMicro, priceFor } from '../economy/price.ts'
import { toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import { numberKey, type StoreValue, type Write } from '../lib/store.ts'
import { embedding, type EmbeddingOutput, type EmbeddingPayload, embeddingUnits } from '../tasks/embedding/embedding.ts'
import type { EngineError } from '../tasks/engine.ts'
import type { Account } from '../vault/vault.ts'
import type { AgentDeps } from './deps.ts'
import { describe, type SubmitError } from './job-failure.ts'
import { runLocally } from './job-local.ts'
import { agreedWithout, cutTexts, isOpen, readVectors, roundedUp, type Texts, unitsMax, type Vectors } from './job-parts.ts'
import { isTooDear, isUnderpriced, unitsAt, whyFailed } from './job-price.ts'
import type { Requester } from './requester.ts'

export const tasksInFlightMax = 4
export const textsPerJobMax = 20_000

/** Of a sow. */
export type Priority = Body<'sow'>['priority']

export interface Job {
  readonly id: string
  /** Hex of the swarm whose workers do it; null: this machine alone. */
  readonly swarm: string | null
  readonly createdMs: number
  readonly finishedMs: number | null
  readonly model: string
  readonly title: string
  readonly where: 'network' | 'local'
  readonly redundancy: number
  /** Absent in jobs of earlier versions: normal. */
  readonly priority?: Priority
  /** At what the person agreed to: µcr of a step, and per 10⁶ units. Absent in jobs of earlier versions. */
  readonly list?: { readonly stepMicro: number; readonly price: number }
  readonly state: 'hiring' | 'working' | 'done' | 'failed' | 'cancelled'
  readonly texts: number
  /** First text, number of texts and units of each task. */
  readonly parts: readonly { readonly first: number; readonly count: number; readonly units: number }[]
  readonly nextPart: number
  readonly dimension: number | null
  readonly maxCostMicro: number
  readonly truncated: number
  readonly localDone: number
  readonly failure: { readonly type: string; readonly detail: string } | null
}

export interface Submission {
  readonly texts: readonly string[]
  readonly ids: readonly string[]
  readonly model: string
  readonly redundancy: number
  readonly title: string
  readonly where: 'network' | 'local'
  /** high: at the policy's multiple of the price. Left out: normal. */
  readonly priority?: Priority
}

export interface Jobs {
  readonly resume: () => Promise<void>
  readonly submit: (submission: Submission) => Promise<Result<string, SubmitError>>
  readonly price: (
    texts: readonly string[],
    model: string,
    redundancy: number,
    priority?: Priority,
  ) => Promise<Result<{ readonly tokens: number; readonly units: number; readonly maxCostMicro: number }, EngineError>>
  /** What a further job may cost: what is available, less what the unfinished ones have not reserved yet. Undefined before the account is known. */
  readonly freeMicro: () => number | undefined
  readonly cancel: (id: string) => Promise<void>
  readonly remove: (id: string) => Promise<void>
  readonly list: () => readonly Job[]
  /** Of a job that is over: what has come, in input order. All of it where it is done, else what was verified (and paid for); undefined where that is nothing. */
  readonly vectors: (id: string) => Promise<Vectors | undefined>
  readonly payloadOf: (task: Task) => Promise<EmbeddingPayload>
  readonly owns: (task: Pick<Task, 'job'>) => boolean
  /** Whether a worker may be hired for it that counts by this list price. */
  readonly mayHire: (task: Task, stepMicro: number) => boolean
  readonly writesFor: (task: Task, output: EmbeddingOutput) => readonly Write[]
  readonly onTask: (task: Task) => void
  readonly tick: () => Promise<void>
}

const finished = (job: Job): boolean => job.state === 'done' || job.state === 'failed' || job.state === 'cancelled'
export const createJobs = (
  deps: AgentDeps,
  context: {
    readonly requester: () => Requester | undefined
    readonly swarm: () => string | null
    readonly policy: () => Pick<Policy, 'prices' | 'highPriority' | 'tabMicro' | 'prepayMicro'> | undefined
    readonly account: () => Pick<Account, 'availableMicro' | 'reservedMicro'> | undefined
    readonly changed: () => void
    readonly ended: () => void
  },
): Jobs => {
  const { clock, random, store, engine } = deps
  const jobs = new Map<string, Job>()
  const vectorCache = new Map<string, Vectors>()
  const textCache = new Map<string, Texts>()
  const aborts = new Map<string, AbortController>()

  const serial = createSerial()

  /** Changes a job that is not finished, on its state as it is by then; false where it is finished or could not be stored. */
  const update = (id: string, fields: (job: Job) => Partial<Job>, writes: readonly Write[] = []): Promise<boolean> =>
    serial(id, async () => {
      const before = jobs.get(id)
      if (!before || finished(before)) return false
      const job = { ...before, ...fields(before) }
      const stored = await store.commit([{ table: 'jobs', key: id, value: job as unknown as StoreValue }, ...writes])
      if (stored.ok) jobs.set(id, job)
      if (stored.ok && finished(job)) context.ended()
      else context.changed()
      return stored.ok
    })
  const end = (id: string, state: 'done' | 'failed' | 'cancelled', failure: Job['failure'] = null): Promise<boolean> =>
    update(id, () => ({ state, failure, finishedMs: clock.now() }))
  const textsOf = async (id: string): Promise<Texts | undefined> => {
    const cached = textCache.get(id)
    if (cached) return cached
    const read = (await store.get('job-texts', id)) as Texts | undefined
    if (read) textCache.set(id, read)
    return read
  }
  /** A network job of the swarm that is open now. */
  const isHere = (job: Job): boolean => job.where === 'network' && job.swarm === context.swarm()
  const tasksOf = (id: string): readonly Task[] =>
    context
      .requester()
      ?.tasks()
      .filter((t) => t.job === id) ?? []

  const stepMicro = (): number => context.policy()?.prices.embedding ?? 0
  /** µcr per 10⁶ units. */
  const priceOf = (priority: Priority = 'normal'): number => priceFor(priority, context.policy()?.highPriority ?? 1)

  const price: Jobs['price'] = async (texts, model, redundancy, priority) => {
    const tokens = await engine.countTokens(model, texts)
    if (!tokens.ok) return tokens
    const units = embeddingUnits(tokens.value, stepMicro())
    const most = maxCostMicro(units, priceOf(priority), redundancy)
    return ok({ tokens: tokens.value.reduce((a, b) => a + b, 0), units, maxCostMicro: most })
  }

  /** The most that unfinished jobs can still come to. Tasks reserve it as they start, a few at a time. */
  const promisedMicro = (): number => {
    let promised = 0
    for (const job of jobs.values()) {
      if (finished(job) || !isHere(job)) continue
      const settled = new Set(tasksOf(job.id).flatMap((t) => (t.released ? [t.index] : [])))
      job.parts.forEach((part, i) => (promised += settled.has(i) ? 0 : maxCostMicro(part.units, priceOf(job.priority), job.redundancy)))
    }
    return promised
  }
  const freeMicro = (): number | undefined => {
    const account = context.account()
    return account && Math.max(0, Math.min(account.availableMicro, account.availableMicro + account.reservedMicro - promisedMicro()))
  }

  /** Where work is paid ahead, a worker is paid for one task at a time: beside tasks that it has agreed to without, there is room. */
  const mayStart = (ofJob: readonly Task[]): boolean =>
    ofJob.filter(isOpen).length < tasksInFlightMax &&
    (!context.policy()?.prepayMicro || (context.requester()?.tasks() ?? []).filter(isOpen).every(agreedWithout))

  /** Starts what may be started, and ends the job where its tasks have ended. */
  const advance = async (id: string): Promise<void> => {
    const job = jobs.get(id)
    const requester = context.requester()
    if (!job || finished(job) || !requester || !isHere(job)) return
    const tasks = tasksOf(id)
    const failed = tasks.find((t) => t.phase === 'failed')
    if (failed) {
      await end(id, 'failed', describe(whyFailed(job, failed, stepMicro())))
      for (const task of tasks) await requester.cancel(task.id)
      return
    }
    if (job.nextPart === job.parts.length && tasks.length === job.parts.length && tasks.every((t) => t.phase === 'verified'))
      return void (await end(id, 'done'))
    const part = job.parts[job.nextPart]
    // What is done and under way is paid as agreed, and no more is begun.
    if (isTooDear(job, tasks, stepMicro(), priceOf(job.priority))) {
      for (const task of tasks) if (task.phase === 'hiring') await requester.cancel(task.id)
      return tasks.some((t) => t.phase === 'working') ? undefined : void (await end(id, 'failed', describe({ type: 'price-changed' })))
    }
    if (part && mayStart(tasks)) return startPart(job, part, requester)
    const state = tasks.some((t) => t.phase !== 'hiring') ? 'working' : 'hiring'
    if (state !== job.state) await update(id, () => ({ state }))
  }
  const advancing = new Set<string>()
  /** Jobs that go as soon as their contracts have ended. */
  const removing = new Set<string>()
  /** What happened while a job was being advanced is looked at right after, not at the next tick. */
  const again = new Set<string>()
  const kick = (id: string): void => {
    if (advancing.has(id)) return void again.add(id)
    advancing.add(id)
    const part = jobs.get(id)?.nextPart
    void advance(id).finally(() => {
      advancing.delete(id)
      const job = jobs.get(id)
      if (again.delete(id)) kick(id)
      else if (
        job &&
        !finished(job) &&
        isHere(job) &&
        job.nextPart !== part &&
        job.nextPart < job.parts.length &&
        mayStart(tasksOf(id)) &&
        context.requester()
      )
        kick(id)
    })
  }

  const startPart = async (job: Job, part: Job['parts'][number], requester: Requester): Promise<void> => {
    const index = job.nextPart
    const all = await textsOf(job.id)
    if (!all) return
    const size = embedding.encodePayload({ model: job.model, texts: all.texts.slice(part.first, part.first + part.count) }).length
    const started = await requester.start({
      id: `${job.id}/${numberKey(index)}`,
      job: job.id,
      index,
      texts: part.count,
      sowBody: {
        type: 'embedding',
        model: job.model,
        size: roundedUp(size),
        units: unitsAt(job, part.units, stepMicro()),
        maxPrice: priceOf(job.priority),
        redundancy: job.redundancy,
        priority: job.priority ?? 'normal',
      },
    })
    if (started) await update(job.id, () => ({ nextPart: index + 1 }))
  }

  const unfinished = (id: string): Job | undefined => {
    const job = jobs.get(id)
    return job && !finished(job) ? job : undefined
  }
  const runLocal = async (id: string): Promise<void> => {
    const abort = new AbortController()
    aborts.set(id, abort)
    const all = await textsOf(id)
    if (!all) return
    const failure = await runLocally(
      engine,
      all.texts,
      { job: () => unfinished(id), update: (fields, writes) => update(id, fields, writes) },
      abort.signal,
    )
    if (failure === 'done') await end(id, 'done')
    else if (failure !== 'stopped') await end(id, 'failed', describe(failure))
  }

  const read = async (id: string): Promise<Vectors | undefined> => {
    const job = jobs.get(id)
    const all = job && finished(job) ? await textsOf(id) : undefined
    const found = job && all && (await readVectors(store, job, all))
    // A task of a job that has just failed may still be verified: what is kept must not miss it.
    if (found && tasksOf(id).every((task) => task.phase !== 'hiring' && task.phase !== 'working')) vectorCache.set(id, found)
    return found
  }

  const remove = async (id: string): Promise<void> => {
    const job = jobs.get(id)
    // Its last contracts are still being paid: the texts are needed to check what comes late. The row goes when they end.
    if (!job || !finished(job)) return
    if (tasksOf(id).some((t) => !t.released)) return void removing.add(id)
    removing.delete(id)
    const writes: Write[] = [
      { table: 'jobs', key: id, remove: true },
      { table: 'job-texts', key: id, remove: true },
    ]
    for (const table of ['vectors', 'tasks'])
      for (const [key] of await store.list(table, { prefix: `${id}/` })) writes.push({ table, key, remove: true })
    const stored = await store.commit(writes)
    if (!stored.ok) return
    for (const held of [jobs, vectorCache, textCache]) held.delete(id)
    context.changed()
  }

  return {
    resume: async () => {
      for (const [, value] of await store.list('jobs')) {
        const job = value as unknown as Job
        jobs.set(job.id, job)
        if (job.where === 'local' && !finished(job)) void runLocal(job.id)
      }
    },
    price,
    freeMicro,
    submit: async ({ texts, ids, model, redundancy, title, where, priority = 'normal' }) => {
      if (texts.length === 0) return err({ type: 'no-texts' })
      if (texts.length > textsPerJobMax) return err({ type: 'too-many-texts' })
      const tokens = await engine.countTokens(model, texts)
      if (!tokens.ok) return tokens
      const policy = context.policy()
      const asked = priceOf(priority)
      const parts = where === 'local' || !policy ? [] : cutTexts(texts, tokens.value, stepMicro(), unitsMax(policy, asked))
      const most = parts.reduce((sum, p) => sum + maxCostMicro(p.units, asked, redundancy), 0)
      if (where === 'network') {
        const availableMicro = freeMicro()
        if (!context.requester() || availableMicro === undefined) return err({ type: 'no-swarm' })
        if (availableMicro < most) return err({ type: 'insufficient-credits', needMicro: most, availableMicro })
      } else {
        const prepared = await engine.prepare(model)
        if (!prepared.ok) return prepared
      }
      const id = toHex(random.bytes(8))
      const job: Job = {
        id,
        swarm: where === 'local' ? null : context.swarm(),
        createdMs: clock.now(),
        finishedMs: null,
        model,
        title,
        where,
        redundancy,
        priority,
        list: { stepMicro: stepMicro(), price: asked },
        state: where === 'local' ? 'working' : 'hiring',
        texts: texts.length,
        parts,
        nextPart: 0,
        dimension: null,
        maxCostMicro: most,
        truncated: 0,
        localDone: 0,
        failure: null,
      }
      const stored = await store.commit([
        { table: 'jobs', key: id, value: job as unknown as StoreValue },
        { table: 'job-texts', key: id, value: { texts: [...texts], ids: [...ids] } },
      ])
      if (!stored.ok) return stored
      jobs.set(id, job)
      context.changed()
      if (where === 'local') void runLocal(id)
      else kick(id)
      return ok(id)
    },
    cancel: async (id) => {
      if (!(await end(id, 'cancelled'))) return
      aborts.get(id)?.abort()
      for (const task of tasksOf(id)) await context.requester()?.cancel(task.id)
    },
    remove: async (id) => {
      await remove(id)
      context.changed()
    },
    list: () =>
      [...jobs.values()]
        .filter((job) => !removing.has(job.id) && (job.where === 'local' || isHere(job)))
        .sort((a, b) => b.createdMs - a.createdMs),
    vectors: async (id) => vectorCache.get(id) ?? read(id),
    payloadOf: async (task) => {
      const job = jobs.get(task.job)
      const all = await textsOf(task.job)
      const part = job?.parts[task.index]
      return { model: task.sowBody.model, texts: all && part ? all.texts.slice(part.first, part.first + part.count) : [] }
    },
    owns: (task) => jobs.has(task.job) && isHere(jobs.get(task.job)!),
    mayHire: (task, quoted) => jobs.has(task.job) && !isUnderpriced(jobs.get(task.job)!, task, quoted),
    writesFor: (task, output) => [
      {
        table: 'vectors',
        key: `${task.job}/${numberKey(task.index)}`,
        value: { bytes: embedding.encodeOutput(output), texts: task.texts },
      },
    ],
    onTask: (task) => {
      const job = jobs.get(task.job)
      if (job && task.phase === 'verified' && job.dimension === null && !finished(job)) context.changed()
      kick(task.job)
      context.changed()
    },
    tick: async () => {
      for (const job of [...jobs.values()]) {
        if (!finished(job)) kick(job.id)
        if (removing.has(job.id)) await remove(job.id)
        // Whatever died between the job's end and its tasks': nothing is hired for a job that has ended.
        if (job.state === 'cancelled' || job.state === 'failed')
          for (const task of tasksOf(job.id))
            if (task.phase === 'hiring' || task.phase === 'working') await context.requester()?.cancel(task.id)
      }
    },
  }
}
