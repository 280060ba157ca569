/**
 * Encoding spread over Workers. Jobs take turns piece by piece, as many as their weights say, so a small one is not behind a
 * large one, and one that pays more is done sooner while nobody waits for ever. A piece ends between
 * two texts once it took `pieceMs`; then the worker rests as the share demands. A piece whose Worker crashed is done once more on
 * a fresh one.
 */
import type { Bytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { pauseMs, type Plan } from '../scheduler/governor.ts'
import type { EngineError } from '../tasks/engine.ts'
import { createWorkerClient, type ClientError, type WorkerClient } from './worker-client.ts'
import type { Backend, WorkerPort } from './worker-protocol.ts'

export interface PoolModel {
  /** Tells files and backends apart. */
  readonly key: string
  readonly backend: Backend
  readonly dimension: number
  readonly pooling: 'mean' | 'cls'
  readonly onnx: () => Promise<Result<Bytes, EngineError>>
}

export interface Encoded {
  readonly vectors: Float32Array<ArrayBuffer>
  readonly busyMs: number
}

export interface Pool {
  readonly encode: (
    model: PoolModel,
    texts: readonly Int32Array<ArrayBuffer>[],
    signal?: AbortSignal,
    onProgress?: (done: number) => void,
    weight?: number,
  ) => Promise<Result<Encoded, EngineError>>
  readonly setPlan: (plan: Plan) => void
  readonly close: () => void
}

/** Work without a pause for the throttle, but never less than a text. */
const pieceMs = 50
const pieceTextsMax = 32
/** Beyond it the caller is told at once: who asks for more must wait for what it asked. */
const waitingTextsMax = 100_000
/** Each holds a copy of the models that it runs. */
const modelsPerWorkerMax = 2
/** A Worker and its memory go when it had nothing to do for this long. */
const idleMsMax = 60_000
const attemptsMax = 2
/** A rest that ended this much too late shortens the next; later ones were a sleeping machine. */
const lateMsMax = 100

interface Job {
  readonly model: PoolModel
  readonly texts: readonly Int32Array<ArrayBuffer>[]
  /** Indices still to be done; pieces come from its front. */
  readonly waiting: number[]
  readonly attempts: Map<number, number>
  readonly vectors: Float32Array<ArrayBuffer>
  readonly onProgress: ((done: number) => void) | undefined
  readonly finish: (result: Result<Encoded, EngineError>) => void
  readonly weight: number
  /** Pieces begun ÷ weight: whoever has had least is next. */
  turns: number
  done: number
  busyMs: number
  running: number
  ended: boolean
}

interface Slot {
  readonly client: WorkerClient
  /** Models that it holds, least recently used first. */
  holds: string[]
  state: 'free' | 'busy' | 'resting'
  /** Calls off the end of the rest, or of the idle Worker. */
  cancelTimer: () => void
  lateMs: number
}

export const createPool = (spawn: () => WorkerPort, clock: Clock): Pool => {
  const slots: Slot[] = []
  let jobs: Job[] = []
  let plan: Plan = { workers: 0, duty: 0 }
  let closed = false

  const addSlot = (): void => {
    const slot: Slot = {
      client: createWorkerClient(spawn, clock, () => (slot.holds = [])),
      holds: [],
      state: 'free',
      cancelTimer: () => {},
      lateMs: 0,
    }
    slots.push(slot)
  }

  const end = (job: Job, result: Result<Encoded, EngineError>): void => {
    if (job.ended) return
    job.ended = true
    jobs = jobs.filter((other) => other !== job)
    job.finish(result)
  }

  /** Free workers take pieces of the job that has had least for its weight; of several, the one that waited longest. */
  const pump = (): void => {
    while (slots.length < plan.workers) addSlot()
    for (const slot of slots.slice(0, plan.workers)) {
      if (slot.state !== 'free') continue
      // A GPU is one, however many workers there are.
      const able = jobs.filter((j) => j.waiting.length > 0 && (j.model.backend === 'wasm' || j.running === 0))
      const least = fewestTurns(able)
      const job = able.find(({ turns }) => turns === least)
      if (!job) return
      job.turns += 1 / job.weight
      jobs = [...jobs.filter((other) => other !== job), job]
      void work(slot, job)
    }
  }

  const rest = (slot: Slot, busyMs: number): void => {
    const wantedMs = Math.max(0, pauseMs(busyMs, plan.duty) - slot.lateMs)
    slot.state = wantedMs > 0 ? 'resting' : 'free'
    slot.lateMs = 0
    if (wantedMs === 0) return void becomeIdle(slot)
    const until = clock.now() + wantedMs
    slot.cancelTimer = clock.after(wantedMs, () => {
      slot.lateMs = Math.min(lateMsMax, clock.now() - until)
      slot.state = 'free'
      becomeIdle(slot)
      pump()
    })
  }
  const becomeIdle = (slot: Slot): void => {
    if (!closed) slot.cancelTimer = clock.after(idleMsMax, () => slot.client.stop())
  }

  const work = async (slot: Slot, job: Job): Promise<void> => {
    slot.cancelTimer()
    slot.state = 'busy'
    job.running++
    const piece = job.waiting.splice(0, pieceTextsMax)
    const { model } = job
    const done = await run(slot, job, piece)
    job.running--
    if (done.ok && !job.ended) {
      piece.slice(0, done.value.done).forEach((text, i) => {
        job.vectors.set(done.value.vectors.subarray(i * model.dimension, (i + 1) * model.dimension), text * model.dimension)
      })
      job.waiting.unshift(...piece.slice(done.value.done))
      job.done += done.value.done
      job.busyMs += done.value.busyMs
      job.onProgress?.(job.done)
      if (job.done === job.texts.length) end(job, ok({ vectors: job.vectors, busyMs: job.busyMs }))
    } else if (!done.ok) giveBack(job, piece, done.error)
    rest(slot, done.ok ? done.value.busyMs : 0)
    pump()
  }

  /** Loads the model where the worker does not hold it, then encodes. */
  const run = async (slot: Slot, job: Job, piece: readonly number[]) => {
    const { model } = job
    if (!slot.holds.includes(model.key)) {
      const onnx = await model.onnx()
      if (!onnx.ok) return onnx
      const drop = slot.holds.length >= modelsPerWorkerMax ? slot.holds[0]! : null
      const { key, backend, dimension, pooling } = model
      const loaded = await slot.client.call({ do: 'load', key, backend, dimension, pooling, drop, onnx: onnx.value })
      if (!loaded.ok) return loaded
      slot.holds = [...slot.holds.filter((held) => held !== drop), key]
    }
    slot.holds = [...slot.holds.filter((held) => held !== model.key), model.key]
    return slot.client.call({ do: 'encode', key: model.key, texts: piece.map((i) => job.texts[i]!), budgetMs: pieceMs })
  }

  const giveBack = (job: Job, piece: readonly number[], error: ClientError): void => {
    if (error.type !== 'crashed') return end(job, err(error))
    for (const text of piece) {
      const attempts = (job.attempts.get(text) ?? 0) + 1
      if (attempts >= attemptsMax) return end(job, err({ type: 'failed', message: `the Worker crashed twice: ${error.why}` }))
      job.attempts.set(text, attempts)
    }
    job.waiting.unshift(...piece)
  }

  return {
    encode: (model, texts, signal, onProgress, weight = 1) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve(err({ type: 'aborted' }))
        if (texts.length === 0) return resolve(ok({ vectors: new Float32Array(0), busyMs: 0 }))
        const waiting = jobs.reduce((sum, job) => sum + job.waiting.length, 0)
        if (waiting + texts.length > waitingTextsMax) return resolve(err({ type: 'failed', message: `${waiting} texts wait already` }))
        const onAbort = (): void => end(job, err({ type: 'aborted' }))
        const job: Job = {
          model,
          texts,
          waiting: [...texts.keys()],
          attempts: new Map(),
          vectors: new Float32Array(texts.length * model.dimension),
          onProgress,
          finish: (result) => {
            signal?.removeEventListener('abort', onAbort)
            resolve(result)
          },
          weight,
          // It neither catches up on what was done before it came, nor waits for it.
          turns: jobs.length > 0 ? fewestTurns(jobs) : 0,
          done: 0,
          busyMs: 0,
          running: 0,
          ended: false,
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        jobs.push(job)
        pump()
      }),
    setPlan: (next) => {
      if (next.workers === plan.workers && next.duty === plan.duty) return
      plan = next
      // Rests were measured by the old share: a new one holds from now on.
      for (const slot of slots) {
        if (slot.state !== 'resting') continue
        slot.cancelTimer()
        slot.state = 'free'
        becomeIdle(slot)
      }
      pump()
    },
    close: () => {
      closed = true
      plan = { workers: 0, duty: 0 }
      for (const job of [...jobs]) end(job, err({ type: 'aborted' }))
      for (const slot of slots) {
        slot.cancelTimer()
        slot.client.stop()
      }
    },
  }
}

const fewestTurns = (jobs: readonly Job[]): number => Math.min(...jobs.map(({ turns }) => turns))
