/**
 * Where a witness is reached when no relay's address names it: its key says that this device answers for it. So members know the
 * founder's browser among their neighbours, whatever device it runs on, and nobody else can pass for it (network.md, *The relay*).
 */
import type { PublicKey, Signature, Signer, Verifier } from '../identity/keys.ts'
import { type Bytes, concat, equalBytes, utf8 } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import type { LedgerRules } from './rules.ts'
import type { SwarmId } from './types.ts'

export interface WitnessBinding {
  readonly witness: PublicKey
  /** The key that `hello` binds a channel to. */
  readonly device: PublicKey
  readonly signature: Signature
}

/** What the witness key signs: "edge-net/witness-at/1" ‖ cbor[swarm, device] */
export const bindingMessage = (swarm: SwarmId, device: PublicKey): Bytes => concat(utf8('edge-net/witness-at/1'), encode([swarm, device]))

export const signBinding = async (witness: Signer, swarm: SwarmId, device: PublicKey): Promise<WitnessBinding> => ({
  witness: witness.publicKey,
  device,
  signature: await witness.sign(bindingMessage(swarm, device)),
})

/** True for a key that the policy names, and its own signature. */
export const verifyBinding = async (
  verifier: Verifier,
  { swarm, witnesses }: Pick<LedgerRules, 'swarm' | 'witnesses'>,
  { witness, device, signature }: WitnessBinding,
): Promise<boolean> =>
  witnesses.some((key) => equalBytes(key, witness)) && (await verifier.verify(signature, bindingMessage(swarm, device), witness))
