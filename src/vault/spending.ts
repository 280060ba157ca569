/**
 * What this device promises: sows that reserve, agreements within them, rewards that turn a reservation into a tab.
 *
 * Invariant: reserved + owed ≤ what the chain can pay (payable.ts), so that whatever is promised can be paid. A sow reserves the most that
 * it can cost; a reward takes its cost out of that reservation and adds no more to the tab (which rounds up once, not per task).
 * Where the policy lets pay ahead, a step comes out of the same reservation as the work that it is for, and is owed from then on;
 * the reward of that work uses the credit up and takes no more. Where the agreement ends without a result, a step that no entry says
 * is taken back (steps.ts); one that was paid is missing for whoever takes the place: that is paid from what is free, or once something is.
 *
 * A fine may burn what was promised before it. Then nothing more is promised: no sow, no agreement; and a reward or a step that what
 * is left does not cover waits until something is earned.
 *
 * | table        | key             | value                                             |
 * | ------------ | --------------- | ------------------------------------------------- |
 * | sows         | sow id          | [price, units, expires, drawn]: the most it allows; µcr paid ahead out of its reservation |
 * | reservations | sow id          | what is left of it, in µcr; gone once released     |
 * | agreements   | agreement id    | sow, payee, price, units, expires, reward; whether it was cancelled |
 * | tabs         | payee           | tabs.ts                                           |
 * | steps        |                 | steps.ts                                          |
 */
import * as v from 'valibot'
import type { Body } from '../contract/messages.ts'
import { signMessage } from '../contract/signed.ts'
import { maxCostMicro } from '../economy/price.ts'
import type { PublicKey, Signer } from '../identity/keys.ts'
import { balanceOf, type ChainState, nothingPaid } from '../ledger/chain-state.ts'
import type { SwarmId } from '../ledger/types.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { id32, key32, parse, uint } from '../lib/schema.ts'
import type { Store, Write } from '../lib/store.ts'
import { answersKeepMs } from './answers.ts'
import { type DepositFigures, depositOf } from './deposit.ts'
import { refused, storeFailed } from './errors.ts'
import { payableMicro, type Penalties } from './payable.ts'
import { allPromised, promisedTo, stepEnd, stepEnds, stepSow, stepWrite } from './steps.ts'
import { aheadMicro, payTotal, type Tab, tabFrom, tabTotal, tabToRecord, withResult } from './tabs.ts'
import type { VaultCalls, VaultError } from './vault.ts'

/** Agreements without a verdict wait this long for a requester that is away, with what is reserved for them. */
export const undecidedKeepMs = 60 * 24 * 60 * 60_000
/** Sows that differ in nothing get different expiries, so that each has an id, and a reservation, of its own. */
const sowTwinsMax = 1_000

export interface Figures {
  readonly chainMicro: number
  readonly tabsMicro: number
  readonly reservedMicro: number
  readonly deposit: DepositFigures
  readonly penalties: Penalties
  /** What the chain can pay, promised or not; below 0 only under a penalty. */
  readonly payableMicro: number
  readonly availableMicro: number
  /** Paid, or promised to be, ahead of accepted work: payee (hex) and credit in µcr. */
  readonly ahead: readonly (readonly [payee: string, micro: number])[]
  /** A payee waits to find what it was promised in a certified entry. */
  readonly awaited: boolean
}

/** The answer, and the writes that belong into its commit. */
export type Planned<A> = Result<{ readonly answer: A; readonly writes: readonly Write[] }, VaultError>

export interface Spending {
  readonly figures: (chain: ChainState) => Promise<Figures>
  readonly tabs: (chain: ChainState) => Promise<ReadonlyMap<string, Tab>>
  readonly sow: (chain: ChainState, expires: number, body: Body<'sow'>) => Promise<Planned<VaultCalls['sign']['answer']>>
  readonly agreement: (
    chain: ChainState,
    to: PublicKey,
    expires: number,
    body: Body<'agreement'>,
  ) => Promise<Planned<VaultCalls['sign']['answer']>>
  readonly reward: (chain: ChainState, args: VaultCalls['reward']['args']) => Promise<Planned<VaultCalls['reward']['answer']>>
  readonly prepay: (chain: ChainState, args: VaultCalls['prepay']['args']) => Promise<Planned<VaultCalls['prepay']['answer']>>
  /** The agreement ends without a result: no step is promised for it any more. */
  readonly cancel: (chain: ChainState, agreement: Bytes) => Promise<Result<void, VaultError>>
  readonly release: (sow: Bytes) => Promise<Result<Record<string, never>, VaultError>>
  /** What nobody can come back to any more. */
  readonly outdated: () => Promise<readonly Write[]>
}

