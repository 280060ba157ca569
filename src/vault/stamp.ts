/**
 * The stamp of this device in this swarm (economy/stamp.ts), kept once it is made: it costs seconds, and without it no `join` of
 * ours is certified.
 */
import { stampBytes, verifyStamp } from '../economy/stamp.ts'
import type { PublicKey } from '../identity/keys.ts'
import type { SwarmId } from '../ledger/types.ts'
import type { Bytes } from '../lib/bytes.ts'
import { ok, type Result } from '../lib/result.ts'
import { bytesUpTo, parse } from '../lib/schema.ts'
import type { Store } from '../lib/store.ts'
import { refused, storeFailed } from './errors.ts'
import type { VaultError } from './vault.ts'

const at = { table: 'stamp', key: 'self' } as const
const stampSchema = bytesUpTo(stampBytes)

export interface StampKeeper {
  /** Empty where the swarm asks for none; null: it is still to be made. */
  readonly kept: () => Promise<Bytes | null>
  /** Refused where it is not the proof of work that the swarm asks of this device: one try to find out. */
  readonly keep: (stamp: Bytes) => Promise<Result<void, VaultError>>
}

export const createStampKeeper = (
  store: Store,
  wanted: { readonly device: PublicKey; readonly swarm: SwarmId; readonly bits: number },
): StampKeeper => ({
  kept: async () => {
    if (wanted.bits === 0) return new Uint8Array(0)
    const stored = parse(stampSchema, await store.get(at.table, at.key))
    return stored.ok ? stored.value : null
  },
  keep: async (stamp) => {
    const good = await verifyStamp(stamp, wanted)
    if (!good.ok) return refused(`stamp: ${good.error.reason}`)
    const stored = await store.commit([{ ...at, value: stamp }])
    return stored.ok ? ok(undefined) : storeFailed(stored.error)
  },
})
