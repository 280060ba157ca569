/**
 * Where vouchers become certified entries: settles what we owe, has witnesses sign our chain, delivers paid entries to their
 * payees and claims what others certified for us. Also the newcomer's grant and, before anything is appended, the witnesses'
 * word on our own head (a restored profile must not fork).
 *
 * All relays of the swarm are asked. Of n = 3f+1 witnesses 2f+1 must sign, and 2f+1 must have told our head, each once however many
 * devices speak for it: among them is one that is honest and has signed whatever is certified. What only some signed and we know no more is completed first.
 */
import type { NodeId } from '../identity/keys.ts'
import { equalBytes, fromHex, toHex, type Bytes } from '../lib/bytes.ts'
import { entryMessage, parseEntry, payLines } from '../ledger/entry.ts'
import { faultyMax, quorumOf } from '../ledger/rules.ts'
import type { Certificate } from '../ledger/types.ts'
import type { WireBody } from '../network/wire.ts'
import type { Account } from '../vault/vault.ts'
import type { AgentDeps, Membership } from './deps.ts'
import { onWire, segments } from './relay-segments.ts'
import { createRefusals, type Trouble } from './refusals.ts'
import { createAsking } from './settlement-asking.ts'
import { createIncomeCheck } from './settlement-incomes.ts'
import { createPendingEntries } from './settlement-pending.ts'
import { createSignatures } from './settlement-signatures.ts'
import { createStandings, type Standing } from './standings.ts'
import type { Vouchers } from './vouchers.ts'
import type { WitnessBook } from './witness-book.ts'

/** After the last task ended, before the tabs are settled: a job's tasks end close together. */
const settleQuietMs = 1_000
/** Own entries that no full tab asks for: a witness signs 64 KiB per author and hour, some 150 entries, claims among them. */
const entriesPerWindowMax = 20
const entriesWindowMs = 10 * 60_000
/** Entries that wait are shown again this often, each time in a row twice as late, up to the most: what is refused is refused for long. */
const resubmitMs = 5_000
const resubmitMsMax = 60_000
/** After nothing that is owed could be paid: until something comes in. */
const unpayableWaitMs = 60_000
const incomesMax = 64
/** Entries of an own chain that are held until their certificate comes. */
const partsMax = 512
/** What a witness signed before is waited for this long before anything new is appended. */
const completeMsMax = 15_000

interface Income {
  readonly entry: Bytes
  readonly certificate: Certificate
  /** What the entry has paid us in all. */
  readonly total: number
}

export interface Settlement {
  readonly onPeer: (id: NodeId) => void
  readonly onMessage: (
    from: NodeId,
    type: 'entries' | 'head' | 'refused',
    body: WireBody<'entries'> | WireBody<'head'> | WireBody<'refused'>,
  ) => Promise<void>
  readonly owed: () => void
  readonly tick: (activeTasks: number) => Promise<void>
  readonly account: () => Account | undefined
  /** The account changed by other hands than ours: it is read anew. */
  readonly refresh: () => Promise<void>
  /** So did the chain: the witnesses are shown what waits, without waiting for the next turn. */
  readonly submit: () => Promise<void>
  /** Why there is no grant, in the issuer's words. */
  readonly grantRefused: () => string | undefined
  /** What the witnesses hold against this account. */
  readonly trouble: () => Trouble | null
  /** Another account as certified, as the relays know it; undefined: too few answered in time. */
  readonly standingOf: (author: NodeId) => Promise<Standing | undefined>
}

