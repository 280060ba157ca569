/**
 * Which entries a node may drop (spec: ledger.md, *Checkpoints, keeping, sync*): those before the last two checkpoints, but not what
 * later entries still lean on. Relays drop nothing; a claim of an entry dropped elsewhere brings it along.
 *
 * Of a chain up to its head in the second checkpoint from the end these stay: that head, whose certificate covers all before it;
 * per payee the newest entry that pays them, which is all that they can still claim by and against; what entries after their
 * own chain's head in that checkpoint name, since a newcomer who starts from the leaves applies those; and attests that stand.
 */
import type { NodeId } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'
import { attestKey } from './chain-state.ts'
import { type ParsedEntry, payLines } from './entry.ts'

export interface DropQuestion {
  /** Certified, of one author, any of those up to `headSeq` at least. */
  readonly chain: readonly ParsedEntry[]
  /** The author's head in the second checkpoint from the end; −1: it has no leaf there. */
  readonly headSeq: number
  /** Ids, hex, that later entries' claims and settles name. */
  readonly named: ReadonlySet<string>
  /** Whether the attest at this place stands. */
  readonly stands: (attest: string) => boolean
}

export const droppable = ({ chain, headSeq, named, stands }: DropQuestion): readonly ParsedEntry[] => {
  const covered = chain.filter(({ entry }) => entry.seq <= headSeq).sort((a, b) => b.entry.seq - a.entry.seq)
  const paid = new Set<NodeId>()
  return covered.filter(({ entry, id }) => {
    const payees = payLines(entry).map(([payee]) => toHex(payee))
    const newest = payees.some((payee) => !paid.has(payee))
    for (const payee of payees) paid.add(payee)
    const attests = entry.ops.some((op, index) => op.op === 'attest' && stands(attestKey(id, index)))
    return entry.seq < headSeq && !newest && !attests && !named.has(toHex(id))
  })
}
