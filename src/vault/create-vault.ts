/**
 * The vault over a store and a key keeper: the calls of vault.ts for the agent, and controls that only the user has.
 *
 * Calls run one after another, and each that changes something is one commit that holds its effect and its answer, so that the
 * process may be killed between any two of them. One vault at a time owns the store (the shell holds a lock).
 */
import { signMessage } from '../contract/signed.ts'
import type { SwarmLink } from '../economy/link.ts'
import { parseSignedPolicy, rulesOf, verifyPolicy } from '../economy/policy-codec.ts'
import { helloMessage } from '../identity/hello-message.ts'
import type { Verifier } from '../identity/keys.ts'
import type { PhraseError } from '../identity/recovery.ts'
import { encodeJoin } from '../ledger/entry.ts'
import { createOwnChain, type OwnChain } from '../ledger/own-chain.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, concat, equalBytes, sha256, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { parse } from '../lib/schema.ts'
import { createSerial } from '../lib/serial.ts'
import type { Store, StoreValue, Write } from '../lib/store.ts'
import { type Answers, createAnswers } from './answers.ts'
import { callSchemas, requestIdCharsMax } from './call-schemas.ts'
import { refused, storeFailed } from './errors.ts'
import { confirmPhrase, type Identity, type IdentityError, openIdentity, phraseWordsOf, restoreIdentity } from './identity.ts'
import type { KeyKeeper } from './key-keeper.ts'
import { scopedStore } from './scoped-store.ts'
import { settingsFromRecord, settingsSchema, settingsToRecord } from './settings.ts'
import { createSettling, joinOpOf, type Settling } from './settling.ts'
import { createSpending, type Planned, type Spending } from './spending.ts'
import { swarmAt, swarmFromRecord, type SwarmRecord, swarmToRecord } from './swarm-record.ts'
import type { Settings, Vault, VaultCall, VaultCalls, VaultError, VaultStatus } from './vault.ts'

export interface VaultDeps {
  readonly store: Store
  readonly keeper: KeyKeeper
  readonly clock: Clock
  readonly random: Random
  readonly verifier: Verifier
  /** Names this run of the browser: a pause "until restart" and the witness's word on our head last as long. */
  readonly session: string
}

export interface LocalVault extends Vault {
  readonly status: () => Promise<VaultStatus>
  readonly changeSettings: (change: Partial<Settings>) => Promise<Result<void, VaultError>>
  /** The link of the swarm that we are in brings its addresses up to date; for another, leave first. */
  readonly joinSwarm: (link: SwarmLink) => Promise<Result<void, VaultError>>
  /** Chain, tabs and answers of the swarm stay: whoever joins again goes on where they left. */
  readonly leaveSwarm: () => Promise<Result<void, VaultError>>
  /** Null once the backup was confirmed. */
  readonly phraseWords: () => Promise<readonly string[] | null>
  readonly confirmPhrase: () => Promise<Result<void, VaultError>>
  /** Only outside of a swarm. */
  readonly restore: (phrase: string) => Promise<Result<void, VaultError | PhraseError>>
  readonly close: () => Promise<void>
}

type Answer<C extends VaultCall> = Promise<Result<VaultCalls[C]['answer'], VaultError>>
type Handlers = { readonly [C in VaultCall]: (id: string, args: VaultCalls[C]['args']) => Answer<C> }

/** What belongs to the swarm that we are in. */
interface Swarm {
  readonly record: SwarmRecord
  readonly store: Store
  readonly answers: Answers
  readonly spending: Spending
  /** Both from the policy on. */
  readonly chain?: OwnChain
  readonly settling?: Settling
}

const settingsAt = { table: 'settings', key: 'user' } as const
/** Before the user's yes only these are answered. */
const beforeConsent: ReadonlySet<VaultCall> = new Set<VaultCall>(['status'])
const withoutSwarm: ReadonlySet<VaultCall> = new Set<VaultCall>(['status', 'joinOp'])

