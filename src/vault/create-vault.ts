/**
 * The vault over a store and a key keeper: the calls of vault.ts for the agent, and controls that only the user has.
 *
 * Calls run one after another, and each that changes something is one commit that holds its effect and its answer, so that the
 * process may be killed between any two of them. One vault at a time owns the store (the shell holds a lock).
 */
import type { SwarmLink } from '../economy/link.ts'
import type { NoticeError } from '../economy/notice-codec.ts'
import type { TermsChange } from '../economy/notice.ts'
import type { Policy } from '../economy/policy.ts'
import type { PublicKey, Signer, Verifier } from '../identity/keys.ts'
import { createNobleSigner } from '../identity/noble.ts'
import { type PhraseError, rootSecretFromPhrase } from '../identity/recovery.ts'
import { type Bytes, equalBytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { parse } from '../lib/schema.ts'
import { createSerial } from '../lib/serial.ts'
import type { Store } from '../lib/store.ts'
import { callSchemas, requestIdCharsMax } from './call-schemas.ts'
import { type Answer, createHandlers } from './calls.ts'
import { refused, storeFailed } from './errors.ts'
import {
  checkTrackers,
  found,
  foundedOf,
  type FoundingError,
  type FoundingRecord,
  foundingWrite,
  leftSwarms,
  type NewSwarm,
  readFounding,
  withInvite,
  withoutInvite,
} from './founding.ts'
import { changeTerms } from './founding-notice.ts'
import { confirmPhrase, type Identity, type IdentityError, openIdentity, phraseWordsOf, restoreIdentity } from './identity.ts'
import type { KeyKeeper } from './key-keeper.ts'
import { settingsFromRecord, settingsSchema, settingsToRecord } from './settings.ts'
import { swarmAt, swarmFromRecord, type SwarmRecord, swarmToRecord } from './swarm-record.ts'
import { openSwarm, type Swarm } from './swarm.ts'
import type { Settings, Vault, VaultCall, VaultCalls, VaultStatus, VaultError } from './vault.ts'

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
  /** Makes a private swarm whose witness and issuer this device is, with a first invite, and joins it. Only outside of a swarm. */
  readonly foundSwarm: (wanted: NewSwarm, models: Policy['models']) => Promise<Result<void, VaultError | FoundingError>>
  /** One more invite to the swarm that was founded here. */
  readonly addInvite: (uses: number) => Promise<Result<void, VaultError | FoundingError>>
  /** Nobody joins by this invite any more; whoever came by it stays. */
  readonly revokeInvite: (token: Bytes) => Promise<Result<void, VaultError | FoundingError>>
  /** The next notice to the swarm that was founded here. */
  readonly changeTerms: (change: TermsChange) => Promise<Result<void, VaultError | FoundingError | NoticeError>>
  /** Where the swarm that was founded here meets from now on. */
  readonly setTrackers: (trackers: readonly string[]) => Promise<Result<void, VaultError | FoundingError>>
  /** Chain, tabs and answers of the swarm stay: whoever joins again goes on where they left. */
  readonly leaveSwarm: () => Promise<Result<void, VaultError>>
  /** Swarms that were founded here and left. */
  readonly left: () => Promise<readonly { readonly swarm: Bytes; readonly name: string }[]>
  /** Back into one of them, as who was in it when it was left: witness and issuer are played here again. Only outside of a swarm. */
  readonly takeUp: (id: Bytes) => Promise<Result<void, VaultError>>
  /** Null once the backup was confirmed. */
  readonly phraseWords: () => Promise<readonly string[] | null>
  readonly confirmPhrase: () => Promise<Result<void, VaultError>>
  /** Only outside of a swarm. */
  readonly restore: (phrase: string) => Promise<Result<void, VaultError | PhraseError>>
  /** Signs with the root key of these words what moves all of a lost device's account on to this one; the words are not kept. */
  readonly takeOver: (device: PublicKey, phrase: string) => Promise<Result<void, VaultError | PhraseError>>
  /** Signs with it that this device is to be paid what a lost one's account held in the predecessor. */
  readonly carryOver: (account: PublicKey, phrase: string) => Promise<Result<void, VaultError | PhraseError>>
  readonly close: () => Promise<void>
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
  let takeovers = 0
  const listeners = new Set<(status: VaultStatus) => void>()
  const serial = createSerial()
  const alone = <T>(job: () => Promise<T>): Promise<T> => serial('vault', job)

  const headChecked = (): boolean => swarm?.record.headSession === session
  const status = (): VaultStatus => ({
    device: identity.certificate,
    settings,
    swarm: swarm
      ? {
          link: swarm.record.link,
          policy: swarm.record.policy,
          ...(swarm.unread && { policyUnread: swarm.unread }),
          ...(swarm.record.notices && { notices: swarm.record.notices }),
          headChecked: headChecked(),
          takeovers,
          ...(swarm.founding && { founded: foundedOf(swarm.founding, session) }),
        }
      : null,
  })
  const changed = (): void => {
    for (const listener of listeners) listener(status())
  }

  const enter = async (record: SwarmRecord): Promise<Swarm> => {
    const entered = openSwarm(
      { store, clock, verifier, identity, headChecked, depositEarnings: () => settings.depositEarnings },
      record,
      await readFounding(store, record.link.swarm),
    )
    takeovers = entered.books ? await begunIn(entered.books) : 0
    return entered
  }
  const keepSwarm = async (record: SwarmRecord, founding?: FoundingRecord): Promise<Result<void, VaultError>> => {
    const done = await store.commit([
      { ...swarmAt, value: swarmToRecord(record) },
      ...(founding ? [foundingWrite(record.link.swarm, founding)] : []),
    ])
    if (!done.ok) return storeFailed(done.error)
    swarm = await enter(record)
    changed()
    return ok(undefined)
  }

  const handlers = createHandlers({
    verifier,
    session,
    keeper: deps.keeper,
    identity: () => identity,
    swarm: () => swarm,
    status,
    headChecked,
    keepSwarm,
  })

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

  /** What takes the root key of these words, which is forgotten after it, and concerns another device of this identity. */
  const byRoot = (
    phrase: string,
    act: (books: NonNullable<Swarm['books']>, root: Signer) => Promise<Result<unknown, VaultError>>,
  ): Promise<Result<void, VaultError | PhraseError>> =>
    alone(async () => {
      const secret = rootSecretFromPhrase(phrase)
      if (!secret.ok) return secret
      try {
        if (!swarm?.books) return err({ type: 'no-swarm' })
        const done = await act(swarm.books, createNobleSigner(secret.value))
        takeovers = await begunIn(swarm.books)
        if (done.ok) changed()
        return done.ok ? ok(undefined) : done
      } finally {
        secret.value.fill(0)
      }
    })

  const stored = swarmFromRecord(await store.get(swarmAt.table, swarmAt.key))
  if (!stored.ok)
    return err({ type: 'damaged', what: `the record of the swarm cannot be read: ${stored.error.where} ${stored.error.what}` })
  if (stored.value) swarm = await enter(stored.value)
  await prune()

  return ok({
    call: (id, call, args) =>
      alone(() => run(id, call, args).catch((error: unknown) => err({ type: 'storage', message: messageOf(error) }))),
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
        const depositNow = next.value.depositEarnings && !settings.depositEarnings
        settings = next.value
        if (depositNow) await swarm?.books?.settling.resume()
        changed()
        return ok(undefined)
      }),

    joinSwarm: (link) =>
      alone(async () => {
        if (!settings.consented) return err({ type: 'not-consented' })
        if (!swarm) return keepSwarm({ link, policy: null, headSession: null })
        return equalBytes(swarm.record.link.swarm, link.swarm) ? keepSwarm({ ...swarm.record, link }) : refused('already in a swarm')
      }),
    foundSwarm: (wanted, models) =>
      alone(async () => {
        if (!settings.consented) return err({ type: 'not-consented' })
        if (swarm) return refused('already in a swarm')
        const made = await found(deps, wanted, models)
        if (!made.ok) return made
        const { link, record } = made.value
        return keepSwarm({ link, policy: record.policy, headSession: null }, record)
      }),
    addInvite: (uses) =>
      alone(async () => {
        if (!swarm?.founding) return err({ type: 'no-swarm' })
        const more = withInvite(swarm.founding, uses, deps.random)
        return more.ok ? keepSwarm(swarm.record, more.value) : more
      }),
    revokeInvite: (token) =>
      alone(async () => {
        if (!swarm?.founding) return err({ type: 'no-swarm' })
        const less = withoutInvite(swarm.founding, token)
        return less.ok ? keepSwarm(swarm.record, less.value) : less
      }),
    changeTerms: (change) =>
      alone(async () => {
        if (!swarm?.founding) return err({ type: 'no-swarm' })
        const next = await changeTerms(deps, swarm.record, swarm.founding, identity.certificate, change)
        return next.ok ? keepSwarm(next.value) : next
      }),
    setTrackers: (trackers) =>
      alone(async () => {
        if (!swarm?.founding) return err({ type: 'no-swarm' })
        const checked = checkTrackers(trackers)
        return checked.ok ? keepSwarm({ ...swarm.record, link: { ...swarm.record.link, trackers } }) : checked
      }),
    leaveSwarm: () =>
      alone(async () => {
        const founded = swarm?.founding && foundingWrite(swarm.record.link.swarm, { ...swarm.founding, left: swarm.record.link })
        const done = await store.commit([{ ...swarmAt, remove: true }, ...(founded ? [founded] : [])])
        if (!done.ok) return storeFailed(done.error)
        swarm = undefined
        changed()
        return ok(undefined)
      }),

    left: () => alone(() => leftSwarms(store)),
    takeUp: (id) =>
      alone(async () => {
        if (!settings.consented) return err({ type: 'not-consented' })
        if (swarm) return refused('already in a swarm')
        const { left, ...record } = (await readFounding(store, id)) ?? {}
        if (!left || !('policy' in record)) return refused('not founded and left here')
        return keepSwarm({ link: left, policy: record.policy, headSession: null }, record)
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
    takeOver: (device, phrase) => byRoot(phrase, ({ lost }, root) => lost.takeOver(device, root)),
    carryOver: (account, phrase) => byRoot(phrase, ({ carries }, root) => carries.sign(account, root)),
    close: () => alone(() => store.close()),
  })
}

const begunIn = async ({ lost, carries }: NonNullable<Swarm['books']>): Promise<number> =>
  (await lost.begun()) + (await carries.list()).length

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
