/** A view of a store whose tables carry a prefix: each swarm has its own chain, tabs and answers in the one database. */
import type { Store } from '../lib/store.ts'

export const scopedStore = (store: Store, scope: string): Store => {
  const scoped = <T extends { readonly table: string }>(record: T): T => ({ ...record, table: `${scope}/${record.table}` })
  return {
    get: (table, key) => store.get(`${scope}/${table}`, key),
    list: (table, options) => store.list(`${scope}/${table}`, options),
    commit: (writes, expects = []) => store.commit(writes.map(scoped), expects.map(scoped)),
    close: store.close,
  }
}
