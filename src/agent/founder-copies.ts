/**
 * Copies of what a founder's browser certifies, given to members to keep (keepsakes.ts): the issuer's chain and the founder's own.
 * A keeper says of each copy that it keeps it; a copy of which it does not is given again, since whoever is new may not have known
 * yet who sends it. How far copies went is noted before they leave (table `keepers`, a number per chain): a later session of the
 * browser waits for one who has them (founder-recall.ts).
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import type { Certificate } from '../ledger/types.ts'
import { equalBytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Store } from '../lib/store.ts'
import type { Network } from '../network/network.ts'
import { type Kept, keptMax, keptMessage } from './keepsakes.ts'

/** Members that are given each entry to keep. */
const keepersMax = 16
/** Of each chain, to one that comes. */
const toldAtJoinMax = 32
/** Of each chain, by which members show at a recall that they keep it: one may have missed the newest. */
const shownMax = 8
/** A keeper's word is waited for this long, then twice as long, and so on. */
const keptWaitMs = 5_000
const keptWaitMsMax = 300_000
const givenTable = 'keepers'

/** By chain. */
interface Chains<T> {
  readonly issuer: T
  readonly own: T
}
type Which = keyof Chains<unknown>
/** Numbers of the newest entries; -1: none. */
type Tops = Chains<number>
const nothing: Tops = { issuer: -1, own: -1 }
const both = ['issuer', 'own'] as const
const byChain = <T>(of: (which: Which) => T): Chains<T> => ({ issuer: of('issuer'), own: of('own') })
const topOf = (chain: readonly Kept[], before: number): number => chain.at(-1)?.certificate.seq ?? before

/** What a keeper has not said yet to keep. */
interface Given {
  readonly tops: Tops
  readonly untilMs: number
  readonly waitMs: number
}

export interface FounderCopies {
  /** Reads what is new of both chains, and gives it to whom it is due. */
  readonly giveNew: () => Promise<void>
  readonly joined: (id: NodeId) => void
  readonly left: (id: NodeId) => void
  /** Entries that members were given of a chain, oldest first: by these they show at a recall that they keep it. */
  readonly held: (which: Which) => Promise<readonly Kept[]>
  readonly close: () => void
}

export const createFounderCopies = ({
  clock,
  store,
  network,
  authors,
  read,
}: {
  readonly clock: Clock
  readonly store: Pick<Store, 'get' | 'commit'>
  readonly network: Pick<Network, 'peers' | 'send' | 'onMessage'>
  readonly authors: Chains<PublicKey>
  /** Certified entries of a chain from this number on, one by one. */
  readonly read: Chains<(seq: number) => Promise<readonly Kept[]>>
}): FounderCopies => {
  let newest = nothing
  /** What each keeper says it keeps, where it came while this ran. */
  const keeps = new Map<NodeId, Tops>()
  const giving = new Map<NodeId, Given>()

  const givenUpTo = async (which: Which): Promise<number> => ((await store.get(givenTable, which)) as number | undefined) ?? -1
  const noteGiven = async (which: Which, seq: number): Promise<void> => {
    if (seq <= (await givenUpTo(which))) return
    const noted = await store.commit([{ table: givenTable, key: which, value: seq }])
    if (!noted.ok) throw new Error('not noted: it is given at a later tick')
  }
  /** What a keeper would not keep any more it is not given. */
  const keptBy = (id: NodeId): Tops => {
    const said = keeps.get(id) ?? nothing
    return byChain((which) => Math.max(said[which], newest[which] - keptMax))
  }
  /** One after the other, as fast as this keeper takes them. */
  const give = async (id: NodeId, chains: Chains<readonly Kept[]>): Promise<void> => {
    if (chains.issuer.length + chains.own.length === 0) return
    const [has, before] = [keptBy(id), giving.get(id)]
    const tops = byChain((which) => topOf(chains[which], has[which]))
    const waitMs = before ? Math.min(2 * before.waitMs, keptWaitMsMax) : keptWaitMs
    giving.set(id, { tops, untilMs: Infinity, waitMs })
    try {
      for (const which of both) {
        await noteGiven(which, tops[which])
        for (const one of chains[which]) if (!(await network.send(id, keptMessage(one))).ok) return
      }
    } finally {
      // Its word on all of it may have come before.
      if (giving.get(id)?.tops === tops) giving.set(id, { tops, untilMs: clock.now() + waitMs, waitMs })
    }
  }
  /** Its word counts for what it was sent, in the order in which it was. */
  const onKept = (id: NodeId, { author, seq }: Certificate): void => {
    const sent = giving.get(id)
    const which = both.find((one) => equalBytes(author, authors[one]))
    if (!sent || !which || seq > sent.tops[which]) return
    const before = keptBy(id)
    const now = { ...before, [which]: Math.max(before[which], seq) }
    keeps.set(id, now)
    if (both.every((one) => now[one] >= sent.tops[one])) giving.delete(id)
  }
  const stop = network.onMessage((from, [type, body], forwarded) => {
    if (type === 'entries' && !forwarded && body.entries.length === 0 && body.certificate) onKept(from, body.certificate)
  })

  return {
    giveNew: async () => {
      const keepers = network.peers().flatMap((peer) => (peer.role === 'node' ? [peer.id] : []))
      const due = keepers.slice(0, keepersMax).filter((id) => (giving.get(id)?.untilMs ?? 0) <= clock.now())
      const from = (which: Which): number => Math.min(newest[which], ...due.map((id) => keptBy(id)[which])) + 1
      const chains = { issuer: await read.issuer(from('issuer')), own: await read.own(from('own')) }
      for (const id of due) {
        const has = keptBy(id)
        const lacking = byChain((which) => chains[which].filter(({ certificate }) => certificate.seq > has[which]))
        void give(id, lacking).catch(() => {})
      }
      newest = byChain((which) => topOf(chains[which], newest[which]))
    },
    joined: (id) =>
      void keeps.set(
        id,
        byChain((which) => Math.max(-1, newest[which] - toldAtJoinMax)),
      ),
    left: (id) => {
      keeps.delete(id)
      giving.delete(id)
    },
    held: async (which) => {
      const top = await givenUpTo(which)
      if (top < 0) return []
      return (await read[which](Math.max(0, top + 1 - shownMax))).filter(({ certificate }) => certificate.seq <= top)
    },
    close: stop,
  }
}
