/** What the store keeps of a contract on the worker's side. */
import { ended, type Hire } from '../contract/worker.ts'
import { toHex } from '../lib/bytes.ts'
import type { StoreValue, Write } from '../lib/store.ts'

/** A quote that nobody took leaves nothing: the log is of contracts, and the same sow may be quoted for again. */
export const record = (hire: Hire): Write =>
  ended(hire) && hire.agreement === null
    ? { table: 'hires', key: hire.id, remove: true }
    : { table: 'hires', key: hire.id, value: hire as unknown as StoreValue }

/** Payload and result go with the contract. */
export const cleared = (hire: Hire): readonly Write[] =>
  hire.agreement ? ['payloads', 'results'].map((table) => ({ table, key: toHex(hire.agreement!.id), remove: true })) : []
