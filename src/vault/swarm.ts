/** What the vault holds of the swarm that it is in: its tables, its chain, its promises. */
import { parseSignedPolicy, rulesOf } from '../economy/policy-codec.ts'
import type { Verifier } from '../identity/keys.ts'
import { createOwnChain, type OwnChain } from '../ledger/own-chain.ts'
import { createVerdictBook, type VerdictBook } from '../ledger/replica-verdicts.ts'
import { type Bytes, concat, sha256, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Store } from '../lib/store.ts'
import { type Answers, createAnswers } from './answers.ts'
import { type Carries, createCarries } from './carries.ts'
import type { FoundingRecord } from './founding.ts'
import type { Identity } from './identity.ts'
import { scopedStore } from './scoped-store.ts'
import { createLostDevices, type LostDevices } from './lost-devices.ts'
import { noPenalties, penaltiesOf } from './payable.ts'
import { createSettling, type Settling } from './settling.ts'
import { createSpending, type Spending } from './spending.ts'
import { createStampKeeper, type StampKeeper } from './stamp.ts'
import type { SwarmRecord } from './swarm-record.ts'

export interface Swarm {
  readonly record: SwarmRecord
  readonly store: Store
  readonly answers: Answers
  readonly spending: Spending
  /** Where this device founded it. */
  readonly founding?: FoundingRecord
  /** What its witness has signed. Of the swarm, not of the device: the witness's key outlives the device's (a phrase restored). */
  readonly witnessed: Store
  /** Its policy is of a form that this version does not read. */
  readonly unread?: true
  /** From the policy on, as it names the witnesses. */
  readonly books?: {
    readonly chain: OwnChain
    readonly settling: Settling
    readonly lost: LostDevices
    readonly carries: Carries
    readonly stamps: StampKeeper
    /** Against this device, and against lost ones of its identity. */
    readonly verdicts: VerdictBook
  }
}

export const openSwarm = (
  deps: {
    readonly store: Store
    readonly clock: Clock
    readonly verifier: Verifier
    readonly identity: Identity
    readonly headChecked: () => boolean
    readonly depositEarnings: () => boolean
  },
  record: SwarmRecord,
  founding?: FoundingRecord,
): Swarm => {
  const { clock, verifier, headChecked, depositEarnings } = deps
  const { certificate: device, signer } = deps.identity
  const store = scopedStore(deps.store, scopeOf(record.link.swarm, device.device))
  const read = record.policy && parseSignedPolicy(record.policy)
  const policy = read?.ok ? read.value.policy : undefined
  const verdicts = policy && createVerdictBook({ store, verifier, rules: rulesOf(policy) })
  const penalties = async () => (verdicts ? penaltiesOf(verdicts, device.device) : noPenalties)
  const spending = createSpending({ store, signer, swarm: record.link.swarm, clock, prepayMicro: policy?.prepayMicro ?? 0, penalties })
  const witnessed = scopedStore(deps.store, toHex(record.link.swarm))
  const swarm = { record, store, answers: createAnswers(store, clock), spending, witnessed, ...(founding && { founding }) }
  if (!policy || !verdicts) return read ? { ...swarm, unread: true } : swarm
  const chain = createOwnChain({ store, signer, verifier, rules: rulesOf(policy), clock })
  const stamps = createStampKeeper(store, { device: device.device, swarm: record.link.swarm, bits: policy.stampBits })
  const settling = createSettling({ store, chain, spending, policy, device, stamps, headChecked, depositEarnings, clock })
  const lost = createLostDevices({
    store: deps.store,
    own: store,
    policy,
    verifier,
    clock,
    self: device,
    swarm: record.link.swarm,
    verdicts,
  })
  const carries = createCarries(store, { self: device, swarm: record.link.swarm, policy })
  return { ...swarm, books: { chain, settling, lost, carries, stamps, verdicts } }
}

/** A device restored from a phrase is a new account: it finds nothing of the one before. */
const scopeOf = (swarm: Bytes, device: Bytes): string => toHex(sha256(concat(swarm, device))).slice(0, 32)
