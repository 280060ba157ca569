/** The state tree of a replica: built from its records on start, carried on by what it reports as certified and by verdicts. */
import type { PublicKey } from '../identity/keys.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { type ParsedEntry, zeroId } from './entry.ts'
import type { Replica } from './replica.ts'
import { verdictId } from './state-tree-account.ts'
import { createStateTree, type StateTree } from './state-tree.ts'

export interface FollowedState {
  readonly tree: StateTree
  /** Entries that a replica's `ingest` reported as certified, in its order. */
  readonly took: (certified: readonly ParsedEntry[]) => Promise<void>
  /** Reads the account anew, whatever happened to it. */
  readonly renew: (author: PublicKey) => Promise<void>
  /** A verdict against this account came to be known. */
  readonly judged: (target: PublicKey) => Promise<void>
}

export const followReplica = async ({ records, verdicts }: Pick<Replica, 'records' | 'verdicts'>): Promise<FollowedState> => {
  const tree = createStateTree()
  for (const head of await records.heads()) tree.replace(await records.wholeState(head))
  const judged = async (target: PublicKey): Promise<void> => tree.judge(target, (await verdicts.verdicts(target)).map(verdictId))
  for (const { target } of await verdicts.verdicts()) await judged(target)

  const follow = async (author: PublicKey, entries: readonly ParsedEntry[]): Promise<void> => {
    const [head] = await records.head(author)
    const before = tree.head(author)
    // Only the lines that the entries name; all of them where the head is not the end of one run from the one before.
    const starts = before ? entries[0]!.entry.seq === before.seq + 1 : entries[0]!.entry.seq === 0
    const runs = entries.every(({ entry }, i) => equalBytes(entry.prev, i > 0 ? entries[i - 1]!.id : (before?.id ?? zeroId)))
    if (starts && runs && equalBytes(entries.at(-1)!.id, head.id)) tree.advance(await records.stateFor(head, entries))
    else tree.replace(await records.wholeState(head))
  }
  return {
    tree,
    judged,
    renew: async (author) => {
      const [head] = await records.head(author)
      if (head.seq >= 0) tree.replace(await records.wholeState(head))
    },
    took: async (certified) => {
      const byAuthor = new Map<string, ParsedEntry[]>()
      for (const parsed of certified) {
        const author = toHex(parsed.entry.author)
        byAuthor.set(author, [...(byAuthor.get(author) ?? []), parsed])
      }
      for (const entries of byAuthor.values()) await follow(entries[0]!.entry.author, entries)
    },
  }
}
