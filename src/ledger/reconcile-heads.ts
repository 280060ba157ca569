/**
 * The certified heads of a replica as a set to reconcile, and what follows from a reconciliation: which parts of which chains to
 * ask for, and which to give. Verdicts and proofs of fraud lie in the same set. What arrives is checked like anything else.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, equalBytes, sha256, toHex } from '../lib/bytes.ts'
import type { ChainHead } from './chain-state.ts'
import type { ParsedEntry } from './entry.ts'
import { createFingerprintTree } from './fingerprint-tree.ts'
import type { SyncItem } from './reconcile-message.ts'
import type { Reconciliation, SyncSet } from './reconcile.ts'
import type { IngestReport, Replica } from './replica.ts'
import { verdictId } from './state-tree-account.ts'
import type { Finding } from './verdict.ts'
import { encodeFraud, type WitnessFraud } from './verdict-proof.ts'

export interface FollowedHeads {
  readonly set: SyncSet
  /** These authors' heads are new, most by what a replica's `ingest` reported. */
  readonly took: (authors: readonly PublicKey[], report: Pick<IngestReport, 'certified' | 'grown'>) => Promise<void>
  /** A verdict that is known from now on. */
  readonly judged: (verdict: Finding) => void
  /** All that is known of witnesses' fraud; a proof that took another's place takes it here as well. */
  readonly proved: (frauds: readonly WitnessFraud[]) => void
}

/** Verdicts and proofs have no time of their own, and are few: they stand together before all heads. */
const factTime = 0

/** By its bytes: of two proofs against one witness the lower is kept, so that in the end all hold the same. */
export const fraudId = (fraud: WitnessFraud): Bytes => sha256(encodeFraud(fraud))

export const followHeads = async ({ records, verdicts }: Pick<Replica, 'records' | 'verdicts'>): Promise<FollowedHeads> => {
  const set = createFingerprintTree<SyncItem>()
  const heads = new Map<NodeId, SyncItem>()
  const frauds = new Map<NodeId, SyncItem>()

  const put = async ({ author, seq, id }: ChainHead, entries: readonly ParsedEntry[] = []): Promise<void> => {
    if (seq < 0) return
    const parsed = entries.findLast((entry) => equalBytes(entry.id, id)) ?? (await records.entryAt(author, seq))
    assert(parsed, 'the entry that a head names is kept with it')
    const before = heads.get(toHex(author))
    if (before) set.remove(before)
    const item: SyncItem = { time: parsed.entry.time, id: parsed.id, head: { author, seq } }
    heads.set(toHex(author), item)
    set.insert(item)
  }
  for (const head of await records.heads()) await put(head)
  const judged = (verdict: Finding): void => void set.insert({ time: factTime, id: verdictId(verdict) })
  for (const verdict of await verdicts.verdicts()) judged(verdict)
  const proved = (known: readonly WitnessFraud[]): void => {
    for (const fraud of known) {
      const before = frauds.get(toHex(fraud.witness))
      if (before) set.remove(before)
      const item: SyncItem = { time: factTime, id: fraudId(fraud) }
      frauds.set(toHex(fraud.witness), item)
      set.insert(item)
    }
  }
  proved(await verdicts.frauds())

  return {
    set,
    judged,
    proved,
    took: async (authors, { certified, grown }) => {
      for (const [key, author] of new Map(authors.map((author) => [toHex(author), author])))
        await put(grown.get(key)?.at(-1)?.head ?? (await records.head(author))[0], certified)
    },
  }
}

/** A chain from this number on. */
export interface ChainPart {
  readonly author: PublicKey
  readonly from: number
}
export interface Exchange {
  readonly fetch: readonly ChainPart[]
  readonly give: readonly ChainPart[]
  /** Verdicts and proofs of fraud, by `verdictId` and `fraudId`. */
  readonly fetchFacts: readonly Bytes[]
  readonly giveFacts: readonly Bytes[]
}

/**
 * Where one side's head is further on the same chain, only that part travels, and in one direction. Two certified heads at one
 * number (more than f witnesses lie) travel both ways, so that both sides see it.
 */
export const planExchange = (
  { lacked, offered }: Pick<Reconciliation, 'lacked' | 'offered'>,
  ourSeq: (author: PublicKey) => number,
): Exchange => {
  const theirs = new Map<NodeId, number>()
  for (const { head } of lacked.values()) if (head) theirs.set(toHex(head.author), Math.max(head.seq, theirs.get(toHex(head.author)) ?? -1))
  const fetch = [...lacked.values()].flatMap(({ head }): ChainPart[] => {
    if (!head || head.seq < ourSeq(head.author)) return []
    return [{ author: head.author, from: Math.min(head.seq, ourSeq(head.author) + 1) }]
  })
  const give = [...offered.values()].flatMap(({ head }): ChainPart[] => {
    const known = head ? (theirs.get(toHex(head.author)) ?? -1) : 0
    return !head || head.seq < known ? [] : [{ author: head.author, from: Math.min(head.seq, known + 1) }]
  })
  const facts = (items: ReadonlyMap<string, SyncItem>) => [...items.values()].filter(({ head }) => !head).map(({ id }) => id)
  return { fetch, give, fetchFacts: facts(lacked), giveFacts: facts(offered) }
}
