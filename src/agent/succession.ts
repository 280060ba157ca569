/** What a successor takes out of the store of a relay of its predecessor, once, before the successor's policy is made. */
import type { Policy, Predecessor } from '../economy/policy.ts'
import { rulesOf } from '../economy/policy-codec.ts'
import type { PublicKey, Verifier } from '../identity/keys.ts'
import { encodeAccountProof, ownedMicro, verifyAccountProof } from '../ledger/account-proof.ts'
import { parseCheckpoint } from '../ledger/checkpoint.ts'
import { openCheckpointState } from '../ledger/checkpoint-state.ts'
import { checkpointSource } from '../ledger/checkpoint-witness.ts'
import { createReplica } from '../ledger/replica.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Store } from '../lib/store.ts'

export interface Succession {
  readonly predecessor: Predecessor
  /** Every account of the last checkpoint, with its proof. */
  readonly proofs: readonly (readonly [account: PublicKey, proof: Bytes])[]
  /** What all of them own together, in µcr: what the successor's issuer must be able to pay. */
  readonly owedMicro: bigint
  /** Accounts with certified entries after the checkpoint, which the successor does not know. */
  readonly laterAccounts: number
}

/** Of the newest full checkpoint that a relay knows, whether it holds the state of it or not; -1: it knows none. */
export const newestCheckpointDay = async (store: Store): Promise<number> => {
  const [newest] = await store.list('checkpointed', { reverse: true, limit: 1 })
  const parsed = newest && parseCheckpoint(newest[1] as Bytes)
  return parsed?.ok ? parsed.value.day : -1
}

/** Undefined: this relay holds the state of no checkpoint. */
export const successionFrom = async (store: Store, verifier: Verifier, policy: Policy): Promise<Succession | undefined> => {
  const rules = rulesOf(policy)
  const replica = createReplica({ store, verifier, rules })
  const state = await openCheckpointState(store, checkpointSource(replica, { store, records: replica.records, rules, verifier }))
  if (!state) return undefined
  const { day, root, heads } = state
  let owedMicro = 0n
  const proofs = heads.map(([account]) => {
    const proof = state.prove(account)
    const proven = verifyAccountProof(root, account, proof)
    assert(proven.ok && proven.value, 'a state proves its accounts')
    owedMicro += ownedMicro(proven.value)
    return [account, encodeAccountProof(proof)] as const
  })
  const then = new Map(heads.map(([account, , id]) => [toHex(account), id]))
  const later = (await replica.records.heads()).filter(({ author, id }) => {
    const before = then.get(toHex(author))
    return !before || !equalBytes(before, id)
  })
  return { predecessor: { swarm: rules.swarm, day, root }, proofs, owedMicro, laterAccounts: later.length }
}
