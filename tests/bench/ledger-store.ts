/**
 * A store in memory whose lists cost by what they give, as those of a database do, so that a figure shows the ledger's own cost.
 * A table's keys are in order from when they are first listed on.
 */
import { ok } from '../../src/lib/result.ts'
import type { Store, StoreValue } from '../../src/lib/store.ts'
import { createSortedKeys, type SortedKeys } from '../support/sorted-keys.ts'

interface Table {
  readonly values: Map<string, StoreValue>
  keys?: SortedKeys
}

export const createOrderedStore = (): Store => {
  const tables = new Map<string, Table>()
  const tableOf = (name: string): Table => {
    const table = tables.get(name) ?? { values: new Map<string, StoreValue>() }
    tables.set(name, table)
    return table
  }
  return {
    get: async (table, key) => tableOf(table).values.get(key),
    list: async (table, { prefix = '', from = '', reverse = false, limit = Infinity } = {}) => {
      const { keys, values } = ordered(tableOf(table))
      return keys.range(from > prefix ? from : prefix, `${prefix}\uffff`, reverse, limit).map((key) => [key, values.get(key)!] as const)
    },
    commit: async (writes) => {
      for (const write of writes) {
        const { keys, values } = tableOf(write.table)
        if ('remove' in write) {
          if (values.delete(write.key)) keys?.remove(write.key)
          continue
        }
        if (!values.has(write.key)) keys?.add(write.key)
        values.set(write.key, write.value)
      }
      return ok(undefined)
    },
    close: async () => {},
  }
}

const ordered = (table: Table): Required<Table> => {
  if (!table.keys) {
    table.keys = createSortedKeys()
    for (const key of [...table.values.keys()].sort()) table.keys.add(key)
  }
  return table as Required<Table>
}
