/**
 * What this device promises: sows that reserve, agreements within them, rewards that turn a reservation into a tab.
 *
 * Invariant: reserved + owed ≤ what the chain holds, so that whatever is promised can be paid. A sow reserves the most that
 * it can cost; a reward takes its cost out of that reservation and adds no more to the tab (which rounds up once, not per task).
 *
 * | table        | key             | value                                             |
 * | ------------ | --------------- | ------------------------------------------------- |
 * | sows         | sow id          | [price, units, expires]: the most it allows        |
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
import { refused, storeFailed } from './errors.ts'
import { type Tab, tabFrom, tabTotal, tabToRecord, withResult } from './tabs.ts'
import type { VaultCalls, VaultError } from './vault.ts'

/** Agreements without a verdict wait this long for a requester that is away, with what is reserved for them. */
export const undecidedKeepMs = 60 * 24 * 60 * 60_000
/** Sows that differ in nothing get different expiries, so that each has an id, and a reservation, of its own. */
const sowTwinsMax = 1_000

export interface Figures {
  readonly chainMicro: number
  readonly tabsMicro: number
  readonly reservedMicro: number
  readonly availableMicro: number
}

/** The answer, and the writes that belong into its commit. */
export type Planned<A> = Result<{ readonly answer: A; readonly writes: readonly Write[] }, VaultError>

export interface Spending {
  readonly figures: (chain: ChainState) => Promise<Figures>
  readonly tabs: (chain: ChainState) => Promise<ReadonlyMap<string, Tab>>
  readonly sow: (chain: ChainState, expires: number, body: Body<'sow'>) => Promise<Planned<VaultCalls['sign']['answer']>>
  readonly agreement: (to: PublicKey, expires: number, body: Body<'agreement'>) => Promise<Planned<VaultCalls['sign']['answer']>>
  readonly reward: (chain: ChainState, args: VaultCalls['reward']['args']) => Promise<Planned<VaultCalls['reward']['answer']>>
  readonly release: (sow: Bytes) => Promise<Result<Record<string, never>, VaultError>>
  /** What nobody can come back to any more. */
  readonly outdated: () => Promise<readonly Write[]>
}

const sowSchema = v.strictTuple([uint(), uint(), uint()])
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
}: {
  readonly store: Store
  readonly signer: Signer
  readonly swarm: SwarmId
  readonly clock: Clock
}): Spending => {
  const reservationOf = async (sow: string): Promise<number | undefined> => (await store.get('reservations', sow)) as number | undefined

  const tabs = async ({ paid }: ChainState): Promise<ReadonlyMap<string, Tab>> => {
    const stored = new Map(await store.list('tabs'))
    const payees = new Set([...stored.keys(), ...paid.keys()])
    return new Map([...payees].sort().map((payee) => [payee, tabFrom(stored.get(payee), paid.get(payee))]))
  }

  const figures = async (chain: ChainState): Promise<Figures> => {
    const chainMicro = Number(balanceOf(chain.head))
    const owed = [...(await tabs(chain))].map(([payee, tab]) => tabTotal(tab) - (chain.paid.get(payee) ?? nothingPaid).total)
    const tabsMicro = sum(owed)
    const reservedMicro = sum((await store.list('reservations')).map(([, rest]) => rest as number))
    return { chainMicro, tabsMicro, reservedMicro, availableMicro: chainMicro - tabsMicro - reservedMicro }
  }

  return {
    figures,
    tabs,

    sow: async (chain, expires, body) => {
      const needMicro = maxCostMicro(body.units, body.maxPrice, body.redundancy)
      const { availableMicro } = await figures(chain)
      if (needMicro > availableMicro) return err({ type: 'insufficient-credits', needMicro, availableMicro })
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

    reward: async ({ paid }, { sow, agreement, payee, accepted, expires }) => {
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
      if (accepted) {
        const rest = await reservationOf(toHex(sow))
        const cost = maxCostMicro(known.value.units, known.value.price, 1)
        if (rest === undefined || cost > rest) return refused('nothing is reserved for this reward any more')
        writes.push({ table: 'reservations', key: toHex(sow), value: rest - cost })
      }
      const tab = withResult(before, { ...known.value, accepted })
      return voucher(tab, [...writes, { table: 'tabs', key: payeeKey, value: tabToRecord(tab) }])
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
        ([key, record]) => (record as [number, number, number])[2] + answersKeepMs < now && !held.has(key),
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
