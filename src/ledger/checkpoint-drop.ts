/**
 * Which entries a node may drop (spec: ledger.md, *Checkpoints, keeping, sync*): those before the last two checkpoints, but not what
 * later entries still lean on. A relay drops where its owner says so; a claim of an entry dropped brings it along.
 *
 * Of a chain up to its head in the second checkpoint from the end these stay: that head, whose certificate covers all before it;
 * per payee the newest entry that pays them, which is all that they can still claim by and against; what entries after their
 * own chain's head in that checkpoint name, since a newcomer who starts from the leaves applies those; and attests that stand.
 * Whole stay the issuer's chain and its sponsors', out of which every start counts the epochs anew; and any chain of which what is
 * certified or signed here does not lie in one line, since that is evidence.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { ok, type Result } from '../lib/result.ts'
import type { StoreError, Write } from '../lib/store.ts'
import { isFounder } from './apply.ts'
import { attestKey, type ChainHead, claimedFromRecord } from './chain-state.ts'
import { type ConflictDeps, isBroken, stateAt, tipsOf } from './conflict.ts'
import { certifiedLines, type ParsedEntry, payLines } from './entry.ts'
import type { CheckpointProposal } from './checkpoint.ts'
import { baseWrite, fillWrite } from './replica-bases.ts'
import { paidAtKey, place } from './replica-records.ts'
import type { Replica } from './replica.ts'
import { loadWitnessChain } from './witness-chain.ts'

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

/** The issuer's and its sponsors', by what its chain says as of now. */
export const wholeChains = async ({ records, rules }: Pick<ConflictDeps, 'records' | 'rules'>): Promise<(author: PublicKey) => boolean> => {
  const { sponsors } = await records.wholeState((await records.head(rules.issuer))[0])
  return (author) => equalBytes(author, rules.issuer) || sponsors.has(toHex(author))
}

/** Of one chain read at once, in search of what later entries name. */
const pageMax = 256

/**
 * Drops what a checkpoint with these heads covers. First every account is kept as of its head there, so that none is folded from
 * further down any more; then what lies below goes. One account a commit: cut off anywhere, it goes on at the next call.
 */
export const dropBelow = async (
  deps: ConflictDeps,
  rewrite: Replica['rewrite'],
  heads: CheckpointProposal['heads'],
): Promise<Result<void, StoreError>> => {
  if (await isBroken(deps.store)) return ok(undefined)
  const staysWhole = await wholeChains(deps)
  for (const [author, seq, id] of heads) {
    const based = await rewrite(author, (head) => rebase(deps, head, { seq, id }, staysWhole(author)))
    if (!based.ok) return based
  }
  const named = await namedAbove(deps)
  for (const [author] of heads) {
    if (staysWhole(author)) continue
    const dropped = await rewrite(author, (head) => dropWrites(deps, head, named))
    if (!dropped.ok) return dropped
  }
  return ok(undefined)
}

/** Nothing where the chain is evidence, is here as of a later checkpoint, or cannot be counted. */
const rebase = async (
  deps: ConflictDeps,
  head: ChainHead,
  { seq, id }: Pick<ChainHead, 'seq' | 'id'>,
  whole: boolean,
): Promise<readonly Write[]> => {
  const { store, records } = deps
  const { author } = head
  const end = await records.entryAt(author, seq)
  if (!end || !equalBytes(end.id, id) || (await records.baseSeq(author)) >= seq) return []
  if ((await tipsOf(store, author)).length > 0 || (await loadWitnessChain(store, records, author)).forked) return []
  const state = head.seq === seq ? await records.wholeState(head) : await stateAt(deps, end)
  // What of a whole chain was still to come is so further on.
  return state ? [baseWrite(state), ...(whole ? [] : [fillWrite(author, false)])] : []
}

const dropWrites = async (
  { store, records, rules }: ConflictDeps,
  head: ChainHead,
  named: ReadonlySet<string>,
): Promise<readonly Write[]> => {
  const { author, identity } = head
  const headSeq = await records.baseSeq(author)
  if (headSeq < 0 || isFounder(rules, author, identity)) return []
  const { attests, paid } = await records.wholeState(head)
  const stands = (attest: string): boolean => attests.get(attest)?.revoked === false
  // The first one as well stays: it says whose device this is. And what is claimed while others are dropped was not named before.
  const staying = new Set([0])
  for (const payee of paid.keys()) {
    const claimed = await store.get('claimed', `${payee}/${toHex(author)}`)
    if (claimed !== undefined) staying.add(claimedFromRecord(claimed).seq)
  }
  return droppable({ chain: await records.entriesFrom(author, 0, Infinity), headSeq, named, stands })
    .filter(({ entry }) => !staying.has(entry.seq))
    .flatMap(removals)
}

const removals = ({ entry, id }: ParsedEntry): readonly Write[] => {
  const at = place(entry.author, entry.seq)
  return [
    { table: 'entries', key: at, remove: true },
    { table: 'certificates', key: at, remove: true },
    { table: 'ids', key: toHex(id), remove: true },
    ...payLines(entry).map(([payee]): Write => ({ table: 'paidAt', key: paidAtKey(entry.author, payee, entry.seq), remove: true })),
  ]
}

/** What entries above their chains' bases name of others' chains: it is looked up again where they are folded again. */
const namedAbove = async ({ records }: Pick<ConflictDeps, 'records'>): Promise<ReadonlySet<string>> => {
  const named = new Set<string>()
  for (const { author } of await records.heads())
    for (let from = (await records.baseSeq(author)) + 1; ;) {
      const page = await records.entriesFrom(author, from, pageMax)
      for (const { entry } of page) for (const [, id] of certifiedLines(entry)) named.add(toHex(id))
      if (page.length < pageMax) break
      from = page.at(-1)!.entry.seq + 1
    }
  return named
}
