/**
 * Other devices of one's identity, and the takeover of a lost one (vault/lost-devices.ts signs it, by the phrase): relays are asked
 * which there are, their chains and what stands against them are brought to the vault, and what the root key signed is shown to the witnesses entry by entry until
 * it is certified. Who was faster, the owner or a thief, is theirs to decide; here it is told.
 */
import type { NodeId } from '../identity/keys.ts'
import { verifyCertificate } from '../ledger/certificate.ts'
import { parseEntry, payLines } from '../ledger/entry.ts'
import { quorumOf } from '../ledger/rules.ts'
import { parseVerdict } from '../ledger/verdict.ts'
import { rulesOf } from '../economy/policy-codec.ts'
import type { Certificate } from '../ledger/types.ts'
import { type Bytes, equalBytes, fromHex, sha256, toHex } from '../lib/bytes.ts'
import type { WireBody, WireMessage } from '../network/wire.ts'
import type { LostDevice } from '../vault/lost-devices.ts'
import type { AgentDeps, Membership } from './deps.ts'
import { createLostBefore, type LostBefore } from './lost-before.ts'
import { segments } from './relay-segments.ts'
import { incomesToldMax } from './relay-incomes.ts'
import { createSignatures } from './settlement-signatures.ts'

const resubmitMs = 5_000
/** While a stake is being let go, which takes hours, and after a fine. */
const resubmitLaterMs = 5 * 60_000
/** Devices of one identity that are followed. */
const devicesMax = 32
/** Entries of one relay's answer that wait for their certificate. */
const partsMax = 512

export interface LostView {
  readonly asked: boolean
  /** A relay has answered, and on what it named. */
  readonly answered: boolean
  readonly devices: readonly LostDeviceState[]
  /** What others had in the predecessor. */
  readonly before: readonly LostBefore[]
}
export interface LostDeviceState extends Omit<LostDevice, 'device' | 'takeover'> {
  readonly id: NodeId
  readonly takeover: null | {
    /**
     * certifying: with the witnesses. unlocking: the rest waits until the stake is let go. fined: a fine holds the rest back. closed:
     * nothing of it is certified any more.
     */
    readonly state: 'certifying' | 'unlocking' | 'done' | 'outrun' | 'fined' | 'closed'
    readonly movedMicro: number
    readonly restMicro: number
    readonly freeMs: number | null
  }
}

export interface LostDevices {
  /** Asks the relays which devices this identity has. */
  readonly look: () => Promise<void>
  /** What the vault has begun: at the start, and when its owner has typed the phrase. */
  readonly refresh: () => Promise<void>
  readonly onMessage: (from: NodeId, message: WireMessage) => Promise<void>
  /** A verdict against one of them: the vault checks it, and moves what it leaves. */
  readonly onVerdict: (from: NodeId, bytes: Bytes) => Promise<void>
  readonly tick: () => Promise<void>
  readonly view: () => LostView
}

