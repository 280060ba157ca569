/**
 * What everybody got and gave, from the ledger's truth and the workers' disks (never from what attackers say).
 *
 * gain = Δ(claimed − paid) beyond the grant + list value of work received − list value of honest work done. Of it, free service
 * is what honest workers did for a node and were not paid for in certified entries: the tabs bound that, each worker granting
 * one, so it is told apart.
 */
import type { Hire } from '../../src/contract/worker.ts'
import { toHex } from '../../src/lib/bytes.ts'
import type { FaultName } from './fault-names.ts'
import { agentTable, type MemberMachine } from './member-machine.ts'
import { perTextMicro } from './swarm.ts'
import type { Truth } from './truth.ts'
import type { World } from './world.ts'

export interface Figures {
  readonly kind: FaultName | 'honest'
  readonly nodes: number
  /** Of all nodes of the kind, in µcr. */
  readonly gainMicro: number
  readonly honestWorkMicro: number
  /** Results delivered, whether right or wrong, at list price: what an honest node would have had for the same work. */
  readonly sameWorkMicro: number
  readonly receivedMicro: number
  readonly freeServiceMicro: number
  /** Claimed of honest payers for work not delivered: paid ahead. */
  readonly aheadMicro: number
  /** Σ of the steps that they may lose so, one a payer (economy.md, the table). */
  readonly stepsMicro: number
  /** Σ of the tabs that workers granted. */
  readonly tabsMicro: number
}

export interface Book {
  /** `accomplices`: accounts that it holds beside its own. */
  readonly add: (kind: FaultName | 'honest', member: MemberMachine, worksHonestly: boolean, accomplices?: readonly string[]) => void
  /** A kind without an account, as a witness: it has a row all the same. */
  readonly mention: (kind: FaultName) => void
  /** Notes what has been done until now; old contracts go from the disks. */
  readonly read: () => void
  readonly figures: () => readonly Figures[]
  readonly textsDone: () => number
  /** Texts done for each machine, by its name. */
  readonly textsFor: () => Readonly<Record<string, number>>
}

interface Done {
  readonly worker: string
  readonly requester: string
  readonly micro: number
}

export const openBook = (world: World, truth: Truth): Book => {
  const { policy } = world.signedPolicy
  const issuer = toHex(policy.issuer)
  const members: {
    readonly kind: FaultName | 'honest'
    readonly member: MemberMachine
    readonly worksHonestly: boolean
    readonly accomplices: readonly string[]
  }[] = []
  const mentioned = new Set<FaultName>()
  const done = new Map<string, Done>()

  const figuresOf = (kind: FaultName | 'honest'): Figures => {
    const own = members.filter((m) => m.kind === kind)
    const ids = new Set(own.flatMap(({ member, accomplices }) => [member.id, ...accomplices]))
    const honest = new Set(members.filter((m) => m.worksHonestly).map(({ member }) => member.id))
    let [ledger, received, free, tabs, work, same, ahead, steps] = [0, 0, 0, 0, 0, 0, 0, 0]
    for (const id of ids) {
      const { claimed, paid } = truth.accounts.get(id)?.at.at(-1) ?? { claimed: 0n, paid: 0n }
      ledger += Number(claimed - paid) - (truth.accounts.get(id)?.claimed.get(issuer) ?? 0)
      const byWorker = new Map<string, number>()
      const byRequester = new Map<string, number>()
      for (const { worker, requester, micro } of done.values()) {
        if (worker === id) {
          same += micro
          byRequester.set(requester, (byRequester.get(requester) ?? 0) + micro)
        }
        if (worker === id && honest.has(id)) work += micro
        if (requester === id && honest.has(worker) && (kind === 'honest' || !ids.has(worker)))
          byWorker.set(worker, (byWorker.get(worker) ?? 0) + micro)
      }
      for (const [payer, total] of truth.accounts.get(id)?.claimed ?? []) {
        if (!honest.has(payer) || ids.has(payer)) continue
        ahead += Math.max(0, total - (byRequester.get(payer) ?? 0))
        steps += policy.prepayMicro
      }
      for (const [worker, micro] of byWorker) {
        received += micro
        free += Math.max(0, micro - truth.paidTotal(id, worker))
        // Where work is paid ahead, a tab is what a tenth of the payments comes to (economy.md, the table).
        tabs += policy.prepayMicro === 0 ? policy.tabMicro : Math.min(policy.tabMicro, Math.floor(truth.paidTotal(id, worker) / 10))
      }
    }
    return {
      kind,
      nodes: own.length,
      gainMicro: ledger + received - work,
      honestWorkMicro: work,
      sameWorkMicro: same,
      receivedMicro: received,
      freeServiceMicro: free,
      aheadMicro: ahead,
      stepsMicro: steps,
      tabsMicro: tabs,
    }
  }

  return {
    add: (kind, member, worksHonestly, accomplices = []) => void members.push({ kind, member, worksHonestly, accomplices }),
    mention: (kind) => void mentioned.add(kind),
    read: () => {
      for (const { member } of members)
        for (const [key, value] of member.disk.table(agentTable('hires'))) {
          const { requester, result } = value as unknown as Hire
          if (result) done.set(`${member.id}/${key}`, { worker: member.id, requester, micro: result.earnedMicro })
        }
    },
    figures: () => [...new Set<FaultName | 'honest'>(['honest', ...members.map((m) => m.kind), ...mentioned])].map(figuresOf),
    textsFor: () =>
      Object.fromEntries(
        members.map(({ member }) => [
          member.name,
          [...done.values()].reduce((sum, { requester, micro }) => sum + (requester === member.id ? micro / perTextMicro : 0), 0),
        ]),
      ),
    textsDone: () => [...done.values()].reduce((sum, { micro }) => sum + micro / perTextMicro, 0),
  }
}
