/**
 * A relay's part in a succession (spec: economy.md): it proves accounts in its swarm's newest checkpoint, and in the state of the
 * predecessor where that came with its folder; where the issuer is, it pays members of the predecessor what they had there, once.
 *
 * | table           | key              | value                                                                        |
 * | --------------- | ---------------- | ---------------------------------------------------------------------------- |
 * | predecessor     | account          | proof of the account in the state that the policy names; in a successor only |
 * | predecessor-own | identity/account | true: by the root key that joined there                                      |
 */
import type { Issuer } from '../economy/issuer.ts'
import type { Predecessor } from '../economy/policy.ts'
import { carryOver } from '../economy/succession.ts'
import type { NodeId, PublicKey, Verifier } from '../identity/keys.ts'
import { encodeAccountProof, parseAccountProof } from '../ledger/account-proof.ts'
import { type Checkpoint, encodeCheckpoint } from '../ledger/checkpoint.ts'
import { type CheckpointState, openCheckpointState } from '../ledger/checkpoint-state.ts'
import type { CheckpointSource } from '../ledger/checkpoint-witness.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import { type Bytes, equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import { createSerial } from '../lib/serial.ts'
import type { Store, Write } from '../lib/store.ts'
import type { Network } from '../network/network.ts'
import type { WireBody } from '../network/wire.ts'
import { devicesMax } from './relay-devices.ts'

export interface SuccessionDesk {
  /** Which accounts an identity had in the predecessor, as far as they came with the folder. */
  readonly devicesOf: (identity: PublicKey) => Promise<readonly PublicKey[]>
  readonly onBalance: (from: NodeId, body: WireBody<'balance?'>) => Promise<void>
  readonly onCarry: (from: NodeId, body: WireBody<'carry'>) => Promise<void>
}

/** For whoever makes a successor, before its relays run. */
export const predecessorWrites = (account: PublicKey, proof: Bytes): readonly Write[] => {
  const parsed = parseAccountProof(proof)
  const end = parsed.ok ? parsed.value.path.end : null
  const identity = end?.[0] === 'account' ? end[1].identity : null
  return [
    { table: 'predecessor', key: toHex(account), value: proof },
    ...(identity ? [{ table: 'predecessor-own', key: `${toHex(identity)}/${toHex(account)}`, value: true }] : []),
  ]
}

export const createSuccessionDesk = ({
  store,
  verifier,
  rules,
  predecessor,
  issuer,
  source,
  latest,
  network,
}: {
  readonly store: Store
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly predecessor: Predecessor | null
  readonly issuer: Pick<Issuer, 'append'> | undefined
  readonly source: CheckpointSource
  /** The newest checkpoint. */
  readonly latest: () => Promise<Checkpoint | undefined>
  readonly network: Pick<Network, 'peer' | 'send' | 'blame'>
}): SuccessionDesk => {
  const serial = createSerial()
  /** Of the newest checkpoint: computed once, as it costs a fold of all accounts. Undefined: not here. */
  let computed: { readonly root: Bytes; readonly state: CheckpointState | undefined } | undefined
  /** Who asks again while it is being paid would only lengthen the queue. */
  const carrying = new Set<NodeId>()

  const stateOf = ({ root }: Checkpoint): Promise<CheckpointState | undefined> =>
    serial('state', async () => {
      if (computed && equalBytes(computed.root, root)) return computed.state
      const state = await openCheckpointState(store, source)
      computed = { root, state: state && equalBytes(state.root, root) ? state : undefined }
      return computed.state
    })

  const proofNow = async (account: PublicKey): Promise<Pick<WireBody<'balance'>, 'checkpoint' | 'proof'>> => {
    const checkpoint = await latest()
    const state = checkpoint && (await stateOf(checkpoint))
    return checkpoint && state
      ? { checkpoint: encodeCheckpoint(checkpoint), proof: encodeAccountProof(state.prove(account)) }
      : { checkpoint: null, proof: null }
  }
  const proofBefore = async (account: PublicKey): Promise<Bytes | null> =>
    ((await store.get('predecessor', toHex(account))) as Bytes | undefined) ?? null

  return {
    devicesOf: async (identity) => {
      const prefix = `${toHex(identity)}/`
      return (await store.list('predecessor-own', { prefix, limit: devicesMax })).map(([key]) => fromHex(key.slice(prefix.length))!)
    },
    onBalance: async (from, { account, root }) => {
      const known = root !== null && predecessor !== null && equalBytes(root, predecessor.root)
      const answer = root === null ? await proofNow(account) : { checkpoint: null, proof: known ? await proofBefore(account) : null }
      await network.send(from, ['balance', { account, ...answer }])
    },

    onCarry: async (from, { account, proof, signature }) => {
      const peer = network.peer(from)
      if (!issuer || !predecessor || !peer || carrying.has(from)) return
      carrying.add(from)
      const request = { account, to: peer.device, proof, signature }
      const done = await carryOver({ issuer, verifier, rules }, predecessor, request).finally(() => carrying.delete(from))
      // What was paid goes to whom it was paid to as soon as it is certified, as every payment of the issuer's does.
      if (done.ok || done.error.type !== 'carry') return
      const { reason } = done.error
      if (reason === 'malformed') network.blame(from, 'carry: malformed')
      await network.send(from, ['refused', { re: 'carry', reason, author: account }])
    },
  }
}
