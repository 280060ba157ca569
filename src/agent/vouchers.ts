/**
 * What requesters have promised: the newest voucher of each (a cumulative total, so it replaces all before it), beside what
 * their accepted work came to and what the ledger has paid. The difference is the tab.
 */
import type { AnySigned } from '../contract/messages.ts'
import type { Hire } from '../contract/worker.ts'
import type { NodeId } from '../identity/keys.ts'
import type { Bytes } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Store, StoreValue, Write } from '../lib/store.ts'

interface Tab {
  readonly total: number
  /** Σ of what accepted contracts came to, each rounded up. */
  readonly owed: number
  readonly contracts: number
  /** Certified `pay` total that has been claimed. */
  readonly paid: number
  readonly message: Bytes | null
}
const none: Tab = { total: 0, owed: 0, contracts: 0, paid: 0, message: null }

export interface Vouchers {
  readonly resume: () => Promise<void>
  /** What the voucher for this contract makes of the tab: the writes belong into the commit that ends the contract, `stored` is told after it. */
  readonly weigh: (hire: Hire, message: AnySigned & { kind: 'reward' }, bytes: Bytes) => Result<{ readonly writes: readonly Write[]; readonly stored: () => void }, { readonly type: 'below-owed' }>
  readonly paid: (requester: NodeId, total: number) => Promise<void>
  readonly unpaidMicro: (requester: NodeId) => number
  readonly pendingMicro: () => number
  /** Contracts accepted ever, and by how many requesters. */
  readonly accepted: () => { readonly contracts: number; readonly requesters: number }
}

export const createVouchers = (store: Store, swarm: string): Vouchers => {
  const tabs = new Map<NodeId, Tab>()
  const write = (id: NodeId, tab: Tab): Write => ({ table: 'vouchers', key: `${swarm}/${id}`, value: tab as unknown as StoreValue })
  const unpaidMicro = (id: NodeId): number => {
    const tab = tabs.get(id) ?? none
    return Math.max(0, tab.total - tab.paid)
  }
  return {
    resume: async () => {
      for (const [key, value] of await store.list('vouchers', { prefix: `${swarm}/` })) tabs.set(key.slice(swarm.length + 1), value as unknown as Tab)
    },
    weigh: (hire, message, bytes) => {
      const id = hire.requester
      const before = tabs.get(id) ?? none
      const isNew = hire.phase === 'executed' || hire.phase === 'received'
      const owed = before.owed + (isNew ? (hire.result?.earnedMicro ?? 0) : 0)
      const contracts = before.contracts + (isNew ? 1 : 0)
      const total = Math.max(before.total, message.body.total)
      // Rounding is once on the tab for the requester and once a contract here: they differ by at most one µcr a contract.
      if (total + contracts < owed) return err({ type: 'below-owed' })
      const tab = { ...before, total, owed, contracts, message: message.body.total >= before.total ? bytes : before.message }
      return ok({ writes: [write(id, tab)], stored: () => void tabs.set(id, tab) })
    },
    paid: async (requester, total) => {
      const before = tabs.get(requester) ?? none
      if (total <= before.paid) return
      const tab = { ...before, paid: total }
      tabs.set(requester, tab)
      await store.commit([write(requester, tab)])
    },
    unpaidMicro,
    accepted: () => {
      const counts = [...tabs.values()].map((tab) => tab.contracts)
      return { contracts: counts.reduce((a, b) => a + b, 0), requesters: counts.filter((n) => n > 0).length }
    },
    pendingMicro: () => [...tabs.keys()].reduce((sum, id) => sum + unpaidMicro(id), 0),
  }
}
