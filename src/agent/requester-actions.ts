/** What a requester does for a task, each action by itself: whatever has an effect goes by a request id made from the contract. */
import { farHops, nearHops, sowValidMs } from '../contract/limits.ts'
import { markTold, type Replica, type Task, type TaskAction, type TaskEvent } from '../contract/requester.ts'
import { type Bytes, concat, fromHex, sha256, toHex } from '../lib/bytes.ts'
import { ok } from '../lib/result.ts'
import { embedding } from '../tasks/embedding/embedding.ts'
import type { VaultError } from '../vault/vault.ts'
import type { AgentDeps, Membership } from './deps.ts'
import type { RequesterHooks } from './requester.ts'

export const rewardLifeMs = 25 * 60_000
/** A requester's message that has to wait for its contract at most this long. */
const messageLifeMs = 20 * 60_000

/** The runner's tasks, as its actions see and change them. */
export interface TaskRunner {
  /** By agreement, hex. */
  readonly replicaOf: (agreement: string) => Replica | undefined
  readonly handle: (task: string, event: TaskEvent) => Promise<void>
  readonly change: (task: string, next: (task: Task) => Task) => Promise<void>
  /** False where it could not be sent now. */
  readonly sendPayload: (task: Task, agreement: Bytes, from: number) => Promise<boolean>
}
export type PerformTask = (task: Task, action: TaskAction) => Promise<(() => Promise<void>) | undefined>

export const createTaskActions = (
  { clock, random, vault, sealer }: AgentDeps,
  { network }: Membership,
  hooks: Pick<RequesterHooks, 'payloadOf' | 'onOwed' | 'onReserved'>,
  { replicaOf, handle, change, sendPayload }: TaskRunner,
): PerformTask => {
  /** The same request whoever asks, so that it is signed, and reserved for, once. */
  const signSow = (task: Task) =>
    vault.call(`sow/${task.id}`, 'sign', { kind: 'sow', to: null, expires: task.startedMs + sowValidMs, body: task.sowBody })
  const definitive = (error: VaultError): boolean =>
    error.type !== 'unavailable' && error.type !== 'storage' && error.type !== 'head-unchecked'

  /** Does one action; gives back what to report. Undefined: it could not be done now, the next tick asks again. */
  return async (task, action) => {
    const report = (event: TaskEvent) => (): Promise<void> => handle(task.id, event)
    switch (action.do) {
      case 'sow': {
        const signed = await signSow(task)
        if (signed.ok) {
          hooks.onReserved()
          return report({ type: 'sown', ...signed.value, expires: task.startedMs + sowValidMs })
        }
        return definitive(signed.error) ? report({ type: 'sow-refused', error: signed.error.type }) : undefined
      }
      case 'announce':
        network.gossip(['signed', { message: task.sow!.message, hops: task.announcedMs === 0 ? nearHops : farHops }])
        return report({ type: 'announced' })
      case 'hire': {
        const keys = await sealer.generateKeyPair()
        const salt = random.bytes(32)
        const payload = embedding.encodePayload(await hooks.payloadOf(task))
        const preferred = task.replicas[0]?.resultClass
        const classes = action.quote.body.classes
        const resultClass = preferred !== undefined && classes.includes(preferred) ? preferred : classes[0]!
        return report({
          type: 'hired',
          quote: action.quote,
          kemPrivate: keys.privateKey,
          kemPublic: keys.publicKey,
          salt,
          commitment: sha256(concat(salt, payload)),
          resultClass,
        })
      }
      case 'sign-agreement': {
        const r = task.replicas.find((x) => x.worker === action.worker)!
        const signed = await vault.call(`agree/${task.id}/${r.worker}`, 'sign', {
          kind: 'agreement',
          to: fromHex(r.worker)!,
          expires: r.proposedMs + messageLifeMs,
          body: {
            sow: task.sow!.id,
            quote: r.quote.id,
            commitment: r.commitment,
            price: r.quote.body.price,
            units: task.sowBody.units,
            deadline: r.deadline,
            kem: r.kemPublic,
            resultClass: r.resultClass,
          },
        })
        return signed.ok ? report({ type: 'agreement-signed', worker: r.worker, ...signed.value }) : undefined
      }
      case 'propose': {
        const r = task.replicas.find((x) => x.worker === action.worker)!
        await network.send(r.worker, ['signed', { message: r.agreement!.message, hops: 0 }])
        return report({ type: 'sent', worker: r.worker })
      }
      case 'prepay': {
        const { agreement, total } = action
        const payee = fromHex(replicaOf(toHex(agreement))!.worker)!
        const promised = await vault.call(`prepay/${toHex(agreement)}/${total}`, 'prepay', { agreement, payee, total })
        if (!promised.ok) return promised.error.type === 'refused' ? report({ type: 'refused', agreement, reason: 'prepay' }) : undefined
        hooks.onOwed()
        return report({ type: 'prepaid', agreement, total })
      }
      case 'send-payload':
        return (await sendPayload(task, action.agreement, action.from))
          ? report({ type: 'payload-sent', agreement: action.agreement })
          : undefined
      case 'reward': {
        const r = replicaOf(toHex(action.agreement))!
        const reward = await vault.call(`reward/${toHex(action.agreement)}`, 'reward', {
          sow: task.sow!.id,
          agreement: action.agreement,
          payee: fromHex(r.worker)!,
          accepted: action.accepted,
          expires: clock.now() + rewardLifeMs,
        })
        if (!reward.ok) return reward.error.type === 'refused' ? report({ type: 'reward-refused', agreement: action.agreement }) : undefined
        await network.send(r.worker, ['signed', { message: reward.value.message, hops: 0 }])
        hooks.onOwed()
        return report({ type: 'rewarded', agreement: action.agreement })
      }
      case 'cancel-replica': {
        const r = replicaOf(toHex(action.agreement))!
        const signed = await vault.call(`cancel/${toHex(action.agreement)}`, 'sign', {
          kind: 'cancel',
          to: fromHex(r.worker)!,
          expires: clock.now() + messageLifeMs,
          body: { agreement: action.agreement, reason: action.reason },
        })
        if (!signed.ok && !definitive(signed.error)) return undefined
        if (signed.ok) await network.send(r.worker, ['signed', { message: signed.value.message, hops: 0 }])
        return () => change(task.id, (t) => markTold(t, action.agreement, clock.now()))
      }
      case 'release': {
        if (task.failure?.type === 'sow-refused') return report({ type: 'released' })
        // Over before its sow was noted: whether the vault has reserved for it is known by asking it again for the same one.
        const sow = task.sow ? ok(task.sow) : await signSow(task)
        if (!sow.ok)
          return sow.error.type === 'refused' || sow.error.type === 'insufficient-credits' ? report({ type: 'released' }) : undefined
        const released = await vault.call(`release/${task.id}`, 'release', { sow: sow.value.id })
        if (!released.ok) return undefined
        hooks.onReserved()
        return report({ type: 'released' })
      }
    }
  }
}
