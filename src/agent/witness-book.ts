/**
 * Whom to turn to with the ledger: relays by their address, and members whose device a witness's key names
 * (ledger/witness-binding.ts). What one learns of such a device one hands on to whoever comes, and keeps a link with it.
 */
import type { NodeId, PublicKey, Verifier } from '../identity/keys.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import { verifyBinding, type WitnessBinding } from '../ledger/witness-binding.ts'
import { toHex } from '../lib/bytes.ts'
import type { Network } from '../network/network.ts'

/** Devices per witness: it may have moved, and the one before may come back. */
const devicesMax = 2

export interface WitnessBook {
  /** Those that can be asked now. */
  readonly relays: () => readonly NodeId[]
  /** Binds a device, if a witness's key says so. True where that was not known before. */
  readonly heard: (binding: WitnessBinding) => Promise<boolean>
  readonly isWitness: (id: NodeId) => boolean
  /** To be told to a peer that comes. */
  readonly tell: (to: NodeId) => void
  /** The witness in this very process answers from now on, or does no more. */
  readonly setOwn: (device: PublicKey | undefined) => void
}

export const createWitnessBook = (
  verifier: Verifier,
  rules: Pick<LedgerRules, 'swarm' | 'witnesses'>,
  network: Pick<Network, 'peers' | 'send' | 'seek'>,
): WitnessBook => {
  /** By witness, newest last. */
  const bound = new Map<string, readonly WitnessBinding[]>()
  const isBound = (id: NodeId): boolean => [...bound.values()].some((bindings) => bindings.some(({ device }) => toHex(device) === id))
  let own: NodeId | undefined

  return {
    relays: () => [
      ...(own === undefined ? [] : [own]),
      ...network
        .peers()
        .filter((peer) => (peer.role === 'relay' && peer.via === 'url') || isBound(peer.id))
        .map((peer) => peer.id),
    ],
    isWitness: isBound,
    heard: async (binding) => {
      if (isBound(toHex(binding.device)) || !(await verifyBinding(verifier, rules, binding))) return false
      const witness = toHex(binding.witness)
      bound.set(witness, [...(bound.get(witness) ?? []), binding].slice(-devicesMax))
      network.seek(toHex(binding.device))
      return true
    },
    tell: (to) => {
      for (const binding of [...bound.values()].flat()) void network.send(to, ['witness', binding])
    },
    setOwn: (device) => (own = device && toHex(device)),
  }
}
