/**
 * The `Store` port over IndexedDB: one object store of records under [table, key], values as canonical CBOR, so that every
 * adapter keeps the same values and an expectation is a comparison of bytes.
 *
 * A commit is one strict transaction, its expectations compared inside it: it is on disk when it resolves, and of two
 * contexts that compare and set the same record one wins.
 */
import type { DBSchema, IDBPObjectStore } from 'idb'
import { equalBytes } from '../../lib/bytes.ts'
import { decodeCanonical, encode } from '../../lib/cbor.ts'
import { err, ok } from '../../lib/result.ts'
import type { ListOptions, Store, StoreError, StoreValue } from '../../lib/store.ts'
import { createDatabase, type Migration } from './database.ts'

type RecordKey = [table: string, key: string]

interface Schema extends DBSchema {
  records: { key: RecordKey; value: Uint8Array<ArrayBuffer> }
}
type Records = IDBPObjectStore<Schema, ['records'], 'records', 'readonly' | 'readwrite'>

const migrations: readonly Migration<Schema>[] = [(db) => void db.createObjectStore('records')]

export const createIndexedDbStore = (name: string): Store => {
  const database = createDatabase<Schema>(name, migrations)
  return {
    get: (table, key) =>
      database.use(async (db) => {
        const bytes = await db.get('records', [table, key])
        return bytes && decoded(bytes)
      }),

    list: (table, options = {}) =>
      database.use(async (db) => {
        const rows = await listRecords(db.transaction('records').store, table, options)
        return rows.map(([key, bytes]) => [key, decoded(bytes)] as const)
      }),

    commit: async (writes, expects = []) => {
      // Encoded before the transaction opens: inside it nothing may be awaited but its own requests.
      const changes = writes.map((w) => ({ at: [w.table, w.key] as RecordKey, bytes: 'remove' in w ? undefined : encode(w.value) }))
      const conditions = expects.map((e) => ({ ...e, bytes: e.equals === undefined ? undefined : encode(e.equals) }))
      try {
        return await database.use(async (db) => {
          const tx = db.transaction('records', 'readwrite', { durability: 'strict' })
          const found = await Promise.all(conditions.map((e) => tx.store.get([e.table, e.key])))
          const broken = conditions.find((e, i) => !sameBytes(found[i], e.bytes))
          if (broken) {
            await tx.done
            return err<StoreError>({ type: 'conflict', table: broken.table, key: broken.key })
          }
          await Promise.all([...changes.map(({ at, bytes }) => (bytes ? tx.store.put(bytes, at) : tx.store.delete(at))), tx.done])
          return ok(undefined)
        })
      } catch (error) {
        return err({ type: 'storage', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })
      }
    },

    close: database.close,
  }
}

const listRecords = async (
  records: Records,
  table: string,
  { prefix = '', from = '', reverse = false, limit }: ListOptions,
): Promise<[string, Uint8Array][]> => {
  const lower: RecordKey = [table, from > prefix ? from : prefix]
  const end = afterPrefix(prefix)
  // Without an end by prefix up to the table's: every array sorts after every text.
  const upper = end === undefined ? [table, []] : [table, end]
  if (limit === 0 || (end !== undefined && lower[1] >= end)) return []
  const range = IDBKeyRange.bound(lower, upper, false, true)
  if (!reverse) {
    const count = limit === undefined || limit === Infinity ? undefined : limit
    const [keys, values] = await Promise.all([records.getAllKeys(range, count), records.getAll(range, count)])
    return keys.map(([, key], i) => [key, values[i]!])
  }
  const rows: [string, Uint8Array][] = []
  for (let cursor = await records.openCursor(range, 'prev'); cursor; cursor = await cursor.continue()) {
    rows.push([cursor.key[1], cursor.value])
    if (rows.length === limit) break
  }
  return rows
}

/** The least text above all that begin with `prefix`; undefined where there is none. */
const afterPrefix = (prefix: string): string | undefined => {
  const last = prefix.charCodeAt(prefix.length - 1)
  return prefix === '' || last === 0xffff ? undefined : prefix.slice(0, -1) + String.fromCharCode(last + 1)
}

const decoded = (bytes: Uint8Array): StoreValue => {
  const value = decodeCanonical(bytes)
  if (!value.ok) throw new DOMException(`a damaged record: ${value.error.reason}`, 'DataError')
  return value.value
}

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : equalBytes(a, b)
