/** Own entries without their certificate, as the vault has them: nothing is appended before they have one. */
import type { Vault } from '../vault/vault.ts'
import { parseEntry } from '../ledger/entry.ts'
import { type Bytes, equalBytes } from '../lib/bytes.ts'

export interface PendingEntries {
  readonly read: () => Promise<readonly Bytes[]>
  readonly any: () => Promise<boolean>
  readonly has: (id: Bytes) => Promise<boolean>
  /** One may have been certified, or another made. */
  readonly changed: () => void
}

export const createPendingEntries = (vault: Pick<Vault, 'call'>): PendingEntries => {
  /** There were some when last read: asked every second, the vault would be read every second. */
  let known = false
  const read = async (): Promise<readonly Bytes[]> => {
    const answer = await vault.call('pending', 'pending', {})
    const entries = answer.ok ? answer.value.pending : []
    known = entries.length > 0
    return entries
  }
  return {
    read,
    any: async () => known || (await read()).length > 0,
    has: async (id) => (await read()).map(parseEntry).some((parsed) => parsed.ok && equalBytes(parsed.value.id, id)),
    changed: () => void (known = false),
  }
}
