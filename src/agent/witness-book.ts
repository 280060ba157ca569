/**
 * Whom to turn to with the ledger: relays by their address, and members whose device a witness's key names
 * (ledger/witness-binding.ts). What one learns of such a member one hands on to whoever comes, and keeps a link with it.
 *
 * Whose word it is that is counted, where f of them may lie, the witness's key says as well: a device, also a relay at its address,
 * speaks for the witness that names it or for none, and two devices of one witness are one voice.
 */
import type { NodeId, PublicKey, Verifier } from '../identity/keys.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import { verifyBinding, type WitnessBinding } from '../ledger/witness-binding.ts'
import { toHex } from '../lib/bytes.ts'
import type { Network, Peer } from '../network/network.ts'

/** Devices per witness: it may have moved, and the one before may come back. */
const devicesMax = 2
/** Devices per witness whose own word is remembered: a witness's key names as many as it likes, and they cost the others nothing. */
const ownWordsMax = 8

export interface WitnessBook {
  /** Those that can be asked now. */
  readonly relays: () => readonly NodeId[]
  /** Binds a device, if a witness's key says so. `from`: who brought the word. True where that makes it one to turn to. */
  readonly heard: (binding: WitnessBinding, from: NodeId) => Promise<boolean>
  readonly isWitness: (id: NodeId) => boolean
  /** The witness's key (hex) that this device speaks for: by its own word, so that no other witness can claim it for itself. */
  readonly witnessOf: (id: NodeId) => string | undefined
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
  const ownWords = new Map<NodeId, string>()
  const binds = (bindings: readonly WitnessBinding[] = [], id: NodeId): boolean => bindings.some(({ device }) => toHex(device) === id)
  /** Who is asked about all the time. */
  let boundIds: ReadonlySet<NodeId> = new Set()
  const isBound = (id: NodeId): boolean => boundIds.has(id)
  const isAddressed = ({ role, via }: Peer): boolean => role === 'relay' && via === 'url'
  let own: NodeId | undefined

  return {
    relays: () => [
      ...(own === undefined ? [] : [own]),
      ...network
        .peers()
        .filter((peer) => isAddressed(peer) || isBound(peer.id))
        .map((peer) => peer.id),
    ],
    isWitness: isBound,
    witnessOf: (id) => ownWords.get(id) ?? [...bound].find(([, bindings]) => binds(bindings, id))?.[0],
    heard: async (binding, from) => {
      const [id, witness] = [toHex(binding.device), toHex(binding.witness)]
      const itself = from === id
      const known = binds(bound.get(witness), id)
      if ((itself ? ownWords.get(id) === witness : known) || !(await verifyBinding(verifier, rules, binding))) return false
      if (itself) {
        ownWords.delete(id)
        ownWords.set(id, witness)
        const spoken = [...ownWords].flatMap(([device, of]) => (of === witness ? [device] : []))
        const linked = new Set(network.peers().map((peer) => peer.id))
        if (spoken.length > ownWordsMax) ownWords.delete(spoken.find((device) => !linked.has(device)) ?? spoken[0]!)
      }
      // Where a relay at an address is everybody knows.
      if (known || network.peers().some((peer) => peer.id === id && isAddressed(peer))) return false
      bound.set(witness, [...(bound.get(witness) ?? []), binding].slice(-devicesMax))
      boundIds = new Set([...bound.values()].flat().map(({ device }) => toHex(device)))
      network.seek(id)
      return true
    },
    tell: (to) => {
      for (const binding of [...bound.values()].flat()) void network.send(to, ['witness', binding])
    },
    setOwn: (device) => (own = device && toHex(device)),
  }
}
