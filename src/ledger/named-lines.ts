/** Which lines of an account applying entries of its author reads: no others need be at hand, however many there are. */
import { toHex } from '../lib/bytes.ts'
import type { StoreValue } from '../lib/store.ts'
import { attestKey, type ChainHead, type ChainState, type LineKind, readLines } from './chain-state.ts'
import type { ParsedEntry } from './entry.ts'

/** The head and the lines that these entries name; `get` finds a line's record, if there is one. */
export const readNamedLines = async (
  head: ChainHead,
  entries: readonly ParsedEntry[],
  get: (kind: LineKind, key: string) => Promise<StoreValue | undefined>,
): Promise<ChainState> => {
  const pick = (keys: Readonly<Record<LineKind, ReadonlySet<string>>>): Promise<ChainState> =>
    readLines(head, async (kind, fromRecord) => {
      const found = new Map<string, ReturnType<typeof fromRecord>>()
      if (keys[kind].size === 0) return found
      const records = await Promise.all(Array.from(keys[kind], async (key) => [key, await get(kind, key)] as const))
      for (const [key, record] of records) if (record !== undefined) found.set(key, fromRecord(record))
      return found
    })
  const state = await pick(namedBy(entries))
  if (state.attests.size === 0) return state
  // A revoke names its attest alone; whom that was about stands in the attest.
  const subjects = new Set([...state.attests.values()].map(({ subject }) => toHex(subject)))
  const { sponsors } = await pick({ ...noKeys(), sponsors: subjects })
  return { ...state, sponsors: new Map([...state.sponsors, ...sponsors]) }
}

const noKeys = (): Record<LineKind, Set<string>> => ({
  paid: new Set(),
  claimed: new Set(),
  delegated: new Set(),
  attests: new Set(),
  sponsors: new Set(),
})

const namedBy = (entries: readonly ParsedEntry[]): Readonly<Record<LineKind, ReadonlySet<string>>> => {
  const keys = noKeys()
  for (const { entry, id } of entries)
    for (const [index, op] of entry.ops.entries())
      switch (op.op) {
        case 'pay':
          for (const [payee] of op.lines) keys.paid.add(toHex(payee))
          break
        case 'claim':
          for (const [payer] of op.lines) keys.claimed.add(toHex(payer))
          break
        case 'delegate':
          for (const [to] of op.lines) keys.delegated.add(toHex(to))
          break
        case 'attest':
          keys.attests.add(attestKey(id, index))
          keys.sponsors.add(toHex(op.subject))
          break
        case 'revoke':
          keys.attests.add(attestKey(op.entry, op.index))
          break
        case 'settle':
          for (const [sponsor] of op.lines) keys.sponsors.add(toHex(sponsor))
          break
      }
  return keys
}
