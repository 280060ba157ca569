/**
 * The issuer: redeems invites by paying from its own chain, within the allowance that the ledger's rules give it.
 *
 * | table    | key        | value                                                     |
 * | -------- | ---------- | --------------------------------------------------------- |
 * | invites  | token      | [grant in µcr, uses left, expiry in ms since the epoch; 0: revoked] |
 * | redeemed | token/root | the device that was paid                                  |
 *
 * Invariant: a use, the record of who used it and the entry that pays are one commit. So a redemption happens once per invite and
 * root key however often it is asked for, and who asks again for the same device gets the same entry.
 */
import { verifyDevice } from '../identity/device.ts'
import type { NodeId, PublicKey, Verifier } from '../identity/keys.ts'
import { type ChainState, nothingPaid } from '../ledger/chain-state.ts'
import { parseJoin, type ParsedEntry } from '../ledger/entry.ts'
import type { OwnChain } from '../ledger/own-chain.ts'
import type { Certificate, JoinOp, Op, PayLine } from '../ledger/types.ts'
import { type Bytes, compareBytes, equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import type { Store, StoreError, Write } from '../lib/store.ts'

export const neverExpires = Number.MAX_SAFE_INTEGER
/** In place of an expiry. */
export const revokedAt = 0

export interface Invite {
  readonly grantMicro: number
  readonly usesLeft: number
  readonly expires: number
}

export type RedeemError =
  /** exhausted: the swarm's grants are all given. already-redeemed: by another device of the same person. */
  | {
      readonly type: 'redeem'
      readonly reason: 'malformed' | 'device-certificate' | 'unknown' | 'revoked' | 'expired' | 'used-up' | 'already-redeemed' | 'exhausted'
    }
  /** Kept, but the witnesses have not certified it yet: ask again. */
  | { readonly type: 'uncertified' }
  | StoreError

export interface Issuer {
  readonly createInvite: (invite: Invite) => Promise<Result<Bytes, StoreError>>
  readonly invite: (token: Uint8Array) => Promise<Invite | undefined>
  readonly invites: () => Promise<readonly (Invite & { readonly token: Bytes })[]>
  /** Nobody else is paid by it; who was stays so. False: there is no such invite. */
  readonly revokeInvite: (token: Uint8Array) => Promise<Result<boolean, StoreError>>
  /** `join`: the newcomer's op as bytes; `device`: the key that `hello` bound, to which it must belong. */
  readonly redeem: (request: {
    readonly token: Uint8Array
    readonly join: Uint8Array
    readonly device: PublicKey
  }) => Promise<Result<{ readonly entry: ParsedEntry; readonly certificate: Certificate }, RedeemError>>
  /** Has what a crash left uncertified certified, and what is due paid; done before every redemption, and of use at start. */
  readonly finish: () => Promise<boolean>
  /**
   * Appends what `plan` makes of the finished chain, and has it certified and what follows from it paid; false: not yet, or it may
   * not be appended. An empty plan changes nothing.
   */
  readonly append: (plan: (state: ChainState) => Promise<readonly Op[]>) => Promise<boolean>
}

/** One entry pays all who came while the witnesses signed the one before, so many at most: each of them keeps it for its claim. */
const grantsPerEntryMax = 32
/** Payments that a crash can cut off after the settle that they follow from: more entries than this are not one epoch's. */
const dueEntriesMax = 10_000

interface Asked {
  readonly token: Uint8Array
  readonly root: PublicKey
  readonly device: PublicKey
  error?: RedeemError
}

export const createIssuer = ({
  store,
  chain,
  join,
  certify,
  due = async () => [],
  verifier,
  clock,
  random,
}: {
  readonly store: Store
  readonly chain: OwnChain
  /** The issuer's own, for its first entry. */
  readonly join: JoinOp
  /** Has the witnesses sign the uncertified end of the issuer's chain; a full certificate or undefined. */
  readonly certify: (pending: readonly ParsedEntry[]) => Promise<Certificate | undefined>
  /** What the chain still owes by its last settle: the operations of the next entry, none where it owes nothing. */
  readonly due?: () => Promise<readonly Op[]>
  readonly verifier: Verifier
  readonly clock: Clock
  readonly random: Random
}): Issuer => {
  const serial = createSerial()

  const finish = async (): Promise<boolean> => {
    for (let entries = 0; entries < dueEntriesMax; entries++) {
      if (!(await certifyPending())) return false
      const owed = await due()
      if (owed.length === 0) return true
      if (!(await chain.append(owed)).ok) return false
    }
    return false
  }
  const certifyPending = async (): Promise<boolean> => {
    const pending = await chain.pending()
    if (pending.length === 0) return true
    const certificate = await certify(pending)
    return certificate !== undefined && (await chain.certified(certificate)).ok
  }

  const invite = async (token: Uint8Array): Promise<Invite | undefined> => {
    const record = (await store.get('invites', toHex(token))) as InviteRecord | undefined
    return record && inviteOf(record)
  }

  /** Whoever waits for its turn, in order of coming. */
  let waiting: readonly Asked[] = []

  /** Grants all that can be, in one entry; why one cannot stands with it afterwards. */
  const grant = async (asked: readonly Asked[]): Promise<void> => {
    const { head, paid } = await chain.state()
    const granted: Asked[] = []
    const lines = new Map<NodeId, PayLine>()
    const invites = new Map<string, Write>()
    const redeemed = new Map<string, PublicKey>()
    const left = new Map<string, Invite>()
    for (const one of asked) {
      const [key, payee] = [redeemedKey(one.token, one.root), toHex(one.device)]
      const before = redeemed.get(key) ?? ((await store.get('redeemed', key)) as Bytes | undefined)
      if (before !== undefined) {
        if (!equalBytes(before, one.device)) one.error = refusedFor('already-redeemed')
        continue
      }
      const found = left.get(toHex(one.token)) ?? (await invite(one.token))
      const reason = unfit(found, clock.now())
      if (!found || reason) {
        one.error = refusedFor(reason ?? 'unknown')
        continue
      }
      const { grantMicro, usesLeft } = found
      const after = { ...found, usesLeft: usesLeft - 1 }
      const { total, units, ok: accepted, bad } = paid.get(payee) ?? nothingPaid
      lines.set(payee, [one.device, (lines.get(payee)?.[1] ?? total) + grantMicro, units, accepted, bad])
      left.set(toHex(one.token), after)
      invites.set(toHex(one.token), inviteWrite(one.token, after))
      redeemed.set(key, one.device)
      granted.push(one)
    }
    if (granted.length === 0) return
    const pay: Op = { op: 'pay', lines: [...lines.values()].sort(([a], [b]) => compareBytes(a, b)) }
    const made = await chain.append(
      head.seq < 0 ? [join, pay] : [pay],
      [...invites.values(), ...[...redeemed].map(([key, value]) => ({ table: 'redeemed', key, value }))],
      [...redeemed.keys()].map((key) => ({ table: 'redeemed', key, equals: undefined })),
    )
    if (made.ok) return void (await finish())
    // The allowance may hold some of them: who came first.
    if (made.error.type === 'invalid' && granted.length > 1) {
      const half = granted.length >> 1
      await grant(granted.slice(0, half))
      return (await finish()) ? grant(granted.slice(half)) : undefined
    }
    const error: RedeemError =
      made.error.type === 'invalid' ? refusedFor('exhausted') : made.error.type === 'pending' ? { type: 'uncertified' } : made.error
    // Also whoever was refused for what another of them was to have, and has not now: who asks again is told by what stands then.
    for (const one of asked)
      if (granted.includes(one)) one.error = error
      else if (one.error) one.error = { type: 'uncertified' }
  }

  const grantWaiting = async (): Promise<void> => {
    if (waiting.length === 0) return
    const batch = waiting.slice(0, grantsPerEntryMax)
    waiting = waiting.slice(grantsPerEntryMax)
    for (const one of batch) one.error = { type: 'uncertified' }
    if (!(await finish())) return
    for (const one of batch) delete one.error
    await grant(batch)
  }

  return {
    invite,
    finish: () => serial('issuer', finish),

    append: (plan) =>
      serial('issuer', async () => {
        if (!(await finish())) return false
        const state = await chain.state()
        const ops = await plan(state)
        if (ops.length === 0) return true
        const made = await chain.append(state.head.seq < 0 ? [join, ...ops] : ops)
        return made.ok && (await finish())
      }),

    createInvite: async (created) => {
      const token = random.bytes(16)
      const stored = await store.commit([inviteWrite(token, created)])
      return stored.ok ? ok(token) : stored
    },

    invites: async () =>
      (await store.list('invites')).map(([token, record]) => ({ token: fromHex(token)!, ...inviteOf(record as InviteRecord) })),

    // In its turn: a redemption under way writes what is left of it.
    revokeInvite: (token) => serial('issuer', () => revokeInvite(store, token)),

    redeem: async ({ token, join: joinBytes, device }) => {
      const parsed = parseJoin(joinBytes)
      if (!parsed.ok) return refused('malformed')
      const { identity: root, certificate: signature } = parsed.value
      if (!(await verifyDevice(verifier, { root, device, signature }))) return refused('device-certificate')
      const asked: Asked = { token, root, device }
      waiting = [...waiting, asked]
      // Its own turn at the latest: as many have one as wait.
      await serial('issuer', grantWaiting)
      if (asked.error) return err(asked.error)
      const payment = await chain.paymentTo(device)
      return payment ? ok(payment) : err({ type: 'uncertified' })
    },
  }
}

type InviteRecord = readonly [grantMicro: number, usesLeft: number, expires: number]
const inviteOf = ([grantMicro, usesLeft, expires]: InviteRecord): Invite => ({ grantMicro, usesLeft, expires })

const redeemedKey = (token: Uint8Array, root: PublicKey): string => `${toHex(token)}/${toHex(root)}`

/** Before an issuer runs over this store; afterwards it is the issuer's to do. */
export const revokeInvite = async (store: Store, token: Uint8Array): Promise<Result<boolean, StoreError>> => {
  const record = (await store.get('invites', toHex(token))) as InviteRecord | undefined
  if (!record) return ok(false)
  const stored = await store.commit([inviteWrite(token, { ...inviteOf(record), expires: revokedAt })])
  return stored.ok ? ok(true) : stored
}

/** Also for who makes a swarm before its issuer runs. */
export const inviteWrite = (token: Uint8Array, { grantMicro, usesLeft, expires }: Invite): Write => ({
  table: 'invites',
  key: toHex(token),
  value: [grantMicro, usesLeft, expires],
})

type Reason = Extract<RedeemError, { type: 'redeem' }>['reason']
const refusedFor = (reason: Reason): RedeemError => ({ type: 'redeem', reason })
const refused = (reason: Reason): Result<never, RedeemError> => err(refusedFor(reason))

/** Why an invite pays nobody now. */
const unfit = (invite: Invite | undefined, now: number): Reason | undefined =>
  !invite
    ? 'unknown'
    : invite.expires === revokedAt
      ? 'revoked'
      : invite.expires < now
        ? 'expired'
        : invite.usesLeft === 0
          ? 'used-up'
          : undefined
