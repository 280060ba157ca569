/**
 * What the root key says of accounts that lost devices had in the swarm before this one: this device is to be paid what they held
 * (spec: economy.md). Said once with the recovery phrase, and kept, since the issuer may be away for long.
 *
 * | table   | key     | value                                          |
 * | ------- | ------- | ---------------------------------------------- |
 * | carries | account | the root key's signature (economy/succession.ts) |
 */
import type { Policy } from '../economy/policy.ts'
import { carryMessage } from '../economy/succession.ts'
import type { PublicKey, Signature, Signer } from '../identity/keys.ts'
import type { SwarmId } from '../ledger/types.ts'
import { equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Store } from '../lib/store.ts'
import { refused, storeFailed } from './errors.ts'
import type { VaultError } from './vault.ts'

/** Devices of one identity. */
const carriesMax = 32

export interface Carry {
  readonly account: PublicKey
  readonly signature: Signature
}

export interface Carries {
  readonly sign: (account: PublicKey, root: Signer) => Promise<Result<void, VaultError>>
  readonly list: () => Promise<readonly Carry[]>
}

export const createCarries = (
  store: Store,
  {
    self,
    swarm,
    policy,
  }: { readonly self: { readonly root: PublicKey; readonly device: PublicKey }; readonly swarm: SwarmId; readonly policy: Policy },
): Carries => ({
  sign: async (account, root) => {
    if (!equalBytes(root.publicKey, self.root)) return err({ type: 'lost-device', reason: 'other-identity' })
    if (!policy.predecessor) return refused('this swarm succeeds none')
    if (equalBytes(account, self.device)) return refused('this is the device itself')
    const signed = await store.list('carries')
    if (signed.length >= carriesMax && !signed.some(([key]) => key === toHex(account))) return refused('too many devices')
    const signature = await root.sign(carryMessage(swarm, account, self.device))
    const stored = await store.commit([{ table: 'carries', key: toHex(account), value: signature }])
    return stored.ok ? ok(undefined) : storeFailed(stored.error)
  },
  list: async () =>
    (await store.list('carries')).map(([key, signature]) => ({ account: fromHex(key)!, signature: signature as Signature })),
})
