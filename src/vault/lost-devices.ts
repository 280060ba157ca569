/**
 * Taking over a lost or stolen device of the same identity (spec: ledger.md, *Keys and accounts*): its chain is kept here as far as the
 * witnesses have certified it, the root key signs what moves everything on to this device, and what is certified of that is told.
 *
 * Each device has tables of its own, those of an own chain (own-chain-records.ts) and:
 *
 * | table    | key     | value                                                                |
 * | -------- | ------- | -------------------------------------------------------------------- |
 * | incomes  | payer   | newest certified entry that pays the device, with its certificate     |
 * | takeover | entries | the root-signed entries, oldest first                                 |
 * | takeover | before  | what the device had paid this one before, in µcr                       |
 * | takeover | outrun  | numbers at which the device was faster                               |
 * | takeover | freeMs  | when the witnesses let what was staked go at the latest, by our clock  |
 */
import type { Policy } from '../economy/policy.ts'
import { rulesOf } from '../economy/policy-codec.ts'
import type { PublicKey, Signer, Verifier } from '../identity/keys.ts'
import { balanceOf, type ChainState, spendableOf } from '../ledger/chain-state.ts'
import { parseEntry, type ParsedEntry, payLines } from '../ledger/entry.ts'
import { type CheckedIncome, createOwnChain, type OwnChain } from '../ledger/own-chain.ts'
import { takeOverEntries } from '../ledger/takeover.ts'
import type { Certificate } from '../ledger/types.ts'
import type { VerdictBook } from '../ledger/replica-verdicts.ts'
import { type Finding, offenceOf, slashedMicroOf, verdictKey } from '../ledger/verdict.ts'
import { noUnlocking, stakeSeen, stillUnlocking, unlockingMicro } from '../ledger/witness-unlocking.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, concat, equalBytes, fromHex, sha256, toHex, utf8 } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { parse } from '../lib/schema.ts'
import type { Store, StoreValue } from '../lib/store.ts'
import { refused, storeFailed } from './errors.ts'
import { incomeSchema } from './income.ts'
import { scopedStore } from './scoped-store.ts'
import type { VaultCalls, VaultError } from './vault.ts'

/** A device of this identity other than the one that asks, as far as it is known here. Amounts in µcr. */
export interface LostDevice {
  readonly device: PublicKey
  /** Number of its newest certified entry; −1: none known yet. */
  readonly seq: number
  /** Free, and what others have paid it that it has not claimed. */
  readonly freeMicro: number
  readonly stakedMicro: number
  /** Taken out of its stake and not free yet. */
  readonly lockedMicro: number
  /** Null: not begun here. */
  readonly takeover: TakeoverState | null
}
export interface TakeoverState {
  /** What the witnesses are asked to sign next; null: nothing more. */
  readonly next: Bytes | null
  readonly done: number
  readonly of: number
  /** An entry of the device's was certified where one of ours should stand: what is left takes another try. */
  readonly outrun: boolean
  /** Certified as paid on to this device. */
  readonly movedMicro: number
  /** Still to come. */
  readonly restMicro: number
  /** By when the witnesses let go what was staked, by our clock; null: the first entry is not certified yet. */
  readonly freeMs: number | null
  /** By the times of its entries, `next` pays what is not free yet. */
  readonly early: boolean
}

export interface LostDevices {
  readonly learn: (args: VaultCalls['lostDevice']['args']) => Promise<Result<LostDevice, VaultError>>
  readonly takeOver: (device: PublicKey, root: Signer) => Promise<Result<LostDevice, VaultError>>
  /** Those whose takeover was begun here. */
  readonly list: () => Promise<readonly LostDevice[]>
  /** How often one was begun here, another try of the same device included. */
  readonly begun: () => Promise<number>
}

/** Of this device: device (hex) → how often its takeover was begun; true in earlier versions. */
const begunTable = 'takeovers'

