/** The link by which one joins a swarm: `edgenet:1:` + base64url(cbor[swarm, founder, secret, [relays], [trackers], invite]) (network.md). */
import type { PublicKey } from '../identity/keys.ts'
import type { SwarmId } from '../ledger/types.ts'
import type { Bytes } from '../lib/bytes.ts'

export interface SwarmLink {
  readonly swarm: SwarmId
  readonly founder: PublicKey
  /** 32 bytes in a private swarm: trackers' info-hash and SDP sealing derive from it, hello proves it. */
  readonly secret: Bytes | null
  /** `ws://127.0.0.1:8787` or `wss://…`, without path. */
  readonly relays: readonly string[]
  readonly trackers: readonly string[]
  /** 16-byte token that the issuer redeems. */
  readonly invite: Bytes | null
}
