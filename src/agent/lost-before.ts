/**
 * Lost devices in the swarm before this one, its predecessor (spec: economy.md): the relays say which accounts this identity had there
 * and prove what they held; with the root key's word, which the vault keeps (vault/carries.ts), the issuer pays that to this device.
 * What this device itself had there comes by itself (carrying.ts).
 *
 * Relays are not believed: what counts is a proof that leads to the predecessor's root, and an entry of the issuer's that is certified.
 * A question is answered once by whoever is first, and what anybody can prove counts unasked.
 *
 * | table   | key                  | value                                                                       |
 * | ------- | -------------------- | --------------------------------------------------------------------------- |
 * | carried | swarm/device/account | µcr of it that the issuer was seen to pay this device; null: no proof says yet how much |
 */
import { carriedClaim, provenIn } from '../economy/succession.ts'
import { rulesOf } from '../economy/policy-codec.ts'
import type { NodeId } from '../identity/keys.ts'
import { isClosed, ownedMicro } from '../ledger/account-proof.ts'
import { verifyCertificate } from '../ledger/certificate.ts'
import { parseEntry, payLines } from '../ledger/entry.ts'
import { type Bytes, equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import type { WireBody, WireMessage } from '../network/wire.ts'
import type { AgentDeps, Membership } from './deps.ts'

/** Devices of one identity. */
const devicesMax = 32
/** One question to the relays in so long: with what carrying.ts asks, below what they take (network/limits.ts). */
const askEveryMs = { 'balance?': 10_000, carry: 30_000 } as const
/** The same question again, where nobody has answered. */
const retryMs = 30_000
/** After an answer that may be another later. */
const askAgainMs = 60 * 60_000

export interface LostBefore {
  readonly id: NodeId
  readonly micro: number
  /**
   * Null: nothing was asked for. asking: the issuer is. came: it was seen to pay this device. paid: it had paid already, to whichever
   * device of this identity was first, as was said twice while nothing came. closed: by a verdict there. exhausted: the grants here do not reach; it is asked again.
   */
  readonly state: 'asking' | 'came' | 'paid' | 'closed' | 'exhausted' | 'other' | null
}

export interface LostBefores {
  /** The owner asks anew: so may what had no answer. */
  readonly look: () => void
  /** What the vault has signed. */
  readonly refresh: () => Promise<void>
  readonly onMessage: (message: WireMessage) => Promise<void>
  readonly tick: () => Promise<void>
  /** Of all that the relays named one of them has said something. */
  readonly settled: () => boolean
  readonly view: () => readonly LostBefore[]
}

interface Known {
  /** As it was checked, with what it shows. */
  readonly proven?: { readonly proof: Bytes; readonly micro: number; readonly closed: boolean }
  readonly signature?: Bytes
  readonly refused?: 'paid' | 'closed' | 'exhausted' | 'other'
  /** That it was paid already has been said: perhaps it was paid here, and is on the way. */
  readonly paidSaid?: boolean
  readonly came?: number
  /** A question is open. */
  readonly asked?: boolean
  /** A relay has no proof of it. */
  readonly answered?: boolean
  /** When it is next asked about. */
  readonly nextMs: number
}

/** Any other is a proof or a signature that does not hold. */
const refusals: ReadonlyMap<string, Known['refused']> = new Map([
  ['already-carried', 'paid'],
  ['closed', 'closed'],
  ['exhausted', 'exhausted'],
])

export const createLostBefore = (
  { clock, store, vault, verifier }: Pick<AgentDeps, 'clock' | 'store' | 'vault' | 'verifier'>,
  { policy, device: self, network }: Membership,
  { relays, changed }: { readonly relays: () => readonly NodeId[]; readonly changed: () => void },
): LostBefores => {
  const rules = rulesOf(policy)
  const { predecessor } = policy
  const known = new Map<NodeId, Known>()
  /** What the issuer was seen to pay this device, whether or not it is known how much that is. */
  const paid = new Set<NodeId>()
  const keyOf = (id: NodeId): string => `${toHex(rules.swarm)}/${toHex(self.device)}/${id}`
  const askedMs = { 'balance?': -Infinity, carry: -Infinity }

  const learn = (id: NodeId, news: Partial<Known>): void => {
    known.set(id, { nextMs: 0, ...known.get(id), ...news })
    changed()
  }

  /** Where there are as many as may be, one of which nothing is known goes. */
  const hasPlace = (id: NodeId): boolean => {
    if (known.has(id) || known.size < devicesMax) return true
    const unknown = [...known].filter(([, { proven, signature }]) => !proven && !signature)
    const [least] = unknown.find(([, { answered }]) => answered) ?? unknown[0] ?? []
    return least !== undefined && known.delete(least)
  }

  const onDevices = ({ identity, devices }: WireBody<'devices'>): void => {
    if (!equalBytes(identity, self.root)) return
    for (const device of devices) {
      const id = toHex(device)
      if (!equalBytes(device, self.device) && !known.has(id) && hasPlace(id)) learn(id, {})
    }
  }

  const onBalance = async ({ account, checkpoint, proof }: WireBody<'balance'>): Promise<void> => {
    const id = toHex(account)
    const one = known.get(id)
    if (!predecessor || checkpoint || one?.proven || equalBytes(account, self.device)) return
    if (!proof) {
      if (one?.asked) learn(id, { asked: false, answered: true, nextMs: clock.now() + askAgainMs })
      return
    }
    const proven = provenIn(predecessor, account, proof)
    if (!proven.ok || !proven.value.leaf.identity || !equalBytes(proven.value.leaf.identity, self.root) || !hasPlace(id)) return
    const { value } = proven
    learn(id, { proven: { proof, micro: Number(ownedMicro(value)), closed: isClosed(value.verdicts) }, asked: false, nextMs: 0 })
    if (paid.has(id)) await come(id)
  }

  /** The issuer was seen to pay it to this device. */
  const come = async (id: NodeId): Promise<void> => {
    const micro = known.get(id)?.proven?.micro
    if (micro !== undefined) learn(id, { came: micro })
    await store.commit([{ table: 'carried', key: keyOf(id), value: micro ?? null }])
  }

  /** The issuer's word that an account was carried stands in the entry that pays it; the proof of it may come later. */
  const onEntries = async ({ entries, certificate }: WireBody<'entries'>): Promise<void> => {
    const bytes = entries.at(-1)
    if (!bytes || !certificate || !equalBytes(certificate.author, policy.issuer)) return
    const parsed = parseEntry(bytes)
    if (
      !parsed.ok ||
      !equalBytes(parsed.value.id, certificate.id) ||
      !payLines(parsed.value.entry).some(([to]) => equalBytes(to, self.device))
    )
      return
    const carried = parsed.value.entry.ops.flatMap((op) =>
      op.op === 'attest' && op.claim === carriedClaim && !equalBytes(op.subject, self.device) ? [toHex(op.subject)] : [],
    )
    if (carried.length === 0 || !(await verifyCertificate(verifier, certificate, rules))) return
    for (const id of carried) {
      if (paid.size >= devicesMax && !paid.has(id)) return
      paid.add(id)
      await come(id)
    }
  }

  const onRefused = ({ re, author, reason }: WireBody<'refused'>): void => {
    const id = author && toHex(author)
    const one = id === undefined ? undefined : known.get(id)
    if (re !== 'carry' || id === undefined || !one?.signature || !one.asked) return
    const refused = refusals.get(reason) ?? 'other'
    if (refused === 'paid' && !one.paidSaid) learn(id, { asked: false, paidSaid: true })
    else learn(id, { asked: false, refused, nextMs: clock.now() + askAgainMs })
  }

  /** What is still to be asked of it: only what has come ends that, as a refusal is one relay's word. */
  const question = ({ came, nextMs, proven, signature }: Known): 'balance?' | 'carry' | undefined => {
    if (came !== undefined || nextMs > clock.now()) return undefined
    if (!proven) return 'balance?'
    return signature && proven.micro > 0 ? 'carry' : undefined
  }
  const ask = async (type: 'balance?' | 'carry'): Promise<void> => {
    if (!predecessor || relays().length === 0 || clock.now() - askedMs[type] < askEveryMs[type]) return
    const [due] = [...known].filter(([, one]) => question(one) === type).sort(([, a], [, b]) => a.nextMs - b.nextMs)
    if (!due) return
    const [id, one] = due
    const account = fromHex(id)!
    askedMs[type] = clock.now()
    known.set(id, { ...one, asked: true, nextMs: clock.now() + retryMs })
    const message: WireMessage =
      one.proven && one.signature
        ? ['carry', { account, proof: one.proven.proof, signature: one.signature }]
        : ['balance?', { account, root: predecessor.root }]
    for (const relay of relays()) await network.send(relay, message)
  }

  return {
    look: () => {
      for (const [id, one] of known) if (!one.proven) known.set(id, { ...one, answered: false, nextMs: 0 })
    },
    refresh: async () => {
      const read = predecessor && (await vault.call('carries', 'carries', {}))
      if (!read?.ok) return
      for (const { account, signature } of read.value.carries) {
        const id = toHex(account)
        const came = (await store.get('carried', keyOf(id))) as number | null | undefined
        if (came !== undefined) paid.add(id)
        if (!known.get(id)?.signature) learn(id, { signature, nextMs: 0, ...(typeof came === 'number' && { came }) })
        if (came === null) await come(id)
      }
    },
    onMessage: async ([type, body]) => {
      if (!predecessor) return
      if (type === 'devices') return onDevices(body)
      if (type === 'balance') return onBalance(body)
      if (type === 'entries') return onEntries(body)
      if (type === 'refused') return onRefused(body)
    },
    tick: async () => {
      await ask('balance?')
      await ask('carry')
    },
    settled: () => [...known.values()].every(({ proven, came, answered }) => proven || came !== undefined || answered),
    view: () =>
      [...known].flatMap(([id, one]) => {
        const micro = one.came ?? one.proven?.micro ?? 0
        // Of what cannot be proved nothing is known; of an empty account there is nothing to say.
        return micro > 0 || one.proven?.closed ? [{ id, micro, state: stateOf(one) }] : []
      }),
  }
}

const stateOf = ({ came, proven, refused, signature }: Known): LostBefore['state'] => {
  if (came !== undefined) return 'came'
  if (proven?.closed) return 'closed'
  return signature ? (refused ?? 'asking') : null
}
