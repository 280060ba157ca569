/**
 * What a running relay does with its owner's orders (orders.ts): the founder's notices, and the issuer's invites.
 *
 * | table  | key              | value                                             |
 * | ------ | ---------------- | ------------------------------------------------- |
 * | orders | name of its file | hash of the notice that it makes; on disk before the notice is |
 *
 * So a change is made once: one whose notice is in the history is not made again by a relay that was killed before it answered. A notice
 * handed in, a revocation and a judgement come to the same however often they are carried out.
 */
import type { NoticeKeeper } from '../agent/notices.ts'
import type { RelayNode, WitnessNode } from '../agent/relay.ts'
import { neverExpires, revokedAt } from '../economy/issuer.ts'
import { formatLink } from '../economy/link-codec.ts'
import type { SwarmLink } from '../economy/link.ts'
import { nextNotice, type NoticeError } from '../economy/notice-codec.ts'
import { changedTerms, type Terms } from '../economy/notice.ts'
import { microPerCredit } from '../economy/policy-codec.ts'
import type { Policy } from '../economy/policy.ts'
import type { Signer } from '../identity/keys.ts'
import { type Bytes, equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok } from '../lib/result.ts'
import type { Store } from '../lib/store.ts'
import type { Order, OrderAnswer, OrderName } from './orders.ts'

export interface OrderDeps {
  readonly clock: Clock
  readonly store: Store
  readonly policy: Policy
  readonly notices: NoticeKeeper
  /** Undefined: its key is elsewhere. */
  readonly founder: Signer | undefined
  /** Undefined: in another relay of the swarm. */
  readonly issuer: RelayNode['issuer'] | undefined
  /** False: not now. */
  readonly judge: WitnessNode['judge']
  /** Without an invite. */
  readonly link: SwarmLink
}

export const carryOut = async (
  { clock, store, policy, notices, founder, issuer, judge, link }: OrderDeps,
  order: Order,
  name: OrderName,
): Promise<OrderAnswer | 'not-now'> => {
  const elsewhere = err('invites are kept by the issuer, in the relay of the first witness')
  switch (order.do) {
    case 'show':
      return ok(inForce(notices))
    case 'change': {
      if (!founder) return err("the founder's key is not in this folder: give the folder that `swarm create` made")
      const { do: _, block, unblock, ...rest } = order
      const change = { ...rest, block: block?.map(bytesOf), unblock: unblock?.map(bytesOf) }
      if (await isMade(store, notices, name)) return ok(inForce(notices))
      const made = await nextNotice(founder, { policy, last: notices.newest(), now: clock.now() }, changedTerms(notices.terms(), change))
      if (!made.ok) return err(noticeFault(made.error))
      return (await noteMade(store, name, made.value.hashes.at(-1)!)) ? take(notices, made.value.bytes) : err(notWritten)
    }
    case 'take':
      return take(notices, bytesOf(order.notice))
    case 'invites':
      return issuer
        ? ok(
            (await issuer.invites()).map(({ token, usesLeft, grantMicro, expires }) => {
              const state = expires === revokedAt ? 'revoked' : expires < clock.now() ? 'expired' : `${usesLeft} uses left`
              return `${toHex(token)}  ${state}, ${grantMicro / microPerCredit} credits each  ${formatLink({ ...link, invite: token })}`
            }),
          )
        : elsewhere
    case 'invite': {
      if (!issuer) return elsewhere
      const { uses, grantMicro = policy.grantMicro } = order
      if (uses < 1 || grantMicro < policy.openingMicro) return err('an invite has a use at least, and brings what opens an account')
      const made = await issuer.createInvite({ grantMicro, usesLeft: uses, expires: neverExpires })
      return made.ok ? ok([formatLink({ ...link, invite: made.value })]) : err('the invite could not be written')
    }
    case 'close': {
      const { account, reason } = order
      if (!(await judge(bytesOf(account), reason).catch(() => false))) return 'not-now'
      return ok([
        `account ${account}: this witness has signed that it is to be closed (${reason})`,
        'With those of 2f+1 witnesses it is a verdict, for good: /ledger.json of each relay shows it under verdicts.',
      ])
    }
    case 'revoke': {
      if (!issuer) return elsewhere
      const done = await issuer.revokeInvite(bytesOf(order.token))
      if (!done.ok) return err('the invite could not be written')
      return done.value ? ok(['revoked: nobody joins by it any more, and whoever did stays']) : err('there is no such invite')
    }
  }
}

const take = async (notices: NoticeKeeper, bytes: Bytes): Promise<OrderAnswer> => {
  const taken = await notices.take(bytes)
  if (taken === 'refused') return err("that notice is not of this swarm's founder")
  if (taken === 'not-stored') return err(notWritten)
  return ok(inForce(notices))
}

const notWritten = 'the notice could not be written'
const inForce = (notices: NoticeKeeper): readonly string[] => termsLines(notices.version(), notices.terms(), notices.contradicted())

const table = 'orders'
const isMade = async (store: Store, notices: NoticeKeeper, { name }: OrderName): Promise<boolean> => {
  const made = await store.get(table, name)
  return made instanceof Uint8Array && (notices.newest()?.hashes ?? []).some((hash) => equalBytes(hash, made))
}
/** Of orders that are gone nothing stays noted. */
const noteMade = async (store: Store, { name, present }: OrderName, hash: Bytes): Promise<boolean> => {
  const gone = (await store.list(table)).flatMap(([key]) => (present.includes(key) ? [] : [{ table, key, remove: true as const }]))
  return (await store.commit([...gone, { table, key: name, value: hash }])).ok
}

/** What is in force, a thing a line. */
export const termsLines = (version: number, { prices, models, relays, blocked }: Terms, contradicted: boolean): readonly string[] => [
  version === 0 ? 'as the policy says; no notice yet' : `notice ${version}`,
  `price of a text of up to 128 tokens: ${prices.embedding / microPerCredit} credits`,
  `models: ${models.map(({ name }) => name).join(', ') || 'none'}`,
  `relays named: ${relays.join(', ') || 'none beside those of the link'}`,
  ...blocked.map((key) => `blocked: ${toHex(key)}`),
  ...(contradicted ? ['the founder has signed two histories: its key may be in other hands, or an old copy of a folder was used'] : []),
]

export const noticeFault = (error: NoticeError): string => {
  switch (error.reason) {
    case 'malformed':
      return `the notice would not be valid: ${error.what}`
    case 'too-large':
      return 'the notice would be too large: block or list less'
    case 'founder-blocked':
      return "the founder's own key cannot be blocked: it certifies the relays"
    case 'price':
      return 'that price is more than a member may owe a worker: nobody could ask for a text'
    case 'last':
      return 'this swarm has had as many notices as there may be: it needs a successor'
    default:
      return 'the notice would not be valid'
  }
}

const bytesOf = (hex: string): Bytes => fromHex(hex)!
