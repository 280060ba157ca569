/**
 * A member's way into a successor swarm (spec: economy.md): while it is in a swarm it keeps a proof of what it has there, out of
 * each checkpoint; in a swarm that succeeds another it shows the issuer what it had in that one, and is paid it.
 *
 * Nothing of the second part is kept: the issuer's chain knows who was paid, so asking again brings nothing twice, and no relay's
 * word that there is nothing ends it for good. The payment comes as every other does, and is claimed by the settlement.
 *
 * | table    | key       | value                                                                |
 * | -------- | --------- | -------------------------------------------------------------------- |
 * | balances | swarm/day | [root, proof]: this device in the checkpoint of that day, as checked |
 */
import { rulesOf } from '../economy/policy-codec.ts'
import { provenIn } from '../economy/succession.ts'
import type { NodeId } from '../identity/keys.ts'
import { parseAccountProof, verifyAccountProof } from '../ledger/account-proof.ts'
import { parseCheckpoint, verifyCheckpoint } from '../ledger/checkpoint.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import { numberKey } from '../lib/store.ts'
import type { WireMessage } from '../network/wire.ts'
import type { AgentDeps, Membership } from './deps.ts'
import type { WitnessBook } from './witness-book.ts'

/** A checkpoint is made once a day, at a time that nobody knows. */
const keepEveryMs = 6 * 60 * 60_000
/** Proofs kept of one swarm: whoever makes a successor names one of its last days. */
const proofsMax = 32
/** Until a relay has the proof, or the issuer answers. */
const askEveryMs = 15_000
/** After an answer: a refusal may have been a single relay's word, and one that had no proof may have it later. */
const askAgainMs = 60 * 60_000

export interface Carrying {
  readonly onMessage: (from: NodeId, message: WireMessage) => Promise<void>
  readonly tick: () => Promise<void>
  /** Why what this device had in the predecessor does not come over; null: it does, or was nothing. */
  readonly refused: () => NotCarried | null
}

/** closed: the account was, there. exhausted: what is left of the grants here does not cover it. */
export type NotCarried = 'closed' | 'exhausted' | 'other'

/** What everybody's first question, or one after the payment, is answered with. */
const usual: ReadonlySet<string> = new Set(['unknown', 'nothing', 'already-carried'])

export const createCarrying = (
  { store, clock, verifier }: Pick<AgentDeps, 'store' | 'clock' | 'verifier'>,
  { device, policy, network }: Membership,
  { relays, changed }: { readonly relays: WitnessBook['relays']; readonly changed: () => void },
): Carrying => {
  const rules = rulesOf(policy)
  const { predecessor } = policy
  const account = device.device
  const keyOf = (swarm: Bytes, day: number): string => `${toHex(swarm)}/${numberKey(day)}`
  let nextKeepMs = 0
  let nextAskMs = 0
  let proof: Bytes | undefined
  let refusal: NotCarried | null = null

  const tell = async (message: WireMessage): Promise<void> => {
    for (const id of relays()) await network.send(id, message)
  }

  const keep = async (checkpointBytes: Uint8Array, proofBytes: Bytes): Promise<void> => {
    const checkpoint = parseCheckpoint(checkpointBytes)
    const parsed = parseAccountProof(proofBytes)
    if (!checkpoint.ok || !parsed.ok || !(await verifyCheckpoint(verifier, checkpoint.value, rules))) return
    const { day, root } = checkpoint.value
    const proven = verifyAccountProof(root, account, parsed.value)
    if (!proven.ok || !proven.value) return
    const kept = await store.list('balances', { prefix: `${toHex(rules.swarm)}/`, reverse: true })
    await store.commit([
      { table: 'balances', key: keyOf(rules.swarm, day), value: [root, proofBytes] },
      ...kept.slice(proofsMax - 1).map(([key]) => ({ table: 'balances', key, remove: true }) as const),
    ])
  }

  /** Out of the days in the predecessor, where this device kept it there. */
  const keptProof = async (): Promise<Bytes | undefined> => {
    const kept = predecessor && (await store.get('balances', keyOf(predecessor.swarm, predecessor.day)))
    const [root, bytes] = (kept ?? []) as readonly Bytes[]
    return root && bytes && equalBytes(root, predecessor!.root) ? bytes : undefined
  }

  const ask = async (): Promise<void> => {
    if (!predecessor || clock.now() < nextAskMs || relays().length === 0) return
    nextAskMs = clock.now() + askEveryMs
    proof ??= await keptProof()
    if (proof) return tell(['carry', { account, proof, signature: null }])
    await tell(['balance?', { account, root: predecessor.root }])
  }

  return {
    tick: async () => {
      await ask()
      if (clock.now() < nextKeepMs || relays().length === 0) return
      nextKeepMs = clock.now() + keepEveryMs
      await tell(['balance?', { account, root: null }])
    },
    onMessage: async (from, [type, body]) => {
      if (!relays().includes(from)) return
      if (type === 'balance' && body.proof && equalBytes(body.account, account)) {
        if (body.checkpoint) return keep(body.checkpoint, body.proof)
        if (proof || !predecessor || !provenIn(predecessor, account, body.proof).ok) return
        proof = body.proof
        nextAskMs = 0
        return ask()
      }
      if (type === 'balance' && !body.checkpoint && !proof && equalBytes(body.account, account)) nextAskMs = clock.now() + askAgainMs
      // Of another device's account (lost-before.ts).
      if (type !== 'refused' || body.re !== 'carry' || (body.author && !equalBytes(body.author, account))) return
      nextAskMs = clock.now() + askAgainMs
      refusal = usual.has(body.reason) ? null : body.reason === 'closed' || body.reason === 'exhausted' ? body.reason : 'other'
      changed()
    },
    refused: () => refusal,
  }
}
