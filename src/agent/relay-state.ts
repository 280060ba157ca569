/**
 * A relay's replica with what is derived of it at hand: the state root, the set that is reconciled with other relays, and who is
 * told of what is new. Whoever holds this replica writes through it, so nothing that is certified or judged is ever missed.
 *
 * One change after another: what is derived is as of the change that was just stored. Where reading the store fails in between,
 * the accounts concerned are read anew with the next change.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import type { ParsedEntry } from '../ledger/entry.ts'
import { followHeads, fraudId } from '../ledger/reconcile-heads.ts'
import type { SyncSet } from '../ledger/reconcile.ts'
import type { IngestReport, OlderReport, Replica } from '../ledger/replica.ts'
import type { VerdictBook } from '../ledger/replica-verdicts.ts'
import { verdictId } from '../ledger/state-tree-account.ts'
import { followReplica } from '../ledger/state-tree-follow.ts'
import type { Verdict } from '../ledger/verdict.ts'
import type { WitnessFraud } from '../ledger/verdict-proof.ts'
import { type Bytes, toHex } from '../lib/bytes.ts'
import type { Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import type { StoreError } from '../lib/store.ts'

export interface RelayState {
  readonly replica: Replica
  readonly root: () => Bytes
  readonly set: SyncSet
  readonly accounts: () => number
  /** Number of an account's head as derived; −1: none. */
  readonly seqOf: (author: PublicKey) => number
  /** A verdict or a proof of fraud by its id in the set. */
  readonly fact: (id: Bytes) => Promise<Fact | undefined>
}

export type Fact = { readonly verdict: Verdict } | { readonly fraud: WitnessFraud }

export interface RelayStateEvents {
  /** New in the state, by whoever brought it. */
  readonly onCertified: (entries: readonly ParsedEntry[], from: string) => void
  /** Certified entries that cannot all be true were seen: the swarm is broken. */
  readonly onConflict: () => void
  /** A full verdict that was not known. */
  readonly onVerdict: (verdict: Verdict) => void
  readonly onFraud: (fraud: WitnessFraud) => void
  /** Earlier entries of a chain came, or are needed. */
  readonly onOlder?: (older: OlderReport) => void
}

export const followRelayState = async (inner: Replica, events: RelayStateEvents): Promise<RelayState> => {
  const { verdicts } = inner
  const [heads, state] = [await followHeads(inner), await followReplica(inner)]
  const serial = createSerial()
  const behind = new Map<NodeId, PublicKey>()
  const known = new Set((await verdicts.verdicts()).map((verdict) => toHex(verdictId(verdict))))
  const frauds = new Map((await verdicts.frauds()).map((fraud) => [toHex(fraud.witness), toHex(fraudId(fraud))]))

  const follow = async (report: Pick<IngestReport, 'certified' | 'grown'>): Promise<void> => {
    const again = [...behind.values()]
    for (const { entry } of report.certified) behind.set(toHex(entry.author), entry.author)
    await heads.took([...behind.values()], report)
    await state.took(report)
    for (const author of again) await state.renew(author)
    behind.clear()
  }
  const readFrauds = async (): Promise<void> => {
    for (const fraud of await verdicts.frauds()) {
      const [witness, id] = [toHex(fraud.witness), toHex(fraudId(fraud))]
      if (frauds.get(witness) === id) continue
      frauds.set(witness, id)
      heads.proved([fraud])
      events.onFraud(fraud)
    }
  }
  let broken = await inner.broken()
  const ingest = (from: string, take: () => Promise<Result<IngestReport, StoreError>>): Promise<Result<IngestReport, StoreError>> =>
    serial('state', async () => {
      const taken = await take()
      if (!taken.ok) return taken
      const { certified, refused } = taken.value
      if (certified.length > 0 || behind.size > 0) await follow(taken.value)
      if (certified.length > 0) events.onCertified(certified, from)
      if (taken.value.older) events.onOlder?.(taken.value.older)
      const conflict = refused.some(({ type }) => type === 'conflict' || type === 'invalid')
      if (conflict) broken = await inner.broken()
      if (broken) await readFrauds()
      if (broken && conflict) events.onConflict()
      return taken
    })

  const book: VerdictBook = {
    ...verdicts,
    take: (verdict) =>
      serial('state', async () => {
        const taken = await verdicts.take(verdict)
        const id = verdictId(verdict)
        if (!taken.ok || known.has(toHex(id))) return taken
        known.add(toHex(id))
        heads.judged(verdict)
        await state.judged(verdict.target)
        events.onVerdict(verdict)
        return taken
      }),
    takeFraud: (fraud) =>
      serial('state', async () => {
        const taken = await verdicts.takeFraud(fraud)
        if (taken.ok) await readFrauds()
        return taken
      }),
  }
  return {
    set: heads.set,
    root: () => state.tree.root(),
    accounts: () => state.tree.size(),
    seqOf: (author) => state.tree.head(author)?.seq ?? -1,
    fact: async (id) => {
      const verdict = (await verdicts.verdicts()).find((one) => toHex(verdictId(one)) === toHex(id))
      if (verdict) return { verdict }
      const fraud = (await verdicts.frauds()).find((one) => toHex(fraudId(one)) === toHex(id))
      return fraud && { fraud }
    },
    replica: {
      ...inner,
      verdicts: book,
      rewrite: (author, writes) =>
        serial('state', async () => {
          const [before] = await inner.records.head(author)
          const done = await inner.rewrite(author, writes)
          const [after] = await inner.records.head(author)
          if (!done.ok || after.seq === before.seq) return done
          behind.set(toHex(author), author)
          await follow({ certified: [], grown: new Map() })
          return done
        }),
      ingest: (entries, certificate, from) => ingest(from, () => inner.ingest(entries, certificate, from)),
      ingestVerified: (entries, certificate, from) => ingest(from, () => inner.ingestVerified(entries, certificate, from)),
    },
  }
}