export const createLostDevices = (deps: {
  /** All of the vault's tables, and this swarm's and device's own. */
  readonly store: Store
  readonly own: Store
  readonly policy: Policy
  readonly verifier: Verifier
  readonly clock: Clock
  readonly self: { readonly root: PublicKey; readonly device: PublicKey }
  readonly swarm: Bytes
  readonly verdicts: Pick<VerdictBook, 'verdicts'>
}): LostDevices => {
  const { policy, verifier, clock, self, swarm } = deps
  const rules = rulesOf(policy)

  const open = (device: PublicKey): { readonly store: Store; readonly chain: OwnChain } => {
    const store = scopedStore(deps.store, toHex(sha256(concat(swarm, device, utf8('lost')))).slice(0, 32))
    const signer: Signer = { publicKey: device, sign: () => Promise.reject(new Error('its key is not here')) }
    return { store, chain: createOwnChain({ store, signer, verifier, rules, clock }) }
  }

  /** Certified payments to the device that its chain has not claimed. */
  const unclaimed = async (store: Store, chain: OwnChain, { claimed }: ChainState): Promise<readonly CheckedIncome[]> => {
    const found: CheckedIncome[] = []
    for (const [payer, record] of await store.list('incomes')) {
      const kept = parse(incomeSchema, record)
      const income = kept.ok ? await chain.checkIncome(kept.value) : undefined
      if (income?.ok && income.value.total > (claimed.get(payer)?.total ?? 0)) found.push(income.value)
    }
    return found
  }

  /** By the times of its entries: what it took out of its stake and no witness lets it spend yet. */
  const lockedMicro = async (chain: OwnChain): Promise<number> => {
    let unlocking = noUnlocking
    for (const { entry } of await chain.entriesFrom(0)) {
      const stake = entry.ops.findLast((op) => op.op === 'stake')
      if (stake) unlocking = stakeSeen(unlocking, stake.amount, entry.time)
    }
    return Number(unlockingMicro(stillUnlocking(unlocking, clock.now(), policy.unlockMs)))
  }

  const outrunsOf = async (store: Store): Promise<readonly number[]> =>
    ((await store.get('takeover', 'outrun')) as readonly number[] | undefined) ?? []
  /**
   * What verdicts cost the device. Two entries at one number, its own and ours, are a double spend to whoever sees both: that fine is
   * counted before its verdict is known here, and once.
   */
  const finesMicro = async (device: PublicKey, outruns: readonly number[]): Promise<bigint> => {
    const ours = outruns.map((seq): Finding => ({ target: device, reason: 'DoubleSpend', offence: offenceOf.doubleSpend(device, seq) }))
    const each = new Map([...(await deps.verdicts.verdicts(device)), ...ours].map((finding) => [verdictKey(finding), finding]))
    return slashedMicroOf([...each.values()])
  }

  const signed = async (store: Store): Promise<readonly ParsedEntry[]> =>
    ((await store.get('takeover', 'entries')) as readonly Bytes[] | undefined)?.map((bytes) => {
      const parsed = parseEntry(bytes)
      assert(parsed.ok, 'an entry that we made')
      return parsed.value
    }) ?? []

  const takeoverOf = async (
    store: Store,
    chain: OwnChain,
    state: ChainState,
  ): Promise<{ readonly told: TakeoverState; readonly outrunAt: number | undefined } | null> => {
    const entries = await signed(store)
    if (entries.length === 0) return null
    const certified: ParsedEntry[] = []
    let outrunAt: number | undefined
    for (const made of entries) {
      const here = await chain.entry(made.entry.seq)
      if (here && equalBytes(here.id, made.id)) certified.push(made)
      else if (here) outrunAt ??= made.entry.seq
    }
    const outrun = outrunAt !== undefined
    // What is certified under another's hand stops ours, and what follows ours is ours alone to sign.
    const next = outrun ? undefined : entries[certified.length]
    const paidBy = (list: readonly ParsedEntry[]): number =>
      list
        .flatMap(({ entry }) => payLines(entry))
        .filter(([payee]) => equalBytes(payee, self.device))
        .reduce((most, [, total]) => Math.max(most, total), 0)
    const all = paidBy(entries)
    const first = payLines(entries.find(({ entry }) => payLines(entry).length > 0)?.entry ?? { ops: [] })[0]
    const before = first ? ((await store.get('takeover', 'before')) as number) : 0
    const moved = Math.max(before, paidBy(certified))
    const nextMicro = next ? paidBy([next]) - moved : 0
    const told: TakeoverState = {
      next: next?.bytes ?? null,
      done: certified.length,
      of: entries.length,
      outrun,
      movedMicro: moved - before,
      restMicro: outrun ? Math.max(0, Number(balanceOf(state.head))) : Math.max(0, all - moved),
      freeMs: ((await store.get('takeover', 'freeMs')) as number | undefined) ?? null,
      early: nextMicro > 0 && nextMicro > Number(balanceOf(state.head)) - (await lockedMicro(chain)),
    }
    return { told, outrunAt }
  }

  const tell = async (device: PublicKey): Promise<LostDevice> => {
    const { store, chain } = open(device)
    const state = await chain.state()
    const incomes = await unclaimed(store, chain, state)
    const gained = incomes.reduce((sum, { line, total }) => sum + total - (state.claimed.get(toHex(line[0]))?.total ?? 0), 0)
    const locked = await lockedMicro(chain)
    const fines = await finesMicro(device, await outrunsOf(store))
    return {
      device,
      seq: state.head.seq,
      freeMicro: Math.max(0, Number(spendableOf(state.head, fines, BigInt(locked))) + gained),
      stakedMicro: state.head.staked,
      lockedMicro: locked,
      takeover: (await takeoverOf(store, chain, state))?.told ?? null,
    }
  }

  const triesOf = async (device: PublicKey): Promise<number> => Number((await deps.own.get(begunTable, toHex(device))) ?? 0)

  const adopt = async (device: PublicKey, entries: readonly Bytes[], certificate: Certificate): Promise<Result<void, VaultError>> => {
    const { store, chain } = open(device)
    // What the takeover's own entries claim came by itself before, and is told of them by nobody.
    const paying = (await store.list('incomes')).flatMap(([, record]) => {
      const kept = parse(incomeSchema, record)
      return kept.ok ? [kept.value.entry] : []
    })
    const done = await chain.adopt([...paying, ...entries], certificate)
    if (!done.ok) {
      if (done.error.type === 'storage' || done.error.type === 'conflict') return storeFailed(done.error)
      return refused(`lost device: ${done.error.type}`)
    }
    // A witness counts from when it saw the stake fall, which it did by then: it signs ours on top.
    if (!(await chain.head()).rootSigned || (await store.get('takeover', 'freeMs')) !== undefined) return ok(undefined)
    const stored = await store.commit([{ table: 'takeover', key: 'freeMs', value: clock.now() + policy.unlockMs }])
    return stored.ok ? ok(undefined) : storeFailed(stored.error)
  }

  return {
    learn: async ({ device, entries, certificate, incomes }) => {
      if (equalBytes(device, self.device)) return refused('this is the device itself')
      const { store, chain } = open(device)
      if (certificate) {
        const adopted = await adopt(device, entries, certificate)
        if (!adopted.ok) return adopted
      }
      const { identity, seq } = await chain.head()
      if (seq >= 0 && (identity === null || !equalBytes(identity, self.root))) return err({ type: 'lost-device', reason: 'other-identity' })
      for (const income of incomes) {
        const checked = await chain.checkIncome(income)
        if (!checked.ok) continue
        const payer = toHex(checked.value.line[0])
        const kept = parse(incomeSchema, await store.get('incomes', payer))
        if (kept.ok && kept.value.certificate.seq >= checked.value.seq) continue
        const stored = await store.commit([{ table: 'incomes', key: payer, value: income as unknown as StoreValue }])
        if (!stored.ok) return storeFailed(stored.error)
      }
      return ok(await tell(device))
    },

    takeOver: async (device, root) => {
      if (!equalBytes(root.publicKey, self.root)) return err({ type: 'lost-device', reason: 'other-identity' })
      const { store, chain } = open(device)
      const state = await chain.state()
      if (state.head.seq < 0 || equalBytes(device, self.device)) return err({ type: 'lost-device', reason: 'unknown' })
      const begun = await takeoverOf(store, chain, state)
      if (begun && !begun.told.outrun && begun.told.next) return ok(await tell(device))
      const incomes = await unclaimed(store, chain, state)
      const before = state.paid.get(toHex(self.device))?.total ?? 0
      const outruns = [...(await outrunsOf(store)), ...(begun?.outrunAt === undefined ? [] : [begun.outrunAt])]
      const burnedMicro = Number(await finesMicro(device, outruns))
      const made = await takeOverEntries(
        { rules, root, to: self.device, lockedMicro: await lockedMicro(chain), burnedMicro, nowMs: clock.now() },
        state,
        incomes,
      )
      if (!made.ok) return refused(`lost device: ${made.error}`)
      // First: what is signed and not noted would be followed by nobody.
      const noted = await deps.own.commit([{ table: begunTable, key: toHex(device), value: (await triesOf(device)) + 1 }])
      if (!noted.ok) return storeFailed(noted.error)
      const stored = await store.commit([
        { table: 'takeover', key: 'entries', value: made.value.map(({ bytes }) => bytes) },
        { table: 'takeover', key: 'before', value: before },
        { table: 'takeover', key: 'outrun', value: outruns },
        { table: 'takeover', key: 'freeMs', remove: true },
      ])
      return stored.ok ? ok(await tell(device)) : storeFailed(stored.error)
    },

    begun: async () => (await deps.own.list(begunTable)).reduce((sum, [, tries]) => sum + Number(tries), 0),
    list: async () => Promise.all((await deps.own.list(begunTable)).map(([key]) => tell(fromHex(key)!))),
  }
}