export const createSettlement = (
  deps: AgentDeps,
  member: Membership,
  {
    vouchers,
    book,
    changed,
  }: { readonly vouchers: Vouchers; readonly book: Pick<WitnessBook, 'relays' | 'witnessOf'>; readonly changed: () => void },
): Settlement => {
  const { clock, vault, verifier } = deps
  const { relays, witnessOf } = book
  const { network, policy, device } = member
  const rules = { swarm: member.link.swarm, witnesses: policy.witnesses }
  const self = toHex(device.device)
  const incomes = new Map<NodeId, Income>()
  /** Claimed, and waiting for the witnesses: pending until then. */
  let claiming: readonly (readonly [payer: NodeId, total: number])[] = []
  /** The payers' entries that were claimed last: a relay may have dropped them since. */
  let claimedBy: readonly Income[] = []
  const signatures = createSignatures(verifier, rules)
  const incomeIn = createIncomeCheck(verifier, rules, device.device)
  const refusals = createRefusals(faultyMax(policy.witnesses.length))
  const quorum = quorumOf(policy.witnesses.length)
  /** Relays that told our head, none beyond ours. */
  const words = new Set<NodeId>()
  /** Own entries that witnesses signed and we know no more, by id. */
  const signedBefore = new Map<string, { readonly entries: readonly Bytes[]; readonly sinceMs: number }>()
  let parts: readonly Bytes[] = []
  let wholeAskedMs = 0
  let account: Account | undefined
  let headChecked = false
  let owedSince: number | undefined
  let quietSince: number | undefined
  let submittedMs = 0
  let resubmitAfterMs = resubmitMs
  let unpayableMs = -unpayableWaitMs
  const asking = createAsking(deps, member, relays)
  const pending = createPendingEntries(vault)

  /** When the newest own entries were made. */
  let appendedMs: readonly number[] = []
  const appended = (): void => {
    appendedMs = [...appendedMs, clock.now()].slice(-entriesPerWindowMax)
    resubmitAfterMs = resubmitMs
  }
  const mayAppend = (): boolean => appendedMs.length < entriesPerWindowMax || clock.now() - appendedMs[0]! >= entriesWindowMs

  const toRelays = async (message: Parameters<typeof network.send>[1]): Promise<void> =>
    void (await Promise.all(relays().map((id) => network.send(id, message))))
  const standings = createStandings(clock, faultyMax(policy.witnesses.length), {
    witnessOf,
    ask: (author) => {
      void toRelays(['head?', { author }])
      return new Set(relays().map((id) => witnessOf(id) ?? id)).size
    },
  })
  const toldByQuorum = (): boolean => new Set([...words].flatMap((id) => witnessOf(id) ?? [])).size >= quorum
  const request = (what: string): string => `${what}/${toHex(deps.random.bytes(8))}`

  const refresh = async (): Promise<void> => {
    pending.changed()
    const read = await vault.call('account', 'account', {})
    if (read.ok) account = read.value
    changed()
  }

  const paid = async (totals: typeof claiming): Promise<void> => {
    for (const [payer, total] of totals) await vouchers.paid(payer, total)
  }

  /** `again`: later and later, while nothing new comes. */
  const submit = async (shown: readonly Bytes[], again = false): Promise<void> => {
    if (shown.length === 0) return
    submittedMs = clock.now()
    if (!again) resubmitAfterMs = resubmitMs
    await toRelays(['certify', { entries: [...shown] }])
  }

  const submitPending = async (): Promise<void> => {
    await submit(await pending.read())
    await refresh()
  }

  const onCertificate = async (certificate: Certificate, from: NodeId): Promise<void> => {
    const id = toHex(certificate.id)
    const before = signedBefore.get(id)
    if (!before && !(await pending.has(certificate.id))) return
    const merged = await signatures.add(certificate)
    if (!merged || !signatures.full(merged)) return
    signatures.forget(merged)
    if (before) {
      signedBefore.delete(id)
      await adopt(before.entries, merged, from)
      return publish(before.entries.at(-1)!, merged)
    }
    const claimed = claiming
    const done = await vault.call(request('certified'), 'certified', { certificate: merged })
    if (!done.ok) return
    resubmitAfterMs = resubmitMs
    refusals.clear()
    unpayableMs = -unpayableWaitMs
    await paid(claimed)
    claiming = claiming.filter((line) => !claimed.includes(line))
    await publish(done.value.entry, merged)
    await submitPending()
  }

  /** A certificate is known to us alone: whoever is paid by the entry needs it, and the relays. */
  const publish = async (entry: Bytes, certificate: Certificate): Promise<void> => {
    const parsed = parseEntry(entry)
    for (const [payee] of parsed.ok ? payLines(parsed.value.entry) : []) await deliver(toHex(payee), entry, certificate)
    // Where one signature is enough, the witness that gave it has the certificate.
    if (quorum > 1) await toRelays(['entries', { entries: [entry], certificate: onWire(certificate) }])
  }

  /** A relay lacks certified entries of ours from this number on: those that followed would tell it nothing. */
  const bring = async (to: NodeId, seq: number): Promise<void> => {
    const proof = await vault.call('entryProof', 'entryProof', { seq })
    if (!proof.ok || !proof.value) return
    for (const body of segments(proof.value.entries, proof.value.certificate)) await network.send(to, ['entries', body])
  }

  /** A claim of an entry that a relay keeps no more, or has not yet, brings it along; it is submitted again in time. */
  const bringIncomes = async (to: NodeId): Promise<void> => {
    for (const { entry, certificate } of [...claimedBy, ...incomes.values()]) await deliver(to, entry, certificate)
  }

  /** A witness shows what it signed at a number that we thought free, or that our profile has forgotten. */
  const onSigned = async (entries: readonly Bytes[], certificate: Certificate, from: NodeId): Promise<void> => {
    const last = parseEntry(entries.at(-1)!)
    if (!last.ok || !equalBytes(last.value.id, certificate.id) || !equalBytes(last.value.entry.author, device.device)) return
    const id = toHex(certificate.id)
    const { entry } = last.value
    const known = signedBefore.has(id) || entry.seq <= (account?.summary?.seq ?? -1) || (await pending.has(certificate.id))
    if (!known && signedBefore.size < policy.witnesses.length && (await verifier.verify(entry.sig, entryMessage(entry), entry.author))) {
      signedBefore.set(id, { entries, sinceMs: clock.now() })
      await complete()
    }
    await onCertificate(certificate, from)
  }
  /** Anyone may submit anyone's entry: the other witnesses are shown what one has signed. */
  const complete = async (again = false): Promise<void> => {
    for (const { entries } of signedBefore.values()) await submit(entries.filter(isOwn), again)
  }
  const isOwn = (bytes: Bytes): boolean => {
    const parsed = parseEntry(bytes)
    return parsed.ok && equalBytes(parsed.value.entry.author, device.device)
  }

  const deliver = async (payee: NodeId, entry: Bytes, certificate: Certificate): Promise<void> => {
    await network.send(payee, ['entries', { entries: [entry], certificate: onWire(certificate) }])
  }

  /** The vault may have made an entry all the same: it is looked for soon. */
  const unanswered = (): void => void (resubmitAfterMs = resubmitMs)

  const claim = async (): Promise<void> => {
    const batch = [...incomes].slice(0, incomesMax)
    // Where a fine took what the waiting entry pays, the witnesses sign it once claims make it good: the vault sees to that.
    if (batch.length === 0 || !headChecked || ((account?.payableMicro ?? 0) >= 0 && (await pending.any()))) return
    const claimed = await vault.call(request('claim'), 'claim', {
      incomes: batch.map(([, { entry, certificate }]) => ({ entry, certificate })),
    })
    if (!claimed.ok && claimed.error.type !== 'refused') return unanswered()
    for (const [payer, income] of batch) if (incomes.get(payer) === income) incomes.delete(payer)
    claimedBy = batch.map(([, income]) => income)
    const totals = batch.map(([payer, { total }]) => [payer, total] as const)
    if (claimed.ok) claiming = [...claiming, ...totals]
    // Refused: claimed before, in a life that ended before it could be noted here.
    else await paid(totals)
    if (claimed.ok) {
      appended()
      await submit(claimed.value.pending)
    }
    await refresh()
  }

  const onOwnHead = async (summary: WireBody<'head'>['summary'], from: NodeId): Promise<void> => {
    const [known, theirs] = [account?.summary?.seq ?? -1, summary?.seq ?? -1]
    if (theirs > known) return void network.send(from, ['range?', { author: device.device, from: known + 1 }])
    if (theirs < known) await bring(from, theirs + 1)
    words.add(from)
    await believe(from)
  }
  const believe = async (from: NodeId): Promise<void> => {
    const completing = [...signedBefore.values()].some(({ sinceMs }) => clock.now() - sinceMs < completeMsMax)
    if (toldByQuorum() && !completing) await adopt([], null, from)
  }
  const adopt = async (entries: readonly Bytes[], certificate: Certificate | null, from: NodeId): Promise<void> => {
    const adopted = await vault.call(request('adopt'), 'adopt', { entries, certificate })
    if (!adopted.ok) {
      // Something before what came is missing here: the whole chain is asked for, once in a while.
      if (adopted.error.type !== 'refused' || clock.now() - wholeAskedMs < resubmitMs) return
      wholeAskedMs = clock.now()
      return void network.send(from, ['range?', { author: device.device, from: 0 }])
    }
    if (!toldByQuorum()) return refresh()
    headChecked = true
    // What was kept for a claim that a death cut off is claimed now.
    const kept = await vault.call(request('claim'), 'claim', { incomes: [] })
    if (kept.ok) await submit(kept.value.pending)
    await refresh()
  }

  const onEntries = async (from: NodeId, body: WireBody<'entries'>): Promise<void> => {
    if (body.certificate === null) {
      // A range too long for one frame: its certificate comes with the last part.
      if (relays().includes(from) && parts.length + body.entries.length <= partsMax) parts = [...parts, ...body.entries]
      return
    }
    const author = toHex(body.certificate.author)
    const before = parts
    parts = []
    if (body.entries.length === 0) return author === self && relays().includes(from) ? onCertificate(body.certificate, from) : undefined
    if (author === self) {
      if (!signatures.full(body.certificate))
        return relays().includes(from) ? onSigned([...before, ...body.entries], body.certificate, from) : undefined
      await adopt([...before, ...body.entries], body.certificate, from)
      return void network.send(from, ['head?', { author: device.device }])
    }
    const last = body.entries.at(-1)!
    if (!signatures.full(body.certificate) && !relays().includes(from)) return
    const paidHere = await incomeIn(last, body.certificate)
    if (paidHere === 'partial') return asking.rest()
    if (!paidHere) return
    const { certificate, total } = paidHere
    await vouchers.certified(author, total)
    if ((incomes.get(author)?.certificate.seq ?? -1) >= certificate.seq) return
    incomes.set(author, { entry: last, certificate, total })
    if (incomes.size > incomesMax) incomes.delete(incomes.keys().next().value!)
    if (author === toHex(policy.issuer)) await claim()
  }

  const settle = async (activeTasks: number): Promise<void> => {
    const now = clock.now()
    if (activeTasks > 0) quietSince = undefined
    else quietSince ??= now
    if (owedSince === undefined || !headChecked) return
    // Who waits to be paid ahead, or at the end of its tab, waits for this.
    const half = account?.awaited === true || (account?.tabsMicro ?? 0) >= policy.tabMicro / 2
    const quiet = quietSince !== undefined && now - quietSince >= settleQuietMs && mayAppend()
    if ((!half && !quiet) || now - unpayableMs < unpayableWaitMs || (await pending.any())) return
    const settled = await vault.call(request('settle'), 'settle', {})
    if (!settled.ok) {
      if (settled.error.type !== 'insufficient-credits') return unanswered()
      unpayableMs = now
      return
    }
    if (settled.value.pending.length > 0) appended()
    await submit(settled.value.pending)
    await refresh()
    if ((account?.tabsMicro ?? 0) === 0) owedSince = undefined
  }

  return {
    onPeer: (id) => {
      if (relays().includes(id)) {
        resubmitAfterMs = resubmitMs
        asking.linked()
        void refresh().then(() => network.send(id, ['head?', { author: device.device }]))
        void pending.read().then(submit)
      }
      // A founder's browser is both: who witnesses, and someone to be paid.
      if (network.peer(id)?.role === 'relay') return
      void vault
        .call(`paidTo/${id}`, 'paidTo', { payee: fromHex(id)! })
        .then((paid) => (paid.ok && paid.value ? deliver(id, paid.value.entry, paid.value.certificate) : undefined))
    },
    onMessage: async (from, type, body) => {
      if (type === 'entries') return onEntries(from, body as WireBody<'entries'>)
      if (!relays().includes(from)) return
      if (type === 'head') {
        const told = body as WireBody<'head'>
        const id = toHex(told.author)
        if (id === self) return onOwnHead(told.summary, from)
        return standings.heard(from, id, told)
      }
      const refused = body as WireBody<'refused'>
      if (refused.re === 'certify' && refused.author && toHex(refused.author) === self) {
        const witness = witnessOf(from)
        if (witness) refusals.heard(witness, refused.reason)
        changed()
      }
      if (refused.re === 'certify' && refused.reason === 'income-missing') return bringIncomes(from)
      if (refused.re === 'certify' && refused.reason === 'gap' && refused.seq !== undefined) return bring(from, refused.seq)
      if (refused.re === 'redeem') {
        asking.refusedGrant(refused.reason)
        changed()
      }
    },
    owed: () => {
      owedSince ??= clock.now()
      void refresh()
    },
    tick: async (activeTasks) => {
      // What was on its way out of the deposit comes free by time alone.
      if (account === undefined || account.deposit.unlocking.some(({ freeMs }) => freeMs <= clock.now())) await refresh()
      if ((account?.tabsMicro ?? 0) > 0) owedSince ??= clock.now()
      if (headChecked && account?.summary == null && incomes.size === 0) await asking.redeem()
      await settle(activeTasks)
      if (incomes.size === 0) await asking.incomes(vouchers.pendingMicro())
      if (incomes.size > 0 && mayAppend()) await claim()
      if (clock.now() - submittedMs >= resubmitAfterMs) {
        submittedMs = clock.now()
        resubmitAfterMs = Math.min(2 * resubmitAfterMs, resubmitMsMax)
        await submit(await pending.read(), true)
        await complete(true)
      }
      if (headChecked) return
      const asked = relays().filter((id) => !words.has(id))
      for (const id of asked) await network.send(id, ['head?', { author: device.device }])
      const [told] = words
      if (told !== undefined) await believe(told)
    },
    account: () => account,
    refresh,
    submit: submitPending,
    grantRefused: asking.grantRefused,
    trouble: refusals.trouble,
    standingOf: standings.of,
  }
}
