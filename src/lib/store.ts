/**
 * The one storage port: tables of plain records under text keys, written in atomic and durable batches.
 *
 * Adapters: memory (tests, simulator), IndexedDB (extension), classic-level (relay). All pass tests/contract/store.ts.
 * Values are plain data: safe integers, text, byte strings, booleans, null, arrays and objects of these.
 */
import type { Result } from './result.ts'
import { assert } from './assert.ts'
import { type Cbor, decodeCanonical, encode } from './cbor.ts'
import { equalBytes } from './bytes.ts'
import { err, ok } from './result.ts'

export type StoreValue = Cbor

export type Write =
  | { readonly table: string; readonly key: string; readonly value: StoreValue }
  | { readonly table: string; readonly key: string; readonly remove: true }

/** What must still hold when the batch is written, else nothing of it is. `undefined`: no such record. */
export interface Expect {
  readonly table: string
  readonly key: string
  readonly equals: StoreValue | undefined
}

export type StoreError =
  | { readonly type: 'conflict'; readonly table: string; readonly key: string }
  /** Disk full, quota reached, database closed or damaged. Nothing of the batch was written. */
  | { readonly type: 'storage'; readonly message: string }

export interface ListOptions {
  /** Only keys that begin with this. */
  readonly prefix?: string
  /** Only keys ≥ this. */
  readonly from?: string
  readonly reverse?: boolean
  readonly limit?: number
}

export interface Store {
  readonly get: (table: string, key: string) => Promise<StoreValue | undefined>
  /** In order of key (by UTF-16 code unit). */
  readonly list: (table: string, options?: ListOptions) => Promise<readonly (readonly [key: string, value: StoreValue])[]>
  /** All or nothing, and on disk before it resolves with ok. */
  readonly commit: (writes: readonly Write[], expects?: readonly Expect[]) => Promise<Result<void, StoreError>>
  readonly close: () => Promise<void>
}

export const sameValue = (a: StoreValue | undefined, b: StoreValue | undefined): boolean =>
  a === undefined || b === undefined ? a === b : equalBytes(encode(a), encode(b))

/** Numbers as keys that sort as numbers: 16 decimal digits hold every safe integer. */
export const numberKey = (n: number): string => String(n).padStart(16, '0')

/** What a real adapter would give back; a value that it could not keep is a bug of the writer. */
const kept = (value: StoreValue): StoreValue => {
  const decoded = decodeCanonical(encode(value))
  assert(decoded.ok, 'a stored value is plain data of safe integers')
  return decoded.value
}

/** Keeps records in a map; `snapshot` and `restore` let tests roll a profile back or crash a node. */
export const createMemoryStore = (initial?: ReadonlyMap<string, StoreValue>): Store & { readonly snapshot: () => ReadonlyMap<string, StoreValue> } => {
  const records = new Map(initial)
  const at = (table: string, key: string): string => `${table}\0${key}`
  return {
    get: async (table, key) => records.get(at(table, key)),
    list: async (table, { prefix = '', from = '', reverse = false, limit = Infinity } = {}) => {
      const head = `${table}\0`
      const rows = [...records]
        .filter(([k]) => k.startsWith(head))
        .map(([k, v]) => [k.slice(head.length), v] as const)
        .filter(([k]) => k.startsWith(prefix) && k >= from)
        .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      if (reverse) rows.reverse()
      return rows.slice(0, limit)
    },
    commit: async (writes, expects = []) => {
      for (const e of expects)
        if (!sameValue(records.get(at(e.table, e.key)), e.equals)) return err({ type: 'conflict', table: e.table, key: e.key })
      for (const w of writes)
        if ('remove' in w) records.delete(at(w.table, w.key))
        else records.set(at(w.table, w.key), kept(w.value))
      return ok(undefined)
    },
    close: async () => {},
    snapshot: () => new Map(records),
  }
}
