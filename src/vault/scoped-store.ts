/** A view of a store whose tables carry a prefix: each swarm has its own chain, tabs and answers in the one database. */
import type { Store } from '../lib/store.ts'

export const scopedStore = (store: Store, scope: string): Store => {
  /** Made once each: a text put together anew is hashed anew wherever it is a key. */
  const names = new Map<string, string>()
  const named = (table: string): string => {
    const name = names.get(table) ?? `${scope}/${table}`
    names.set(table, name)
    return name
  }
  const scoped = <T extends { readonly table: string }>(record: T): T => ({ ...record, table: named(record.table) })
  return {
    get: (table, key) => store.get(named(table), key),
    list: (table, options) => store.list(named(table), options),
    commit: (writes, expects = []) => store.commit(writes.map(scoped), expects.map(scoped)),
    close: store.close,
  }
}
