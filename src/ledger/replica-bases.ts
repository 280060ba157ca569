/**
 * Chains of which a replica holds the lower part in part or not at all: dropped below a checkpoint, or not come yet since it started
 * from one (spec: ledger.md, *Checkpoints, keeping, sync*). Up to its base an account is taken as a checkpoint has it, and an entry
 * below it on the word of a certificate above it; from the base on everything is here, and folded. So it stays when all below it has
 * come: what those entries claim of other chains may not have come, or have been dropped.
 *
 * | table   | key    | value                                                                                      |
 * | ------- | ------ | --------------------------------------------------------------------------------------------- |
 * | bases   | author | [number, whole state as of that entry]; no record: every entry of the chain is here, and folded |
 * | filling | author | number below which all entries are here, while the rest up to the base is being fetched       |
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, toHex } from '../lib/bytes.ts'
import type { Store, StoreValue, Write } from '../lib/store.ts'
import type { ChainState } from './chain-state.ts'
import type { ParsedEntry } from './entry.ts'
import { encodeState, parseState } from './whole-state.ts'

const baseRecord = async (store: Store, author: PublicKey): Promise<readonly [number, Bytes] | undefined> =>
  (await store.get('bases', toHex(author))) as readonly [number, Bytes] | undefined

export const baseSeq = async (store: Store, author: PublicKey): Promise<number> => (await baseRecord(store, author))?.[0] ?? -1

export const baseState = async (store: Store, author: PublicKey): Promise<ChainState | undefined> => {
  const record = await baseRecord(store, author)
  if (!record) return undefined
  const state = await parseState(record[1])
  assert(state.ok, 'a state that was kept parses')
  return state.value
}

/** From now on only some of what lies below may be here; whether that is to be fetched is as before, or is said by `fillWrite`. */
export const baseWrite = (state: ChainState): Write => ({
  table: 'bases',
  key: toHex(state.head.author),
  value: [state.head.seq, encodeState(state)] as StoreValue,
})

export const fillWrite = (author: PublicKey, fill: boolean): Write => {
  const at = { table: 'filling', key: toHex(author) }
  return fill ? { ...at, value: 0 } : { ...at, remove: true }
}

/** Of the chain every entry is here, and folded. */
export const noBaseWrites = (author: PublicKey): readonly Write[] =>
  ['bases', 'filling'].map((table) => ({ table, key: toHex(author), remove: true }))

/** Written with earlier entries of one author that have come: how far its chain is here from the beginning; no record once it is whole. */
export const filledWrites = async (
  store: Store,
  { entryAt }: { readonly entryAt: (author: PublicKey, seq: number) => Promise<ParsedEntry | undefined> },
  came: readonly ParsedEntry[],
): Promise<readonly Write[]> => {
  const { author } = came[0]!.entry
  const key = toHex(author)
  const [from, base] = [(await store.get('filling', key)) as number | undefined, await baseSeq(store, author)]
  if (from === undefined) return []
  const numbers = new Set(came.map(({ entry }) => entry.seq))
  let next = from
  while (next <= base && (numbers.has(next) || (await entryAt(author, next)) !== undefined)) next++
  if (next === from) return []
  return [next <= base ? { table: 'filling', key, value: next } : { table: 'filling', key, remove: true }]
}

/** Chains that are to be fetched whole, in order of their authors, and from which number on. */
export const fillingOf = async (store: Store, from: string, limit: number): Promise<readonly (readonly [author: NodeId, from: number])[]> =>
  (await store.list('filling', { from, limit })).map(([author, number]) => [author, number as number])
