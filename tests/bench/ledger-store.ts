/**
 * A store in memory whose lists cost by what they give, as those of a database do, so that a figure shows the ledger's own cost.
 * A table's keys are put in order when they are first listed, and kept so from then on.
 */
import { ok } from '../../src/lib/result.ts'
import type { Store, StoreValue } from '../../src/lib/store.ts'

interface Table {
  readonly values: Map<string, StoreValue>
  readonly keys: string[]
  /** Whether the keys are in order. */
  ordered: boolean
}

export const createOrderedStore = (): Store => {
  const tables = new Map<string, Table>()
  const tableOf = (name: string): Table => {
    const known = tables.get(name)
    if (known) return known
    const made: Table = { values: new Map(), keys: [], ordered: false }
    tables.set(name, made)
    return made
  }
  return {
    get: async (table, key) => tableOf(table).values.get(key),
    list: async (table, { prefix = '', from = '', reverse = false, limit = Infinity } = {}) => {
      const { keys, values } = ordered(tableOf(table))
      const [first, end] = [below(keys, from > prefix ? from : prefix), below(keys, `${prefix}\uffff`)]
      const rows: (readonly [string, StoreValue])[] = []
      for (let i = 0; i < end - first && rows.length < limit; i++) {
        const key = keys[reverse ? end - 1 - i : first + i]!
        rows.push([key, values.get(key)!])
      }
      return rows
    },
    commit: async (writes) => {
      for (const write of writes) {
        const table = tableOf(write.table)
        const { keys, values } = table
        if ('remove' in write) {
          if (values.delete(write.key)) keys.splice(below(ordered(table).keys, write.key), 1)
          continue
        }
        if (!values.has(write.key)) {
          if (table.ordered && keys.length > 0 && write.key < keys.at(-1)!) keys.splice(below(keys, write.key), 0, write.key)
          else keys.push(write.key)
        }
        values.set(write.key, write.value)
      }
      return ok(undefined)
    },
    close: async () => {},
  }
}

const ordered = (table: Table): Table => {
  if (!table.ordered) table.keys.sort((a, b) => (a < b ? -1 : 1))
  table.ordered = true
  return table
}

/** How many keys lie below this one. */
const below = (keys: readonly string[], key: string): number => {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const mid = (low + high) >> 1
    if (keys[mid]! < key) low = mid + 1
    else high = mid
  }
  return low
}
