/**
 * A disk that survives its machine: what was acknowledged stays, whatever died. A process that dies gets no more answers, and
 * one that dies at a commit may or may not have it written; it never hears which.
 */
import { type Random, randomBelow } from '../../src/lib/random.ts'
import { err, ok } from '../../src/lib/result.ts'
import { sameValue, type Store, type StoreValue } from '../../src/lib/store.ts'
import { createSortedKeys, type SortedKeys } from '../support/sorted-keys.ts'

export interface Disk {
  /** For one life of the machine. */
  readonly open: () => Store
  /** The life that has the disk open is over. */
  readonly kill: () => void
  /** After this many more commits the machine dies at one: `onDeath` is told. */
  readonly dieAtCommit: (commits: number) => void
  /** What is written, for those who see everything. */
  readonly table: (table: string) => ReadonlyMap<string, StoreValue>
  readonly tables: () => readonly string[]
  readonly commits: () => number
}

const none: ReadonlyMap<string, StoreValue> = new Map()
const never = <T>(): Promise<T> => new Promise<T>(() => {})

export const createDisk = (random: Random, onDeath: () => void): Disk => {
  const tables = new Map<string, Map<string, StoreValue>>()
  const sorted = new Map<string, SortedKeys>()
  let life = 0
  let commits = 0
  let left: number | undefined

  const get = (table: string, key: string): StoreValue | undefined => tables.get(table)?.get(key)
  const keysOf = (table: string): SortedKeys => {
    const keys = sorted.get(table) ?? createSortedKeys()
    sorted.set(table, keys)
    return keys
  }

  const open = (): Store => {
    const own = ++life
    const alive = (): boolean => own === life
    return {
      get: async (table, key) => (alive() ? get(table, key) : never()),
      list: async (table, { prefix = '', from = '', reverse = false, limit = Infinity } = {}) => {
        if (!alive()) return never()
        const keys = keysOf(table).range(from > prefix ? from : prefix, `${prefix}\uffff`, reverse, limit)
        return keys.map((key) => [key, get(table, key)!] as const)
      },
      commit: async (writes, expects = []) => {
        if (!alive()) return never()
        for (const e of expects) if (!sameValue(get(e.table, e.key), e.equals)) return err({ type: 'conflict', table: e.table, key: e.key })
        const dies = left !== undefined && left-- <= 0
        if (dies) left = undefined
        if (!dies || randomBelow(random, 2) === 0)
          for (const w of writes) {
            const rows = tables.get(w.table) ?? new Map<string, StoreValue>()
            tables.set(w.table, rows)
            if ('remove' in w) {
              if (rows.delete(w.key)) keysOf(w.table).remove(w.key)
              continue
            }
            if (!rows.has(w.key)) keysOf(w.table).add(w.key)
            rows.set(w.key, w.value)
          }
        commits++
        if (!dies) return ok(undefined)
        onDeath()
        return never()
      },
      close: async () => {},
    }
  }

  return {
    open,
    kill: () => void life++,
    dieAtCommit: (count) => void (left = count),
    table: (table) => tables.get(table) ?? none,
    tables: () => [...tables.keys()],
    commits: () => commits,
  }
}