export const createVault = async (deps: VaultDeps): Promise<Result<LocalVault, IdentityError>> => {
  const { store, clock, verifier, session } = deps
  const opened = await openIdentity(deps)
  if (!opened.ok) return opened
  let identity: Identity = opened.value
  let settings = settingsFromRecord(await store.get(settingsAt.table, settingsAt.key), session)
  let swarm: Swarm | undefined
  const listeners = new Set<(status: VaultStatus) => void>()
  const serial = createSerial()
  const alone = <T>(job: () => Promise<T>): Promise<T> => serial('vault', job)

  const headChecked = (): boolean => swarm?.record.headSession === session
  const status = (): VaultStatus => ({
    device: identity.certificate,
    settings,
    swarm: swarm ? { link: swarm.record.link, policy: swarm.record.policy, headChecked: headChecked() } : null,
  })
  const changed = (): void => {
    for (const listener of listeners) listener(status())
  }

  const enter = (record: SwarmRecord): Swarm => {
    const { certificate: device, signer } = identity
    const scoped = scopedStore(store, scopeOf(record.link.swarm, device.device))
    const spending = createSpending({ store: scoped, signer, swarm: record.link.swarm, clock })
    const base = { record, store: scoped, answers: createAnswers(scoped, clock), spending }
    if (record.policy === null) return base
    const signed = parseSignedPolicy(record.policy)
    assert(signed.ok, 'a policy was checked before it was stored')
    const { policy } = signed.value
    const chain = createOwnChain({ store: scoped, signer, verifier, rules: rulesOf(policy), clock })
    return { ...base, chain, settling: createSettling({ store: scoped, chain, spending, policy, device, headChecked }) }
  }
  const keepSwarm = async (record: SwarmRecord): Promise<Result<void, VaultError>> => {
    const done = await store.commit([{ ...swarmAt, value: swarmToRecord(record) }])
    if (!done.ok) return storeFailed(done.error)
    swarm = enter(record)
    changed()
    return ok(undefined)
  }

  /** Gives the stored answer where there is one, else plans, and keeps effect and answer in one commit. */
  const once = async <A>(id: string, call: VaultCall, plan: (at: Swarm & { readonly chain: OwnChain }) => Promise<Planned<A>>): Promise<Result<A, VaultError>> => {
    if (!swarm?.chain) return noPolicy
    const known = await swarm.answers.find(id, call)
    if (known === 'other') return otherCall
    if (known) return ok(known.answer as A)
    const planned = await plan({ ...swarm, chain: swarm.chain })
    if (!planned.ok) return planned
    const { answer, writes } = planned.value
    const done = await swarm.store.commit([...writes, swarm.answers.write(id, call, answer as StoreValue)])
    return done.ok ? ok(answer) : storeFailed(done.error)
  }
  /** For calls whose effect is an entry: asked again they say what waits for a certificate now. */
  const appending = async (id: string, call: VaultCall, act: (settling: Settling, answered: Write) => ReturnType<Settling['pending']>): Promise<Result<{ readonly pending: readonly Bytes[] }, VaultError>> => {
    if (!swarm?.settling) return noPolicy
    const known = await swarm.answers.find(id, call)
    if (known === 'other') return otherCall
    return known ? swarm.settling.pending() : act(swarm.settling, swarm.answers.write(id, call, null))
  }
  const settled = async <A>(act: (settling: Settling) => Promise<Result<A, VaultError>>): Promise<Result<A, VaultError>> => (swarm?.settling ? act(swarm.settling) : noPolicy)

  const handlers: Handlers = {
    status: async () => ok(status()),
    hello: async (_, fields) => ok({ signature: await identity.signer.sign(helloMessage(inSwarm(swarm).record.link.swarm, identity.certificate.device, fields)) }),
    joinOp: async () => ok({ join: encodeJoin(joinOpOf(identity.certificate)) }),

    policy: async (_, { signedPolicy }) => {
      const { record } = inSwarm(swarm)
      if (record.policy !== null) return equalBytes(record.policy, signedPolicy) ? ok({}) : refused('another policy is known of this swarm')
      const good = await verifyPolicy(verifier, signedPolicy, record.link)
      if (!good.ok) return refused(`policy: ${good.error.reason}`)
      const kept = await keepSwarm({ ...record, policy: signedPolicy })
      return kept.ok ? ok({}) : kept
    },

    sign: async (id, { kind, to, expires, body }) => {
      if ((kind === 'sow') !== (to === null)) return refused('a sow is to all, every other message to one')
      if (kind === 'sow') return once(id, 'sign', async ({ chain, spending }) => spending.sow(await chain.state(), expires, body))
      if (kind === 'agreement') return once(id, 'sign', ({ spending }) => spending.agreement(to!, expires, body))
      // Nothing is promised by the others, and signatures are deterministic: the same request gives the same bytes.
      const signed = await signMessage(identity.signer, { kind, swarm: inSwarm(swarm).record.link.swarm, to, expires, body })
      return ok({ message: signed.bytes, id: signed.id })
    },
    reward: (id, args) => once(id, 'reward', async ({ chain, spending }) => spending.reward(await chain.state(), args)),
    release: (_, { sow }) => inSwarm(swarm).spending.release(sow),

    settle: (id) => appending(id, 'settle', (settling, answered) => settling.settle(answered)),
    claim: (id, { incomes }) => appending(id, 'claim', (settling, answered) => settling.claim(incomes, answered)),
    pending: () => settled((settling) => settling.pending()),
    certified: (_, { certificate }) => settled((settling) => settling.certified(certificate)),
    paidTo: async (_, { payee }) => {
      if (!swarm?.chain) return noPolicy
      const payment = await swarm.chain.paymentTo(payee)
      return ok(payment ? { entry: payment.entry.bytes, certificate: payment.certificate } : null)
    },
    adopt: async (_, args) => {
      const record: SwarmRecord = { ...inSwarm(swarm).record, headSession: session }
      // Kept beside the adoption, not in its commit: its table is none of the swarm's own. Died between the two, we ask again.
      const done = await settled((settling) => settling.adopt(args))
      return done.ok && !headChecked() ? withNothing(await keepSwarm(record)) : done
    },
    account: () =>
      settled(async (settling) => {
        const { chain, spending } = inSwarm(swarm)
        const summary = await settling.summary()
        return ok({ ...(await spending.figures(await chain!.state())), summary, earnedMicro: summary?.claimed ?? 0, spentMicro: summary?.paid ?? 0 })
      }),
  }

  const run = async <C extends VaultCall>(id: string, call: C, given: VaultCalls[C]['args']): Answer<C> => {
    if (!Object.hasOwn(callSchemas, call)) return refused('no such call')
    if (id.length > requestIdCharsMax) return refused('the request id is too long')
    const args = parse(callSchemas[call], given)
    if (!args.ok) return refused(`malformed arguments: ${args.error.where} ${args.error.what}`)
    if (!settings.consented && !beforeConsent.has(call)) return err({ type: 'not-consented' })
    if (!swarm && !withoutSwarm.has(call)) return err({ type: 'no-swarm' })
    return handlers[call](id, args.value as VaultCalls[C]['args'])
  }

  const prune = async (): Promise<void> => {
    if (!swarm) return
    const writes = [...(await swarm.answers.outdated()), ...(await swarm.spending.outdated())]
    if (writes.length > 0) await swarm.store.commit(writes)
  }

  const stored = swarmFromRecord(await store.get(swarmAt.table, swarmAt.key))
  if (stored) swarm = enter(stored)
  await prune()

  return ok({
    call: (id, call, args) => alone(() => run(id, call, args).catch((error: unknown) => err({ type: 'storage', message: messageOf(error) }))),
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    status: () => alone(async () => status()),

    changeSettings: (change) =>
      alone(async () => {
        const next = parse(settingsSchema, { ...settings, ...change })
        if (!next.ok) return refused(`${next.error.where}: ${next.error.what}`)
        const done = await store.commit([{ ...settingsAt, value: settingsToRecord(next.value, session) }])
        if (!done.ok) return storeFailed(done.error)
        settings = next.value
        changed()
        return ok(undefined)
      }),

    joinSwarm: (link) =>
      alone(async () => {
        if (!settings.consented) return err({ type: 'not-consented' })
        if (!swarm) return keepSwarm({ link, policy: null, headSession: null })
        return equalBytes(swarm.record.link.swarm, link.swarm) ? keepSwarm({ ...swarm.record, link }) : refused('already in a swarm')
      }),
    leaveSwarm: () =>
      alone(async () => {
        const done = await store.commit([{ ...swarmAt, remove: true }])
        if (!done.ok) return storeFailed(done.error)
        swarm = undefined
        changed()
        return ok(undefined)
      }),

    phraseWords: () => alone(() => phraseWordsOf(deps, identity)),
    confirmPhrase: () =>
      alone(async () => {
        const done = await confirmPhrase(deps, identity)
        if (!done.ok) return storeFailed(done.error)
        identity = done.value
        return ok(undefined)
      }),
    restore: (phrase) =>
      alone(async () => {
        if (swarm) return refused('leave the swarm first')
        const restored = await restoreIdentity(deps, phrase)
        if (!restored.ok) return identityFailed(restored.error)
        identity = restored.value
        changed()
        return ok(undefined)
      }),
    close: () => alone(() => store.close()),
  })
}

const noPolicy: Result<never, VaultError> = refused('the policy of this swarm is not known yet')
const otherCall: Result<never, VaultError> = refused('this request id was used for another call')

/** A device restored from a phrase is a new account: it finds nothing of the one before. */
const scopeOf = (swarm: Bytes, device: Bytes): string => toHex(sha256(concat(swarm, device))).slice(0, 32)

/** `run` lets no call through to a handler without what it needs. */
const inSwarm = (swarm: Swarm | undefined): Swarm => {
  assert(swarm, 'calls that need a swarm are refused outside of one')
  return swarm
}

const withNothing = (result: Result<void, VaultError>): Result<Record<string, never>, VaultError> => (result.ok ? ok({}) : result)

const identityFailed = (error: IdentityError | PhraseError): Result<never, VaultError | PhraseError> => {
  switch (error.type) {
    case 'phrase':
      return err(error)
    case 'key-lost':
      return refused('the device key is not here')
    case 'damaged':
      return err({ type: 'storage', message: error.what })
    default:
      return storeFailed(error)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
