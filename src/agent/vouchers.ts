/**
 * What requesters have promised: the newest voucher of each (a cumulative total, so it replaces all before it), beside what
 * their accepted work came to and what the ledger has paid. The difference is the tab; what was delivered and never promised
 * for counts towards it as well, or silence would be cheaper than a voucher.
 */
import type { AnySigned } from '../contract/messages.ts'
import type { Hire } from '../contract/worker.ts'
import type { NodeId } from '../identity/keys.ts'
import type { Bytes } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import type { Store, StoreValue, Write } from '../lib/store.ts'

/** A tenth of what a requester has paid it may refuse besides: a vote refuses now and then in good faith. */
const paidPerRefused = 10
/** After so long without another delivery, what was never rewarded is forgotten: a worker whose results were wrong, and are so no more, has another chance. */
const unrewardedKeepMs = 30 * 24 * 60 * 60_000

interface Tab {
  /** The newest voucher's word. Whatever the requester likes to sign: only `owed` of it was earned. */
  readonly total: number
  /** Σ of what accepted contracts came to, each rounded up. */
  readonly owed: number
  readonly contracts: number
  /** Certified `pay` total that has been claimed. */
  readonly paid: number
  /** Newest certified `pay` total that was seen, claimed or not: it cannot be taken back. May run ahead of the work. */
  readonly certified: number
  readonly message: Bytes | null
  /** Σ of what delivered contracts come to for which no voucher has been accepted. */
  readonly unrewarded: number
  readonly unrewardedMs: number
  /** Of `owed`, what came since a day's start. */
  readonly day: { readonly startMs: number; readonly micro: number }
}
const none: Tab = {
  total: 0,
  owed: 0,
  contracts: 0,
  paid: 0,
  certified: 0,
  message: null,
  unrewarded: 0,
  unrewardedMs: 0,
  day: { startMs: 0, micro: 0 },
}

/** The writes belong into the commit of what they are made from; `stored` is told after it. Both within one `alone`. */
export interface TabChange {
  readonly writes: readonly Write[]
  readonly stored: () => void
}

export interface Vouchers {
  readonly resume: () => Promise<void>
  /** One change of a requester's tab after another: each starts from what the one before has stored. */
  readonly alone: <T>(requester: NodeId, job: () => Promise<T>) => Promise<T>
  /** Work of so much is about to be delivered: the commit is the one that says `executed`. */
  readonly deliver: (requester: NodeId, micro: number, now: number) => TabChange
  /** What the voucher for this contract makes of the tab: the commit is the one that says `paid`. */
  readonly weigh: (
    hire: Hire,
    message: AnySigned & { kind: 'reward' },
    bytes: Bytes,
    dayStartMs: number,
  ) => Result<TabChange, { readonly type: 'below-owed' }>
  readonly paid: (requester: NodeId, total: number) => Promise<void>
  /** A certified entry of the requester pays so much in all. */
  readonly certified: (requester: NodeId, total: number) => Promise<void>
  readonly onCertified: (listener: (requester: NodeId) => void) => void
  /** What certified entries of the requester have paid in all. */
  readonly certifiedMicro: (requester: NodeId) => number
  /** Delivered and not paid, with a voucher or without: what this requester's going would cost. Below 0: it has paid ahead. */
  readonly exposedMicro: (requester: NodeId, now: number) => number
  /** Earned, promised and not paid. */
  readonly pendingMicro: () => number
  /** Contracts accepted ever, and by how many requesters. */
  readonly accepted: () => { readonly contracts: number; readonly requesters: number }
  /** What was accepted since the day's start, and from how many requesters. */
  readonly today: (dayStartMs: number) => { readonly micro: number; readonly requesters: number }
}

export const createVouchers = (store: Store, swarm: string): Vouchers => {
  const tabs = new Map<NodeId, Tab>()
  const serial = createSerial()
  const listeners: ((requester: NodeId) => void)[] = []
  const certifiedOf = ({ paid, certified }: Tab): number => Math.max(paid, certified)
  const tabOf = (id: NodeId): Tab => tabs.get(id) ?? none
  const change = (id: NodeId, tab: Tab): TabChange => ({
    writes: [{ table: 'vouchers', key: `${swarm}/${id}`, value: tab as unknown as StoreValue }],
    stored: () => void tabs.set(id, tab),
  })
  const remembered = (tab: Tab, now: number): number => (now - tab.unrewardedMs > unrewardedKeepMs ? 0 : tab.unrewarded)
  return {
    resume: async () => {
      // Records of earlier versions know nothing of the later fields.
      for (const [key, value] of await store.list('vouchers', { prefix: `${swarm}/` }))
        tabs.set(key.slice(swarm.length + 1), { ...none, ...(value as unknown as Partial<Tab>) })
    },
    alone: serial,
    deliver: (id, micro, now) => {
      const before = tabOf(id)
      return change(id, { ...before, unrewarded: remembered(before, now) + micro, unrewardedMs: now })
    },
    weigh: (hire, message, bytes, dayStartMs) => {
      const id = hire.requester
      const before = tabOf(id)
      const isNew = hire.phase !== 'paid' && hire.result !== null
      const earned = isNew ? hire.result!.earnedMicro : 0
      const owed = before.owed + earned
      const contracts = before.contracts + (isNew ? 1 : 0)
      const total = Math.max(before.total, message.body.total)
      // Rounding is once on the tab for the requester and once a contract here: they differ by at most one µcr a contract.
      if (total + contracts < owed) return err({ type: 'below-owed' })
      const day = { startMs: dayStartMs, micro: earned + (before.day.startMs >= dayStartMs ? before.day.micro : 0) }
      const unrewarded = Math.max(0, before.unrewarded - earned)
      return ok(
        change(id, {
          ...before,
          total,
          owed,
          contracts,
          message: message.body.total >= before.total ? bytes : before.message,
          unrewarded,
          day,
        }),
      )
    },
    paid: (requester, total) =>
      serial(requester, async () => {
        const before = tabOf(requester)
        if (total <= before.paid) return
        const { writes, stored } = change(requester, { ...before, paid: total })
        stored()
        await store.commit(writes)
      }),
    certified: (requester, total) =>
      serial(requester, async () => {
        const before = tabOf(requester)
        if (total <= certifiedOf(before)) return
        const { writes, stored } = change(requester, { ...before, certified: total })
        if (!(await store.commit(writes)).ok) return
        stored()
        for (const listener of listeners) listener(requester)
      }),
    onCertified: (listener) => void listeners.push(listener),
    certifiedMicro: (id) => certifiedOf(tabOf(id)),
    exposedMicro: (id, now) => {
      const tab = tabOf(id)
      const paid = certifiedOf(tab)
      const unrewarded = Math.max(0, remembered(tab, now) - Math.floor(paid / paidPerRefused))
      return Math.max(tab.total, tab.owed) + unrewarded - paid
    },
    accepted: () => {
      const counts = [...tabs.values()].map((tab) => tab.contracts)
      return { contracts: counts.reduce((a, b) => a + b, 0), requesters: counts.filter((n) => n > 0).length }
    },
    today: (dayStartMs) => {
      const earned = [...tabs.values()].filter(({ day }) => day.startMs >= dayStartMs && day.micro > 0).map(({ day }) => day.micro)
      return { micro: earned.reduce((a, b) => a + b, 0), requesters: earned.length }
    },
    pendingMicro: () => [...tabs.values()].reduce((sum, { total, owed, paid }) => sum + Math.max(0, Math.min(total, owed) - paid), 0),
  }
}
