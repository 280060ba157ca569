/**
 * Runs tasks on the requester's side: does what `due` says, stores every state before the next message leaves, and reports
 * what happened back as events (contract/requester.ts). After a start it resumes whatever the store holds.
 */
import { createAssembly, type Assembly } from '../contract/chunks.ts'
import { quoteWindowMs, resendMs } from '../contract/limits.ts'
import type { AnySigned, Body } from '../contract/messages.ts'
import { finished, newTask, onEvent, pending, type Replica, type Task, type TaskEvent } from '../contract/requester.ts'
import { due } from '../contract/requester-due.ts'
import type { Sealed } from '../contract/sealing.ts'
import type { NodeId } from '../identity/keys.ts'
import { type Bytes, concat, equalBytes, fromHex, sha256, toHex } from '../lib/bytes.ts'
import { createSerial } from '../lib/serial.ts'
import type { StoreValue, Write } from '../lib/store.ts'
import { chunkBytes, type WireBody } from '../network/wire.ts'
import { embedding, type EmbeddingOutput, type EmbeddingPayload } from '../tasks/embedding/embedding.ts'
import type { AgentDeps, Membership } from './deps.ts'
import type { PersonalTrust } from './personal-trust.ts'
import { createChoice } from './requester-choice.ts'
import type { Standing } from './standings.ts'
import type { WrongResults } from './wrong-results.ts'
import { createTaskActions, rewardLifeMs } from './requester-actions.ts'

/** Sealed results held in memory while they arrive, per replica. */
const outputBytesMax = 9 << 20
/** A longer gap between two ticks means that the machine slept. */
const asleepMs = 15_000

export interface RequesterHooks {
  /** The texts of a task; they lie with the job. */
  readonly payloadOf: (task: Task) => Promise<EmbeddingPayload>
  /** Whether a stored task is of this swarm's jobs. */
  readonly owns: (task: Task) => boolean
  /** Whether a worker that counts by this list price, µcr, would do it for what was sown: another one would read the texts and refuse. */
  readonly mayHire: (task: Task, stepMicro: number) => boolean
  /** Called after each stored change. `output` is given once, when the vote is won, and its writes join that commit. */
  readonly onTask: (task: Task) => void
  readonly writesFor: (task: Task, output: EmbeddingOutput) => readonly Write[]
  /** Of outvoted results what shows them wrong. */
  readonly wrong: WrongResults['of']
  readonly onOwed: () => void
  /** The certified stake of a worker, in µcr; undefined: nobody could tell. */
  readonly standingOf: (worker: NodeId) => Promise<Standing | undefined>
  /** It has credit with us from work that it was paid for ahead. */
  readonly paidAhead: (worker: NodeId) => boolean
  readonly trust: PersonalTrust
  /** Something was set aside for a task, or is free again. */
  readonly onReserved: () => void
}

export interface Requester {
  readonly resume: () => Promise<void>
  /** False where it could not be stored. */
  readonly start: (fields: Parameters<typeof newTask>[0]) => Promise<boolean>
  readonly cancel: (task: string) => Promise<void>
  /** `bytes`: the message as it came. */
  readonly onSigned: (message: AnySigned, id: Bytes, bytes: Bytes, from: NodeId) => Promise<void>
  readonly onChunk: (from: NodeId, chunk: WireBody<'chunk'>) => Promise<void>
  readonly onWant: (from: NodeId, want: WireBody<'want'>) => Promise<void>
  readonly onPeer: (id: NodeId, here: boolean) => void
  readonly tick: () => Promise<void>
  /** Stores and does no more; what was under way goes on from the store. */
  readonly stop: () => void
  readonly active: () => number
  readonly tasks: () => readonly Task[]
}