// Records of earlier versions lack the last.
const sowSchema = v.strictTuple([uint(), uint(), uint(), v.optional(uint(), 0)])
const agreementSchema = v.strictObject({
  sow: id32,
  payee: key32,
  price: uint(),
  units: uint(),
  expires: uint(),
  accepted: v.nullable(v.boolean()),
  // Records of earlier versions lack it.
  cancelled: v.optional(v.boolean(), false),
})
type AgreementRecord = v.InferOutput<typeof agreementSchema>

export const createSpending = ({
  store,
  signer,
  swarm,
  clock,
  prepayMicro,
  penalties,
}: {
  readonly store: Store
  readonly signer: Signer
  readonly swarm: SwarmId
  readonly clock: Clock
  /** The most that may be paid ahead of accepted work to one payee, in µcr; 0: nothing is. */
  readonly prepayMicro: number
  /** Against this account. */
  readonly penalties: () => Promise<Penalties>
}): Spending => {
  const reservationOf = async (sow: string): Promise<number | undefined> => (await store.get('reservations', sow)) as number | undefined

  const tabs = async ({ paid }: ChainState): Promise<ReadonlyMap<string, Tab>> => {
    const stored = new Map(await store.list('tabs'))
    const promised = await allPromised(store)
    const payees = new Set([...stored.keys(), ...paid.keys()])
    return new Map([...payees].sort().map((payee) => [payee, tabFrom(stored.get(payee), paid.get(payee), promised.get(payee))]))
  }
  /** Without the step of one agreement, where one is named. */
  const tabOf = async ({ paid }: ChainState, payee: string, without?: string): Promise<Tab> =>
    tabFrom(await store.get('tabs', payee), paid.get(payee), await promisedTo(store, payee, without))

  const figures = async (chain: ChainState): Promise<Figures> => {
    const chainMicro = Number(balanceOf(chain.head))
    const all = [...(await tabs(chain))]
    const paidTo = (payee: string): number => (chain.paid.get(payee) ?? nothingPaid).total
    const tabsMicro = sum(all.map(([payee, tab]) => payTotal(tab) - paidTo(payee)))
    const ahead = all.map(([payee, tab]) => [payee, aheadMicro(tab)] as const).filter(([, micro]) => micro > 0)
    const awaited = all.some(([payee, tab]) => tab.aheadTo > paidTo(payee))
    const reservedMicro = sum((await store.list('reservations')).map(([, rest]) => rest as number))
    const deposit = await depositOf(store, chain.head, clock.now())
    const against = await penalties()
    const payable = payableMicro(chain.head, deposit, against)
    const availableMicro = payable - tabsMicro - reservedMicro
    return { chainMicro, tabsMicro, reservedMicro, deposit, penalties: against, payableMicro: payable, availableMicro, ahead, awaited }
  }

  const shortOf = async (chain: ChainState, needMicro: number): Promise<VaultError | undefined> => {
    const { availableMicro } = await figures(chain)
    return insufficient(needMicro, availableMicro)
  }
  /** What is owed grows by this, set aside or not: after a fine that may be more than there is. */
  const unpayable = async (chain: ChainState, needMicro: number): Promise<VaultError | undefined> => {
    const { payableMicro: payable, tabsMicro } = await figures(chain)
    return insufficient(needMicro, payable - tabsMicro)
  }

  /** Takes a reward's cost out of the sow's reservation; what was drawn from that before, out of what is free. */
  const cover = async (chain: ChainState, sow: string, cost: number): Promise<Result<readonly Write[], VaultError>> => {
    const [rest, known] = [await reservationOf(sow), parse(sowSchema, await store.get('sows', sow))]
    const lacking = rest === undefined ? cost : Math.max(0, cost - rest)
    if (rest === undefined || !known.ok || lacking > known.value[3]) return refused('nothing is reserved for this reward any more')
    const writes: Write[] = [{ table: 'reservations', key: sow, value: rest - (cost - lacking) }]
    const short = (await unpayable(chain, cost)) ?? (await shortOf(chain, lacking))
    if (short) return err(short)
    if (lacking === 0) return ok(writes)
    const [price, units, expires, drawn] = known.value
    return ok([...writes, { table: 'sows', key: sow, value: [price, units, expires, drawn - lacking] }])
  }

  /** Takes a step ahead out of the sow's reservation as far as it goes, else out of what is free. */
  const draw = async (chain: ChainState, sow: string, micro: number): Promise<Result<readonly Write[], VaultError>> => {
    const [rest, known] = [await reservationOf(sow), parse(sowSchema, await store.get('sows', sow))]
    if (rest === undefined || !known.ok) return refused('nothing is reserved for this step any more')
    const taken = Math.min(rest, micro)
    const short = (await unpayable(chain, micro)) ?? (await shortOf(chain, micro - taken))
    if (short) return err(short)
    if (taken === 0) return ok([])
    const [price, units, expires, drawn] = known.value
    return ok([
      { table: 'reservations', key: sow, value: rest - taken },
      { table: 'sows', key: sow, value: [price, units, expires, drawn + taken] },
    ])
  }

  /** What a step that is taken back had drawn goes back to its sow, for whoever takes the place. */
  const endStep = async (chain: ChainState, payee: string, agreement: string): Promise<readonly Write[]> => {
    const sow = await stepSow(store, payee, agreement)
    if (sow === undefined) return []
    const back = payTotal(await tabOf(chain, payee)) - payTotal(await tabOf(chain, payee, agreement))
    const [rest, known] = [await reservationOf(sow), parse(sowSchema, await store.get('sows', sow))]
    const ended = stepEnd(payee, agreement)
    if (rest === undefined || !known.ok) return [ended]
    const [price, units, expires, drawn] = known.value
    const returned = Math.min(back, drawn)
    return [
      ended,
      { table: 'reservations', key: sow, value: rest + returned },
      { table: 'sows', key: sow, value: [price, units, expires, drawn - returned] },
    ]
  }

  return {
    figures,
    tabs,

    sow: async (chain, expires, body) => {
      const needMicro = maxCostMicro(body.units, body.maxPrice, body.redundancy)
      const short = await shortOf(chain, needMicro)
      if (short) return err(short)
      for (let at = expires; at < expires + sowTwinsMax; at++) {
        const { id, bytes } = await signMessage(signer, { kind: 'sow', swarm, to: null, expires: at, body })
        const key = toHex(id)
        if ((await store.get('sows', key)) !== undefined) continue
        const writes: Write[] = [
          { table: 'sows', key, value: [body.maxPrice, body.units, at] },
          { table: 'reservations', key, value: needMicro },
        ]
        return ok({ answer: { message: bytes, id }, writes })
      }
      return refused('too many sows that differ in nothing')
    },

    agreement: async (chain, to, expires, body) => {
      const sowKey = toHex(body.sow)
      const sow = parse(sowSchema, await store.get('sows', sowKey))
      if (!sow.ok || (await reservationOf(sowKey)) === undefined) return refused('the agreement names no reserved sow of ours')
      const [maxPrice, maxUnits] = sow.value
      if (body.price > maxPrice || body.units > maxUnits) return refused('the agreement is beyond what its sow allows')
      const { id, bytes } = await signMessage(signer, { kind: 'agreement', swarm, to, expires, body })
      const key = toHex(id)
      const record = {
        sow: body.sow,
        payee: to,
        price: body.price,
        units: body.units,
        expires: Math.max(expires, body.deadline),
        accepted: null,
      }
      // Asked again after its reward it must not lose it.
      const known = (await store.get('agreements', key)) !== undefined
      // After a fine what was set aside may not be there: work would be agreed to that cannot be paid.
      const { availableMicro } = await figures(chain)
      if (!known && availableMicro < 0)
        return err({ type: 'insufficient-credits', needMicro: maxCostMicro(body.units, body.price, 1), availableMicro: 0 })
      return ok({ answer: { message: bytes, id }, writes: known ? [] : [{ table: 'agreements', key, value: record }] })
    },

    reward: async (chain, { sow, agreement, payee, accepted, expires }) => {
      const key = toHex(agreement)
      const known = parse(agreementSchema, await store.get('agreements', key))
      if (!known.ok || !equalBytes(known.value.sow, sow) || !equalBytes(known.value.payee, payee))
        return refused('no such agreement of ours')
      const payeeKey = toHex(payee)
      const before = await tabOf(chain, payeeKey)
      const voucher = async (tab: Tab, writes: readonly Write[]): Promise<Planned<VaultCalls['reward']['answer']>> => {
        const total = tabTotal(tab)
        const body = { agreement, total, units: tab.units, ok: tab.ok, bad: tab.bad, accepted }
        const { id, bytes } = await signMessage(signer, { kind: 'reward', swarm, to: payee, expires, body })
        return ok({ answer: { message: bytes, id, total }, writes })
      }
      if (known.value.accepted !== null)
        return known.value.accepted === accepted
          ? voucher(before, [])
          : refused(`this agreement was ${accepted ? 'rejected' : 'accepted'} before`)

      const writes: Write[] = [{ table: 'agreements', key, value: { ...known.value, accepted } }]
      // What is ahead is credit for this work.
      const cost = Math.max(0, maxCostMicro(known.value.units, known.value.price, 1) - aheadMicro(before))
      if (accepted && cost > 0) {
        const covered = await cover(chain, toHex(sow), cost)
        if (!covered.ok) return covered
        writes.push(...covered.value)
      }
      writes.push(...(accepted ? [stepEnd(payeeKey, key)] : await endStep(chain, payeeKey, key)))
      const tab = withResult(before, { ...known.value, accepted })
      return voucher(tab, [...writes, { table: 'tabs', key: payeeKey, value: tabToRecord(tab) }])
    },

    prepay: async (chain, { agreement, payee, total }) => {
      const key = toHex(agreement)
      const known = parse(agreementSchema, await store.get('agreements', key))
      if (!known.ok || known.value.accepted !== null || known.value.cancelled || !equalBytes(known.value.payee, payee))
        return refused('no such open agreement of ours')
      const [payeeKey, sow] = [toHex(payee), toHex(known.value.sow)]
      const tab = await tabOf(chain, payeeKey)
      // No more than its work can cost, or a worker could have a step for a trifle; a worker rounds each contract up, the tab once.
      const mostMicro = Math.min(prepayMicro, maxCostMicro(known.value.units, known.value.price, 1) + tab.ok)
      if (prepayMicro === 0 || total > tabTotal(tab) + mostMicro) return refused('more than may be paid ahead')
      const writes: Write[] = [
        { table: 'tabs', key: payeeKey, value: tabToRecord({ ...tab, aheadTo: Math.max(tab.aheadTo, total) }) },
        stepWrite(payeeKey, key, total, sow),
      ]
      const raise = total - payTotal(tab)
      if (raise <= 0) return ok({ answer: {}, writes })
      const drawn = await draw(chain, sow, raise)
      return drawn.ok ? ok({ answer: {}, writes: [...writes, ...drawn.value] }) : drawn
    },

    cancel: async (chain, agreement) => {
      const key = toHex(agreement)
      const known = parse(agreementSchema, await store.get('agreements', key))
      if (!known.ok || known.value.accepted !== null || known.value.cancelled) return ok(undefined)
      const ended = await endStep(chain, toHex(known.value.payee), key)
      const done = await store.commit([{ table: 'agreements', key, value: { ...known.value, cancelled: true } }, ...ended])
      return done.ok ? ok(undefined) : storeFailed(done.error)
    },

    release: async (sow) => {
      const key = toHex(sow)
      const done = await store.commit([{ table: 'reservations', key, remove: true }, ...(await stepEnds(store, new Set([key])))])
      return done.ok ? ok({}) : storeFailed(done.error)
    },

    outdated: async () => {
      const now = clock.now()
      const agreements = (await store.list('agreements')).map(([key, record]) => ({ key, ...(record as AgreementRecord) }))
      const [kept, old] = [[] as typeof agreements, [] as typeof agreements]
      const undecided = ({ accepted, cancelled }: AgreementRecord): boolean => accepted === null && cancelled !== true
      for (const one of agreements) (one.expires + (undecided(one) ? undecidedKeepMs : answersKeepMs) < now ? old : kept).push(one)
      // Work may have been done for these: their reward is to find what was set aside for it.
      const held = new Set(kept.filter(undecided).map(({ sow }) => toHex(sow)))
      const sows = (await store.list('sows')).filter(
        ([key, record]) => (record as readonly number[])[2]! + answersKeepMs < now && !held.has(key),
      )
      return [
        ...sows.flatMap(([key]): Write[] => [
          { table: 'sows', key, remove: true },
          { table: 'reservations', key, remove: true },
        ]),
        ...(await stepEnds(store, new Set(sows.map(([key]) => key)))),
        ...old.map(({ key }): Write => ({ table: 'agreements', key, remove: true })),
      ]
    },
  }
}

const insufficient = (needMicro: number, availableMicro: number): VaultError | undefined =>
  needMicro > Math.max(0, availableMicro)
    ? { type: 'insufficient-credits', needMicro, availableMicro: Math.max(0, availableMicro) }
    : undefined

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0)