export const createLostDevices = (
  deps: Pick<AgentDeps, 'clock' | 'random' | 'vault' | 'verifier' | 'store'>,
  member: Membership,
  {
    relays,
    changed,
    claimed,
  }: {
    readonly relays: () => readonly NodeId[]
    readonly changed: () => void
    /** What came of it waits in the own chain. */
    readonly claimed: () => Promise<void>
  },
): LostDevices => {
  const { clock, random, vault, verifier } = deps
  const { policy, device: self, network } = member
  const rules = rulesOf(policy)
  const signatures = createSignatures(verifier, rules)
  /** On what pays these devices, where one relay's signature came alone (ledger/witness.ts, `vouch`). */
  const incomeSignatures = createSignatures(verifier, rules, incomesToldMax)
  const known = new Map<NodeId, LostDevice | null>()
  const parts = new Map<NodeId, readonly Bytes[]>()
  /** Why the witnesses wait with a device's next entry. */
  const reasons = new Map<NodeId, string>()
  let asked = false
  let answered = false
  let submittedMs = 0

  const toRelays = async (message: WireMessage): Promise<void> => void (await Promise.all(relays().map((id) => network.send(id, message))))
  const before = createLostBefore(deps, member, { relays, changed })
  const open = (): readonly (readonly [NodeId, Bytes])[] =>
    [...known].flatMap(([id, device]) => (device?.takeover?.next ? [[id, device.takeover.next] as const] : []))

  const submit = async (): Promise<void> => {
    submittedMs = clock.now()
    for (const [, next] of open()) await toRelays(['certify', { entries: [next] }])
  }
  /** By our clock; the witnesses may be a little behind. */
  const waitMs = (): number =>
    [...known].every(([id, device]) => {
      const { state } = (device?.takeover && viewOf(device.takeover, reasons.get(id), clock.now())) ?? { state: 'done' }
      return state === 'done' || state === 'outrun' || state === 'fined' || state === 'unlocking'
    })
      ? resubmitLaterMs
      : resubmitMs

  const learn = async (
    id: NodeId,
    told: { readonly entries: readonly Bytes[]; readonly certificate: Certificate | null; readonly incomes: readonly Paid[] },
  ): Promise<LostDevice | undefined> => {
    const learned = await vault.call(`lost/${toHex(random.bytes(8))}`, 'lostDevice', { device: fromHex(id)!, ...told })
    if (!learned.ok) return undefined
    const before = known.get(id)?.takeover
    known.set(id, learned.value)
    changed()
    if (before?.next && learned.value.takeover?.next && !equalBytes(before.next, learned.value.takeover.next)) await submit()
    return learned.value
  }

  const onDevices = async (from: NodeId, { identity, devices }: WireBody<'devices'>): Promise<void> => {
    if (!equalBytes(identity, self.root)) return
    answered = true
    for (const device of devices) {
      const id = toHex(device)
      if (equalBytes(device, self.device) || (!known.has(id) && known.size >= devicesMax)) continue
      const seq = known.get(id)?.seq ?? -1
      if (!known.has(id)) known.set(id, null)
      await network.send(from, ['range?', { author: device, from: seq + 1 }])
    }
    changed()
  }

  const onEntries = async (from: NodeId, { entries, certificate }: WireBody<'entries'>): Promise<void> => {
    const waiting = parts.get(from) ?? []
    if (certificate === null) {
      if (waiting.length + entries.length <= partsMax) parts.set(from, [...waiting, ...entries])
      return
    }
    parts.delete(from)
    const author = toHex(certificate.author)
    if (!known.has(author)) return onIncome(entries.at(-1), certificate)
    if (entries.length === 0 || certificate.signatures.length < quorumOf(rules.witnesses.length)) return onSignature(author, certificate)
    const before = known.get(author)?.seq ?? -1
    const learned = await learn(author, { entries: [...waiting, ...entries], certificate, incomes: [] })
    // A long chain comes in several runs.
    if (learned && learned.seq > before) await network.send(from, ['range?', { author: certificate.author, from: learned.seq + 1 }])
  }

  /** Somebody's certified payment to one of these devices. */
  const onIncome = async (entry: Bytes | undefined, told: Certificate): Promise<void> => {
    const parsed = entry && parseEntry(entry)
    if (!entry || !parsed?.ok || !equalBytes(parsed.value.id, told.id)) return
    const payees = payLines(parsed.value.entry).flatMap(([payee]) => (known.has(toHex(payee)) ? [toHex(payee)] : []))
    const certificate = payees.length === 0 || incomeSignatures.full(told) ? told : await incomeSignatures.add(told)
    if (!certificate || !incomeSignatures.full(certificate) || !(await verifyCertificate(verifier, certificate, rules))) return
    incomeSignatures.forget(certificate)
    for (const payee of payees) await learn(payee, { entries: [], certificate: null, incomes: [{ entry, certificate }] })
  }

  const onSignature = async (id: NodeId, certificate: Certificate): Promise<void> => {
    const next = known.get(id)?.takeover?.next
    const parsed = next && parseEntry(next)
    if (!next || !parsed?.ok || !equalBytes(parsed.value.id, certificate.id)) return
    const merged = await signatures.add(certificate)
    if (!merged || !(await verifyCertificate(verifier, merged, rules))) return
    signatures.forget(merged)
    reasons.delete(id)
    await learn(id, { entries: [next], certificate: merged, incomes: [] })
    if (payLines(parsed.value.entry).some(([payee]) => equalBytes(payee, self.device))) {
      await vault.call(`claim/${toHex(random.bytes(8))}`, 'claim', { incomes: [{ entry: next, certificate: merged }] })
      await claimed()
    }
    for (const body of segments([next], merged)) await toRelays(['entries', body])
  }

  const onRefused = async (from: NodeId, { re, author, reason }: WireBody<'refused'>): Promise<void> => {
    if (re !== 'certify' || !author) return
    const id = toHex(author)
    const device = known.get(id)
    if (!device?.takeover?.next) return
    reasons.set(id, reason)
    changed()
    // Another entry stands there: once it is certified, that is how it was decided.
    if (reason === 'taken') await network.send(from, ['range?', { author, from: device.seq + 1 }])
  }

  const refresh = async (): Promise<void> => {
    await before.refresh()
    const read = await vault.call('lostDevices', 'lostDevices', {})
    if (!read.ok) return
    for (const device of read.value.devices) known.set(toHex(device.device), device)
    if (open().length > 0) await submit()
    changed()
  }

  return {
    look: async () => {
      asked = true
      answered = false
      before.look()
      changed()
      await toRelays(['devices?', { identity: self.root }])
    },
    refresh,
    onMessage: async (from, message) => {
      if (!relays().includes(from)) return
      await before.onMessage(message)
      const [type, body] = message
      if (type === 'devices') return onDevices(from, body)
      if (type === 'entries') return onEntries(from, body)
      if (type === 'refused') return onRefused(from, body)
    },
    onVerdict: async (from, bytes) => {
      const verdict = parseVerdict(bytes)
      const id = verdict.ok ? toHex(verdict.value.target) : ''
      if (!known.has(id) || !relays().includes(from)) return
      const taken = await vault.call(`verdict/${toHex(sha256(bytes))}`, 'verdict', { bytes })
      // What it holds is less than was told, once its chain is here.
      if (taken.ok && known.get(id)) await learn(id, { entries: [], certificate: null, incomes: [] })
    },
    tick: async () => {
      if (open().length > 0 && clock.now() - submittedMs >= waitMs()) await submit()
      await before.tick()
    },
    view: () => ({
      asked,
      answered: answered && before.settled(),
      before: before.view(),
      devices: [...known].flatMap(([id, found]) => {
        if (!found) return []
        const { device: _, takeover, ...device } = found
        return [{ ...device, id, takeover: takeover && viewOf(takeover, reasons.get(id), clock.now()) }]
      }),
    }),
  }
}

interface Paid {
  readonly entry: Bytes
  readonly certificate: Certificate
}

const viewOf = (
  { next, outrun, movedMicro, restMicro, freeMs, early }: NonNullable<LostDevice['takeover']>,
  reason: string | undefined,
  nowMs: number,
): NonNullable<LostDeviceState['takeover']> => {
  const unlocking = freeMs !== null && freeMs > nowMs && (early || reason === 'unlocking')
  const waiting = reason === 'closed' ? 'closed' : reason === 'slashed' ? 'fined' : unlocking ? 'unlocking' : 'certifying'
  return { state: outrun ? 'outrun' : next === null ? 'done' : waiting, movedMicro, restMicro, freeMs }
}
