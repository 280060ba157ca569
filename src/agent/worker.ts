/**
 * Runs contracts on the worker's side: quotes for sows it can do, countersigns, receives, computes, delivers, keeps the
 * vouchers (contract/worker.ts holds the states). Everything is stored before it is said; a restart resumes from the store.
 */
import { createAssembly, type Assembly } from '../contract/chunks.ts'
import { saltBytes } from '../contract/evidence.ts'
import { sowLifeMs } from '../contract/limits.ts'
import type { AnySigned } from '../contract/messages.ts'
import type { Sealed } from '../contract/sealing.ts'
import { dueHire, ended, type Hire, type HireAction, type HireEvent, isDue, newHire, onHireEvent } from '../contract/worker.ts'
import { listPrice } from '../economy/price.ts'
import type { NodeId } from '../identity/keys.ts'
import { type Bytes, equalBytes, fromHex, sha256, toHex } from '../lib/bytes.ts'
import { createSerial } from '../lib/serial.ts'
import type { StoreValue, Write } from '../lib/store.ts'
import { chunkBytes, type WireBody } from '../network/wire.ts'
import { embedding, embeddingUnits, payloadBytesMax } from '../tasks/embedding/embedding.ts'
import type { AgentDeps, Membership } from './deps.ts'
import { sendChunks } from './requester.ts'
import type { Vouchers } from './vouchers.ts'
import { createAdmissions } from './worker-admission.ts'
import { cleared, record } from './worker-records.ts'
import { atLimit, beyondReach, costMicro, dearestFirst, type Execution, isFull, linkedIdentity, priceOf, quoteOf, tabOf, underWayMicro } from './worker-terms.ts'

const messageLifeMs = 20 * 60_000
const progressEveryMs = 5_000
/** Assumed until measured; then the mean of what the last tasks took. */
const msPerTextFirst = 20
/** Finished contracts kept for the log. */
const historyMax = 200
/** Sows remembered while this machine cannot do them yet (busy, model still loading). */
const openSowsMax = 200

export interface WorkerHooks {
  readonly willing: () => boolean
  /** Whether the requester's certified balance covers this; true where nobody can tell (the tab bounds the loss). */
  readonly covers: (requester: NodeId, micro: number) => Promise<boolean>
  readonly onHire: (hire: Hire) => void
  readonly vouchers: Vouchers
}

export interface Worker {
  readonly resume: () => Promise<void>
  readonly onSow: (message: AnySigned & { kind: 'sow' }, id: Bytes) => Promise<void>
  readonly onSigned: (message: AnySigned, id: Bytes, bytes: Bytes) => Promise<void>
  readonly onChunk: (from: NodeId, chunk: WireBody<'chunk'>) => Promise<void>
  readonly onWant: (from: NodeId, want: WireBody<'want'>) => Promise<void>
  /** A peer is linked (again): it may have lost what it was quoted. */
  readonly onPeer: (id: NodeId) => void
  readonly tick: () => Promise<void>
  /** Not willing any more: what is not done yet is given back at once, so that others can take it over. */
  readonly withdraw: () => Promise<void>
  /** Computes and stores no more; what was under way goes on from the store. */
  readonly stop: () => void
  readonly hires: () => readonly Hire[]
}

