/** A job and the list price, which the founder may change while it runs: nobody pays more than was agreed to, and a fall counts. */
import type { Task } from '../contract/requester.ts'
import type { JobFailure } from './job-failure.ts'
import type { Job } from './jobs.ts'

/** The founder has raised the price, and something is still to be hired: it would cost more than the person agreed to. */
export const isTooDear = ({ list, nextPart, parts }: Job, tasks: readonly Task[], stepMicro: number, price: number): boolean =>
  // Given up for that reason before.
  tasks.some((t) => t.phase === 'cancelled') ||
  (list !== undefined &&
    BigInt(stepMicro) * BigInt(price) > BigInt(list.stepMicro) * BigInt(list.price) &&
    (nextPart < parts.length || tasks.some((t) => t.phase === 'hiring')))

/** What a part has in units at another price of a step: they are whole steps. */
export const unitsAt = ({ list }: Pick<Job, 'list'>, units: number, stepMicro: number): number =>
  list ? (units / list.stepMicro) * stepMicro : units

/** Sown before the price rose: a worker that counts by this one would be sent the texts, find them to be more than is paid for, and refuse. */
export const isUnderpriced = (job: Pick<Job, 'list' | 'parts'>, { index, sowBody }: Task, stepMicro: number): boolean =>
  sowBody.units < unitsAt(job, job.parts[index]!.units, stepMicro)

/** Of a task that failed. */
export const whyFailed = (job: Job, task: Task, stepMicro: number): JobFailure =>
  task.failure!.type === 'too-few-workers' && isUnderpriced(job, task, stepMicro) ? { type: 'price-changed' } : task.failure!
