/** The state tree of a replica: built from its records on start, carried on by what it reports as certified and by verdicts. */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { type ParsedEntry, zeroId } from './entry.ts'
import type { IngestReport, Replica } from './replica.ts'
import { verdictId } from './state-tree-account.ts'
import { createStateTree, type StateTree } from './state-tree.ts'

export interface FollowedState {
  readonly tree: StateTree
  /** What a replica's `ingest` reported. */
  readonly took: (report: Pick<IngestReport, 'certified' | 'grown'>) => Promise<void>
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

  const renew = async (author: PublicKey): Promise<void> => {
    const [head] = await records.head(author)
    if (head.seq >= 0) tree.replace(await records.wholeState(head))
  }
  return {
    tree,
    judged,
    renew,
    took: async ({ certified, grown }) => {
      const firsts = new Map<NodeId, ParsedEntry>()
      for (const parsed of certified) {
        const author = toHex(parsed.entry.author)
        if (!firsts.has(author)) firsts.set(author, parsed)
      }
      for (const [author, { entry }] of firsts) {
        // Only the lines that changed; all of them where that is not known, or where the account here is not the one before.
        const changes = equalBytes(tree.head(entry.author)?.id ?? zeroId, entry.prev) ? grown.get(author) : undefined
        if (changes) for (const change of changes) tree.advance(change)
        else await renew(entry.author)
      }
    },
  }
}
