/**
 * Steps: what the payee of an open agreement was promised to find in its `pay` line ahead of the work (spec: economy.md, the table).
 *
 * Nothing is signed for a step but the entry that pays it, so one that no entry says yet ends with its agreement and nobody can claim
 * it. What an entry says stays the payee's credit (tabs.ts).
 *
 * | table | key             | value                                |
 * | ----- | --------------- | ------------------------------------ |
 * | steps | payee/agreement | [µcr that the line is to say, sow id] |
 */
import type { Store, StoreValue, Write } from '../lib/store.ts'

const table = 'steps'
const keyOf = (payee: string, agreement: string): string => `${payee}/${agreement}`
const totalOf = (record: StoreValue): number => (record as readonly [number, string])[0]
const sowOf = (record: StoreValue): string => (record as readonly [number, string])[1]

export const stepWrite = (payee: string, agreement: string, total: number, sow: string): Write => ({
  table,
  key: keyOf(payee, agreement),
  value: [total, sow],
})

export const stepEnd = (payee: string, agreement: string): Write => ({ table, key: keyOf(payee, agreement), remove: true })

/** The sow that a step was for; undefined: none is open. */
export const stepSow = async (store: Store, payee: string, agreement: string): Promise<string | undefined> => {
  const record = await store.get(table, keyOf(payee, agreement))
  return record === undefined ? undefined : sowOf(record)
}

/** The most that open steps promise this payee, but for one agreement's. */
export const promisedTo = async (store: Store, payee: string, but?: string): Promise<number> =>
  (await store.list(table, { prefix: `${payee}/` }))
    .filter(([key]) => but === undefined || key !== keyOf(payee, but))
    .reduce((most, [, record]) => Math.max(most, totalOf(record)), 0)

/** The same of all payees. */
export const allPromised = async (store: Store): Promise<ReadonlyMap<string, number>> => {
  const most = new Map<string, number>()
  for (const [key, record] of await store.list(table)) {
    const payee = key.split('/')[0]!
    most.set(payee, Math.max(most.get(payee) ?? 0, totalOf(record)))
  }
  return most
}

/** Ends every step of these sows. */
export const stepEnds = async (store: Store, sows: ReadonlySet<string>): Promise<readonly Write[]> =>
  (await store.list(table)).filter(([, record]) => sows.has(sowOf(record))).map(([key]): Write => ({ table, key, remove: true }))
