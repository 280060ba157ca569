/**
 * What this device promises: sows that reserve, agreements within them, rewards that turn a reservation into a tab.
 *
 * Invariant: reserved + owed + held back for deposits ≤ what the chain holds, so that whatever is promised can be paid. A sow reserves the most that
 * it can cost; a reward takes its cost out of that reservation and adds no more to the tab (which rounds up once, not per task).
 * Where the policy lets pay ahead, a step comes out of the same reservation as the work that it is for, and is owed from then on;
 * the reward of that work uses the credit up and takes no more. A step that was lost (its worker vanished) is missing for whoever
 * takes the place: that is paid from what is free, or once something is.
 *
 * | table        | key             | value                                             |
 * | ------------ | --------------- | ------------------------------------------------- |
 * | sows         | sow id          | [price, units, expires, drawn]: the most it allows; µcr paid ahead out of its reservation |
 * | reservations | sow id          | what is left of it, in µcr; gone once released     |
 * | agreements   | agreement id    | sow, payee, price, units, expires, reward          |
 * | tabs         | payee           | tabs.ts                                           |
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
import { type DepositFigures, depositOf, heldMicro } from './deposit.ts'
import { refused, storeFailed } from './errors.ts'
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
  readonly agreement: (to: PublicKey, expires: number, body: Body<'agreement'>) => Promise<Planned<VaultCalls['sign']['answer']>>
  readonly reward: (chain: ChainState, args: VaultCalls['reward']['args']) => Promise<Planned<VaultCalls['reward']['answer']>>
  readonly prepay: (chain: ChainState, args: VaultCalls['prepay']['args']) => Promise<Planned<VaultCalls['prepay']['answer']>>
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
})
type AgreementRecord = v.InferOutput<typeof agreementSchema>

export const createSpending = ({
  store,
  signer,
  swarm,
  clock,
  prepayMicro,
}: {
  readonly store: Store
  readonly signer: Signer
  readonly swarm: SwarmId
  readonly clock: Clock
  /** The most that may be paid ahead of accepted work to one payee, in µcr; 0: nothing is. */
  readonly prepayMicro: number
}): Spending => {
  const reservationOf = async (sow: string): Promise<number | undefined> => (await store.get('reservations', sow)) as number | undefined

  const tabs = async ({ paid }: ChainState): Promise<ReadonlyMap<string, Tab>> => {
    const stored = new Map(await store.list('tabs'))
    const payees = new Set([...stored.keys(), ...paid.keys()])
    return new Map([...payees].sort().map((payee) => [payee, tabFrom(stored.get(payee), paid.get(payee))]))
  }

  const figures = async (chain: ChainState): Promise<Figures> => {
    const chainMicro = Number(balanceOf(chain.head))
    const all = [...(await tabs(chain))]
    const paidTo = (payee: string): number => (chain.paid.get(payee) ?? nothingPaid).total
    const tabsMicro = sum(all.map(([payee, tab]) => payTotal(tab) - paidTo(payee)))
    const ahead = all.map(([payee, tab]) => [payee, aheadMicro(tab)] as const).filter(([, micro]) => micro > 0)
    const awaited = all.some(([payee, tab]) => tab.aheadTo > paidTo(payee))
    const reservedMicro = sum((await store.list('reservations')).map(([, rest]) => rest as number))
    const deposit = await depositOf(store, chain.head, clock.now())
    const availableMicro = chainMicro - tabsMicro - reservedMicro - heldMicro(deposit)
    return { chainMicro, tabsMicro, reservedMicro, deposit, availableMicro, ahead, awaited }
  }

  const shortOf = async (chain: ChainState, needMicro: number): Promise<VaultError | undefined> => {
    const { availableMicro } = await figures(chain)
    return needMicro > availableMicro ? { type: 'insufficient-credits', needMicro, availableMicro } : undefined
  }

  /** Takes a reward's cost out of the sow's reservation; what was drawn from that before, out of what is free. */
  const cover = async (chain: ChainState, sow: string, cost: number): Promise<Result<readonly Write[], VaultError>> => {
    const [rest, known] = [await reservationOf(sow), parse(sowSchema, await store.get('sows', sow))]
    const lacking = rest === undefined ? cost : Math.max(0, cost - rest)
    if (rest === undefined || !known.ok || lacking > known.value[3]) return refused('nothing is reserved for this reward any more')
    const writes: Write[] = [{ table: 'reservations', key: sow, value: rest - (cost - lacking) }]
    if (lacking === 0) return ok(writes)
    const short = await shortOf(chain, lacking)
    if (short) return err(short)
    const [price, units, expires, drawn] = known.value
    return ok([...writes, { table: 'sows', key: sow, value: [price, units, expires, drawn - lacking] }])
  }

  /** Takes a step ahead out of the sow's reservation as far as it goes, else out of what is free. */
  const draw = async (chain: ChainState, sow: string, micro: number): Promise<Result<readonly Write[], VaultError>> => {
    const [rest, known] = [(await reservationOf(sow)) ?? 0, parse(sowSchema, await store.get('sows', sow))]
    const taken = known.ok ? Math.min(rest, micro) : 0
    const short = taken < micro ? await shortOf(chain, micro - taken) : undefined
    if (short) return err(short)
    if (!known.ok || taken === 0) return ok([])
    const [price, units, expires, drawn] = known.value
    return ok([
      { table: 'reservations', key: sow, value: rest - taken },
      { table: 'sows', key: sow, value: [price, units, expires, drawn + taken] },
    ])
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

    agreement: async (to, expires, body) => {
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
      return ok({ answer: { message: bytes, id }, writes: known ? [] : [{ table: 'agreements', key, value: record }] })
    },

    reward: async (chain, { sow, agreement, payee, accepted, expires }) => {
      const { paid } = chain
      const key = toHex(agreement)
      const known = parse(agreementSchema, await store.get('agreements', key))
      if (!known.ok || !equalBytes(known.value.sow, sow) || !equalBytes(known.value.payee, payee))
        return refused('no such agreement of ours')
      const payeeKey = toHex(payee)
      const before = tabFrom(await store.get('tabs', payeeKey), paid.get(payeeKey))
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
      const tab = withResult(before, { ...known.value, accepted })
      return voucher(tab, [...writes, { table: 'tabs', key: payeeKey, value: tabToRecord(tab) }])
    },

    prepay: async (chain, { agreement, payee, total }) => {
      const known = parse(agreementSchema, await store.get('agreements', toHex(agreement)))
      if (!known.ok || known.value.accepted !== null || !equalBytes(known.value.payee, payee))
        return refused('no such open agreement of ours')
      const payeeKey = toHex(payee)
      const tab = tabFrom(await store.get('tabs', payeeKey), chain.paid.get(payeeKey))
      // No more than its work can cost, or a worker could have a step for a trifle; a worker rounds each contract up, the tab once.
      const mostMicro = Math.min(prepayMicro, maxCostMicro(known.value.units, known.value.price, 1) + tab.ok)
      if (prepayMicro === 0 || total > tabTotal(tab) + mostMicro) return refused('more than may be paid ahead')
      const writes: Write[] = [{ table: 'tabs', key: payeeKey, value: tabToRecord({ ...tab, aheadTo: Math.max(tab.aheadTo, total) }) }]
      const raise = total - payTotal(tab)
      if (raise <= 0) return ok({ answer: {}, writes })
      const drawn = await draw(chain, toHex(known.value.sow), raise)
      return drawn.ok ? ok({ answer: {}, writes: [...writes, ...drawn.value] }) : drawn
    },

    release: async (sow) => {
      const done = await store.commit([{ table: 'reservations', key: toHex(sow), remove: true }])
      return done.ok ? ok({}) : storeFailed(done.error)
    },

    outdated: async () => {
      const now = clock.now()
      const agreements = (await store.list('agreements')).map(([key, record]) => ({ key, ...(record as AgreementRecord) }))
      const [kept, old] = [[] as typeof agreements, [] as typeof agreements]
      for (const one of agreements) (one.expires + (one.accepted === null ? undecidedKeepMs : answersKeepMs) < now ? old : kept).push(one)
      // Work may have been done for these: their reward is to find what was set aside for it.
      const held = new Set(kept.filter(({ accepted }) => accepted === null).map(({ sow }) => toHex(sow)))
      const sows = (await store.list('sows')).filter(
        ([key, record]) => (record as readonly number[])[2]! + answersKeepMs < now && !held.has(key),
      )
      return [
        ...sows.flatMap(([key]): Write[] => [
          { table: 'sows', key, remove: true },
          { table: 'reservations', key, remove: true },
        ]),
        ...old.map(({ key }): Write => ({ table: 'agreements', key, remove: true })),
      ]
    },
  }
}

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0)