export const createRequester = (deps: AgentDeps, member: Membership, hooks: RequesterHooks): Requester => {
  const { clock, vault, store, sealer } = deps
  const { network } = member
  const tasks = new Map<string, Task>()
  const bySow = new Map<string, string>()
  const byAgreement = new Map<string, string>()
  const outputs = new Map<string, EmbeddingOutput>()
  const results = new Map<string, Body<'result'> & { readonly message: Bytes }>()
  const assemblies = new Map<string, Assembly>()
  /** Results that are whole, until their signed message is here too. */
  const arrived = new Map<string, Sealed>()
  const sealedPayloads = new Map<string, Sealed>()
  const absent = new Map<NodeId, number>()
  const choice = createChoice(deps, member, { tasks: () => tasks.values(), paidAhead: hooks.paidAhead, experience: hooks.trust.of })
  const learn = async (worker: NodeId): Promise<void> => choice.told(worker, await hooks.standingOf(worker))
  const running = new Set<string>()
  /** 0: this is the first tick since the start, and nobody could reach us before it. */
  let tickedMs = 0
  const serial = createSerial()
  let stopped = false

  const context = () => ({
    now: clock.now(),
    absentSince: (worker: NodeId) => absent.get(worker),
    nodesHere: network.peers().filter((peer) => peer.role === 'node').length,
    places: choice.places,
    agree: (a: string, b: string): boolean => {
      const [outputA, outputB] = [outputs.get(a), outputs.get(b)]
      if (!outputA || !outputB) return false
      return embedding.agree({ output: outputA, resultClass: classOf(a) }, { output: outputB, resultClass: classOf(b) })
    },
  })
  const replicaOf = (agreement: string): Replica | undefined =>
    tasks.get(byAgreement.get(agreement) ?? '')?.replicas.find((r) => r.agreement && toHex(r.agreement.id) === agreement)
  const classOf = (agreement: string): string => replicaOf(agreement)?.resultClass ?? ''

  const index = (task: Task): void => {
    tasks.set(task.id, task)
    if (task.sow) bySow.set(toHex(task.sow.id), task.id)
    for (const r of task.replicas) if (r.agreement) byAgreement.set(toHex(r.agreement.id), task.id)
  }

  /** Stores the new state (with `extra` in the same commit), then acts on it. Nothing is acted on that is not stored. */
  const change = (id: string, next: (task: Task) => Task, extra: readonly Write[] = []): Promise<void> =>
    serial(id, async () => {
      const before = tasks.get(id)
      if (!before || stopped) return
      const after = next(before)
      if (after !== before) {
        const won = before.phase !== 'verified' && after.phase === 'verified' ? outputs.get(after.winners[0]!) : undefined
        const wrong = await hooks.wrong(before, after, outputs, () => hooks.payloadOf(after))
        const writes: Write[] = [
          { table: 'tasks', key: id, value: after as unknown as StoreValue },
          ...extra,
          ...wrong.writes,
          ...(won ? hooks.writesFor(after, won) : []),
        ]
        if (finished(after))
          for (const r of after.replicas) if (r.agreement) writes.push({ table: 'outputs', key: toHex(r.agreement.id), remove: true })
        const stored = await store.commit(writes)
        if (!stored.ok) return
        wrong.stored()
        index(after)
        choice.note(before, after)
        forget(after)
        hooks.onTask(after)
      }
      act(after)
    })
  const handle = (id: string, event: TaskEvent, extra?: readonly Write[]): Promise<void> =>
    change(id, (task) => onEvent(task, event, context()), extra)

  const forget = (task: Task): void => {
    for (const r of task.replicas) {
      if (!r.agreement || pending(r)) continue
      const key = toHex(r.agreement.id)
      for (const held of [results, assemblies, arrived, sealedPayloads]) held.delete(key)
      if (finished(task)) outputs.delete(key)
    }
  }

  const act = (task: Task): void => {
    // Hires that are being made ready were picked from other quotes: a second choice beside them would not know of them.
    const hiring = [...running].some((key) => key.startsWith(`${task.id}/hire/`))
    const actions = due(task, context(), (quotes, count) => (hiring ? [] : choice.pick(task, quotes, count)))
    for (const action of actions) {
      const key = `${task.id}/${action.do}/${'worker' in action ? action.worker : 'agreement' in action ? toHex(action.agreement) : 'quote' in action ? action.quote.worker : ''}`
      if (running.has(key)) continue
      running.add(key)
      // A store that fails now: the state stands, and the next tick asks again.
      void perform(task, action)
        .catch(() => undefined)
        .then(async (next) => {
          running.delete(key)
          await next?.()
        })
    }
  }

  const sendPayload = async (task: Task, agreement: Bytes, from: number): Promise<boolean> => {
    const key = toHex(agreement)
    const r = replicaOf(key)!
    let sealed = sealedPayloads.get(key)
    const first = sealed ? from : 0
    if (!sealed) {
      const plaintext = concat(r.salt, embedding.encodePayload(await hooks.payloadOf(task)))
      const made = await sealer.seal({ agreement, direction: 0, to: r.quote.body.kem, ownPrivate: r.kemPrivate, plaintext, chunkBytes })
      if (!made.ok) {
        void handle(task.id, { type: 'refused', agreement, reason: made.error.type })
        return false
      }
      sealed = made.value
      sealedPayloads.set(key, sealed)
    }
    return sendChunks(network, r.worker, agreement, 0, sealed, first)
  }

  const perform = createTaskActions(deps, member, hooks, { replicaOf, handle, change, sendPayload })

  /** Chunks and the signed result that belongs to them come apart: whichever is last completes the delivery. */
  const onResultComplete = async (task: Task, r: Replica): Promise<void> => {
    const agreement = r.agreement!.id
    const key = toHex(agreement)
    const [said, sealed] = [results.get(key), arrived.get(key)]
    if (!said || !sealed || !pending(r)) return
    assemblies.delete(key)
    arrived.delete(key)
    const opened = await sealer.open({ agreement, direction: 1, from: r.quote.body.kem, ownPrivate: r.kemPrivate, ...sealed })
    if (!opened.ok) return
    const fits = equalBytes(sha256(opened.value), said.outputHash) && said.resultClass === r.resultClass
    const output = fits ? embedding.parseOutput(opened.value, await hooks.payloadOf(task)) : undefined
    if (!output?.ok) return handle(task.id, { type: 'damaged', agreement })
    outputs.set(key, output.value)
    await handle(task.id, { type: 'delivered', agreement, outputHash: said.outputHash, result: said.message, busyMs: said.busyMs }, [
      { table: 'outputs', key, value: { bytes: opened.value } },
    ])
    // The contract may have ended while this was being opened: then nothing has noted it.
    if (replicaOf(key)?.outputHash === null) outputs.delete(key)
  }

  /** The worker asks again after its voucher or its refusal was lost: the vault says the same once more. */
  const remind = async (r: Replica): Promise<void> => {
    const agreement = r.agreement!.id
    const task = tasks.get(byAgreement.get(toHex(agreement)) ?? '')
    if (!task?.sow) return
    const again = await vault.call(`reward/${toHex(agreement)}`, 'reward', {
      sow: task.sow.id,
      agreement,
      payee: fromHex(r.worker)!,
      accepted: r.verdict === 'accepted',
      expires: clock.now() + rewardLifeMs,
    })
    if (again.ok) await network.send(r.worker, ['signed', { message: again.value.message, hops: 0 }])
  }

  /** The task and replica that this peer may speak of, by agreement. */
  const contractOf = (from: NodeId, agreement: Bytes): { task: Task; replica: Replica } | undefined => {
    const key = toHex(agreement)
    const task = tasks.get(byAgreement.get(key) ?? '')
    const replica = replicaOf(key)
    return task && replica?.worker === from ? { task, replica } : undefined
  }

  const active = (): readonly Task[] => [...tasks.values()].filter((task) => !finished(task))

  return {
    resume: async () => {
      for (const [, value] of await store.list('tasks')) {
        const task = value as unknown as Task
        if (!hooks.owns(task)) continue
        index(task)
        if (finished(task)) continue
        for (const r of task.replicas) {
          if (!r.agreement || r.outputHash === null) continue
          const kept = (await store.get('outputs', toHex(r.agreement.id))) as { bytes: Bytes } | undefined
          const output = kept && embedding.parseOutput(kept.bytes, await hooks.payloadOf(task))
          if (output?.ok) outputs.set(toHex(r.agreement.id), output.value)
        }
      }
      for (const task of tasks.values()) hooks.onTask(task)
    },
    start: async (fields) => {
      if (tasks.has(fields.id)) return true
      const task = newTask(fields, clock.now())
      const stored = await store.commit([{ table: 'tasks', key: task.id, value: task as unknown as StoreValue }])
      if (!stored.ok) return false
      index(task)
      act(task)
      return true
    },
    cancel: (id) => handle(id, { type: 'cancel' }),
    onSigned: async (message, id, bytes, from) => {
      absent.delete(from)
      if (message.kind === 'quote') {
        const task = bySow.get(toHex(message.body.sow))
        const quote = { id, worker: toHex(message.from), body: message.body, receivedMs: clock.now() }
        // Of whom nothing will be hired nothing is asked: anyone may answer a sow.
        if (task === undefined || !hooks.mayHire(tasks.get(task)!, quote.body.stepMicro)) return
        const heard = choice.hears(tasks.get(task)!, quote)
        if (heard === 'no') return
        if (heard === 'ask') await learn(quote.worker)
        await handle(task, { type: 'quote', quote })
        // Ticks are further apart than the window in which others may quote too.
        clock.after(quoteWindowMs, () => void change(task, (t) => t))
        return
      }
      if (!('agreement' in message.body)) return
      const author = toHex(message.from)
      const contract = contractOf(author, message.body.agreement)
      if (!contract) return
      const { agreement } = message.body
      const taskId = contract.task.id
      if (message.kind === 'countersign') await handle(taskId, { type: 'countersigned', agreement })
      else if (message.kind === 'refuse') await handle(taskId, { type: 'refused', agreement, reason: message.body.reason })
      else if (message.kind === 'prepay') await handle(taskId, { type: 'prepay-asked', agreement, total: message.body.total })
      else if (message.kind === 'progress')
        await handle(taskId, { type: 'progress', agreement, done: Math.min(message.body.done, contract.task.texts) })
      else if (message.kind === 'receipt') await handle(taskId, { type: 'receipt', agreement })
      else if (message.kind === 'result') {
        if (contract.replica.verdict !== null) return remind(contract.replica)
        if (pending(contract.replica)) {
          results.set(toHex(agreement), { ...message.body, message: bytes })
          await onResultComplete(contract.task, contract.replica)
        }
        // A result that is known already, or that nobody waits for: say again what became of it.
        if (contract.replica.phase === 'cancelled' || contract.replica.phase === 'missing')
          await change(taskId, (t) => ({ ...t, replicas: t.replicas.map((r) => (r.worker === author ? { ...r, settledMs: 0 } : r)) }))
      }
    },
    onChunk: async (from, chunk) => {
      const contract = contractOf(from, chunk.agreement)
      // What a worker sends when nobody waits for it is not kept: up to 9 MiB a contract, and nothing would forget them.
      if (!contract || chunk.direction !== 1 || !pending(contract.replica)) return
      const key = toHex(chunk.agreement)
      const assembly = assemblies.get(key) ?? createAssembly(outputBytesMax)
      assemblies.set(key, assembly)
      const whole = assembly.add(chunk)
      // Not the worker's fault for sure: a relay may have put chunks in between. It is asked for anew, or is late.
      if (whole === 'too-large') assemblies.delete(key)
      else if (whole !== 'incomplete') {
        arrived.set(key, whole)
        await onResultComplete(contract.task, contract.replica)
      }
    },
    onWant: async (from, want) => {
      const contract = want.direction === 0 ? contractOf(from, want.agreement) : undefined
      if (contract && clock.now() - contract.replica.sentMs >= resendMs / 2)
        await handle(contract.task.id, { type: 'payload-wanted', agreement: want.agreement, from: want.from })
    },
    onPeer: (id, here) => {
      if (here) absent.delete(id)
      else absent.set(id, clock.now())
    },
    tick: async () => {
      const now = clock.now()
      const woke = now - tickedMs > asleepMs
      tickedMs = now
      if (woke) absent.clear()
      if (active().length > 0) void hooks.trust.refresh()
      for (const task of active()) {
        // After a start none of its workers is known. Not waited for: other tasks are.
        for (const worker of choice.unplaced(task)) void learn(worker).catch(() => {})
        await handle(task.id, { type: woke ? 'woke' : 'tick' })
      }
    },
    stop: () => void (stopped = true),
    active: () => active().length,
    tasks: () => [...tasks.values()],
  }
}

/** Sends chunks from an index on; false where there is no way to the peer now. */
export const sendChunks = async (
  network: Membership['network'],
  to: NodeId,
  agreement: Bytes,
  direction: 0 | 1,
  sealed: Sealed,
  from: number,
): Promise<boolean> => {
  for (let index = from; index < sealed.chunks.length; index++) {
    const last = index === sealed.chunks.length - 1
    const sent = await network.send(to, [
      'chunk',
      { agreement, direction, index, last, enc: index === 0 ? sealed.enc : null, data: sealed.chunks[index]! },
    ])
    if (!sent.ok) return false
  }
  return true
}
