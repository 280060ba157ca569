/** How what goes wrong inside is told to whoever called. */
import { err, type Result } from '../lib/result.ts'
import type { StoreError } from '../lib/store.ts'
import type { VaultError } from './vault.ts'

export const refused = (what: string): Result<never, VaultError> => err({ type: 'refused', what })

/** A conflict is another writer beside this one: nothing was written, and asking again is right. */
export const storeFailed = (error: StoreError): Result<never, VaultError> =>
  err({ type: 'storage', message: error.type === 'conflict' ? `another writer changed ${error.table}` : error.message })
