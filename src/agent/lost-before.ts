/**
 * Lost devices in the swarm before this one, its predecessor (spec: economy.md): the relays say which accounts this identity had there
 * and prove what they held; with the root key's word, which the vault keeps (vault/carries.ts), the issuer pays that to this device.
 * What this device itself had there comes by itself (carrying.ts).
 *
 * | table   | key           | value                                              |
 * | ------- | ------------- | -------------------------------------------------- |
 * | carried | swarm/account | µcr of it that the issuer was seen to pay this device |
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
/** After an answer that may be another later. */
const askAgainMs = 60 * 60_000

export interface LostBefore {
  readonly id: NodeId
  readonly micro: number
  /**
   * Null: nothing was asked for. asking: the issuer is. came: it was seen to pay this device. paid: it had paid already, to whichever
   * device of this identity was first. closed: by a verdict there. exhausted: the grants here do not reach; it is asked again.
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
  /** All that the relays named has been asked about. */
  readonly settled: () => boolean
  readonly view: () => readonly LostBefore[]
}

interface Known {
  /** As it was checked, with what it shows. */
  readonly proven?: { readonly proof: Bytes; readonly micro: number; readonly closed: boolean }
  readonly signature?: Bytes
  readonly refused?: 'paid' | 'closed' | 'exhausted' | 'other'
  readonly came?: number
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
  const askedMs = { 'balance?': -Infinity, carry: -Infinity }

  const learn = (id: NodeId, news: Partial<Known>): void => {
    known.set(id, { nextMs: 0, ...known.get(id), ...news })
    changed()
  }

  const onDevices = ({ identity, devices }: WireBody<'devices'>): void => {
    if (!equalBytes(identity, self.root)) return
    for (const device of devices)
      if (!equalBytes(device, self.device) && known.size < devicesMax && !known.has(toHex(device))) learn(toHex(device), {})
  }

  const onBalance = ({ account, checkpoint, proof }: WireBody<'balance'>): void => {
    const id = toHex(account)
    if (!predecessor || !proof || checkpoint || !known.has(id) || known.get(id)?.proven) return
    const proven = provenIn(predecessor, account, proof)
    if (!proven.ok || !proven.value.leaf.identity || !equalBytes(proven.value.leaf.identity, self.root)) return
    const { value } = proven
    learn(id, { proven: { proof, micro: Number(ownedMicro(value)), closed: isClosed(value.verdicts) }, nextMs: 0 })
  }

  /** The issuer's word that an account was carried stands in the entry that pays it. */
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
    for (const op of parsed.value.entry.ops) {
      const [id, micro] =
        op.op === 'attest' && op.claim === carriedClaim ? [toHex(op.subject), known.get(toHex(op.subject))?.proven?.micro] : []
      if (id === undefined || micro === undefined || !(await verifyCertificate(verifier, certificate, rules))) continue
      await store.commit([{ table: 'carried', key: `${toHex(rules.swarm)}/${id}`, value: micro }])
      learn(id, { came: micro })
    }
  }

  const onRefused = ({ re, author, reason }: WireBody<'refused'>): void => {
    const id = author && toHex(author)
    if (re !== 'carry' || id === undefined || !known.get(id)?.signature) return
    learn(id, { refused: refusals.get(reason) ?? 'other', nextMs: clock.now() + askAgainMs })
  }

  /** What is still to be asked of it. */
  const question = (one: Known): 'balance?' | 'carry' | undefined => {
    if (one.came !== undefined || one.refused === 'paid' || one.nextMs > clock.now()) return undefined
    if (!one.proven) return 'balance?'
    return one.signature && one.proven.micro > 0 ? 'carry' : undefined
  }
  const ask = async (type: 'balance?' | 'carry'): Promise<void> => {
    if (!predecessor || relays().length === 0 || clock.now() - askedMs[type] < askEveryMs[type]) return
    const due = [...known].find(([, one]) => question(one) === type)
    if (!due) return
    const [id, one] = due
    const account = fromHex(id)!
    askedMs[type] = clock.now()
    known.set(id, { ...one, nextMs: clock.now() + (type === 'carry' ? askEveryMs.carry : askAgainMs) })
    const message: WireMessage =
      one.proven && one.signature
        ? ['carry', { account, proof: one.proven.proof, signature: one.signature }]
        : ['balance?', { account, root: predecessor.root }]
    for (const relay of relays()) await network.send(relay, message)
  }

  return {
    look: () => {
      for (const [id, one] of known) if (!one.proven) known.set(id, { ...one, nextMs: 0 })
    },
    refresh: async () => {
      const read = predecessor && (await vault.call('carries', 'carries', {}))
      if (!read?.ok) return
      for (const { account, signature } of read.value.carries) {
        const id = toHex(account)
        const came = (await store.get('carried', `${toHex(rules.swarm)}/${id}`)) as number | undefined
        if (!known.get(id)?.signature) learn(id, { signature, nextMs: 0, ...(came !== undefined && { came }) })
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
    settled: () => ![...known.values()].some((one) => question(one) === 'balance?'),
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