export const createWorker = (deps: AgentDeps, member: Membership, hooks: WorkerHooks): Worker => {
  const { clock, vault, store, sealer, engine } = deps
  const { network, policy } = member
  const swarm = toHex(member.link.swarm)
  const hires = new Map<string, Hire>()
  /** Those of them that are not at their end: few, beside what the log keeps. */
  const underWay = new Map<string, Hire>()
  const byAgreement = new Map<string, string>()
  const assemblies = new Map<string, Assembly>()
  const executing = new Map<string, Execution>()
  const sealedResults = new Map<string, Sealed>()
  const openSows = new Map<string, { readonly message: AnySigned & { kind: 'sow' }; readonly untilMs: number }>()
  const running = new Set<string>()
  const serial = createSerial()
  const admissions = createAdmissions(deps, member, hooks, messageLifeMs)
  const identityOf = linkedIdentity(network)
  let [stopped, msPerText] = [false, msPerTextFirst]

  const index = (hire: Hire): void => {
    hires.set(hire.id, hire)
    if (ended(hire)) underWay.delete(hire.id)
    else underWay.set(hire.id, hire)
    if (hire.agreement) byAgreement.set(toHex(hire.agreement.id), hire.id)
  }

  const handle = (id: string, event: HireEvent, extra: readonly Write[] = []): Promise<void> =>
    serial(id, async () => {
      const before = hires.get(id)
      if (!before || stopped) return
      const after = onHireEvent(before, event, clock.now())
      if (after !== before) {
        const stored = await store.commit([record(after), ...extra, ...(ended(after) ? cleared(after) : [])])
        if (!stored.ok) return
        index(after)
        if (ended(after)) release(after)
        hooks.onHire(after)
      }
      act(after)
    })

  const release = (hire: Hire): void => {
    executing.get(hire.id)?.abort.abort()
    if (hire.agreement === null) return void hires.delete(hire.id)
    for (const held of [assemblies, sealedResults]) held.delete(toHex(hire.agreement.id))
    if (hires.size - underWay.size <= historyMax) return
    const first = [...hires.values()].filter(ended).sort((a, b) => a.startedMs - b.startedMs)[0]!
    hires.delete(first.id)
    if (first.agreement) byAgreement.delete(toHex(first.agreement.id))
    void store.commit([{ table: 'hires', key: first.id, remove: true }])
  }

  const act = (hire: Hire): void => {
    for (const action of dueHire(hire, clock.now())) {
      const key = `${hire.id}/${action.do}`
      if (running.has(key)) continue
      running.add(key)
      // A store that fails now: the state stands, and the next tick asks again.
      void perform(hire, action)
        .catch(() => undefined)
        .then(async (next) => {
          running.delete(key)
          await next?.()
        })
    }
  }

  const perform = async (hire: Hire, action: HireAction): Promise<(() => Promise<void>) | undefined> => {
    const report = (event: HireEvent, extra?: readonly Write[]) => (): Promise<void> => handle(hire.id, event, extra)
    switch (action.do) {
      case 'sign-quote': {
        const body = quoteOf(hire, { classes: engine.classes(), hires: [...underWay.values()], msPerText, policy: member.terms(), device: member.device })
        if (!body) return report({ type: 'release', why: 'unable' })
        const signed = await vault.call(`quote/${hire.id}/${hire.startedMs}`, 'sign', { kind: 'quote', to: fromHex(hire.requester)!, expires: hire.startedMs + messageLifeMs, body })
        if (!signed.ok) return undefined
        return report({ type: 'quoted', ...signed.value, body })
      }
      case 'send-quote':
        await sendQuote(hire)
        return report({ type: 'sent' })
      case 'countersign': {
        const agreement = hire.agreement!.id
        const signed = await vault.call(`countersign/${toHex(agreement)}`, 'sign', { kind: 'countersign', to: fromHex(hire.requester)!, expires: hire.startedMs + messageLifeMs, body: { agreement } })
        if (!signed.ok) return undefined
        return async () => {
          await handle(hire.id, { type: 'countersigned', message: signed.value.message })
          await network.send(hire.requester, ['signed', { message: signed.value.message, hops: 0 }])
        }
      }
      case 'want-payload': {
        const agreement = hire.agreement!.id
        await network.send(hire.requester, ['want', { agreement, direction: 0, from: assemblies.get(toHex(agreement))?.missingFrom() ?? 0 }])
        return report({ type: 'asked-for-payload' })
      }
      case 'execute':
        return execute(hire)
      case 'send-result':
        return (await sendResult(hire, 0)) ? report({ type: 'sent' }) : undefined
    }
  }

  const sendQuote = async ({ quote, requester }: Hire): Promise<void> => {
    if (quote) await network.send(requester, ['signed', { message: quote.message, hops: 0 }])
  }

  const execute = async (hire: Hire): Promise<(() => Promise<void>) | undefined> => {
    const { units, price } = hire.agreement!.body
    const { id, requester } = hire
    const micro = costMicro(units, price)
    // A worker at the tab's limit waits for the settlement and does not refuse.
    if (executing.has(id) || !hooks.willing() || hooks.vouchers.exposedMicro(requester, clock.now()) + underWayMicro(executing.values(), requester) + micro > tabOf(policy, hooks.vouchers.certifiedMicro(requester))) return undefined
    const abort = new AbortController()
    executing.set(id, { abort, requester, micro })
    const next = await compute(hire, micro, abort.signal).catch(() => undefined)
    return async () => {
      try {
        await next?.()
      } finally {
        executing.delete(id)
      }
    }
  }
  const compute = async (hire: Hire, micro: number, signal: AbortSignal): Promise<(() => Promise<void>) | undefined> => {
    const agreement = hire.agreement!
    const key = toHex(agreement.id)
    const kept = (await store.get('payloads', key)) as { bytes: Bytes } | undefined
    const payload = kept && embedding.parsePayload(kept.bytes)
    if (!payload?.ok) return () => handle(hire.id, { type: 'release', why: 'payload lost' })
    const startedMs = clock.now()
    let saidMs = startedMs
    const done = await engine.embed({
      model: payload.value.model,
      texts: payload.value.texts,
      signal,
      weight: agreement.body.price / listPrice,
      onProgress: (doneTexts) => {
        if (clock.now() - saidMs < progressEveryMs) return
        saidMs = clock.now()
        void handle(hire.id, { type: 'progress', done: doneTexts })
        void tell(hire, doneTexts)
      },
    })
    if (!done.ok) return done.error.type === 'aborted' ? undefined : () => refuse(hire, `engine: ${done.error.type}`)
    if (done.value.resultClass !== agreement.body.resultClass) return () => refuse(hire, 'another result class by now')
    msPerText = (msPerText + (clock.now() - startedMs) / hire.texts) / 2
    const { vectors, dimension, truncated, resultClass } = done.value
    const bytes = embedding.encodeOutput({ vectors, dimension, truncated })
    const signed = await vault.call(`result/${key}`, 'sign', {
      kind: 'result',
      to: fromHex(hire.requester)!,
      expires: clock.now() + messageLifeMs,
      body: { agreement: agreement.id, outputHash: sha256(bytes), bytes: bytes.length, resultClass, busyMs: Math.round(done.value.busyMs) },
    })
    if (!signed.ok) return undefined
    return () =>
      hooks.vouchers.alone(hire.requester, async () => {
        const { writes, stored } = hooks.vouchers.deliver(hire.requester, micro, clock.now())
        const event = { type: 'executed', message: signed.value.message, earnedMicro: micro, truncated: truncated.length } as const
        await handle(hire.id, event, [{ table: 'results', key, value: { bytes } }, ...writes])
        // It may have ended meanwhile, and was not stored then.
        if (hires.get(hire.id)?.result) stored()
      })
  }

  const tell = async (hire: Hire, done: number): Promise<void> => {
    const body = { agreement: hire.agreement!.id, done, of: hire.texts }
    const signed = await vault.call(`progress/${toHex(body.agreement)}/${done}`, 'sign', { kind: 'progress', to: fromHex(hire.requester)!, expires: clock.now() + messageLifeMs, body })
    if (signed.ok) await network.send(hire.requester, ['signed', { message: signed.value.message, hops: 0 }])
  }

  const sendResult = async (hire: Hire, from: number): Promise<boolean> => {
    const agreement = hire.agreement!
    const key = toHex(agreement.id)
    let sealed = sealedResults.get(key)
    const first = sealed ? from : 0
    if (!sealed) {
      const kept = (await store.get('results', key)) as { bytes: Bytes } | undefined
      if (!kept) return false
      const made = await sealer.seal({ agreement: agreement.id, direction: 1, to: agreement.body.kem, ownPrivate: hire.kemPrivate, plaintext: kept.bytes, chunkBytes })
      if (!made.ok) return false
      sealed = made.value
      sealedResults.set(key, sealed)
    }
    const said = await network.send(hire.requester, ['signed', { message: hire.result!.message, hops: 0 }])
    return said.ok && sendChunks(network, hire.requester, agreement.id, 1, sealed, first)
  }

  const refuse = async (hire: Hire, reason: string): Promise<void> => {
    if (hire.agreement) await sayNo(hire.requester, hire.agreement.id, reason)
    await handle(hire.id, { type: 'release', why: reason })
  }
  const sayNo = async (to: NodeId, agreement: Bytes, reason: string): Promise<void> => {
    const signed = await vault.call(`refuse/${toHex(agreement)}`, 'sign', { kind: 'refuse', to: fromHex(to)!, expires: clock.now() + messageLifeMs, body: { agreement, reason } })
    if (signed.ok) await network.send(to, ['signed', { message: signed.value.message, hops: 0 }])
  }

  const onAgreement = async (message: AnySigned & { kind: 'agreement' }, id: Bytes, bytes: Bytes): Promise<void> => {
    const from = toHex(message.from)
    const { body } = message
    // One after another: each finds the places, and what the same one sent twice has done, as the one before has left them.
    const why = await serial('agreements', async () => {
      const hire = hires.get(toHex(body.sow))
      if (hire?.agreement && equalBytes(hire.agreement.id, id)) {
        if (hire.agreement.countersign) await network.send(from, ['signed', { message: hire.agreement.countersign, hops: 0 }])
        return undefined
      }
      const admission = admissions.decide(hire, from, body, [...underWay.values()])
      if (admission.do === 'agree') await handle(toHex(body.sow), { type: 'agreement', id, body, message: bytes })
      else if (admission.do === 'ask') await admissions.ask(from, id, body.sow, admission.total, () => onAgreement(message, id, bytes))
      return admission.do === 'refuse' ? admission.reason : undefined
    })
    if (why !== undefined) await sayNo(from, id, why)
  }

  const onPayload = async (hire: Hire, sealed: Sealed): Promise<void> => {
    const agreement = hire.agreement!
    const key = toHex(agreement.id)
    assemblies.delete(key)
    const opened = await sealer.open({ agreement: agreement.id, direction: 0, from: agreement.body.kem, ownPrivate: hire.kemPrivate, ...sealed })
    if (!opened.ok) return
    const bytes = opened.value.slice(saltBytes)
    if (!equalBytes(sha256(opened.value), agreement.body.commitment)) return refuse(hire, 'the payload is not the one agreed on')
    const payload = embedding.parsePayload(bytes)
    if (!payload.ok || payload.value.model !== hire.sow.model) return refuse(hire, 'malformed payload')
    const tokens = await engine.countTokens(payload.value.model, payload.value.texts)
    if (!tokens.ok) return refuse(hire, `engine: ${tokens.error.type}`)
    if (embeddingUnits(tokens.value, Math.min(member.terms().prices.embedding, hire.stepMicro ?? Infinity)) > agreement.body.units) return refuse(hire, 'more units than agreed on')
    await handle(hire.id, { type: 'payload', texts: payload.value.texts.length }, [{ table: 'payloads', key, value: { bytes } }])
  }

  const onReward = async (hire: Hire, message: AnySigned & { kind: 'reward' }, bytes: Bytes): Promise<void> => {
    const agreement = hire.agreement!
    if (!message.body.accepted) return handle(hire.id, { type: 'rewarded', accepted: false, receipt: null })
    const sign = await vault.call(`receipt/${toHex(agreement.id)}`, 'sign', {
      kind: 'receipt',
      to: fromHex(hire.requester)!,
      expires: clock.now() + messageLifeMs,
      body: { agreement: agreement.id, total: message.body.total },
    })
    if (!sign.ok) return
    // One at a time per requester, on the state as it is by then: a voucher that comes twice counts once.
    const kept = await hooks.vouchers.alone(hire.requester, async () => {
      const current = hires.get(hire.id) ?? hire
      const tab = hooks.vouchers.weigh(current, message, bytes, deps.dayStartMs())
      if (!tab.ok) return 'below'
      if (current.phase === 'paid' || (ended(current) && current.result === null)) return 'kept'
      await handle(hire.id, { type: 'rewarded', accepted: true, receipt: sign.value.message }, tab.value.writes)
      if (hires.get(hire.id)?.phase !== 'paid') return 'not stored'
      tab.value.stored()
      return 'kept'
    })
    if (kept === 'below') return network.blame(hire.requester, 'voucher below what is owed')
    // Without a receipt the requester says it again.
    if (kept === 'not stored') return
    await network.send(hire.requester, ['signed', { message: sign.value.message, hops: 0 }])
  }

  /** Quotes for a sow as soon as this machine can do it: gossip tells it once, so it is kept until then. */
  const consider = async (key: string): Promise<void> => {
    const sow = openSows.get(key)
    if (!sow || clock.now() > sow.untilMs) return void openSows.delete(key)
    const { body, from } = sow.message
    // Less than a text costs: its payload would be refused.
    if (!hooks.willing() || body.units < member.terms().prices.embedding || atLimit([...underWay.values()], toHex(from), identityOf)) return
    if (!engine.classes().some((c) => c.model === body.model)) return void engine.prepare(body.model)
    openSows.delete(key)
    const requester = toHex(from)
    // What it has paid ahead is not in its balance any more.
    const credit = Math.max(0, -hooks.vouchers.exposedMicro(requester, clock.now()))
    if (!(await hooks.covers(requester, costMicro(body.units, priceOf(body, member.terms().highPriority)) - credit))) return
    const keys = await sealer.generateKeyPair()
    if (atLimit([...underWay.values()], requester, identityOf)) return
    const hire = newHire({ id: key, swarm, requester, sow: body, stepMicro: member.terms().prices.embedding, kemPrivate: keys.privateKey, kemPublic: keys.publicKey }, clock.now())
    const stored = await store.commit([{ table: 'hires', key, value: hire as unknown as StoreValue }])
    if (!stored.ok) return
    index(hire)
    act(hire)
  }

  const contractOf = (from: NodeId, agreement: Bytes): Hire | undefined => {
    const hire = hires.get(byAgreement.get(toHex(agreement)) ?? '')
    return hire?.requester === from && hire.agreement && equalBytes(hire.agreement.id, agreement) ? hire : undefined
  }

  return {
    resume: async () => {
      for (const [, value] of await store.list('hires')) {
        const hire = value as unknown as Hire
        if (hire.swarm === swarm) index(hire)
      }
    },
    onSow: async (message, id) => {
      const key = toHex(id)
      const known = hires.get(key)
      if (known?.phase === 'quoted') return sendQuote(known)
      if (known) return
      if (beyondReach(message.body, { ...policy, ...member.terms() }, hooks.vouchers.certifiedMicro(toHex(message.from)))) return
      if (message.body.maxPrice < listPrice || !member.terms().models.some((m) => m.name === message.body.model)) return
      openSows.set(key, { message, untilMs: clock.now() + sowLifeMs })
      if (openSows.size > openSowsMax) openSows.delete(openSows.keys().next().value!)
      await consider(key)
    },
    onSigned: async (message, id, bytes) => {
      if (message.kind === 'agreement') return onAgreement(message, id, bytes)
      if (message.kind !== 'reward' && message.kind !== 'cancel') return
      const hire = contractOf(toHex(message.from), message.body.agreement)
      if (message.kind === 'reward') return hire && onReward(hire, message, bytes)
      // Also what waits to be paid for first: the next payment would be taken for its own.
      const { agreement, reason } = message.body
      const ends = hire?.id ?? (await serial('agreements', async () => admissions.calledOff(toHex(message.from), agreement)))
      if (ends !== undefined) await handle(ends, { type: 'release', why: reason })
    },
    onChunk: async (from, chunk) => {
      const hire = contractOf(from, chunk.agreement)
      if (hire?.phase !== 'agreed' || chunk.direction !== 0) return
      const key = toHex(chunk.agreement)
      const assembly = assemblies.get(key) ?? createAssembly(payloadBytesMax + (1 << 20))
      assemblies.set(key, assembly)
      const whole = assembly.add(chunk)
      if (whole === 'too-large') await refuse(hire, 'payload too large')
      else if (whole !== 'incomplete') await onPayload(hire, whole)
    },
    onWant: async (from, want) => {
      const hire = want.direction === 1 ? contractOf(from, want.agreement) : undefined
      if (hire?.phase === 'executed') await sendResult(hire, want.from)
    },
    onPeer: (id) => {
      for (const hire of underWay.values()) if (hire.phase === 'quoted' && hire.requester === id) void sendQuote(hire)
    },
    tick: async () => {
      if (!isFull(underWay.values())) await Promise.all(dearestFirst(openSows, member.terms().highPriority).map(consider))
      for (const hire of [...underWay.values()]) if (isDue(hire, clock.now())) await handle(hire.id, { type: 'tick' })
    },
    withdraw: async () => {
      for (const hire of [...underWay.values()]) if (hire.phase === 'quoted' || hire.phase === 'agreed' || hire.phase === 'received') await refuse(hire, 'the worker has paused')
    },
    stop: () => {
      stopped = true
      for (const { abort } of executing.values()) abort.abort()
    },
    hires: () => [...hires.values()],
  }
}
