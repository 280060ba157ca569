/** What an agent is made of: every effect is a port, so that a whole swarm runs in one process on a manual clock. */
import type { Sealer } from '../contract/sealing.ts'
import type { DeviceCertificate, Signature, Verifier } from '../identity/keys.ts'
import type { SwarmLink } from '../economy/link.ts'
import type { Terms } from '../economy/notice.ts'
import type { Policy } from '../economy/policy.ts'
import type { MakeStamp } from '../economy/stamp.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Store } from '../lib/store.ts'
import type { Network } from '../network/network.ts'
import type { Engine } from '../tasks/engine.ts'
import type { ModelCard } from '../tasks/model-card.ts'
import type { HelloFields, Vault } from '../vault/vault.ts'

export interface AgentDeps {
  readonly clock: Clock
  readonly random: Random
  readonly vault: Vault
  /** The agent's own store (contracts, jobs, results), apart from the vault's. */
  readonly store: Store
  readonly engine: Engine
  readonly sealer: Sealer
  readonly verifier: Verifier
  readonly openNetwork: (swarm: {
    readonly link: SwarmLink
    readonly device: DeviceCertificate
    readonly signHello: (fields: HelloFields) => Promise<Signature | undefined>
    /** Links to strive for and peers to bear, where that is not a node's usual. */
    readonly reach?: { readonly degree: number; readonly peersMax: number }
  }) => Network
  /** The proof of work that a new account costs, off this thread. */
  readonly makeStamp: MakeStamp
  /** Models known before any policy is: a newcomer computes and searches at once. */
  readonly bundledModels: readonly ModelCard[]
  /** When the local day began, for "today". */
  readonly dayStartMs: () => number
  /** Logical cores of this machine. */
  readonly cores: number
  /** Where the relay's model mirror is, from its WebSocket URL. */
  readonly mirrorsOf: (link: SwarmLink) => readonly string[]
}

/** One swarm, joined and with its policy known: what every part of the agent works in. */
export interface Membership {
  readonly device: DeviceCertificate
  readonly link: SwarmLink
  /** As the founder signed it first: all that validity reads. */
  readonly policy: Policy
  /** What holds by its newest notice. */
  readonly terms: () => Terms
  readonly network: Network
}
